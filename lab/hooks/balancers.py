# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers: names that are taken, rules that change places, protection from deletion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend, elbv2_backends

from .patch import Hook, around

PROTECTION = "deletion_protection.enabled"


def _error(code: str, message: str) -> ELBClientError:
    return ELBClientError(code, message)


@around(ELBv2Backend, "create_load_balancer")
def create_load_balancer(original: Hook, backend: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """The same again is the one that is there; moto would make a second of that name."""
    for balancer in backend.load_balancers.values():
        if balancer.name == name:
            return _same(backend, balancer, kwargs)
    return original(backend, name, *args, **kwargs)


def _same(backend: Any, balancer: Any, wanted: dict[str, Any]) -> Any:
    tags = {tag["Key"]: tag["Value"] for tag in wanted.get("tags") or ()}
    asked = (wanted.get("scheme"), sorted(wanted.get("subnet_ids") or ()), sorted(wanted.get("security_groups") or ()))
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


def in_subnet(account: str, region: str, subnet: str) -> bool:
    """Whether a load balancer stands in a subnet."""
    return any(subnet in [one.id for one in balancer.subnets] for balancer in _balancers(account, region))


def in_group(account: str, region: str, group: str) -> bool:
    """Whether a load balancer has a security group."""
    return any(group in (balancer.security_groups or ()) for balancer in _balancers(account, region))


def _balancers(account: str, region: str) -> Iterator[Any]:
    if account in elbv2_backends and region in elbv2_backends[account]:
        yield from elbv2_backends[account][region].load_balancers.values()
