# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The switch over to a restored database, from every step at which an earlier run may have died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import (
    PROTECT,
    REPLACED,
    RESOURCE,
    RESTORE_ASKED,
    STACK,
    STANDBY,
    SWITCH_BEGAN,
    TAKES,
)
from ansible_collections.groundwork.aws.plugins.module_utils._backup.inventory import collect_inventory, find_unfinished
from ansible_collections.groundwork.aws.plugins.module_utils._backup.records import Instance, Target
from ansible_collections.groundwork.aws.plugins.module_utils._backup.switch_over import Move, plan_moves
from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds.db_instance import find_unfinished_switch

NOW = datetime(2026, 3, 1, 4, 5, 6, tzinfo=timezone.utc)
TARGET = Target("shop", "main", "shop-main", 86400, 3600)
OWN_TAGS = {STACK: "shop", RESOURCE: "db_instance/main"}
ASKED = "snapshot:newest"
KEPT = "shop-main-before-20260301-040506"


def instance(name: str, resource: str, tags: Mapping[str, str]) -> Instance:
    return Instance(name, resource, "available", f"arn:{name}", NOW - timedelta(days=1), NOW, tags)


def make_instances(serving: str = "shop-main") -> list[Instance]:
    return [
        instance(serving, "old", {**OWN_TAGS, PROTECT: "true"}),
        instance("shop-main-restored-1", "new", {STANDBY: "shop/main", RESTORE_ASKED: ASKED}),
    ]


def apply_move(found: Sequence[Instance], move: Move) -> list[Instance]:
    """The instances of the account after a move; AWS rejects a name that is taken."""
    assert not move.rename or move.rename not in [one.id for one in found]

    def after(one: Instance) -> Instance:
        if one.resource != move.resource:
            return one
        tags = {key: value for key, value in {**one.tags, **move.tags}.items() if key not in move.untag}
        return replace(one, id=move.rename or one.id, tags=tags)

    return [after(one) for one in found]


def plan_remaining(
    found: Sequence[Instance], tags: Mapping[str, str], now: datetime, resource: str = "new"
) -> list[Move]:
    inventory = collect_inventory(TARGET, found)
    chosen = next(one for one in found if one.resource == "new")
    return plan_moves(inventory, chosen, ASKED, tags, now)


@pytest.mark.parametrize("protected", [True, False])
def test_the_next_run_completes_a_switch_over_that_died_after_any_move(protected: bool) -> None:
    tags = {**OWN_TAGS, "Name": "shop-main", **({PROTECT: "true"} if protected else {})}
    whole = make_instances()
    todo = plan_remaining(whole, tags, NOW)
    for move in todo:
        whole = apply_move(whole, move)
    # The first move records the start of the switch over.
    for deaths in range(1, len(todo) + 1):
        found = make_instances()
        for move in todo[:deaths]:
            found = apply_move(found, move)
        for move in plan_remaining(found, tags, NOW + timedelta(minutes=7)):
            found = apply_move(found, move)
        assert found == whole, f"died after {deaths} moves"
        assert plan_remaining(found, tags, NOW) == []


def test_the_restored_database_serves_and_the_replaced_one_is_kept() -> None:
    found = make_instances()
    for move in plan_remaining(found, OWN_TAGS, NOW):
        found = apply_move(found, move)
        tagged = [one for one in found if TARGET.owns(one.tags)]
        # Without a tagged database the engine would create one; two must be protected from deletion.
        assert 1 <= len(tagged) <= 2
        assert len(tagged) == 1 or all(one.tags[PROTECT] == "true" for one in tagged)
    old, new = sorted(found, key=lambda one: one.resource, reverse=True)
    assert (new.id, new.tags[RESOURCE], PROTECT in new.tags, STANDBY in new.tags) == (
        "shop-main", "db_instance/main", False, False
    )  # fmt: skip
    assert (old.id, old.tags[STANDBY], STACK in old.tags) == (KEPT, "shop/main", False)
    assert (old.tags[PROTECT], old.tags[REPLACED]) == ("true", "2026-03-01T04:05:06Z")


