# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Guests that crash again and again, and terminations that do not wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab import reconcile
from lab.machines import Machine, Power
from lab.reconcile import Reconciler
from lab.restarts import PAUSES, RECOVERED, Restart, Restarts
from lab.shell import LabError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_guest_that_crashes_is_started_after_growing_pauses_and_then_no_more() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    began = clock.now
    starts: list[float] = []
    while (restart := restarts.attempt("i-1")) is not Restart.NEVER:
        if restart is Restart.NOW:
            starts.append(clock.now - began)
        clock.now += 1
    assert starts == [0, 5, 15, 35, 75]
    assert sorted(PAUSES) == list(PAUSES)
    # Others are not held up by it.
    assert restarts.attempt("i-2") is Restart.NOW
    restarts.forget("i-1")
    assert restarts.attempt("i-1") is Restart.NOW


def test_a_guest_that_has_run_for_a_while_has_recovered() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    restarts.see_running("i-1")
    for _ in PAUSES:
        clock.now += max(PAUSES)
        assert restarts.attempt("i-1") is Restart.NOW
    clock.now += RECOVERED - 1
    restarts.see_running("i-1")
    assert restarts.attempt("i-1") is Restart.NEVER
    clock.now += 1
    restarts.see_running("i-1")
    assert restarts.attempt("i-1") is Restart.NOW


def test_instances_that_are_gone_are_forgotten() -> None:
    restarts = Restarts(Clock())
    assert [restarts.attempt(id) for id in ("i-1", "i-2")] == [Restart.NOW, Restart.NOW]
    restarts.keep_only({"i-2"})
    assert [restarts.attempt(id) for id in ("i-1", "i-2")] == [Restart.NOW, Restart.LATER]


@dataclass
class FakeInstance:
    id: str
    state: str = "running"
    reason: str = ""


@dataclass
class FakeGuests:
    """Guests of which some crash when they boot, and some boot until they are interrupted."""

    powers: dict[str, Power]
    crashing: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    boots: list[str] = field(default_factory=list)
    interrupted: dict[str, threading.Event] = field(default_factory=dict)

    def adopt(self, instance_ids: Iterable[str]) -> None:
        """They are there."""

    def observe(self) -> Mapping[str, Power]:
        return dict(self.powers)

    def boot(self, machine: Machine) -> None:
        self.boots.append(machine.id)
        if machine.id in self.hanging:
            assert self.interrupted.setdefault(machine.id, threading.Event()).wait(20)
            raise LabError(f"{machine.id} ended while it booted")
        if machine.id in self.crashing:
            raise LabError(f"{machine.id} ended while it booted; its console ends with: {' '.join(self.boots)}")
        self.powers[machine.id] = Power.RUNNING

    def wire(self, machine: Machine) -> None:
        if machine.id in self.crashing:
            raise LabError(f"{machine.id} has no network")

    def reboot(self, machine: Machine) -> None:
        """They never do."""

    def shut_down(self, instance_id: str) -> None:
        self.powers[instance_id] = Power.OFF

    def interrupt(self, instance_id: str) -> None:
        self.interrupted.setdefault(instance_id, threading.Event()).set()

    def remove(self, instance_id: str) -> None:
        self.powers.pop(instance_id, None)

    def tidy(self, vpcs: Collection[str]) -> None:
        """There are no networks."""


