# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two databases change places: the steps that are left, from any moment at which a run may have died. Pure.

Services find a database by its endpoint, and that follows the identifier; the engine knows its own by their tags. At
every moment one database at least has the tags of the one that serves. There are two of them for a while, both
protected: a run of the engine then refuses to go on, where with none it would make an empty database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._aws.errors import StackError
from .._aws.tags import (
    BESIDE,
    OURS,
    PROTECT,
    REPLACED,
    RESOURCE,
    RESTORE_ASKED,
    STACK,
    SWITCH_BEGAN,
    TAKES,
    is_protected,
)
from .._stack.resource import shortened
from .look import Holdings
from .words import Instance, iso, moment, stamp

LONGEST = 63


@dataclass(frozen=True)
class Move:
    """One call about the instance ``resource``: it gets another name, or tags are set, or taken away."""

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


def moves(held: Holdings, chosen: Instance, asked: str, tags: Mapping[str, str], now: datetime) -> list[Move]:
    """What is left to be done for ``chosen`` to serve. ``tags`` are those that it bears in the end."""
    others = [one for one in held.live if one.resource != chosen.resource]
    takes = _takes(held, chosen, others)
    now = moment(chosen.tags.get(SWITCH_BEGAN, iso(now)))
    found: list[Move] = []
    begun = {RESTORE_ASKED: asked, TAKES: takes, SWITCH_BEGAN: iso(now)}
    if BESIDE in chosen.tags and not begun.items() <= chosen.tags.items():
        found.append(Move(chosen.resource, chosen.id, tags=begun))
    for one in others:
        if not is_protected(one.tags):
            found.append(Move(one.resource, one.id, tags={PROTECT: "true"}))
    found += _names(held, chosen, takes, now)
    # From here on it is called so.
    if not held.target.owns(chosen.tags):
        found.append(Move(chosen.resource, takes, tags={**tags, PROTECT: "true"}))
    for one in others:
        found += _retire(held, one, takes, now)
    if BESIDE in chosen.tags:
        spare = () if PROTECT in tags else (PROTECT,)
        left = (BESIDE, SWITCH_BEGAN, *(key for key in (REPLACED,) if key in chosen.tags), *spare)
        found.append(Move(chosen.resource, takes, untag=left))
    return found


def _takes(held: Holdings, chosen: Instance, others: Sequence[Instance]) -> str:
    """The identifier at which services look: that of the one that serves, which may have been adopted with its own."""
    known = chosen.tags.get(TAKES)
    return known or (others[0].id if len(others) == 1 else held.target.identifier)


def _names(held: Holdings, chosen: Instance, takes: str, now: datetime) -> list[Move]:
    target, holder = held.target, held.everybody.get(takes)
    found: list[Move] = []
    if holder and holder.resource != chosen.resource:
        if not target.owns(holder.tags) and holder.tags.get(BESIDE) != target.mark:
            raise StackError(
                f"{holder.id} has the name that {target.address} is to have, and is not of this stack. "
                "Nothing was changed. Rename it"
            )
        found.append(Move(holder.resource, holder.id, rename=before(takes, now), keep=True))
    if chosen.id != takes:
        found.append(Move(chosen.resource, chosen.id, rename=takes))
    return found


def _retire(held: Holdings, one: Instance, takes: str, now: datetime) -> Sequence[Move]:
    """The one that served is kept beside, for whoever wants it back."""
    name = before(takes, now) if one.id == takes else one.id
    kept = {BESIDE: held.target.mark, REPLACED: iso(now)}
    away = Move(one.resource, name, untag=(STACK, RESOURCE))
    return (away,) if kept.items() <= one.tags.items() else (Move(one.resource, name, tags=kept), away)


def before(identifier: str, now: datetime) -> str:
    """What a database is called once another has its name."""
    return shortened(f"{identifier}-before-{stamp(now)}", LONGEST)


def tags_beside(held: Holdings, asked: str, history: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """The tags of a database that is restored beside: the document's, what it is, and none by which it would serve."""
    plain = {key: value for key, value in others.items() if not key.startswith(OURS)}
    return {**plain, **history, BESIDE: held.target.mark, RESTORE_ASKED: asked}
