# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restore requests and the points they mean, the snapshots that a backup deletes, and missed objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import (
    REPLACED,
    RESOURCE,
    RESTORE_ASKED,
    RESTORE_BEGAN,
    RESTORED_FROM,
    RESTORED_TO,
    STACK,
    STANDBY,
    SWITCH_BEGAN,
    TAKES,
)
from ansible_collections.groundwork.aws.plugins.module_utils._backup.inventory import (
    DatabaseInventory,
    collect_inventory,
    describe_inventory,
    find_missed_objective,
)
from ansible_collections.groundwork.aws.plugins.module_utils._backup.records import (
    Instance,
    Snapshot,
    Target,
    format_duration,
    format_time,
    parse_duration,
    parse_time,
)
from ansible_collections.groundwork.aws.plugins.module_utils._backup.restore_points import (
    RestoreRequest,
    choose_restore_point,
    find_begun_instance,
    find_snapshot_mismatch,
    is_done,
    resolve_request,
)
from ansible_collections.groundwork.aws.plugins.module_utils._backup.snapshots import plan_snapshot, select_surplus

NOW = datetime(2026, 3, 8, tzinfo=timezone.utc)
DAY = timedelta(days=1)
TARGET = Target("shop", "main", "shop-main", 86400, 3600)
OWN_TAGS = {STACK: "shop", RESOURCE: "db_instance/main"}


def serving(days: int = 5, latest: datetime | None = NOW, **tags: str) -> Instance:
    return Instance("shop-main", "now", "available", "arn", NOW - days * DAY, latest, {**OWN_TAGS, **tags})


def standby(name: str, days: int = 0, **tags: str) -> Instance:
    own = {STANDBY: "shop/main", **tags}
    return Instance(name, name, "available", "arn", NOW - days * DAY, NOW - 2 * DAY, own)


def snapshot(name: str, days: float, status: str = "available", is_own: bool = True, **raw: Any) -> Snapshot:
    return Snapshot(name, status, NOW - days * DAY, 20, OWN_TAGS, is_own, raw)


def inventory_of(*instances: Instance, snapshots: tuple[Snapshot, ...] = ()) -> DatabaseInventory:
    return collect_inventory(TARGET, instances, snapshots)


def test_the_newest_available_snapshot_is_chosen() -> None:
    found = inventory_of(serving(), snapshots=(snapshot("b", 2), snapshot("a", 3), snapshot("c", 1, "creating")))
    assert choose_restore_point(found, RestoreRequest(snapshot="newest")).snapshot == "b"
    assert choose_restore_point(found, RestoreRequest(snapshot="a")).to == NOW - 3 * DAY
    for name in ("c", "d"):
        with pytest.raises(
            StackError,
            match=f"snapshot {name} (is|does) .*the snapshots b, a, and can be restored to the times shop-main from",
        ):
            choose_restore_point(found, RestoreRequest(snapshot=name))


def test_a_point_in_time_is_restored_from_the_instance_that_served_then() -> None:
    old = standby("shop-main-before", days=7, **{REPLACED: "x"})
    found = inventory_of(serving(days=1), old)
    latest = choose_restore_point(found, RestoreRequest(time="latest"))
    # RDS takes only times before the latest one.
    assert (latest.to, latest.origin) == (NOW - timedelta(seconds=1), found.serving[0])
    here = choose_restore_point(found, RestoreRequest(time="2026-03-07T12:00:00Z"))
    assert (here.origin and here.origin.id, here.source) == ("shop-main", "time:2026-03-07T12:00:00Z")
    before = choose_restore_point(found, RestoreRequest(time="2026-03-05T12:00:00+00:00"))
    assert before.origin == old
    for missing in ("2026-03-06T12:00:00Z", "2026-03-09T00:00:00Z"):
        with pytest.raises(StackError, match="there is nothing of"):
            choose_restore_point(found, RestoreRequest(time=missing))
    with pytest.raises(StackError, match="yesterday is not a point in time"):
        choose_restore_point(found, RestoreRequest(time="yesterday"))