@pytest.fixture
def reconciled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Reconciler]]:
    """Makes a reconciler of these instances; it looks when it is told to."""
    made: list[Reconciler] = []

    def give_up(instance: FakeInstance, reason: str) -> None:
        instance.state, instance.reason = "stopping", reason

    def make(guests: FakeGuests, *instances: FakeInstance) -> Reconciler:
        monkeypatch.setattr(reconcile.lifecycle, "all_instances", lambda: iter(instances))
        monkeypatch.setattr(reconcile.lifecycle, "all_vpcs", set)
        monkeypatch.setattr(reconcile.lifecycle, "forget_terminated", lambda _now: None)
        monkeypatch.setattr(reconcile.lifecycle, "give_up", give_up)
        for name, state in (("finish_stop", "stopped"), ("finish_start", "running"), ("finish_termination", "gone")):
            monkeypatch.setattr(
                reconcile.lifecycle, name, lambda instance, state=state: setattr(instance, "state", state)
            )
        monkeypatch.setattr(reconcile.nat, "settle_all", lambda: None)
        monkeypatch.setattr(reconcile.targets, "settle_all", lambda: None)
        monkeypatch.setattr(reconcile, "describe", lambda instance: Machine(id=instance.id, region="us-east-1"))
        made.append(Reconciler(threading.RLock(), guests, lambda: None))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def look_until(reconciler: Reconciler, done: Callable[[], Any], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends
        reconciler.look()
        time.sleep(0.01)


def test_an_instance_whose_guest_crashes_again_and_again_is_stopped(
    reconciled: Callable[..., Reconciler], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lab.restarts.PAUSES", (0.0,) * len(PAUSES))
    guests = FakeGuests({"i-1": Power.CRASHED, "i-2": Power.CRASHED}, crashing={"i-1"})
    bad, good = FakeInstance("i-1"), FakeInstance("i-2")
    look_until(reconciled(guests, bad, good), lambda: bad.state == "stopped")
    assert guests.boots.count("i-1") == len(PAUSES)
    assert guests.boots.count("i-2") == 1
    assert good.state == "running"
    assert "crashed, or did not boot, 5 times in a row" in bad.reason
    assert [one.getMessage() for one in caplog.records if "i-1" in one.getMessage()] == [
        next(one.getMessage() for one in caplog.records if "cannot boot i-1: i-1 ended" in one.getMessage()),
        f"i-1 is stopped: {bad.reason}",
    ]


def test_there_is_a_pause_before_the_second_start(reconciled: Callable[..., Reconciler]) -> None:
    guests = FakeGuests({"i-1": Power.CRASHED}, crashing={"i-1"})
    reconciler = reconciled(guests, FakeInstance("i-1"))
    look_until(reconciler, lambda: guests.boots)
    ends = time.monotonic() + 0.5
    look_until(reconciler, lambda: time.monotonic() > ends)
    assert guests.boots == ["i-1"]


def test_guests_that_reboot_from_inside_are_not_stopped(reconciled: Callable[..., Reconciler]) -> None:
    guests = FakeGuests({"i-1": Power.REBOOTING})
    instance = FakeInstance("i-1")
    reconciler = reconciled(guests, instance)
    for number in range(2 * len(PAUSES)):
        guests.powers["i-1"] = Power.REBOOTING
        look_until(reconciler, lambda number=number: len(guests.boots) > number)  # type: ignore[misc]
        look_until(reconciler, lambda: not reconciler._busy)
    assert instance.state == "running"


def test_the_same_problem_is_logged_once(
    reconciled: Callable[..., Reconciler], caplog: pytest.LogCaptureFixture
) -> None:
    guests = FakeGuests({"i-1": Power.RUNNING}, crashing={"i-1"})
    reconciler = reconciled(guests, FakeInstance("i-1"))
    ends = time.monotonic() + 0.3
    look_until(reconciler, lambda: time.monotonic() > ends)
    assert [one.getMessage() for one in caplog.records] == ["cannot wire i-1: i-1 has no network"]


def test_a_termination_waits_for_no_guest_that_does_not_boot(
    reconciled: Callable[..., Reconciler], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither for others, which take every worker, nor for its own."""
    ids = [f"i-{number}" for number in range(reconcile.AT_A_TIME)]
    guests = FakeGuests(dict.fromkeys(ids, Power.CRASHED), hanging=set(ids))
    hanging, others = [FakeInstance(id) for id in ids], [FakeInstance("i-a"), FakeInstance("i-b")]
    reconciler = reconciled(guests, *hanging, *others)
    for one in others:
        one.state = "stopped"
    look_until(reconciler, lambda: len(guests.boots) == len(ids))
    try:
        # One waits for a worker, the other for nothing.
        guests.powers.update({"i-a": Power.RUNNING, "i-b": Power.OFF})
        others[0].state = "running"
        look_until(reconciler, lambda: "i-a" in reconciler._busy)
        for one in others:
            one.state = "shutting-down"
        look_until(reconciler, lambda: [one.state for one in others] == ["gone", "gone"])
        assert not any(event.is_set() for event in guests.interrupted.values())
        hanging[0].state = "shutting-down"
        look_until(reconciler, lambda: hanging[0].state == "gone")
        assert [id for id in ids if guests.interrupted[id].is_set()] == ["i-0"]
        assert caplog.records == []
    finally:
        for id in ids:
            guests.interrupt(id)
