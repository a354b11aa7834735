# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moves of a host: to what it has prepared, and back."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.moves import (
    NoReleaseError,
    build_host_moves,
    build_moves,
    build_returns,
)

HOST = {"name": "shop-1", "instance": "i-1", "zone": "a"}
API: dict[str, Any] = {
    "name": "api",
    "balanced": True,
    "calls": [{"name": "stock"}],
    "migrate": "flask db upgrade",
    "rollout": {"strategy": "canary"},
}
RELEASES = [
    {"number": 1, "identity": "a", "version": "v1", "commit": "c1d2", "failed": None, "steps": ["build", "migrate"]},
    {"number": 2, "identity": "b", "version": "v2", "commit": "", "failed": "crashes", "steps": ["build"]},
    {"number": 3, "identity": "c", "version": "v3", "commit": "e5f6", "failed": None, "steps": ["build"]},
]


def held(current: int | None, previous: int | None = None, settled: bool = True, number: int = 3) -> dict[str, Any]:
    return {"number": number, "current": current, "previous": previous, "settled": settled, "releases": RELEASES}


def test_a_prepared_release_is_a_move_with_what_the_plan_needs() -> None:
    assert build_moves({"api": held(1, settled=False)}, [API], HOST) == [
        {
            "host": "shop-1",
            "instance": "i-1",
            "zone": "a",
            "service": "api",
            "before": 1,
            "after": 3,
            "moving": True,
            "version": "v3",
            "commit": "e5f6",
            "identity": "c",
            "balanced": True,
            "calls": ["stock"],
            "migrate": True,
            "migrated": False,
            "rollout": {"strategy": "canary"},
        }
    ]


@pytest.mark.parametrize(("releases", "after"), [(RELEASES, 4), ([], 1)])
def test_a_release_that_check_mode_does_not_stage_has_the_next_number(releases: list[Any], after: int) -> None:
    missing = {"number": None, "version": "v4", "commit": "f7", "identity": "d", "steps": [], "settled": False}
    (move,) = build_moves({"api": {**held(None), **missing, "releases": releases}}, [API], HOST)
    assert (move["moving"], move["before"], move["after"], move["migrated"]) == (True, None, after, False)
    assert (move["version"], move["commit"], move["identity"]) == ("v4", "f7", "d")


def test_a_release_that_serves_does_not_move() -> None:
    (move,) = build_moves({"api": held(3, settled=True)}, [API], HOST)
    assert (move["moving"], move["before"], move["after"]) == (False, 3, 3)


def test_a_release_with_another_environment_moves_to_itself() -> None:
    (move,) = build_moves({"api": held(3, settled=False)}, [API], HOST)
    assert (move["moving"], move["before"], move["after"]) == (True, 3, 3)


def test_services_that_take_no_part_have_no_move() -> None:
    assert build_moves({}, [API], HOST) == []
    assert build_returns({}, [API], HOST) == []


def test_a_service_with_few_settings_has_a_move() -> None:
    (move,) = build_moves({"api": held(None, settled=False)}, [{"name": "api"}], {"name": "box"})
    assert (move["before"], move["balanced"], move["calls"], move["instance"]) == (None, False, [], "")


def returned(release: dict[str, Any], **more: Any) -> tuple[int, bool]:
    (move,) = build_returns({"api": release}, [API], HOST, **more)
    return move["after"], move["moving"]


def test_a_rollback_returns_to_the_release_before() -> None:
    assert returned(held(3, previous=1)) == (1, True)


@pytest.mark.parametrize(("to", "number"), [("v1", 1), ("c1", 1), ("c1d2", 1), ("v3", 3), ("e5f6", 3)])
def test_a_rollback_to_a_version_or_a_commit(to: str, number: int) -> None:
    assert returned(held(3, previous=1), to=to) == (number, number != 3)


@pytest.mark.parametrize("to", ["v2", "v9", "e5f7"])
def test_a_release_that_failed_or_is_unknown_is_no_target(to: str) -> None:
    with pytest.raises(NoReleaseError, match=f"api on shop-1 has no release {to} \\(it keeps: v1, v3\\)"):
        returned(held(3, previous=1), to=to)


def test_without_an_earlier_release_nothing_is_changed() -> None:
    with pytest.raises(
        NoReleaseError, match=r"api on shop-1 has no healthy release before the current one .3., so nothing"
    ):
        returned(held(3))


@pytest.mark.parametrize(
    ("moved_hosts", "current", "expected"),
    [(["shop-1"], 3, (1, True)), (["shop-2"], 1, (1, False)), ([], 1, (1, False))],
    ids=["moved", "not reached", "nobody moved"],
)
def test_after_a_killed_rollout_only_the_hosts_that_it_moved_return(
    moved_hosts: list[str], current: int, expected: tuple[int, bool]
) -> None:
    begun = [{"host": host, "service": "api", "before": 1, "after": 3} for host in moved_hosts]
    unfinished = {"services": {"api": {}}, "begun": begun}
    assert returned(held(current, previous=None), unfinished=unfinished) == expected


def test_a_service_that_the_killed_rollout_did_not_have_returns_as_usual() -> None:
    assert returned(held(3, previous=1), unfinished={"services": {"web": {}}, "begun": []}) == (1, True)


class TestHostsThatStop:
    """Moves of hosts that stop and start again with the release that they have."""

    HOSTVARS: ClassVar[dict[str, Any]] = {
        "shop-1": {
            "ec2_instance_id": "i-1",
            "groundwork_zone": "a",
            "groundwork_services": [API, {"name": "jobs"}],
            "app_held": {"api": held(3), "jobs": held(None)},
        },
        "shop-2": {"groundwork_services": [API]},
    }

    def test_every_service_moves_from_its_release_to_the_same_one(self) -> None:
        api, jobs = build_host_moves(["shop-1"], self.HOSTVARS)
        assert (api["host"], api["instance"], api["zone"]) == ("shop-1", "i-1", "a")
        assert (api["before"], api["after"], api["version"], api["moving"]) == (3, 3, "v3", True)
        # A service that was never deployed serves nothing.
        assert (jobs["before"], jobs["after"], jobs["moving"]) == (None, 0, True)

    def test_releases_that_were_not_read_are_unknown_and_serve(self) -> None:
        (move,) = build_host_moves(["shop-2"], self.HOSTVARS)
        assert (move["before"], move["after"], move["instance"]) == (0, 0, "")

    def test_hosts_that_stay_are_members_too(self) -> None:
        moves = build_host_moves(["shop-1", "shop-2"], self.HOSTVARS, changing=["shop-2"])
        assert [(move["host"], move["moving"]) for move in moves] == [
            ("shop-1", False),
            ("shop-1", False),
            ("shop-2", True),
        ]

    def test_a_host_without_services_has_none(self) -> None:
        assert build_host_moves(["shop-3"], {"shop-3": {}}) == []
