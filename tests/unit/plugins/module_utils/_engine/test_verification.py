# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes that AWS accepted and did not make are reported, those that it has not finished are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import Change, Plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.verification import find_unmade_changes
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

KEY = "db_instance/main"


def change(action: str = "update", key: str = KEY, raw: dict[str, Any] | None = None, **properties: Any) -> Change:
    """A change of properties, each given as its actual and its desired value."""
    before = {name: pair[0] for name, pair in properties.items()}
    after = {name: pair[1] for name, pair in properties.items()}
    actual = (
        None
        if action == "create"
        else ActualResource(key.partition("/")[0], "main", "shop-main", {}, {}, {}, raw or {})
    )
    return Change(key, action, "differs", before, after, actual, changed=frozenset(properties))


def unmade(applied: Change, *now: Change) -> list[str]:
    return find_unmade_changes(Plan((applied,), {}), Plan(now, {}), REGISTRY)


DONE = {"DBInstanceStatus": "available"}
WINDOW = ("sun:05:00-sun:06:00", "mon:05:00-mon:06:00")


@pytest.mark.parametrize("action", ["update", "create"])
def test_a_property_that_differs_as_before_is_reported_with_both_values(action: str) -> None:
    again = change(raw=DONE, maintenance_window=WINDOW)
    assert unmade(change(action, maintenance_window=WINDOW), again) == [
        "db_instance/main (shop-main): maintenance_window: AWS accepted 'mon:05:00-mon:06:00' and has "
        "'sun:05:00-sun:06:00'. Give the document what AWS has, or look for the reason in the console of the service"
    ]


def test_each_property_is_reported() -> None:
    both = {"maintenance_window": WINDOW, "class": ("db.t3.micro", "db.t3.small")}
    assert len(unmade(change(**both), change(raw=DONE, **both))) == 2


def test_a_tag_that_did_not_stick_is_reported() -> None:
    again = replace(change(raw=DONE), tags={"team": "red"})
    (text,) = unmade(replace(change(), tags={"team": "red", "Name": "shop"}), again)
    assert "tag team: AWS accepted 'red' and has no value." in text


def test_a_property_that_would_replace_the_new_object_is_reported() -> None:
    assert len(unmade(change("create"), change("replace", raw=DONE, zone=("a", "b")))) == 1


@pytest.mark.parametrize(
    "again",
    [
        (),
        # Another property differs by now: it was changed by hand.
        (change(raw=DONE, multi_az=(True, False)),),
        # AWS is at work on it, or keeps the change for the maintenance window.
        (change(raw={"DBInstanceStatus": "modifying"}, maintenance_window=WINDOW),),
        (change(raw={"DBInstanceStatus": "backing-up"}, maintenance_window=WINDOW),),
        (change(raw={**DONE, "PendingModifiedValues": {"MultiAZ": True}}, maintenance_window=WINDOW),),
        # A duplicate that goes is another object.
        (change("delete", key=f"{KEY}@other", maintenance_window=WINDOW),),
    ],
)
def test_changes_that_are_made_or_pending_are_not_reported(again: tuple[Change, ...]) -> None:
    assert unmade(change(maintenance_window=WINDOW), *again) == []


def test_types_that_are_listed_late_are_not_verified() -> None:
    key = "secret/app"
    assert unmade(change(key=key, description=("a", "b")), change(key=key, description=("a", "b"))) == []


@pytest.mark.parametrize("action", ["create", "replace"])
def test_an_object_that_was_created_and_is_not_listed_is_reported(action: str) -> None:
    assert unmade(change(action), change("create")) == [
        "db_instance/main: AWS accepted its creation and does not list it. Run again to create it"
    ]
    assert unmade(change(action, key="secret/app"), change("create", key="secret/app")) == []


def test_an_object_that_was_deleted_and_is_still_listed_is_reported() -> None:
    (text,) = unmade(change("delete"), change("delete", raw=DONE))
    assert text == (
        "db_instance/main (shop-main): AWS accepted its deletion and still lists it. Run again to delete it"
    )
    replaced = unmade(change("replace"), change("delete", key=f"{KEY}@shop-main", raw=DONE))
    assert replaced == [text]


def test_a_deletion_in_progress_or_of_another_object_is_not_reported() -> None:
    assert unmade(change("delete"), change("delete", raw={"DBInstanceStatus": "modifying"})) == []
    other = change("delete", raw=DONE)
    assert other.actual is not None
    assert unmade(change("delete"), replace(other, actual=replace(other.actual, id="another"))) == []
    assert unmade(change("delete", key="secret/app"), change("delete", key="secret/app")) == []