def test_without_backups_there_is_no_latest_point() -> None:
    with pytest.raises(StackError, match="it keeps no backups of its own"):
        choose_restore_point(inventory_of(serving(latest=None)), RestoreRequest(time="latest"))


FROM_A: Mapping[str, str] = {
    RESTORE_ASKED: "snapshot:a",
    RESTORED_FROM: "snapshot:a",
    RESTORED_TO: "2026-02-22T00:00:00Z",
    RESTORE_BEGAN: "2026-03-07T22:00:00Z",
}
SNAPSHOTS = (snapshot("b", 2), snapshot("a", 14))


def begun(found: DatabaseInventory, request: RestoreRequest) -> Instance | None:
    return find_begun_instance(found, resolve_request(found, request), NOW)


def test_a_keyword_is_resolved_to_a_snapshot_or_a_time_before_anything_else() -> None:
    found = inventory_of(serving(), snapshots=SNAPSHOTS)
    assert resolve_request(found, RestoreRequest(snapshot="newest", again=True)) == RestoreRequest("b", again=True)
    assert resolve_request(found, RestoreRequest(time="latest")).time == "2026-03-07T23:59:59Z"
    for request in (RestoreRequest("a"), RestoreRequest(time="2026-03-07T12:00:00Z"), RestoreRequest(instance="x")):
        assert resolve_request(found, request) == request


@pytest.mark.parametrize("age", [0.2, 0.9, 1.5])
def test_a_young_database_can_be_restored_to_the_times_that_messages_name(age: float) -> None:
    """The fraction of the second of its creation is in no message and no tag."""
    created = NOW - timedelta(seconds=age)
    found = inventory_of(replace(serving(), created=created))
    resolved = resolve_request(found, RestoreRequest(time="latest"))
    assert choose_restore_point(found, resolved).origin == found.serving[0]
    first = RestoreRequest(time=format_time(created))
    assert choose_restore_point(found, first).to == created.replace(microsecond=0)


def test_the_latest_time_has_whole_seconds_so_that_its_tag_means_the_same() -> None:
    found = inventory_of(serving(latest=NOW + timedelta(microseconds=999_999)))
    resolved = resolve_request(found, RestoreRequest(time="latest"))
    assert choose_restore_point(found, resolved).source == resolved.asked == "time:2026-03-07T23:59:59Z"


def test_a_restore_that_was_begun_is_continued() -> None:
    in_progress = standby("coming", **FROM_A)
    replaced = standby("before", **FROM_A, **{REPLACED: "x"})
    found = inventory_of(serving(), in_progress, replaced, snapshots=SNAPSHOTS[1:])
    assert begun(found, RestoreRequest("a")) == in_progress
    assert begun(found, RestoreRequest("newest")) == in_progress
    assert begun(inventory_of(serving(), replaced, snapshots=SNAPSHOTS), RestoreRequest("a")) is None
    assert begun(found, RestoreRequest(instance="before")) == replaced
    assert begun(inventory_of(serving()), RestoreRequest(instance="before")) is None


def test_a_standby_that_an_earlier_version_restored_by_keyword_is_known_by_its_source() -> None:
    in_progress = standby("coming", **{**FROM_A, RESTORE_ASKED: "snapshot:newest"})
    found = inventory_of(serving(), in_progress, snapshots=SNAPSHOTS[1:])
    assert begun(found, RestoreRequest("newest")) == in_progress
    with pytest.raises(StackError, match="the standby coming is left from another restore"):
        begun(inventory_of(serving(), in_progress, snapshots=SNAPSHOTS), RestoreRequest("newest"))


