# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The switch over to a restored database: the steps that are left, wherever an earlier run stopped. Pure.

Services find a database by its endpoint, which follows the identifier; the engine finds it by its tags. At every moment
at least one database has the tags of the serving one: without any, a run of the engine would create an empty database.
From its renaming until it loses those tags, the replaced database has the tags of an unfinished switch over
(`find_unfinished_switch`), so that the engine and the readers of its endpoint stop with an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._aws.errors import StackError
from .._aws.tags import (
    OURS,
    PROTECT,
    REPLACED,
    RESOURCE,
    RESTORE_ASKED,
    STACK,
    STANDBY,
    SWITCH_BEGAN,
    TAKES,
    is_protected,
)
from .._engine.scope import shorten_name
from .._resources.rds.db_instance import find_unfinished_switch
from .inventory import DatabaseInventory
from .records import Instance, format_time, format_timestamp, parse_time

LONGEST_IDENTIFIER = 63


@dataclass(frozen=True)
class Move:
    """One call that renames the instance ``resource``, or sets or removes tags."""

    resource: str
    id: str
    rename: str = ""
    keep: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    untag: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.rename:
            return f"{self.id} becomes {self.rename}" + (", protected from deletion" if self.keep else "")
        if self.untag:
            return f"{self.id} loses the tags {', '.join(self.untag)}"
        return f"{self.id} gets the tags {', '.join(f'{key}={value}' for key, value in sorted(self.tags.items()))}"


def plan_moves(
    inventory: DatabaseInventory, chosen: Instance, asked: str, tags: Mapping[str, str], now: datetime
) -> list[Move]:
    """The steps that are left until ``chosen`` serves. ``tags`` are those that it has at the end."""
    others = [one for one in inventory.serving if one.resource != chosen.resource]
    identifier = _find_serving_identifier(inventory, chosen, others)
    now = parse_time(chosen.tags.get(SWITCH_BEGAN, format_time(now)))
    moves: list[Move] = []
    switch = {TAKES: identifier, SWITCH_BEGAN: format_time(now)}
    begun = {RESTORE_ASKED: asked, **switch}
    if STANDBY in chosen.tags and not begun.items() <= chosen.tags.items():
        moves.append(Move(chosen.resource, chosen.id, tags=begun))
    for one in others:
        marks = switch if is_protected(one.tags) else {**switch, PROTECT: "true"}
        if not marks.items() <= one.tags.items():
            moves.append(Move(one.resource, one.id, tags=marks))
    moves += _plan_renames(inventory, chosen, identifier, now)
    # The renames above come first, so the steps below use its new identifier.
    if not inventory.target.owns(chosen.tags):
        moves.append(Move(chosen.resource, identifier, tags={**tags, PROTECT: "true"}))
    for one in others:
        moves += _plan_retirement(inventory, one, identifier, now)
    if STANDBY in chosen.tags:
        replaced = (REPLACED,) if REPLACED in chosen.tags else ()
        protection = () if PROTECT in tags else (PROTECT,)
        temporary = (STANDBY, SWITCH_BEGAN, *replaced, *protection)
        moves.append(Move(chosen.resource, identifier, untag=temporary))
    return moves


def _find_serving_identifier(inventory: DatabaseInventory, chosen: Instance, others: Sequence[Instance]) -> str:
    """The identifier that services use: that of the serving instance, which may be an adopted one with its own name."""
    known = chosen.tags.get(TAKES)
    if known or len(others) != 1:
        return known or inventory.target.identifier
    # An earlier switch over may have renamed it, and the standby of that was deleted.
    (other,) = others
    return other.tags[TAKES] if find_unfinished_switch(other.id, other.tags) else other.id


def _plan_renames(inventory: DatabaseInventory, chosen: Instance, identifier: str, now: datetime) -> list[Move]:
    target, holder = inventory.target, inventory.all_instances.get(identifier)
    moves: list[Move] = []
    if holder and holder.resource != chosen.resource:
        if not target.owns(holder.tags) and holder.tags.get(STANDBY) != target.mark:
            raise StackError(
                f"{holder.id} has the name that {target.address} needs, and does not belong to this stack. "
                "Nothing was changed. Rename it"
            )
        moves.append(Move(holder.resource, holder.id, rename=name_replaced(identifier, now), keep=True))
    if chosen.id != identifier:
        moves.append(Move(chosen.resource, chosen.id, rename=identifier))
    return moves


def _plan_retirement(inventory: DatabaseInventory, one: Instance, identifier: str, now: datetime) -> Sequence[Move]:
    """The replaced database is kept as a standby, so that it can serve again."""
    name = name_replaced(identifier, now) if one.id == identifier else one.id
    standby = {STANDBY: inventory.target.mark, REPLACED: format_time(now)}
    removal = Move(one.resource, name, untag=(STACK, RESOURCE, TAKES, SWITCH_BEGAN))
    return (removal,) if standby.items() <= one.tags.items() else (Move(one.resource, name, tags=standby), removal)


def name_replaced(identifier: str, now: datetime) -> str:
    """The identifier of a database after another has taken its own."""
    return shorten_name(f"{identifier}-before-{format_timestamp(now)}", LONGEST_IDENTIFIER)


def standby_tags(
    inventory: DatabaseInventory, asked: str, history: Mapping[str, str], others: Mapping[str, str]
) -> dict[str, str]:
    """The tags of a restored standby: the document's and its history, without those of the serving database."""
    plain = {key: value for key, value in others.items() if not key.startswith(OURS)}
    return {**plain, **history, STANDBY: inventory.target.mark, RESTORE_ASKED: asked}
