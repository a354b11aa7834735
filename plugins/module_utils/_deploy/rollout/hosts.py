# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a change that stops whole hosts: a reboot takes all services of a host out at the same time.

Releases are planned service by service (`planning.py`), because a host goes on serving the others. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._topology.rollout_settings import CANARY, ROLLING, Size, count_hosts
from .plan import Batch
from .planning import Planned, Targets, is_healthy, list_floors, list_staying, list_strategies
from .strategy import Member, MemberQueue, PlanError, Strategy

Services = tuple[str, ...]


@dataclass(frozen=True)
class HostGroup:
    """Hosts with the same services. ``changing`` are those to stop, ``staying`` all others."""

    services: Services
    changing: tuple[Member, ...]
    staying: tuple[Member, ...]

    @property
    def size(self) -> int:
        return len(self.changing) + len(self.staying)


def plan_hosts(moves: Sequence[Mapping[str, Any]], targets: Targets, interrupt: bool = False) -> Planned:
    """Plan in which batches the hosts of these moves (`moves.py`) are stopped; those that do not move keep serving.

    All services of a host are in the same batch. A batch takes as few hosts as the most careful strategy of their
    services does. Raises `PlanError` with each group of which no host may stop, unless ``interrupt`` accepts that.
    """
    groups = _group_hosts(moves, targets)
    strategies = list_strategies(moves)
    queues: dict[Services, MemberQueue] = {}
    problems: list[str] = []
    for group in groups:
        if not group.changing:
            continue
        if group.size == 1 and not interrupt:
            problems.append(_describe_only_host(group))
            continue
        strategy = merge_strategies([strategies.get(name, Strategy()) for name in group.services], group.size)
        queues[group.services] = MemberQueue(group.changing, strategy, group.staying, always=interrupt)
    batches = _take_batches(queues, problems)
    if problems:
        raise PlanError("\n".join(problems))
    return Planned(batches=tuple(batches), floors={} if interrupt else list_floors(moves, targets))


def plan_single_hosts(moves: Sequence[Mapping[str, Any]], targets: Targets, interrupt: bool = False) -> Planned:
    """Plan one host after the other, in the order of the moves."""
    services: dict[str, Services] = {}
    for move in moves:
        if move["moving"]:
            services[move["host"]] = (*services.get(move["host"], ()), move["service"])
    batches = tuple(Batch(number, 1, {host: names}) for number, (host, names) in enumerate(services.items(), 1))
    return Planned(batches=batches, floors={} if interrupt else list_floors(moves, targets))


def merge_strategies(strategies: Sequence[Strategy], hosts: int) -> Strategy:
    """The strategy of hosts with several services: the smallest batches, and the largest minimum of them."""
    sizes = [strategy.batches or ("100%",) for strategy in strategies]
    longest = max(len(own) for own in sizes)
    batches: list[Size] = [
        min(count_hosts(own[min(number, len(own) - 1)], hosts) for own in sizes) for number in range(longest)
    ]
    return Strategy(
        name=CANARY if any(strategy.name == CANARY for strategy in strategies) else ROLLING,
        batches=tuple(batches),
        minimum_healthy=max(count_hosts(strategy.minimum_healthy, hosts) for strategy in strategies),
    )


def _group_hosts(moves: Sequence[Mapping[str, Any]], targets: Targets) -> list[HostGroup]:
    own: dict[str, list[Mapping[str, Any]]] = {}
    for move in moves:
        own.setdefault(move["host"], []).append(move)
    changing: dict[Services, list[Member]] = {}
    staying: dict[Services, list[Member]] = {}
    for host, services in own.items():
        names = tuple(sorted(move["service"] for move in services))
        healthy = all(move["before"] is not None and is_healthy(move, targets) for move in services)
        member = Member(host, services[0]["zone"], healthy)
        (changing if any(move["moving"] for move in services) else staying).setdefault(names, []).append(member)
    # Targets of hosts that take no part in the run are members too.
    absent = list_staying([{**move, "moving": True} for move in moves], targets)
    groups = []
    for names in dict.fromkeys([*changing, *staying]):
        others = max((absent.get(name, []) for name in names), key=len)
        groups.append(HostGroup(names, tuple(changing.get(names, ())), (*staying.get(names, ()), *others)))
    return groups


def _take_batches(queues: Mapping[Services, MemberQueue], problems: list[str]) -> list[Batch]:
    """The batches of all groups, which do not wait for each other."""
    batches: list[Batch] = []
    pending = dict(queues)
    while pending:
        moves: dict[str, Services] = {}
        for services, queue in pending.items():
            try:
                moves.update(dict.fromkeys(queue.take_batch(), services))
            except PlanError as error:
                keys = " or ".join(f"services.{name}.rollout.minimum_healthy" for name in services)
                fix = f"repair the others first, lower {keys}, or accept an interruption with -e interrupt=true"
                problems.append(f"{', '.join(services)}: {error} ({fix})")
                queue.pending = []
        batches += [Batch(len(batches) + 1, 1, moves)] if moves else []
        pending = {services: queue for services, queue in pending.items() if queue.pending}
    return batches


def _describe_only_host(group: HostGroup) -> str:
    host = group.changing[0].host
    return (
        f"{', '.join(group.services)}: {host} is the only host, so that its services would be interrupted (raise the "
        "count of instances first, or accept the interruption with -e interrupt=true)"
    )
