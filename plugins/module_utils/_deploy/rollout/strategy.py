# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Strategies: in which batches the members of one service move to another release. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from ..._topology.rollout_settings import ALL_AT_ONCE, CANARY, ROLLING, Size, count_hosts

AS_LARGE_AS_ALLOWED: Size = "100%"


class PlanError(ValueError):
    """A service that cannot move without going below its ``minimum_healthy``."""


@dataclass(frozen=True)
class Member:
    """One host of a service. ``healthy`` says whether it serves requests now."""

    host: str
    zone: str = ""
    healthy: bool = True


@dataclass(frozen=True)
class Strategy:
    """How a service moves, as the key ``rollout`` of the document has it.

    - ``batches``: the sizes of the batches, of which the last repeats; without any, as large as is allowed.
    - ``minimum_healthy``: the members that stay healthy while a batch moves.
    - ``bake``: the seconds for which the gates are asked after a batch has moved.
    """

    name: str = ROLLING
    batches: tuple[Size, ...] = (1, "25%")
    minimum_healthy: Size = "50%"
    bake: int = 0


def split_members(members: Sequence[Member], strategy: Strategy, staying: Sequence[Member] = ()) -> list[list[str]]:
    """The batches in which the members of a service move: the hosts of each, in the order of the inventory.

    ``staying`` are members that do not move: they count as members, and those that are healthy keep serving. Raises
    `PlanError` if no healthy member may leave.
    """
    queue = MemberQueue(members, strategy, staying)
    batches = []
    while queue.pending:
        batches.append(queue.take_batch())
    return batches


class MemberQueue:
    """The members of a service that still have to move, and which of them may move next.

    It assumes that a batch begins when every member of the batch before is healthy, as its gates require. With
    ``always``, members move one after the other where `PlanError` would be raised.
    """

    def __init__(
        self, members: Sequence[Member], strategy: Strategy, staying: Sequence[Member] = (), always: bool = False
    ) -> None:
        everyone = [*members, *staying]
        self.pending = list(members)
        self._strategy = strategy
        self._count = len(everyone)
        self._healthy = sum(member.healthy for member in everyone)
        self._zone_sizes = Counter(member.zone for member in everyone)
        self._sizes = _iterate_sizes(strategy)
        self._always = always
        self._has_begun = False

    def take_batch(
        self, together_with: Collection[str] = (), count_moves: Callable[[str], int] = lambda _host: 1
    ) -> list[str]:
        """Remove the members of the next batch from the queue; returns their hosts in the order of the inventory.

        ``together_with`` are hosts that other services have in this batch, and ``count_moves`` is the number of
        services that have to move on a host. Members on such hosts come first, so that a host is in few batches.
        """
        batch = {member.host for member in self._choose(together_with, count_moves)}
        taken = [member for member in self.pending if member.host in batch]
        self.pending = [member for member in self.pending if member.host not in batch]
        self._healthy += sum(not member.healthy for member in taken)
        self._has_begun = True
        return [member.host for member in taken]

    def _choose(self, together_with: Collection[str], count_moves: Callable[[str], int]) -> list[Member]:
        # A single member is reloaded in place: there is no other one that could serve in the meantime.
        if self._strategy.name == ALL_AT_ONCE or self._count == 1:
            return self.pending
        in_order = sorted(
            self.pending, key=lambda member: (member.host not in together_with, -count_moves(member.host))
        )
        unhealthy = [member for member in in_order if not member.healthy]
        if unhealthy and self._strategy.name == CANARY and not self._has_begun:
            next(self._sizes)
            return unhealthy[:1]
        if unhealthy:
            return unhealthy
        size = max(count_hosts(next(self._sizes), self._count), 1)
        size = min(size, self._count_spare())
        return self._spread_over_zones(size, in_order, together_with)

    def _count_spare(self) -> int:
        """How many healthy members may leave at the same time. At least one member always stays, healthy or not."""
        minimum = self._strategy.minimum_healthy
        floor = count_hosts(minimum, self._count)
        spare = min(self._healthy - floor, self._count - 1)
        if spare < 1 and not self._always:
            raise PlanError(
                f"{self._healthy} of {self._count} hosts serve, and minimum_healthy ({minimum}) requires {floor}, so "
                "that none of them may leave"
            )
        return max(spare, 1)

    def _spread_over_zones(
        self, size: int, candidates: Sequence[Member], together_with: Collection[str]
    ) -> list[Member]:
        """At most ``size`` members, and half of each zone: in turn from the zone of which the batch has the fewest."""
        taken: Counter[str] = Counter()
        batch: list[Member] = []
        left = list(candidates)
        while left and len(batch) < size:
            best = min(left, key=lambda member: (member.host not in together_with, taken[member.zone]))
            batch.append(best)
            taken[best.zone] += 1
            left = [one for one in left if one != best and self._may_leave(one.zone, taken)]
        return batch

    def _may_leave(self, zone: str, taken: Counter[str]) -> bool:
        """Whether another member of a zone may join a batch, which has at most half of them, rounded up."""
        return 2 * taken[zone] < self._zone_sizes[zone]


def _iterate_sizes(strategy: Strategy) -> Iterator[Size]:
    """The sizes of the batches, without end. Those of a canary begin with one host, whatever its ``batches`` say."""
    sizes = strategy.batches or (AS_LARGE_AS_ALLOWED,)
    if strategy.name == CANARY and sizes[0] != 1:
        yield 1
    yield from sizes
    while True:
        yield sizes[-1]
