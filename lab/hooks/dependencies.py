# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in use cannot be deleted."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets

from . import cache_subnets, databases
from .errors import dependency_violation, ec2_error
from .patch import Hook, around

STORES = (cache_subnets, databases)


@around(SecurityGroups, "delete_security_group")
def delete_security_group(original: Hook, response: Any) -> Any:
    group_id = response._get_param("GroupId")
    backend = response.ec2_backend
    group = backend.get_security_group_from_id(group_id) if group_id else None
    if group is not None:
        if group.name == "default":
            raise ec2_error(
                "CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user'
            )
        if (
            _has_interfaces(backend, group)
            or _is_referenced(backend, group)
            or any(part.in_group(backend.account_id, backend.region_name, group_id) for part in STORES)
        ):
            raise dependency_violation(f"resource {group_id} has a dependent object")
    return original(response)


def _has_interfaces(backend: Any, group: Any) -> bool:
    return any(group in interface.group_set for interface in backend.enis.values())


def _is_referenced(backend: Any, group: Any) -> bool:
    others = (one for groups in backend.groups.values() for one in groups.values() if one is not group)
    return any(
        rule.source_group and rule.source_group.get("GroupId") == group.id
        for other in others
        for rule in [*other.ingress_rules, *other.egress_rules]
    )


@around(Subnets, "delete_subnet")
def delete_subnet(original: Hook, response: Any) -> Any:
    subnet_id = response._get_param("SubnetId")
    backend = response.ec2_backend
    interfaces = any(interface.subnet.id == subnet_id for interface in backend.enis.values())
    if interfaces or any(part.in_subnet(backend.account_id, backend.region_name, subnet_id) for part in STORES):
        raise dependency_violation(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    result = original(response)
    # AWS dissolves the association with a route table; moto would refuse to delete that table for ever.
    for table in backend.route_tables.values():
        for association, subnet in list(table._associations.items()):
            if subnet == subnet_id:
                del table._associations[association]
    return result


@around(VPCBackend, "delete_vpc")
def delete_vpc(original: Hook, backend: Any, vpc_id: str) -> Any:
    gateways = any(one.vpc and one.vpc.id == vpc_id for one in backend.internet_gateways.values())
    groups = any(group.name != "default" for group in backend.groups.get(vpc_id, {}).values())
    interfaces = any(interface.subnet.vpc_id == vpc_id for interface in backend.enis.values())
    if gateways or groups or interfaces:
        raise dependency_violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    return original(backend, vpc_id)
