# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Repeating a call: the pauses grow, and every repetition ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.module_utils._aws.backoff import Backoff, call_with_retries


class Busy(Exception):
    pass


class Slow(Exception):
    pass


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def test_a_backoff_without_a_limit_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs a limit"):
        Backoff()


def test_pauses_grow_up_to_the_longest() -> None:
    backoff = Backoff(attempts=7, first=1.0, factor=2.0, longest=5.0, jitter=0.0)
    assert list(backoff.plan_pauses()) == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize(("attempts", "pauses"), [(1, 0), (2, 1), (10, 9)])
def test_the_number_of_attempts_is_the_limit(attempts: int, pauses: int) -> None:
    clock = FakeClock()
    assert list(Backoff(attempts=attempts).repeat(clock)) == list(range(1, attempts + 1))
    assert len(clock.pauses) == pauses


@pytest.mark.parametrize("seconds", [0.0, 0.1, 60.0, 100_000.0])
def test_the_last_attempt_is_made_when_the_time_is_over(seconds: float) -> None:
    clock = FakeClock()
    numbers = list(Backoff(seconds=seconds, longest=50.0).repeat(clock))
    assert numbers[0] == 1
    assert clock.now() == pytest.approx(seconds)


def test_the_time_that_a_call_takes_counts() -> None:
    clock = FakeClock()
    numbers = []
    for number in Backoff(seconds=100.0).repeat(clock):
        numbers.append(number)
        clock.advance(60.0)
    assert numbers == [1, 2]


def test_jitter_shortens_pauses_by_half_at_most() -> None:
    backoff = Backoff(attempts=3, first=1.0)
    pauses = {backoff.next_pause(1, 0.0) for _ in range(50)}
    assert len(pauses) > 1
    assert all(pause is not None and 0.5 <= pause <= 1.0 for pause in pauses)


@pytest.mark.parametrize("seconds", [0.0, 10.0, 300.0])
def test_planned_pauses_fill_the_time(seconds: float) -> None:
    assert seconds <= sum(Backoff(seconds=seconds).plan_pauses()) < seconds + 8.0


def test_a_call_that_succeeds_is_made_once() -> None:
    clock = FakeClock()
    assert call_with_retries(failing(), lambda _error: Backoff(attempts=3), clock) == "done"
    assert clock.pauses == []


def test_a_final_error_is_raised_at_once() -> None:
    clock = FakeClock()
    with pytest.raises(Busy):
        call_with_retries(failing(Busy()), lambda _error: None, clock)
    assert clock.pauses == []


def test_a_call_is_repeated_until_it_succeeds() -> None:
    clock = FakeClock()
    assert call_with_retries(failing(Busy(), Busy()), lambda _error: Backoff(attempts=3), clock) == "done"
    assert len(clock.pauses) == 2


def test_the_last_error_is_raised_at_the_limit() -> None:
    errors = [Busy("first"), Busy("second"), Busy("third")]
    with pytest.raises(Busy, match="second"):
        call_with_retries(failing(*errors), lambda _error: Backoff(attempts=2), FakeClock())


def test_each_backoff_counts_its_own_attempts() -> None:
    policies = {Busy: Backoff(attempts=3), Slow: Backoff(attempts=2)}
    call = failing(Busy(), Slow(), Busy())
    assert call_with_retries(call, lambda error: policies[type(error)], FakeClock()) == "done"
    with pytest.raises(Slow):
        call_with_retries(failing(Busy(), Slow(), Slow()), lambda error: policies[type(error)], FakeClock())


def test_one_error_does_not_use_up_the_time_for_another() -> None:
    clock = FakeClock()
    policies = {Busy: Backoff(attempts=10, first=60.0, longest=60.0), Slow: Backoff(seconds=60.0)}
    call = failing(*[Busy()] * 5, *[Slow()] * 3)
    assert call_with_retries(call, lambda error: policies[type(error)], clock) == "done"


def test_alternating_errors_have_a_limit() -> None:
    clock = FakeClock()
    policies = {Busy: Backoff(seconds=60.0), Slow: Backoff(seconds=60.0, first=1.0)}
    errors = [Busy(), Slow()] * 1000
    with pytest.raises((Busy, Slow)):
        call_with_retries(failing(*errors), lambda error: policies[type(error)], clock)
    assert 60.0 <= clock.now() < 62.0
