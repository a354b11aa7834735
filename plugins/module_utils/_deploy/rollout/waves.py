# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waves: which services move at the same time, and which wait for others. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def order_waves(calls: Mapping[str, Collection[str]], moving: Iterable[str] | None = None) -> list[list[str]]:
    """The services that move in each wave: those that are called before their callers.

    ``calls`` has the services that each service calls. Services that do not call each other move at the same time, and
    those that call each other in a circle one after the other, in the order of ``calls``. ``moving`` names the services
    of the rollout, if they are not all. A service that does not move still orders the others: through it, requests of
    its callers reach the services that it calls, so that a caller may need their new release.
    """
    chosen = list(calls) if moving is None else list(dict.fromkeys(moving))
    names = [name for name in calls if name in chosen] + [name for name in chosen if name not in calls]
    reachable = {name: _find_reachable(name, calls) for name in names}
    called = {name: [other for other in names if other in reachable[name]] for name in names}
    circles = [[other for other in names if other == name or _call_each_other(name, other, called)] for name in names]
    wave_of: dict[str, int] = {}
    while len(wave_of) < len(names):
        for circle in circles:
            needed = [other for other in called[circle[0]] if other not in circle]
            if circle[0] not in wave_of and all(other in wave_of for other in needed):
                first = max((wave_of[other] + 1 for other in needed), default=0)
                wave_of.update({name: first + offset for offset, name in enumerate(circle)})
    waves: list[list[str]] = [[] for _wave in range(max(wave_of.values(), default=-1) + 1)]
    for name in names:
        waves[wave_of[name]].append(name)
    return waves


def _find_reachable(name: str, calls: Mapping[str, Collection[str]]) -> set[str]:
    """The services that a service calls, directly or through others."""
    reachable: set[str] = set()
    unread = [name]
    while unread:
        for other in calls.get(unread.pop(), ()):
            if other not in reachable:
                reachable.add(other)
                unread.append(other)
    return reachable


def _call_each_other(name: str, other: str, called: Mapping[str, Collection[str]]) -> bool:
    return other in called[name] and name in called[other]
