# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking an instance out of a target group, and back in: what to do is decided by a pure function, then done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError
from .._stack.live import read_all
from .._stack.resource import Live, Scope
from .._stack.resources.target_group import TYPE

HEALTHY, DRAINING, ABSENT = "healthy", "draining", "absent"
PAUSE = 1.0
# Only who it is and where it listens: its attributes would be a call each.
KIND = replace(TYPE, details=(), normalize=lambda group: {"port": group["Port"]})


@dataclass(frozen=True)
class Member:
    """A target of the group, as DescribeTargetHealth shows it."""

    instance: str
    port: int
    state: str
    why: str = ""


@dataclass(frozen=True)
class Wish:
    """What is to come about: that an instance is out of the group (``drained``, ``absent``), or in it and ``healthy``.

    At least ``minimum`` other targets must be healthy for it to be drained; to be absent, nobody is asked.
    ``timeout`` is in seconds.
    """

    state: str
    instance: str
    minimum: int = 1
    timeout: float = 300.0


@dataclass(frozen=True)
class Verdict:
    """What to do first (``register``, ``deregister`` or nothing), and the state to wait for, if any."""

    call: str = ""
    until: str = ""
    why: str = ""


def decide(wish: Wish, members: Sequence[Member]) -> Verdict:
    """What to do about an instance, given the targets of the group."""
    state, others = _state(members, wish.instance), _healthy_others(members, wish.instance)
    if wish.state == HEALTHY:
        return Verdict("register" if state in (ABSENT, DRAINING) else "", HEALTHY)
    if state == DRAINING:
        return Verdict(until=ABSENT)
    if wish.state == ABSENT:
        return Verdict() if state == ABSENT else Verdict("deregister", ABSENT)
    if state != HEALTHY:
        return Verdict(why=f"it is {state}, so that it gets no requests")
    if others < wish.minimum:
        return Verdict(
            why=f"it stays in, because of the other targets {others} are healthy and {wish.minimum} have to be"
        )
    return Verdict("deregister", ABSENT)


@dataclass
class Group:
    """A target group of a stack."""

    clients: Clients
    arn: str
    name: str
    port: int

    def members(self) -> list[Member]:
        told = self.clients("elbv2").describe_target_health(TargetGroupArn=self.arn)["TargetHealthDescriptions"]
        return [_member(item) for item in told]

    def call(self, operation: str, instance: str) -> None:
        target = {"Id": instance, "Port": self.port}
        getattr(self.clients("elbv2"), f"{operation}_targets")(TargetGroupArn=self.arn, Targets=[target])


def _member(item: Mapping[str, Any]) -> Member:
    health = item["TargetHealth"]
    why = ": ".join(text for text in (health.get("Reason"), health.get("Description")) if text)
    return Member(item["Target"]["Id"], int(item["Target"]["Port"]), health["State"], why)


def find(clients: Clients, stack: str, region: str, service: str) -> Group:
    """The target group of a service of a stack, by its tags: a replaced one has another name for a while."""
    alive = read_all(clients, [KIND], Scope(stack, region)).alive
    found = [live for live in alive if live.name == service]
    if len(found) != 1:
        raise StackError(
            f"stack {stack} has {len(found)} target groups for {service}, and one is needed. Nothing was changed. "
            "Run the playbook provision.yml"
        )
    return _group_of(clients, found[0])


def read_health(clients: Clients, stack: str, region: str) -> dict[str, dict[str, Member]]:
    """The targets of every target group of a stack: by the name of the group in the stack, which is that of its
    service, then by instance."""
    alive = read_all(clients, [KIND], Scope(stack, region)).alive
    groups = {live.name: _group_of(clients, live) for live in alive}
    return {name: {one.instance: one for one in group.members()} for name, group in groups.items()}


def _group_of(clients: Clients, live: Live) -> Group:
    return Group(clients, live.id, live.attributes["name"], int(live.properties["port"]))


def bring(
    group: Group, wish: Wish, check: bool = False, sleep: Callable[[float], None] = time.sleep
) -> tuple[bool, Member, str]:
    """Bring a wish about: whether anything changed, what the instance is now, and why nothing was done."""
    members = group.members()
    verdict = decide(wish, members)
    if verdict.call and not check:
        group.call(verdict.call, wish.instance)
    if verdict.until and not check:
        members = _wait(group, wish, verdict.until, members, sleep)
    return bool(verdict.call), _now(group, members, wish.instance), verdict.why


def _state(members: Sequence[Member], instance: str) -> str:
    return next((member.state for member in members if member.instance == instance), ABSENT)


def _healthy_others(members: Sequence[Member], instance: str) -> int:
    return sum(member.state == HEALTHY for member in members if member.instance != instance)


def _now(group: Group, members: Sequence[Member], instance: str) -> Member:
    return next((one for one in members if one.instance == instance), Member(instance, group.port, ABSENT))


def _wait(group: Group, wish: Wish, until: str, members: list[Member], sleep: Callable[[float], None]) -> list[Member]:
    """The targets once the instance is in that state; they are asked for anew only where it is not."""
    ends, seen = time.monotonic() + wish.timeout, False
    while _state(members, wish.instance) != until:
        members = group.members()
        state = _state(members, wish.instance)
        if state == until:
            break
        if state == ABSENT and seen:
            raise StackError(
                f"{wish.instance} was taken out of target group {group.name} by somebody else while this run waited "
                "for it to be healthy. Run again to register it anew."
            )
        seen = seen or state != ABSENT
        if time.monotonic() > ends:
            raise StackError(_late(group, wish, members))
        sleep(PAUSE)
    return members


def _late(group: Group, wish: Wish, members: Sequence[Member]) -> str:
    now, others = _now(group, members, wish.instance), _healthy_others(members, wish.instance)
    why = f" ({now.why})" if now.why else ""
    what = "got healthy in" if wish.state == HEALTHY else "left"
    return (
        f"{wish.instance} has not {what} target group {group.name} after {wish.timeout:.0f} s: it is {now.state}{why}. "
        f"It is left as it is; {others} other targets are healthy."
    )
