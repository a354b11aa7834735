# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deregister an instance from a target group, or register it: a pure function decides, another one acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._aws.backoff import SYSTEM_CLOCK, Backoff, Clock
from .._aws.client import Clients
from .._aws.errors import StackError
from .._engine.discovery import discover_types
from .._engine.resource_type import ActualResource
from .._engine.scope import Scope
from .._resources.elbv2.target_group import TYPE

HEALTHY, DRAINING, ABSENT = "healthy", "draining", "absent"
POLL_SECONDS = 1.0
# Without the attributes of target groups, which would need a call for each.
PLAIN_TARGET_GROUP = replace(
    TYPE,
    schema=replace(TYPE.schema, normalize=lambda group: {"port": group["Port"]}),
    discovery=replace(TYPE.discovery, details=()),
)


@dataclass(frozen=True)
class TargetHealth:
    """A target of a group, as DescribeTargetHealth shows it."""

    instance: str
    port: int
    state: str
    why: str = ""


@dataclass(frozen=True)
class TargetRequest:
    """The requested state of an instance: out of the group (``drained``, ``absent``), or in it and ``healthy``.

    An instance is drained only if at least ``minimum`` other targets are healthy, of which those in ``leaving``, which
    are drained at the same time, do not count; ``absent`` has no such condition. ``timeout`` is in seconds.
    """

    state: str
    instance: str
    minimum: int = 1
    timeout: float = 300.0
    leaving: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decision:
    """The call to make (``register``, ``deregister`` or none), and the state to wait for, if any."""

    call: str = ""
    until: str = ""
    why: str = ""


def decide(request: TargetRequest, targets: Sequence[TargetHealth]) -> Decision:
    """Decide what to do about an instance, given the targets of its group."""
    state = _find_state(targets, request.instance)
    staying = [target for target in targets if target.instance not in request.leaving]
    healthy_others = _count_healthy_others(staying, request.instance)
    if request.state == HEALTHY:
        return Decision("register" if state in (ABSENT, DRAINING) else "", HEALTHY)
    if state == DRAINING:
        return Decision(until=ABSENT)
    if request.state == ABSENT:
        return Decision() if state == ABSENT else Decision("deregister", ABSENT)
    if state != HEALTHY:
        return Decision(why=f"it is {state}, so that it gets no requests")
    if healthy_others < request.minimum:
        why = f"it stays in, because of the other targets {healthy_others} are healthy and {request.minimum} have to be"
        return Decision(why=why)
    return Decision("deregister", ABSENT)


@dataclass
class TargetGroup:
    """A target group of a stack."""

    clients: Clients
    arn: str
    name: str
    port: int

    def read_health(self) -> list[TargetHealth]:
        found = self.clients("elbv2").describe_target_health(TargetGroupArn=self.arn)["TargetHealthDescriptions"]
        return [_parse_target(item) for item in found]

    def call(self, operation: str, instance: str) -> None:
        target = {"Id": instance, "Port": self.port}
        getattr(self.clients("elbv2"), f"{operation}_targets")(TargetGroupArn=self.arn, Targets=[target])


def _parse_target(item: Mapping[str, Any]) -> TargetHealth:
    health = item["TargetHealth"]
    why = ": ".join(text for text in (health.get("Reason"), health.get("Description")) if text)
    return TargetHealth(item["Target"]["Id"], int(item["Target"]["Port"]), health["State"], why)


def find_target_group(clients: Clients, stack: str, region: str, service: str) -> TargetGroup:
    """The target group of a service of a stack, by its tags: while it is replaced its name is another one."""
    existing = discover_types(clients, [PLAIN_TARGET_GROUP], Scope(stack, region)).alive
    found = [group for group in existing if group.name == service]
    if len(found) != 1:
        raise StackError(
            f"stack {stack} has {len(found)} target groups for {service}, and one is needed. Nothing was changed. "
            "Run the playbook provision.yml"
        )
    return _to_target_group(clients, found[0])


def read_health(clients: Clients, stack: str, region: str) -> dict[str, dict[str, TargetHealth]]:
    """The targets of every target group of a stack, by service, then by instance."""
    existing = discover_types(clients, [PLAIN_TARGET_GROUP], Scope(stack, region)).alive
    groups = {group.name: _to_target_group(clients, group) for group in existing}
    return {name: {one.instance: one for one in group.read_health()} for name, group in groups.items()}


def _to_target_group(clients: Clients, actual: ActualResource) -> TargetGroup:
    return TargetGroup(clients, actual.id, actual.attributes["name"], int(actual.properties["port"]))


def move_target(
    group: TargetGroup, request: TargetRequest, check: bool = False, clock: Clock = SYSTEM_CLOCK
) -> tuple[bool, TargetHealth, str]:
    """Carry out a request; returns whether it changed anything, the state of the instance, and why nothing was done."""
    targets = group.read_health()
    decision = decide(request, targets)
    if decision.call and not check:
        group.call(decision.call, request.instance)
    if decision.until and not check:
        targets = _wait(group, request, decision.until, targets, clock)
    return bool(decision.call), _find_target(group, targets, request.instance), decision.why


def _find_state(targets: Sequence[TargetHealth], instance: str) -> str:
    return next((target.state for target in targets if target.instance == instance), ABSENT)


def _count_healthy_others(targets: Sequence[TargetHealth], instance: str) -> int:
    return sum(target.state == HEALTHY for target in targets if target.instance != instance)


def _find_target(group: TargetGroup, targets: Sequence[TargetHealth], instance: str) -> TargetHealth:
    return next((one for one in targets if one.instance == instance), TargetHealth(instance, group.port, ABSENT))


def _wait(
    group: TargetGroup, request: TargetRequest, until: str, targets: list[TargetHealth], clock: Clock
) -> list[TargetHealth]:
    """The targets once the instance has the state; they are read again only if it has another one."""
    if _find_state(targets, request.instance) == until:
        return targets
    was_registered = False
    polling = Backoff(seconds=request.timeout, first=POLL_SECONDS, longest=POLL_SECONDS, jitter=0.0)
    for _attempt in polling.repeat(clock):
        targets = group.read_health()
        state = _find_state(targets, request.instance)
        if state == until:
            return targets
        if state == ABSENT and was_registered:
            raise StackError(
                f"another client deregistered {request.instance} from target group {group.name} while this run waited "
                f"for it to be healthy. It gets no requests; {_count_healthy_others(targets, request.instance)} other "
                "targets are healthy. Run again to register it anew."
            )
        was_registered = was_registered or state != ABSENT
    raise StackError(_describe_timeout(group, request, targets))


def _describe_timeout(group: TargetGroup, request: TargetRequest, targets: Sequence[TargetHealth]) -> str:
    target = _find_target(group, targets, request.instance)
    healthy_others = _count_healthy_others(targets, request.instance)
    why = f" ({target.why})" if target.why else ""
    change = "become healthy in" if request.state == HEALTHY else "left"
    return (
        f"{request.instance} has not {change} target group {group.name} after {request.timeout:.0f} s: it is "
        f"{target.state}{why}. It is left as it is; {healthy_others} other targets are healthy. "
        "Run again to go on waiting."
    )
