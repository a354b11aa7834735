# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rollout: which hosts move which services in each batch, there and back. Pure functions.

A batch takes of each service only as many members as its ``minimum_healthy`` allows. Services are counted one by one: a
host leaves the load balancer for the services that it moves, and keeps serving the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..._topology.rollout_settings import ALL_AT_ONCE, ROLLING
from .strategy import Member, MemberQueue, PlanError, Strategy
from .waves import order_waves

Calls = Mapping[str, Collection[str]]  # the services that each service calls
Pair = tuple[str, str]  # host and service


@dataclass(frozen=True)
class Move:
    """A service of one host that changes its release. ``before`` is None if the host has no release of it yet."""

    host: str
    service: str
    before: int | None
    after: int
    zone: str = ""
    instance: str = ""
    healthy: bool = True


@dataclass(frozen=True)
class Batch:
    """What moves at the same time: hosts with their services. Numbers begin at 1, in the whole plan."""

    number: int
    wave: int
    moves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def plan_batches(
    moves: Sequence[Move],
    strategies: Mapping[str, Strategy],
    calls: Calls,
    staying: Mapping[str, Sequence[Member]] | None = None,
) -> list[Batch]:
    """The batches of a rollout, in which each move is once.

    ``moves`` are in the order of the inventory. Services that ``strategies`` does not name have the default strategy.
    ``staying`` are the members of each service that have no move, because they have the release already or are left
    out: healthy ones keep serving. Raises `PlanError` with every service of which no healthy member may leave.
    """
    rest = staying or {}
    members = {service: _list_members(own, rest.get(service, ())) for service, own in _group_by_service(moves).items()}
    return _plan_waves(order_waves(calls, members), members, strategies, rest)


def plan_return(
    begun: Sequence[Move],
    strategies: Mapping[str, Strategy],
    calls: Calls,
    failed: Collection[Pair] = (),
    staying: Mapping[str, Sequence[Member]] | None = None,
) -> list[Batch]:
    """The batches in which the moves that were begun go back to the release before.

    What has ``failed`` serves nothing and goes back first, in a batch of its own, which is its first wave. A host that
    had no release before is left out. All others count as healthy. They go back callers first, in batches as large as
    ``minimum_healthy`` allows, because the release before is known to work; where it allows none, one after the other,
    since no host may keep the new release. ``staying`` are members whose move was not begun.
    """
    first: list[Move] = []
    others: list[Move] = []
    rest = {service: list(members) for service, members in (staying or {}).items()}
    for move in begun:
        pair = (move.host, move.service)
        if move.before is not None and pair not in failed:
            others.append(move)
            continue
        if move.before is not None:
            first.append(move)
        # Once the first batch is healthy, only a host that failed without a release before is not.
        healthy = move.before is not None or pair not in failed
        rest.setdefault(move.service, []).append(Member(move.host, move.zone, healthy))
    batches = [Batch(1, 1, _group_by_host((move.host, move.service) for move in first))] if first else []
    members = {
        service: [Member(move.host, move.zone) for move in own] for service, own in _group_by_service(others).items()
    }
    waves = order_waves(calls, members)[::-1]
    back = {service: _make_return_strategy(strategies.get(service, Strategy())) for service in members}
    return batches + _plan_waves(waves, members, back, rest, after=len(batches), always=True)


def _make_return_strategy(strategy: Strategy) -> Strategy:
    name = ALL_AT_ONCE if strategy.name == ALL_AT_ONCE else ROLLING
    return replace(strategy, name=name, batches=())


def _group_by_service(moves: Iterable[Move]) -> dict[str, list[Move]]:
    grouped: dict[str, list[Move]] = {}
    for move in moves:
        grouped.setdefault(move.service, []).append(move)
    return grouped


def _list_members(moves: Sequence[Move], staying: Sequence[Member]) -> list[Member]:
    """The members that move, and whether each serves.

    A host without a release serves nothing. If no other member is healthy, all of them count as healthy: a load
    balancer sends requests to every target of a group that has only unhealthy ones (Elastic Load Balancing user guide,
    "Health checks for Application Load Balancer target groups").
    """
    some_are_healthy = any(move.healthy and move.before is not None for move in moves) or any(
        member.healthy for member in staying
    )
    members = []
    for move in moves:
        serves = move.before is not None and (move.healthy or not some_are_healthy)
        members.append(Member(move.host, move.zone, serves))
    return members


def _plan_waves(
    waves: Sequence[Sequence[str]],
    members: Mapping[str, Sequence[Member]],
    strategies: Mapping[str, Strategy],
    staying: Mapping[str, Sequence[Member]],
    after: int = 0,
    always: bool = False,
) -> list[Batch]:
    """The batches of all waves. ``after`` is the number of batches, each a wave, that come before them.

    With ``always``, a service moves even if none of its healthy members may leave.
    """
    batches: list[Batch] = []
    problems: list[str] = []
    for wave, services in enumerate(waves, after + 1):
        queues = {}
        for service in services:
            strategy = strategies.get(service, Strategy())
            queues[service] = MemberQueue(members[service], strategy, staying.get(service, ()), always)
        while queues:
            moves = _take_moves(queues, problems)
            batches += [Batch(after + len(batches) + 1, wave, moves)] if moves else []
            queues = {service: queue for service, queue in queues.items() if queue.pending}
    if problems:
        raise PlanError("\n".join(problems))
    return batches


def _take_moves(queues: Mapping[str, MemberQueue], problems: list[str]) -> dict[str, tuple[str, ...]]:
    """The next batch of all services of a wave. A service that cannot move is a problem, and its queue is emptied."""
    pending = Counter(member.host for queue in queues.values() for member in queue.pending)
    taken: list[Pair] = []
    for service, queue in queues.items():
        hosts = {host for host, _service in taken}
        try:
            taken += [(host, service) for host in queue.take_batch(hosts, pending.__getitem__)]
        except PlanError as error:
            fix = f"repair the others first, or lower services.{service}.rollout.minimum_healthy"
            problems.append(f"{service}: {error} ({fix})")
            queue.pending = []
    return _group_by_host(taken)


def _group_by_host(pairs: Iterable[Pair]) -> dict[str, tuple[str, ...]]:
    """The services of each host."""
    services: dict[str, tuple[str, ...]] = {}
    for host, service in pairs:
        services[host] = (*services.get(host, ()), service)
    return services
