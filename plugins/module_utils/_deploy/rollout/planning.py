# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the moves of all hosts and the state of the targets to the plan of a rollout. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._topology.rollout_settings import ALL_AT_ONCE, count_hosts
from ..targets import ABSENT, DRAINING, HEALTHY, TargetHealth
from .plan import Batch, Move, plan_batches, plan_return
from .strategy import Member, Strategy

Targets = Mapping[str, Mapping[str, TargetHealth]]  # by service, then by instance


@dataclass(frozen=True)
class Migration:
    """The migration of a service: ``host`` runs it, or it is empty where it was run; ``hosts`` record that it was."""

    service: str
    host: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Planned:
    """The plan of a rollout.

    - ``floors``: how many other targets of a balanced service must be healthy when a host leaves. A service with one
      target is not in it: its host is reloaded in place.
    - ``rejoin``: services that serve the right release and get no requests, by host.
    """

    batches: tuple[Batch, ...] = ()
    floors: Mapping[str, int] = field(default_factory=dict)
    rejoin: Mapping[str, list[str]] = field(default_factory=dict)
    migrations: tuple[Migration, ...] = ()


def plan_rollout(moves: Sequence[Mapping[str, Any]], targets: Targets) -> Planned:
    """Plan a rollout of these moves (`moves.py`), which include services that stay. Raises `PlanError`."""
    moving = [move for move in moves if move["moving"]]
    rejoin = _find_unregistered(moves, targets)
    batches = plan_batches(
        [_to_move(move, targets) for move in moving],
        list_strategies(moves),
        _list_calls(moves),
        list_staying(moves, targets, rejoin),
    )
    return Planned(
        batches=tuple(batches),
        floors=list_floors(moves, targets),
        rejoin=rejoin,
        migrations=tuple(_plan_migrations(moves, batches)),
    )


def plan_way_back(
    moves: Sequence[Mapping[str, Any]], batches: Sequence[Batch], begun: int, failed: Sequence[tuple[str, str]]
) -> list[Batch]:
    """The batches in which hosts return after ``begun`` batches have begun.

    A host that had no release before stops its service in the last batch, because the others serve another release
    again. Services that are new everywhere stay as they are: what is healthy of them is better than nothing.
    """
    served = {move["service"] for move in moves if move["before"] is not None}
    pairs = [(host, name) for batch in batches[:begun] for host, names in batch.moves.items() for name in names]
    returning = [move for move in moves if (move["host"], move["service"]) in pairs and move["service"] in served]
    not_begun = [move for move in moves if (move["host"], move["service"]) not in pairs]
    back = plan_return(
        [_to_move(move, {}) for move in returning],
        list_strategies(moves),
        _list_calls(moves),
        failed=set(failed),
        staying=list_staying([{**move, "moving": False} for move in not_begun], {}),
    )
    stopping: dict[str, tuple[str, ...]] = {}
    for move in returning:
        if move["before"] is None:
            stopping[move["host"]] = (*stopping.get(move["host"], ()), move["service"])
    last = back[-1] if back else Batch(0, 0)
    return [*back, Batch(last.number + 1, last.wave + 1, stopping)] if stopping else back


def list_staying(
    moves: Sequence[Mapping[str, Any]], targets: Targets, rejoin: Mapping[str, Sequence[str]] | None = None
) -> dict[str, list[Member]]:
    """The members of each service that do not move, including the targets of hosts that take no part in the run.

    Services that ``rejoin`` (by host) count as healthy: they are registered before the first batch, or no batch begins.
    """
    staying: dict[str, list[Member]] = {}
    for move in moves:
        if not move["moving"]:
            rejoins = move["service"] in (rejoin or {}).get(move["host"], ())
            serves = move["before"] is not None and (rejoins or is_healthy(move, targets))
            staying.setdefault(move["service"], []).append(Member(move["host"], move["zone"], serves))
    for service in {move["service"] for move in moves if move["balanced"]}:
        own = {move["instance"] for move in moves if move["service"] == service}
        for instance, target in targets.get(service, {}).items():
            if instance not in own and target.state != DRAINING:
                staying.setdefault(service, []).append(Member(instance, "", target.state == HEALTHY))
    return staying


def _to_move(move: Mapping[str, Any], targets: Targets) -> Move:
    return Move(
        host=move["host"],
        service=move["service"],
        before=move["before"],
        after=move["after"],
        zone=move["zone"],
        instance=move["instance"],
        healthy=is_healthy(move, targets),
    )


def is_healthy(move: Mapping[str, Any], targets: Targets) -> bool:
    """Whether the load balancer sends requests to the service of a host; True where there is no load balancer."""
    if not move["balanced"] or move["service"] not in targets:
        return True
    target = targets[move["service"]].get(move["instance"])
    return target is not None and target.state == HEALTHY


def list_strategies(moves: Sequence[Mapping[str, Any]]) -> dict[str, Strategy]:
    strategies = {}
    for move in moves:
        settings = move["rollout"]
        if settings:
            strategies[move["service"]] = Strategy(
                name=settings["strategy"],
                batches=tuple(settings["batches"]),
                minimum_healthy=settings["minimum_healthy"],
                bake=settings["bake"],
            )
    return strategies


def _list_calls(moves: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    return {move["service"]: list(move["calls"]) for move in moves}


def list_floors(moves: Sequence[Mapping[str, Any]], targets: Targets) -> dict[str, int]:
    floors = {}
    strategies = list_strategies(moves)
    staying = list_staying(moves, targets)
    for service in dict.fromkeys(move["service"] for move in moves if move["balanced"]):
        strategy = strategies.get(service, Strategy())
        moving = sum(move["service"] == service and move["moving"] for move in moves)
        count = moving + len(staying.get(service, ()))
        if count > 1 and strategy.name != ALL_AT_ONCE:
            floors[service] = min(count_hosts(strategy.minimum_healthy, count), count - 1)
    return floors


def _find_unregistered(moves: Sequence[Mapping[str, Any]], targets: Targets) -> dict[str, list[str]]:
    """The services that serve the right release, but that a killed run has drained and not registered again."""
    found: dict[str, list[str]] = {}
    for move in moves:
        if move["moving"] or move["before"] is None or not move["balanced"] or move["service"] not in targets:
            continue
        target = targets[move["service"]].get(move["instance"])
        if target is None or target.state in (ABSENT, DRAINING):
            found.setdefault(move["host"], []).append(move["service"])
    return found


def _plan_migrations(moves: Sequence[Mapping[str, Any]], batches: Sequence[Batch]) -> list[Migration]:
    """Each release is migrated once, by the host that moves first, in the order in which the services move."""
    first_hosts: dict[str, str] = {}
    for batch in batches:
        for host, names in batch.moves.items():
            for name in names:
                first_hosts.setdefault(name, host)
    migrations = []
    for service, first_host in first_hosts.items():
        own = [move for move in moves if move["service"] == service and move["migrate"]]
        identities = {move["identity"] for move in own if move["moving"]}
        migrated = {move["identity"] for move in own if move["migrated"]}
        missing = tuple(move["host"] for move in own if move["identity"] in identities and not move["migrated"])
        if missing:
            migrations.append(Migration(service, "" if identities <= migrated else first_host, missing))
    return migrations
