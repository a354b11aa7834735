# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the machines what the API says they are, again and again, from what is, not from what happened."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from moto.ec2.models.instances import Instance

from .hooks import lifecycle, nat, targets
from .machines import Machine, Power
from .restarts import PAUSES, Restart, Restarts
from .snapshot import describe
from .watch import Watcher

INTERVAL = 1.0
# Booting is work for the processor: more at a time only makes all of them later.
AT_A_TIME = 4
log = logging.getLogger("lab.reconcile")


class Action(Enum):
    """What is to be done about an instance."""

    NOTHING = "nothing"
    BOOT = "boot"
    WIRE = "wire"
    REBOOT = "reboot"
    SHUT_DOWN = "shut down"
    STOPPED = "stopped"
    REMOVE = "remove"
    SWITCHED_OFF = "switched off"
    LOST = "lost"
    GIVE_UP = "give up"


class Guests(Protocol):
    """What stands behind the instances."""

    def adopt(self, instance_ids: Iterable[str]) -> None:
        """Begin: these are the instances that ran when the state was stored."""

    def observe(self) -> Mapping[str, Power]:
        """The guests that there are, by the id of their instance."""

    def boot(self, machine: Machine) -> None:
        """Bring the guest up, from whatever it is; returns when it has booted."""

    def wire(self, machine: Machine) -> None:
        """Make addresses, rules and metadata what they should be; does nothing when they are."""

    def reboot(self, machine: Machine) -> None:
        """Restart a running guest."""

    def shut_down(self, instance_id: str) -> None:
        """Switch a guest off."""

    def interrupt(self, instance_id: str) -> None:
        """End a guest at once, so that what waits for it ends too; it is removed next."""

    def remove(self, instance_id: str) -> None:
        """Take a guest away with everything that belongs to it."""

    def tidy(self, vpcs: Collection[str]) -> None:
        """Take the networks of all other VPCs away."""


class NoGuests:
    """Nothing stands behind the instances: they pass through their states after a moment."""

    def __init__(self, delay: float = 0.05) -> None:
        self._delay = delay
        self._power: dict[str, Power] = {}

    def adopt(self, instance_ids: Iterable[str]) -> None:
        self._power = dict.fromkeys(instance_ids, Power.RUNNING)

    def observe(self) -> Mapping[str, Power]:
        return dict(self._power)

    def boot(self, machine: Machine) -> None:
        time.sleep(self._delay)
        self._power[machine.id] = Power.RUNNING

    def wire(self, machine: Machine) -> None:
        """There is no network."""
        self._power[machine.id] = Power.RUNNING

    def reboot(self, machine: Machine) -> None:
        """It is up again at once."""
        self._power[machine.id] = Power.RUNNING

    def shut_down(self, instance_id: str) -> None:
        time.sleep(self._delay)
        self._power[instance_id] = Power.OFF

    def interrupt(self, instance_id: str) -> None:
        """Nothing takes longer than a moment."""

    def remove(self, instance_id: str) -> None:
        time.sleep(self._delay)
        self._power.pop(instance_id, None)

    def tidy(self, vpcs: Collection[str]) -> None:
        """There are no networks."""


@dataclass(frozen=True)
class Task:
    """One thing to do about one instance."""

    action: Action
    instance: Instance
    power: Power


def decide(state: str, power: Power, reboot: bool) -> Action:
    """What an instance in that state needs whose guest does that."""
    if state == "pending":
        return Action.BOOT
    if state == "running":
        if power is Power.RUNNING:
            return Action.REBOOT if reboot else Action.WIRE
        running = {Power.REBOOTING: Action.BOOT, Power.CRASHED: Action.BOOT, Power.OFF: Action.SWITCHED_OFF}
        return running.get(power, Action.LOST)
    if state == "stopping":
        return Action.SHUT_DOWN if power is Power.RUNNING else Action.STOPPED
    if state == "shutting-down":
        return Action.REMOVE
    return Action.NOTHING