@pytest.mark.parametrize(
    ("request_", "point"),
    [
        (RestoreRequest("newest"), "snapshot:b"),
        (RestoreRequest("b"), "snapshot:b"),
        (RestoreRequest(time="latest"), "time:2026-03-07T23:59:59Z"),
        (RestoreRequest(time="2026-03-07T12:00:00Z"), "time:2026-03-07T12:00:00Z"),
    ],
)
def test_a_standby_of_another_point_is_rejected_with_its_age(request_: RestoreRequest, point: str) -> None:
    found = inventory_of(serving(), standby("coming", **FROM_A), snapshots=SNAPSHOTS)
    with pytest.raises(StackError) as caught:
        begun(found, request_)
    assert str(caught.value) == (
        "db_instance/main: the standby coming is left from another restore and does not serve: it was restored from "
        "snapshot:a at 2026-03-07T22:00:00Z, 2 h 0 min ago, and its data are of 2026-02-22T00:00:00Z, 14 days ago. "
        f"It is not the requested point ({point}). Nothing was changed. To switch over to that older state, run "
        "restore.yml with -e restore_snapshot=a; to restore the requested point, first delete the standby: "
        "discard.yml -e discard_instance=coming"
    )


def test_a_standby_of_an_earlier_latest_time_is_rejected_with_that_time() -> None:
    tags = {**FROM_A, RESTORE_ASKED: "time:latest", RESTORED_FROM: "time:2026-03-01T00:00:00Z"}
    with pytest.raises(StackError, match=r"run restore.yml with -e restore_time=2026-03-01T00:00:00Z;"):
        begun(inventory_of(serving(), standby("coming", **tags)), RestoreRequest(time="latest"))


@pytest.mark.parametrize("tags", [{}, {RESTORED_TO: "unreadable", RESTORE_BEGAN: ""}])
def test_a_standby_made_by_hand_has_its_own_age_and_is_continued_by_its_name(tags: dict[str, str]) -> None:
    with pytest.raises(StackError, match=r"by hand at .*, 3 days ago\. .* -e restore_instance=coming"):
        begun(inventory_of(serving(), standby("coming", days=3, **tags), snapshots=SNAPSHOTS), RestoreRequest("b"))


def test_a_keyword_completes_a_switch_over_that_left_nothing_serving() -> None:
    """Whatever the newest snapshot is now: the services have no database until the switch over is complete."""
    chosen = standby("coming", **FROM_A, **{SWITCH_BEGAN: "2026-03-07T22:30:00Z", TAKES: "shop-main"})
    set_aside = replace(serving(), id="shop-main-before")
    found = inventory_of(set_aside, chosen, snapshots=SNAPSHOTS)
    for request in (RestoreRequest("newest"), RestoreRequest(time="latest")):
        assert resolve_request(found, request) == RestoreRequest("a")
        assert begun(found, request) == chosen
    renamed = replace(chosen, id="shop-main")
    assert begun(inventory_of(set_aside, renamed, snapshots=SNAPSHOTS), RestoreRequest("newest")) == renamed
    # The database still serves under its name: nothing is lost by a refusal, and the state may be of any age.
    with pytest.raises(StackError, match="the standby coming is left from another restore"):
        begun(inventory_of(serving(), chosen, snapshots=SNAPSHOTS), RestoreRequest("newest"))


def test_a_restore_is_done_once_unless_again_is_set() -> None:
    found = inventory_of(serving(**{RESTORED_FROM: "snapshot:a"}), snapshots=(snapshot("a", 3),))
    for request in (RestoreRequest("a"), RestoreRequest("newest")):
        assert is_done(found, resolve_request(found, request))
    for request in (RestoreRequest("a", again=True), RestoreRequest(time="latest")):
        assert not is_done(found, resolve_request(found, request))
    newer = inventory_of(serving(**{RESTORED_FROM: "snapshot:a"}), snapshots=SNAPSHOTS)
    assert not is_done(newer, resolve_request(newer, RestoreRequest("newest")))


