# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers: names that are taken, interfaces in their subnets, rules that change places, protection."""

from __future__ import annotations

import time
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from . import targets
from .interfaces import stand_in, take_away
from .lifecycle import note, read_note
from .patch import Hook, around

PROTECTION = "deletion_protection.enabled"
REQUESTER = "amazon-elb"
# AWS takes minutes; so long a load balancer that nothing stands behind is provisioning.
MOMENT = 0.5


def _error(code: str, message: str) -> ELBClientError:
    return ELBClientError(code, message)


@around(ELBv2Backend, "create_load_balancer")
def create_load_balancer(original: Hook, backend: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """The same again is the one that is there; moto would make a second of that name."""
    for balancer in backend.load_balancers.values():
        if balancer.name == name:
            return _same(backend, balancer, kwargs)
    balancer = original(backend, name, *args, **kwargs)
    note(balancer, "since", time.time())
    if balancer.type == "application" and not balancer.security_groups:
        balancer.security_groups = [backend.ec2_backend.get_default_security_group(balancer.vpc_id).id]
    balancer.dns_name = _dns_name(backend, balancer)
    try:
        _plug(backend, balancer)
    except EC2ClientError as error:
        take_away(interfaces(balancer))
        del backend.load_balancers[balancer.arn]
        raise _error("InvalidSubnet", str(error.message)) from error
    return balancer


def _dns_name(backend: Any, balancer: Any) -> str:
    """Another one each time: what asks for the name of a load balancer that is gone must not find its successor."""
    number = f"{int(balancer.arn.rpartition('/')[2], 16) % 10**10:010d}"
    prefix = "internal-" if balancer.scheme == "internal" else ""
    return f"{prefix}{balancer.name}-{number}.{backend.region_name}.elb.amazonaws.com".lower()


def interfaces(balancer: Any) -> list[Any]:
    """The network interfaces of a load balancer, one in each of its subnets."""
    found: list[Any] = read_note(balancer, "interfaces", [])
    return found


def _plug(backend: Any, balancer: Any) -> None:
    """Give it an interface in each of its subnets, and take those away that are elsewhere."""
    kept = [one for one in interfaces(balancer) if one.subnet in balancer.subnets]
    take_away(one for one in interfaces(balancer) if one not in kept)
    note(balancer, "interfaces", kept)
    places = [one.subnet for one in kept]
    for subnet in balancer.subnets:
        if subnet not in places:
            made = stand_in(
                backend.ec2_backend,
                subnet.id,
                balancer.security_groups or (),
                f"ELB {balancer.arn.partition(':loadbalancer/')[2]}",
                requester=REQUESTER,
                name=balancer.dns_name,
                public=balancer.scheme != "internal",
            )
            kept.append(made)


@around(ELBv2Backend, "set_subnets")
def set_subnets(original: Hook, backend: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
    found = original(backend, arn, *args, **kwargs)
    _plug(backend, backend.load_balancers[arn])
    return found


@around(ELBv2Backend, "set_security_groups")
def set_security_groups(original: Hook, backend: Any, arn: str, sec_groups: list[str]) -> None:
    original(backend, arn, sec_groups)
    groups = [backend.ec2_backend.get_security_group_from_id(one) for one in sec_groups]
    for interface in interfaces(backend.load_balancers[arn]):
        interface._group_set = list(groups)


@around(FakeLoadBalancer, "activate")
def activate(original: Hook, balancer: Any) -> None:
    """Looking at it does not make it ready: its data plane does, or time where there is none."""
    has_data_plane = targets.is_measuring() and balancer.type == "application"
    if not has_data_plane and time.time() - read_note(balancer, "since", 0.0) > MOMENT:
        original(balancer)


def _same(backend: Any, balancer: Any, requested: dict[str, Any]) -> Any:
    tags = {tag["Key"]: tag["Value"] for tag in requested.get("tags") or ()}
    groups = requested.get("security_groups") or [backend.ec2_backend.get_default_security_group(balancer.vpc_id).id]
    asked = (requested.get("scheme"), sorted(requested.get("subnet_ids") or ()), sorted(groups))
    there = (balancer.scheme, sorted(subnet.id for subnet in balancer.subnets), sorted(balancer.security_groups))
    if asked != there or tags != backend.tagging_service.get_tag_dict_for_resource(balancer.arn):
        raise _error(
            "DuplicateLoadBalancerName",
            f"A load balancer with the same name '{balancer.name}' exists, but with different settings",
        )
    return balancer


@around(ELBv2Backend, "delete_load_balancer")
def delete_load_balancer(original: Hook, backend: Any, arn: str) -> None:
    balancer = backend.load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get(PROTECTION) == "true":
        raise _error(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    if balancer is not None:
        take_away(interfaces(balancer))
    original(backend, arn)


@around(ELBv2Backend, "create_listener")
def create_listener(original: Hook, backend: Any, load_balancer_arn: str, protocol: str, port: Any, **more: Any) -> Any:
    """A port has one listener; moto looks for it in the wrong place."""
    balancer = backend.load_balancers.get(load_balancer_arn)
    if balancer is not None and any(str(one.port) == str(port) for one in balancer.listeners.values()):
        raise DuplicateListenerError
    return original(backend, load_balancer_arn, protocol=protocol, port=port, **more)


@around(ELBv2Backend, "set_rule_priorities")
def set_rule_priorities(original: Hook, backend: Any, rule_priorities: list[dict[str, Any]]) -> Any:
    """Rules that move make room for each other; moto sees them in their old places."""
    arns = [item["RuleArn"] for item in rule_priorities]
    before = [(rule, rule.priority) for arn in arns for rule in backend.describe_rules(None, [arn])]
    for rule, _priority in before:
        rule.priority = None
    try:
        return original(backend, rule_priorities)
    finally:
        for rule, priority in before:
            if rule.priority is None:
                rule.priority = priority
