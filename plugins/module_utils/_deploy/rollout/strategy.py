# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Strategies: in which batches the hosts of a rollout change their release. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Batches = list[list[str]]
Strategy = Callable[[Sequence[str]], Batches]


def one_host_at_a_time(hosts: Sequence[str]) -> Batches:
    """Every host is a batch of its own, in the order of the inventory."""
    return [[host] for host in hosts]


STRATEGIES: Mapping[str, Strategy] = {"one_at_a_time": one_host_at_a_time}
DEFAULT_STRATEGY = "one_at_a_time"


def plan_batches(hosts: Sequence[str], strategy: str = DEFAULT_STRATEGY) -> Batches:
    """The batches of a rollout over these hosts. The next batch begins when the one before has ended.

    Raises `ValueError` for an unknown strategy.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"{strategy!r} is not a strategy (known: {', '.join(STRATEGIES)})")
    return STRATEGIES[strategy](hosts)