def test_a_snapshot_with_other_fixed_properties_is_rejected() -> None:
    desired = {"engine": "mysql", "username": "admin", "storage.encrypted": True}
    fits = {"Engine": "mysql", "MasterUsername": "admin", "Encrypted": True}
    assert find_snapshot_mismatch(snapshot("a", 1, **fits), desired) is None
    other = find_snapshot_mismatch(snapshot("a", 1, **{**fits, "Engine": "postgres", "Encrypted": False}), desired)
    assert other == (
        "snapshot a: engine is postgres, and mysql in the document; "
        "storage.encrypted is False, and True in the document"
    )


def test_only_snapshots_of_backups_beyond_the_newest_are_deleted() -> None:
    found = [
        snapshot("d", 1),
        snapshot("by-hand", 2, is_own=False),
        snapshot("c", 3),
        snapshot("b", 4),
        snapshot("a", 9, "failed"),
    ]
    assert [one.id for one in select_surplus(found, 3)] == ["b", "a"]
    assert [one.id for one in select_surplus(found, 7)] == ["a"]
    assert [one.id for one in select_surplus(found, 1)] == ["d", "c", "b", "a"]


def test_a_snapshot_that_a_dead_run_created_is_waited_for() -> None:
    backup = plan_snapshot(inventory_of(serving(), snapshots=(snapshot("coming", 0, "creating"),)), 7, NOW)
    assert (backup.name, backup.is_in_progress) == ("coming", True)
    backup = plan_snapshot(inventory_of(serving()), 7, NOW)
    assert (backup.name, backup.is_in_progress) == ("shop-main-20260308-000000", False)
    with pytest.raises(StackError, match=r"does not exist, so that .* Create it with the playbook provision\.yml"):
        plan_snapshot(inventory_of(), 7, NOW)
    with pytest.raises(StackError, match=r"does not exist, so that .* restore it with the playbook restore\.yml"):
        plan_snapshot(inventory_of(snapshots=(snapshot("final", 0),)), 7, NOW)
    tags = {"groundwork:takes": "shop-main", "groundwork:switch-began": "2026-03-01T04:05:06Z"}
    set_aside = replace(serving(), id="shop-main-before-1", tags={**serving().tags, **tags})
    with pytest.raises(StackError, match=r"db_instance/main: the switch over .* same options\. Nothing was changed$"):
        plan_snapshot(inventory_of(set_aside), 7, NOW)


def test_a_missed_objective_is_a_warning() -> None:
    assert find_missed_objective(inventory_of(serving()), NOW) is None
    assert find_missed_objective(inventory_of(serving(latest=None), snapshots=(snapshot("a", 0.9),)), NOW) is None
    text = find_missed_objective(inventory_of(serving(latest=None), snapshots=(snapshot("a", 2),)), NOW)
    assert text == (
        "db_instance/main: the newest point that can be restored is 2026-03-06T00:00:00Z, 48 h 0 min ago; "
        "its objective (rpo) is 24 h 0 min"
    )
    nothing = "nothing can be restored: there are neither backups nor snapshots"
    assert find_missed_objective(inventory_of(serving(latest=None)), NOW) == f"db_instance/main: {nothing}"
    assert find_missed_objective(inventory_of(), NOW) == f"db_instance/main: it does not exist, and {nothing}"


@pytest.mark.parametrize(("seconds", "age"), [(30, 0), (1, 0), (0, 0), (-5, 5)])
def test_the_age_of_the_newest_point_is_never_negative(seconds: int, age: int) -> None:
    inventory = inventory_of(serving(latest=NOW + timedelta(seconds=seconds)))
    assert describe_inventory(inventory, NOW)["age_seconds"] == age


def test_durations_and_times_are_parsed_and_formatted() -> None:
    assert [parse_duration(text) for text in ("90m", "24h", "7d")] == [5400, 86400, 604800]
    with pytest.raises(StackError, match="soon is not a length of time"):
        parse_duration("soon")
    assert [format_duration(value) for value in (-1, 119, 120, 7200)] == ["0 s", "119 s", "2 min 0 s", "2 h 0 min"]
    assert parse_time("2026-03-01 04:05:06") == parse_time("2026-03-01T05:05:06+01:00")