@pytest.mark.parametrize("name", ["shop-main", "legacy"])
def test_a_switch_over_is_unfinished_from_the_first_renaming_until_the_replaced_database_loses_its_tags(
    name: str,
) -> None:
    found, states = make_instances(name), []
    for move in plan_remaining(found, OWN_TAGS, NOW):
        found = apply_move(found, move)
        problem = find_unfinished(collect_inventory(TARGET, found))
        states.append(problem is not None)
        serving = [one.id for one in found if TARGET.owns(one.tags)]
        assert (serving == [name]) is not states[-1], str(move)
        if problem:
            assert problem.startswith("db_instance/main: the switch over to a restored database has not finished")
            assert problem.endswith("run the playbook restore.yml again with the same options")
    assert True in states
    assert states[-1] is False


def test_a_database_can_switch_back_and_leaves_no_tags_of_the_first_switch_over() -> None:
    found = make_instances()
    for move in plan_remaining(found, OWN_TAGS, NOW):
        found = apply_move(found, move)
    (kept,) = [one for one in found if one.resource == "old"]
    assert not {TAKES, SWITCH_BEGAN} & kept.tags.keys()
    later = NOW + timedelta(days=1)
    for move in plan_moves(collect_inventory(TARGET, found), kept, "instance:kept", OWN_TAGS, later):
        found = apply_move(found, move)
    inventory = collect_inventory(TARGET, found)
    assert [(one.id, one.resource) for one in inventory.serving] == [("shop-main", "old")]
    assert [one.id for one in inventory.kept] == ["shop-main-before-20260302-040506"]
    assert find_unfinished(inventory) is None


def test_another_standby_gets_the_identifier_of_services_after_that_of_an_unfinished_switch_over_was_deleted() -> None:
    found = make_instances("legacy")
    for move in plan_remaining(found, OWN_TAGS, NOW)[:3]:
        found = apply_move(found, move)
    (old,) = [one for one in found if one.resource == "old"]
    assert find_unfinished_switch(old.id, old.tags)
    found = [old, make_instances()[1]]
    for move in plan_remaining(found, OWN_TAGS, NOW + timedelta(hours=1)):
        found = apply_move(found, move)
    inventory = collect_inventory(TARGET, found)
    assert [(one.id, one.resource) for one in inventory.serving] == [("legacy", "new")]
    assert find_unfinished(inventory) is None


@pytest.mark.parametrize(
    "tags",
    [{}, {TAKES: "shop-main"}, {SWITCH_BEGAN: "2026-03-01T04:05:06Z"}, {TAKES: "renamed", SWITCH_BEGAN: "x"}],
    ids=["never restored", "restored and renamed by hand", "no name", "not renamed yet"],
)
def test_a_database_that_no_switch_over_has_renamed_can_be_used(tags: Mapping[str, str]) -> None:
    assert find_unfinished_switch("renamed", tags) is None


def test_the_replaced_database_is_protected_by_the_call_that_renames_it() -> None:
    (renamed,) = [move for move in plan_remaining(make_instances(), OWN_TAGS, NOW) if move.rename == KEPT]
    assert (renamed.keep, str(renamed)) == (True, f"shop-main becomes {KEPT}, protected from deletion")


def test_the_identifier_of_an_adopted_database_is_kept() -> None:
    renames = [move.rename for move in plan_remaining(make_instances("legacy"), OWN_TAGS, NOW) if move.rename]
    assert renames == ["legacy-before-20260301-040506", "legacy"]


def test_without_a_serving_database_the_restored_one_gets_the_identifier_of_the_document() -> None:
    (only,) = make_instances()[1:]
    assert [move.rename for move in plan_remaining([only], OWN_TAGS, NOW) if move.rename] == ["shop-main"]


def test_the_name_of_a_foreign_database_is_an_error() -> None:
    found = [make_instances()[1], instance("shop-main", "other", {})]
    with pytest.raises(StackError, match="does not belong to this stack"):
        plan_remaining(found, OWN_TAGS, NOW)
