# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two databases change places, from whatever a run that died has left: played through against an account of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import (
    BESIDE,
    PROTECT,
    REPLACED,
    RESOURCE,
    RESTORE_ASKED,
    STACK,
)
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.look import holdings
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.switching import Move, moves
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.words import Instance, Target

NOW = datetime(2026, 3, 1, 4, 5, 6, tzinfo=timezone.utc)
TARGET = Target("shop", "main", "shop-main", 86400, 3600)
OURS = {STACK: "shop", RESOURCE: "db_instance/main"}
ASKED = "snapshot:newest"
KEPT = "shop-main-before-20260301-040506"


def instance(name: str, resource: str, tags: Mapping[str, str]) -> Instance:
    return Instance(name, resource, "available", f"arn:{name}", NOW - timedelta(days=1), NOW, tags)


def start(live: str = "shop-main") -> list[Instance]:
    return [
        instance(live, "old", {**OURS, PROTECT: "true"}),
        instance("shop-main-restored-1", "new", {BESIDE: "shop/main", RESTORE_ASKED: ASKED}),
    ]


def moved(found: Sequence[Instance], move: Move) -> list[Instance]:
    """What the account is after a move; AWS refuses a name that is taken."""
    assert not move.rename or move.rename not in [one.id for one in found]

    def after(one: Instance) -> Instance:
        if one.resource != move.resource:
            return one
        tags = {key: value for key, value in {**one.tags, **move.tags}.items() if key not in move.untag}
        return replace(one, id=move.rename or one.id, tags=tags)

    return [after(one) for one in found]


def left(found: Sequence[Instance], tags: Mapping[str, str], now: datetime, resource: str = "new") -> list[Move]:
    held = holdings(TARGET, found)
    chosen = next(one for one in found if one.resource == resource)
    return moves(held, chosen, ASKED, tags, now)


def serving(found: Sequence[Instance]) -> dict[str, list[Instance]]:
    return {
        "named": [one for one in found if one.id == "shop-main"],
        "tagged": [one for one in found if TARGET.owns(one.tags)],
    }


@pytest.mark.parametrize("protected", [True, False])
def test_from_wherever_a_run_has_died_the_next_one_ends_in_the_same_place(protected: bool) -> None:
    tags = {**OURS, "Name": "shop-main", **({PROTECT: "true"} if protected else {})}
    whole = start()
    todo = left(whole, tags, NOW)
    for move in todo:
        whole = moved(whole, move)
    # The first move says when it began.
    for deaths in range(1, len(todo) + 1):
        found = start()
        for move in todo[:deaths]:
            found = moved(found, move)
        for move in left(found, tags, NOW + timedelta(minutes=7)):
            found = moved(found, move)
        assert found == whole, f"died after {deaths} moves"
        assert left(found, tags, NOW) == []


def test_in_the_end_the_new_one_serves_and_the_old_one_is_kept() -> None:
    found = start()
    for move in left(found, OURS, NOW):
        found = moved(found, move)
        there = serving(found)
        # Never none, which the engine would make anew; and two only while none of them can be deleted.
        assert 1 <= len(there["tagged"]) <= 2
        assert len(there["tagged"]) == 1 or all(one.tags[PROTECT] == "true" for one in there["tagged"])
    old, new = sorted(found, key=lambda one: one.resource, reverse=True)
    assert (new.id, new.tags[RESOURCE], PROTECT in new.tags, BESIDE in new.tags) == (
        "shop-main", "db_instance/main", False, False
    )  # fmt: skip
    assert (old.id, old.tags[BESIDE], STACK in old.tags) == (KEPT, "shop/main", False)
    assert (old.tags[PROTECT], old.tags[REPLACED]) == ("true", "2026-03-01T04:05:06Z")


def test_the_old_one_is_protected_by_the_call_that_renames_it() -> None:
    (renamed,) = [move for move in left(start(), OURS, NOW) if move.rename == KEPT]
    assert (renamed.keep, str(renamed)) == (True, f"shop-main becomes {KEPT}, protected from deletion")


def test_one_that_was_adopted_hands_its_own_name_on() -> None:
    renames = [move.rename for move in left(start("legacy"), OURS, NOW) if move.rename]
    assert renames == ["legacy-before-20260301-040506", "legacy"]


def test_where_nothing_serves_any_more_the_new_one_takes_the_name_of_the_document() -> None:
    (only,) = start()[1:]
    assert [move.rename for move in left([only], OURS, NOW) if move.rename] == ["shop-main"]


def test_a_name_that_is_a_strangers_is_not_taken() -> None:
    found = [start()[1], instance("shop-main", "other", {})]
    with pytest.raises(StackError, match="is not of this stack"):
        left(found, OURS, NOW)
