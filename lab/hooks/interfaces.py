# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Network interfaces: their groups are those of the instance, and their addresses are counted."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

from .errors import ec2_error
from .lifecycle import note
from .patch import Hook, around


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
    if interface.instance is not None:
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
