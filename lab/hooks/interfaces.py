# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network interfaces: their groups are those of the instance, their addresses are counted, AWS has some itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from .addresses import pool
from .errors import ec2_error
from .lifecycle import note, read_note
from .patch import Hook, around
from .records import names_of


@around(NetworkInterfaceBackend, "create_network_interface")
def create_network_interface(
    original: Hook, backend: Any, subnet: Any, private_ip_address: Any, *args: Any, **kwargs: Any
) -> Any:
    """moto takes a random address that may be in use, and does not remember it."""
    if not private_ip_address and not (args and args[0]) and not kwargs.get("private_ip_addresses"):
        found = backend.get_subnet(subnet) if isinstance(subnet, str) else subnet
        private_ip_address = found.get_available_subnet_ip(None)
    return original(backend, subnet, private_ip_address, *args, **kwargs)


@around(ElasticNetworkInterfaces, "create_network_interface")
def create_standing_interface(original: Hook, response: Any) -> Any:
    """An interface that was made by itself outlives the instances that it is attached to."""
    result = original(response)
    made = list(response.ec2_backend.enis.values())[-1]
    note(made, "standing", True)
    return result


@around(ElasticNetworkInterfaces, "delete_network_interface")
def delete_network_interface(original: Hook, response: Any) -> Any:
    interface = response.ec2_backend.get_network_interface(response._get_param("NetworkInterfaceId"))
    if interface.instance is not None or interface.requester_managed:
        raise ec2_error("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")
    for address in interface.private_ip_addresses:
        interface.subnet.del_subnet_ip(address["PrivateIpAddress"])
    return original(response)


@around(InstanceBackend, "modify_instance_security_groups")
def modify_instance_security_groups(
    original: Hook, backend: Any, instance_id: str, new_group_id_list: list[str]
) -> Instance:
    """moto would leave the groups of the launch on the interface."""
    for group_id in new_group_id_list:
        if backend.get_security_group_from_id(group_id) is None:
            raise ec2_error("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    instance: Instance = original(backend, instance_id, new_group_id_list)
    instance.nics[0]._group_set = list(instance.security_groups)
    return instance


@around(NetworkInterfaceBackend, "modify_network_interface_attribute")
def modify_network_interface_attribute(
    original: Hook, backend: Any, eni_id: str, group_ids: list[str], *args: Any, **kwargs: Any
) -> None:
    original(backend, eni_id, group_ids, *args, **kwargs)
    interface = backend.get_network_interface(eni_id)
    if group_ids and interface.instance and interface.device_index == 0:
        interface.instance.security_groups = list(interface._group_set)


def stand_in(
    backend: Any,
    subnet_id: str,
    group_ids: Iterable[str],
    description: str,
    *,
    requester: str,
    name: str,
    public: bool = False,
) -> Any:
    """An interface that a service of AWS has in a subnet of the account; the DNS name leads to its address."""
    address = pool.take() if public else None
    made = backend.create_network_interface(subnet_id, None, group_ids=list(group_ids), description=description)
    made.requester_managed = True
    made.requester_id = requester
    made.status = "in-use"
    made.public_ip = address
    note(made, "name", name)
    return made


def take_away(interfaces: Iterable[Any]) -> None:
    """The service has them no more, and their addresses are free."""
    for interface in interfaces:
        if interface.id in interface.ec2_backend.enis:
            interface.delete()


def names_in(backend: Any, vpc_id: str) -> tuple[tuple[str, str], ...]:
    """The names of services that a VPC resolves, each with an address; public ones win, as AWS's name servers do."""
    enis = (one for one in backend.enis.values() if one.subnet.vpc_id == vpc_id)
    return tuple(sorted((name, str(one.public_ip or one.private_ip_address)) for one in enis for name in _names(one)))


def public_names() -> Iterator[tuple[str, str]]:
    """The names of services that this machine reaches."""
    for account in list(ec2_backends.values()):
        for backend in list(account.values()):
            for one in list(backend.enis.values()):
                if one.public_ip:
                    yield from ((name, str(one.public_ip)) for name in _names(one))


def _names(interface: Any) -> tuple[str, ...]:
    """The names that lead to an interface, and those that records of the account lead there."""
    own = [str(name) for name in (read_note(interface, "name"), *read_note(interface, "aliases", ())) if name]
    return (*own, *(name for one in own for name in names_of(interface.owner_id, one)))