class Reconciler(Watcher):
    """Looks at every instance once a second, and at once when something changed."""

    whole = "the instances"

    def __init__(self, lock: threading.RLock, guests: Guests, keep: Callable[[], None]) -> None:
        super().__init__(lock, "reconcile", INTERVAL, AT_A_TIME)
        self._guests = guests
        self._keep = keep
        self._restarts = Restarts()
        # Workers of their own, because a termination must not wait until guests that do not boot are given up.
        self._removals = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="removal")
        self._removing: set[str] = set()
        self._futures: dict[str, Future[None]] = {}

    def start(self) -> None:
        with self._lock:
            self._guests.adopt([one.id for one in lifecycle.all_instances() if one.state == "running"])
        super().start()

    def stop(self) -> None:
        super().stop()
        self._removals.shutdown(wait=True, cancel_futures=True)

    def look(self) -> None:
        """Find what is to be done, and start doing it."""
        # What is being worked on while we look is seen too early or too late: it is left for the next time.
        with self._lock:
            moving = set(self._busy)
        powers = self._guests.observe()
        with self._lock:
            lifecycle.forget_terminated(time.time())
            nat.settle_all()
            targets.settle_all()
            moving |= self._busy
            held = self._make_way()
            moving -= held.keys() - self._busy
            tasks = self._tasks(powers, moving)
            self._busy.update(task.instance.id for task in tasks)
            self._removing.update(task.instance.id for task in tasks if task.action is Action.REMOVE)
            known = {instance.id for instance in lifecycle.all_instances()}
            self._restarts.keep_only(known)
            vpcs = lifecycle.all_vpcs()
        for task in tasks:
            pool = self._removals if task.action is Action.REMOVE else self._pool
            self._futures[task.instance.id] = pool.submit(self._do, task)
        for id, is_running in held.items():
            if is_running:
                self._removals.submit(self._guests.interrupt, id)
        for orphan in set(powers) - known - moving:
            log.warning("%s belongs to no instance (any more) and is removed", orphan)
            self._guests.remove(orphan)
        self._guests.tidy(vpcs)

    def _make_way(self) -> dict[str, bool]:
        """The terminated instances about which something else is being done, and whether that has begun.

        What has not is cancelled. The lock is held.
        """
        held = {}
        for instance in lifecycle.all_instances():
            id = instance.id
            if instance.state == "shutting-down" and id in self._busy - self._removing:
                future = self._futures.get(id)
                held[id] = not (future and future.cancel())
                if not held[id]:
                    self._busy.discard(id)
        return held

    def _tasks(self, powers: Mapping[str, Power], moving: Collection[str]) -> list[Task]:
        tasks = []
        for instance in lifecycle.all_instances():
            if instance.id in moving:
                continue
            power = powers.get(instance.id, Power.ABSENT)
            action = decide(instance.state, power, bool(lifecycle.read_note(instance, "reboot")))
            if instance.state == "running":
                action = self._limit_restarts(instance, power, action)
            if action is not Action.NOTHING:
                tasks.append(Task(action, instance, power))
        return tasks

    def _limit_restarts(self, instance: Instance, power: Power, action: Action) -> Action:
        """The action, or what is done instead for a guest that crashes again and again."""
        if power is Power.RUNNING:
            self._restarts.see_running(instance.id)
        if action is not Action.BOOT:
            return action
        restart = self._restarts.attempt(instance.id)
        return {Restart.NOW: action, Restart.LATER: Action.NOTHING, Restart.NEVER: Action.GIVE_UP}[restart]

    def _do(self, task: Task) -> None:
        instance = task.instance
        try:
            self._drive(task)
            self._trouble.pop(instance.id, None)
        except Exception as error:
            if not self._is_expected(task):
                self._complain(instance.id, error, task.action.value)
            self._give_up(task, str(error))
        finally:
            with self._lock:
                self._busy.discard(instance.id)
                self._futures.pop(instance.id, None)
                if task.action is Action.REMOVE:
                    self._removing.discard(instance.id)
        if task.action is not Action.WIRE:
            self.wake()

    def _is_expected(self, task: Task) -> bool:
        """Whether a failure needs no line in the log."""
        if task.action is Action.REMOVE:
            return False
        # A termination ends what waits for the guest. Each attempt of one that crashes ends with another console.
        return task.instance.state == "shutting-down" or (
            task.action is Action.BOOT and task.instance.id in self._trouble
        )

    def _drive(self, task: Task) -> None:
        action, instance = task.action, task.instance
        if action in (Action.BOOT, Action.REBOOT, Action.WIRE):
            with self._lock:
                machine = describe(instance) if instance.state in ("pending", "running") else None
            if machine:
                self._bring_up(task, machine)
        elif action is Action.SHUT_DOWN:
            self._guests.shut_down(instance.id)
            self._set(instance, "stopping", lifecycle.finish_stop)
        elif action is Action.STOPPED:
            self._set(instance, "stopping", lifecycle.finish_stop)
        elif action is Action.REMOVE:
            self._guests.remove(instance.id)
            self._set(instance, "shutting-down", lifecycle.finish_termination)
        elif action is Action.SWITCHED_OFF:
            self._set(instance, "running", lifecycle.stop_from_inside)
        elif action is Action.LOST:
            log.error("%s: its container is gone, so the instance is terminated", instance.id)
            self._set(instance, "running", lambda one: lifecycle.lose(one, "the container is gone"))
        elif action is Action.GIVE_UP:
            self._restarts.forget(instance.id)
            reason = (
                f"the guest crashed, or did not boot, {len(PAUSES)} times in a row. Its console has the cause "
                "(GetConsoleOutput); StartInstances tries again"
            )
            log.error("%s is stopped: %s", instance.id, reason)
            self._set(instance, "running", lambda one: lifecycle.give_up(one, reason))

    def _bring_up(self, task: Task, machine: Machine) -> None:
        action, instance = task.action, task.instance
        if action is Action.REBOOT:
            with self._lock:
                lifecycle.take_reboot(instance)
            self._guests.reboot(machine)
        elif action is Action.BOOT:
            self._guests.boot(machine)
            if task.power is Power.REBOOTING or instance.state == "pending":
                # A reboot from inside, or a start by the user, that worked is no crash.
                self._restarts.forget(instance.id)
            self._set(instance, "pending", lifecycle.finish_start)
        else:
            self._guests.wire(machine)

    def _set(self, instance: Instance, expected: str, change: Callable[[Instance], None]) -> None:
        """Change the instance, unless another request came in the meantime."""
        with self._lock:
            if instance.state != expected:
                return
            change(instance)
        self._keep()

    def _give_up(self, task: Task, reason: str) -> None:
        if task.action is Action.BOOT:
            self._set(task.instance, "pending", lambda instance: lifecycle.fail(instance, reason))
