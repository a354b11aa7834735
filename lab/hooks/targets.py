# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Targets: registered by id and port, and as healthy as they were found to be.

moto knows a target by its id alone, and every one is healthy at once. Here the data plane says how a target is; where
there is none (an API without machines) it passes through the states after a moment.
"""

from __future__ import annotations

import ipaddress
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError, TargetNotRunning
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup, elbv2_backends

from ..balancing.servers import CHECKING, DRAINING, HEALTHY, REGISTERING, Health
from .patch import Hook, around

MOMENT = 0.5
FORWARDED = ("instance", "ip")
UNKNOWN = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = Health(
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
OTHER_ZONE = Health(
    "unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"
)

# What AWS says of instances that cannot get requests (user guide, "Health check reason codes"), by their state.
INVALID_STATES = {
    "stopping": "stopped",
    "stopped": "stopped",
    "shutting-down": "terminated",
    "terminated": "terminated",
}

_measuring = [False]


def measure(there_is_a_data_plane: bool) -> None:
    """Say whether there is a data plane."""
    _measuring[0] = there_is_a_data_plane


def is_measuring() -> bool:
    """Whether a data plane tells how load balancers and targets are."""
    return _measuring[0]


@dataclass
class Registration:
    """A target of a group: times in seconds since 1970; ``until`` is when it has drained, 0 while it is registered."""

    id: str
    port: int
    since: float = 0.0
    until: float = 0.0
    measured: Health | None = None
    number: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def key(self) -> str:
        return f"{self.id}_{self.port}"

    @property
    def server(self) -> str:
        """Its name in the data plane: a target that is registered again is a new server there, which is checked before
        it gets requests, while those in flight end on the old one."""
        return f"{self.key}_{self.number}"


def list_registered(group: Any) -> dict[str, Registration]:
    """The targets of a group by id and port."""
    found: dict[str, Registration] = group.targets
    return found


def list_draining(group: Any) -> dict[str, Registration]:
    """The targets that leave a group, or left it a moment ago, by their name in the data plane."""
    found: dict[str, Registration] = group.deregistered_targets
    return found


def _named(group: Any, target: dict[str, Any]) -> Registration:
    return Registration(str(target["Id"]), int(target.get("Port") or group.port))


@around(FakeTargetGroup, "register")
def register(original: Hook, group: Any, targets: list[dict[str, Any]]) -> None:
    """All of them, or none when one is refused; one that is there already stays as it is, one that drains is new."""
    if group.target_type not in FORWARDED:
        original(group, targets)
        return
    requested = [_named(group, target) for target in targets]
    for one in requested:
        _check(group, one.id)
    for one in requested:
        list_registered(group).setdefault(one.key, one)


def _check(group: Any, id: str) -> None:
    if group.target_type == "ip":
        try:
            ipaddress.ip_address(id)
        except ValueError:
            raise ELBClientError("ValidationError", f"The IP address '{id}' is not a valid IP address") from None
        return
    instance = group.ec2_backend.get_instance_by_id(id)
    if instance is None or instance.state == "terminated":
        raise ELBClientError("InvalidTarget", f"The following targets are not in a running state: '{id}'")
    if instance.state != "running":
        raise TargetNotRunning(instance_id=id)
    if instance.vpc_id != group.vpc_id:
        message = f"The following targets are not in the target group VPC '{group.vpc_id}': '{id}'"
        raise ELBClientError("InvalidTarget", message)


@around(FakeTargetGroup, "deregister")
def deregister(original: Hook, group: Any, targets: list[dict[str, Any]]) -> None:
    """AWS says nothing about one that is not there."""
    if group.target_type not in FORWARDED:
        original(group, targets)
        return
    for target in targets:
        _drain(group, _named(group, target).key)


def _drain(group: Any, key: str) -> None:
    """A target that got no requests has none to finish. The others are shown as draining for the whole delay, even
    when the data plane has finished with them: "However, even though target deregistration is complete, the status of
    the target is displayed as draining until the deregistration delay timeout expires" (user guide of Application Load
    Balancers, "Edit target group attributes", "Deregistration delay")."""
    one = list_registered(group).get(key)
    if one is None:
        return
    if find_unused_reason(group, one) is None or _instance_ends(group, one):
        one.until = time.time() + float(group.attributes["deregistration_delay.timeout_seconds"])
        list_draining(group)[one.server] = one
    del list_registered(group)[key]


@around(FakeTargetGroup, "deregister_terminated_instances")
def deregister_terminated_instances(original: Hook, group: Any, instance_ids: list[str]) -> None:
    """Those that ended in another way than by TerminateInstances have to go as well: see `settle`."""
    if group.target_type not in FORWARDED:
        original(group, instance_ids)


@around(ELBv2Backend, "describe_target_health")
def describe_target_health(
    original: Hook, backend: Any, target_group_arn: str, targets: list[dict[str, Any]]
) -> list[FakeHealthStatus]:
    group = backend.target_groups.get(target_group_arn)
    if group is None:
        raise TargetGroupNotFoundError
    if group.target_type not in FORWARDED:
        found: list[FakeHealthStatus] = original(backend, target_group_arn, targets)
        return found
    now = time.time()
    if targets:
        asked = [_named(group, target) for target in targets]
    else:
        registered = list_registered(group)
        leaving = (one for one in list_draining(group).values() if one.until > now and one.key not in registered)
        asked = [*registered.values(), *{one.key: one for one in leaving}.values()]
    return [_status(group, one, now) for one in asked]


@around(ELBv2Backend, "describe_target_groups")
def describe_target_groups(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """moto remembers every load balancer that ever forwarded to a group."""
    found: list[Any] = original(backend, *args, **kwargs)
    for group in found:
        group.load_balancer_arns = [balancer.arn for balancer in balancers_of(group)]
    return found


def _status(group: Any, asked: Registration, now: float) -> FakeHealthStatus:
    health = _health(group, asked.key, now)
    port = group.health_check_port
    checked = str(asked.port) if port in (None, "traffic-port") else str(port)
    return FakeHealthStatus(asked.id, str(asked.port), checked, health.state, health.reason, health.description)


def _health(group: Any, key: str, now: float) -> Health:
    one = list_registered(group).get(key)
    if one is None:
        draining = any(left.key == key and left.until > now for left in list_draining(group).values())
        return DRAINING if draining else UNKNOWN
    why_not = find_unused_reason(group, one)
    if why_not:
        return why_not
    if is_measuring():
        return one.measured or REGISTERING
    age = now - one.since if one.since else 0.0
    return REGISTERING if age < MOMENT / 2 else CHECKING if age < MOMENT else HEALTHY


def find_unused_reason(group: Any, one: Registration) -> Health | None:
    """Why a target gets no requests, whatever its health; None when it should get some."""
    balancers = list(balancers_of(group))
    if not balancers:
        return NOT_IN_USE
    if group.target_type == "ip":
        return None
    instance = group.ec2_backend.get_instance_by_id(one.id)
    state = instance.state if instance else "terminated"
    if state != "running":
        return invalid_state(state)
    zones = {subnet.availability_zone for balancer in balancers for subnet in balancer.subnets}
    return None if instance.nics[0].subnet.availability_zone in zones else OTHER_ZONE


def invalid_state(state: str) -> Health:
    """What AWS says of a target whose instance is in a state other than running."""
    known = INVALID_STATES.get(state)
    description = f"Target is in the {known} state" if known else "Target is in an invalid state"
    return Health("unused", "Target.InvalidState", description)


def _instance_ends(group: Any, one: Registration) -> bool:
    if group.target_type == "ip":
        return False
    instance = group.ec2_backend.get_instance_by_id(one.id)
    return instance is None or instance.state in ("shutting-down", "terminated")


def balancers_of(group: Any) -> Iterator[Any]:
    """The load balancers that forward to a group."""
    for balancer in list(elbv2_backends[group.account_id][group.region_name].load_balancers.values()):
        if group.arn in groups_of(balancer):
            yield balancer


def groups_of(balancer: Any) -> set[str]:
    """The target groups that a load balancer forwards to, by ARN."""
    return {
        arn
        for listener in list(balancer.listeners.values())
        for rule in list(listener.rules.values())
        for action in rule.actions
        for arn, _weight in list_forwarded(action.data)
    }


def list_forwarded(action: dict[str, Any]) -> list[tuple[str, int]]:
    """The target groups that an action forwards to, by ARN, with their weights."""
    if action.get("Type") != "forward":
        return []
    groups = action.get("ForwardConfig", {}).get("TargetGroups")
    if groups:
        return [(str(one["TargetGroupArn"]), int(one.get("Weight", 1))) for one in groups]
    return [(str(action["TargetGroupArn"]), 1)]


def settle_all() -> None:
    """Let the targets of all groups go on; the lock is held."""
    now = time.time()
    for account in list(elbv2_backends.values()):
        for backend in list(account.values()):
            for group in list(backend.target_groups.values()):
                if group.target_type in FORWARDED:
                    _settle(group, now)


def _settle(group: Any, now: float) -> None:
    registered = list_registered(group)
    for key, one in list(registered.items()):
        if _instance_ends(group, one):
            _drain(group, key)
        elif find_unused_reason(group, one):
            # It is checked anew when it is used again.
            registered[key] = Registration(one.id, one.port)
        else:
            one.since = one.since or now
    for server, one in list(list_draining(group).items()):
        if one.until <= now:
            del list_draining(group)[server]
