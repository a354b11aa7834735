# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a guest has to know of its instance from the API's objects, in one go."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from moto.ec2.models.instances import Instance

from .hooks.interfaces import names_in
from .machines import Machine, MetadataAccess, Rule

ANYWHERE = "0.0.0.0/0"


def describe(instance: Instance) -> Machine:
    """Take the snapshot; the lock of the API is held."""
    backend = instance.ec2_backend
    interface = instance.nics[0]
    options = instance.metadata_options
    key = backend.key_pairs.get(instance.key_name)
    return Machine(
        id=instance.id,
        region=instance.region_name,
        account=backend.account_id,
        zone=str(instance.availability_zone),
        image=instance.image_id,
        type=instance.instance_type,
        architecture=instance.architecture or "x86_64",
        launched=instance.launch_time,
        reservation=_reservation(instance),
        launch_index=int(instance.ami_launch_index),
        hostname=instance.private_dns_name,
        subnet=interface.subnet.id,
        subnet_cidr=interface.subnet.cidr_block,
        private_ip=str(interface.private_ip_address),
        public_ip=interface.public_ip or "",
        key_name=instance.key_name or "",
        public_key=_text(key.material_public) if key else "",
        user_data=_user_data(instance.user_data),
        groups=tuple((group.id, group.name) for group in _groups(interface)),
        names=names_in(backend, interface.subnet.vpc_id),
        access=MetadataAccess(
            enabled=options.http_endpoint == "enabled",
            token_required=options.http_tokens == "required",
            tags=options.instance_metadata_tags == "enabled",
        ),
        tags={tag["key"]: tag["value"] for tag in instance.get_tags()},
        **_place(interface, bool(interface.public_ip)),
        **_profile(backend, instance),
    )


def stand(interfaces: Sequence[Any]) -> dict[str, Any]:
    """Where an appliance stands that has these interfaces: what `Appliance` wants to know; the lock is held.

    They have the same security groups, as those of one load balancer or database have in AWS.
    """
    public = tuple(str(one.public_ip) for one in interfaces if one.public_ip)
    return {
        "private_ips": tuple(str(one.private_ip_address) for one in interfaces),
        "public_ips": public,
        **_place(interfaces[0], bool(public)),
    }


def _place(interface: Any, public: bool) -> dict[str, Any]:
    """The network that an interface is in, what may come and go there, and whether there is a way out."""
    backend, groups = interface.ec2_backend, _groups(interface)
    vpc = backend.get_vpc(interface.subnet.vpc_id)
    return {
        "vpc": vpc.id,
        "vpc_cidrs": tuple(one["cidr_block"] for one in vpc.get_cidr_block_association_set()),
        "mac": interface.mac_address,
        "egress": _has_egress(backend, interface.subnet.id, vpc.id, public),
        "ingress": tuple(_rules(backend, [rule for group in groups for rule in group.ingress_rules])),
        "outgoing": tuple(_rules(backend, [rule for group in groups for rule in group.egress_rules])),
    }


def _groups(interface: Any) -> list[Any]:
    return sorted(interface.group_set, key=lambda group: str(group.id))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _user_data(value: Any) -> bytes:
    """User data as the guest sees it: AWS decodes one layer of base64, which is how every client sends it."""
    return base64.b64decode(str(value)) if value else b""


def _reservation(instance: Instance) -> str:
    for reservation in list(instance.ec2_backend.reservations.values()):
        if any(one is instance for one in reservation.instances):
            return str(reservation.id)
    return ""


def _profile(backend: Any, instance: Instance) -> dict[str, Any]:
    association = backend.iam_instance_profile_associations.get(instance.id)
    if association is None:
        return {}
    profile = association.iam_instance_profile
    role = profile.roles[0].name if profile.roles else ""
    return {"profile_arn": profile.arn, "profile_id": profile.id, "role": role}


def _has_egress(backend: Any, subnet: str, vpc: str, public: bool) -> bool:
    """Whether the subnet's route table leads out: to an internet gateway with a public address, or through NAT."""
    for route in _routes(backend, subnet, vpc):
        if route.destination_cidr_block == ANYWHERE:
            gateway = route.gateway
            if route.instance or route.interface:
                return True
            if route.nat_gateway:
                home = route.nat_gateway.subnet_id
                return route.nat_gateway.state == "available" and _has_egress(backend, home, vpc, public=True)
            if gateway is not None and str(gateway.id).startswith("igw-"):
                return public
    return False


def _routes(backend: Any, subnet: str, vpc: str) -> list[Any]:
    main: list[Any] = []
    for table in backend.route_tables.values():
        if subnet in table._associations.values():
            return list(table.routes)
        if table.vpc_id == vpc and table.main_association_id:
            main = list(table.routes)
    return main


def _rules(backend: Any, rules: list[Any]) -> Iterator[Rule]:
    found = set()
    for rule in rules:
        peers = _peers(backend, rule)
        if peers:
            protocol = str(rule.ip_protocol)
            first, last = (None, None) if protocol == "-1" else (_port(rule.from_port), _port(rule.to_port))
            found.add(Rule(protocol, first, last, peers))
    yield from sorted(found, key=repr)


def _port(value: Any) -> int | None:
    return None if value in (None, "", -1, "-1") else int(value)


def _peers(backend: Any, rule: Any) -> tuple[str, ...]:
    if rule.ip_range.get("CidrIp"):
        return (str(rule.ip_range["CidrIp"]),)
    group = rule.source_group.get("GroupId")
    if not group:
        return ()
    members = (eni for eni in backend.enis.values() if any(one.id == group for one in eni.group_set))
    return tuple(sorted(f"{eni.private_ip_address}/32" for eni in members))
