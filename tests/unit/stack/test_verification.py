# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes that AWS accepted and did not make are reported, those that it has not finished are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._stack.plan import Change, Plan
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._stack.verification import find_unmade_changes

KEY = "db_instance/main"


def change(action: str = "update", key: str = KEY, raw: dict[str, Any] | None = None, **properties: Any) -> Change:
    """A change of properties, each given as its actual and its desired value."""
    before = {name: pair[0] for name, pair in properties.items()}
    after = {name: pair[1] for name, pair in properties.items()}
    live = None if action == "create" else Live(key.partition("/")[0], "main", "shop-main", {}, {}, {}, raw or {})
    return Change(key, action, "differs", before, after, live, changed=frozenset(properties))


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
        # Something else differs by now: somebody changed it meanwhile.
        (change(raw=DONE, multi_az=(True, False)),),
        # AWS is at work on it, or keeps the change for the maintenance window.
        (change(raw={"DBInstanceStatus": "modifying"}, maintenance_window=WINDOW),),
        (change(raw={"DBInstanceStatus": "backing-up"}, maintenance_window=WINDOW),),
        (change(raw={**DONE, "PendingModifiedValues": {"MultiAZ": True}}, maintenance_window=WINDOW),),
        # A duplicate that goes is another object.
        (change("delete", key=f"{KEY}@other", maintenance_window=WINDOW),),
    ],
)
def test_what_was_made_or_is_on_its_way_is_not_reported(again: tuple[Change, ...]) -> None:
    assert unmade(change(maintenance_window=WINDOW), *again) == []


def test_a_list_that_is_late_by_minutes_proves_nothing() -> None:
    key = "secret/app"
    assert unmade(change(key=key, description=("a", "b")), change(key=key, description=("a", "b"))) == []
