# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking an instance out of a target group, and back in: what to do is decided by a pure function, then done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError
from .._aws.tags import RESOURCE, STACK, as_mapping

HEALTHY, DRAINING, ABSENT = "healthy", "draining", "absent"
TAGS_A_CALL = 20
PAUSE = 1.0


@dataclass(frozen=True)
class Member:
    """A target of the group, as DescribeTargetHealth shows it."""

    instance: str
    port: int
    state: str
    why: str = ""


@dataclass(frozen=True)
class Wish:
    """What is to come about: that an instance is out of the group (``drained``), or in it and ``healthy``.

    At least ``minimum`` other targets must be healthy for it to leave. ``timeout`` is in seconds.
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
    state = next((member.state for member in members if member.instance == wish.instance), ABSENT)
    others = sum(member.state == HEALTHY for member in members if member.instance != wish.instance)
    if wish.state == HEALTHY:
        return Verdict("register" if state in (ABSENT, DRAINING) else "", HEALTHY)
    if state == DRAINING:
        return Verdict(until=ABSENT)
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


def find(clients: Clients, stack: str, service: str) -> Group:
    """The target group of a service of a stack, by its tags: a replaced one has another name for a while."""
    client = clients("elbv2")
    groups = [one for page in client.pages("describe_target_groups", {}) for one in page["TargetGroups"]]
    arns = [one["TargetGroupArn"] for one in groups]
    wanted, found = (stack, f"target_group/{service}"), []
    for start in range(0, len(arns), TAGS_A_CALL):
        for told in client.describe_tags(ResourceArns=arns[start : start + TAGS_A_CALL])["TagDescriptions"]:
            tags = as_mapping(told["Tags"])
            if (tags.get(STACK), tags.get(RESOURCE)) == wanted:
                found.append(told["ResourceArn"])
    if len(found) != 1:
        raise StackError(
            f"stack {stack} has {len(found)} target groups for {service}, and one is needed. Nothing was changed. "
            "Run the playbook provision.yml"
        )
    (group,) = (one for one in groups if one["TargetGroupArn"] == found[0])
    return Group(clients, group["TargetGroupArn"], group["TargetGroupName"], int(group["Port"]))


def bring(
    group: Group, wish: Wish, check: bool = False, sleep: Callable[[float], None] = time.sleep
) -> tuple[bool, Member, str]:
    """Bring a wish about: whether anything changed, what the instance is now, and why nothing was done."""
    verdict = decide(wish, group.members())
    if verdict.call and not check:
        group.call(verdict.call, wish.instance)
    now = _wait(group, wish, verdict.until, sleep) if verdict.until and not check else _now(group, wish.instance)
    return bool(verdict.call), now, verdict.why


def _now(group: Group, instance: str) -> Member:
    found = [member for member in group.members() if member.instance == instance]
    return found[0] if found else Member(instance, group.port, ABSENT)


def _wait(group: Group, wish: Wish, until: str, sleep: Callable[[float], None]) -> Member:
    ends = time.monotonic() + wish.timeout
    while True:
        now = _now(group, wish.instance)
        if now.state == until:
            return now
        if time.monotonic() > ends:
            raise StackError(_late(group, wish, now))
        sleep(PAUSE)


def _late(group: Group, wish: Wish, now: Member) -> str:
    others = sum(member.state == HEALTHY for member in group.members() if member.instance != wish.instance)
    why = f" ({now.why})" if now.why else ""
    what = "got healthy in" if wish.state == HEALTHY else "left"
    return (
        f"{wish.instance} has not {what} target group {group.name} after {wish.timeout:.0f} s: it is {now.state}{why}. "
        f"It is left as it is; {others} other targets are healthy."
    )
