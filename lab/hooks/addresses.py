# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Public addresses: free ones of the lab's own range, and elastic ones that behave as AWS's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

import moto.ec2.models.elastic_ip_addresses as elastic_module
import moto.ec2.models.elastic_network_interfaces as interface_module
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.responses.elastic_ip_addresses import ElasticIPAddresses

from . import nat
from .errors import dependency_violation, ec2_error
from .patch import Hook, around

# Without guests nothing is ever sent to these addresses; RFC 2544 sets the range aside for such use.
WITHOUT_GUESTS = ipaddress.IPv4Network("198.18.0.0/15")


class PublicAddresses:
    """Allocates free addresses."""

    def __init__(self) -> None:
        self.use(WITHOUT_GUESTS, first=16, last=WITHOUT_GUESTS.num_addresses - 2)

    def use(self, network: ipaddress.IPv4Network, first: int, last: int) -> None:
        """Hand out the addresses between two offsets of a network, both included."""
        self._base = int(network.network_address)
        self._first, self._last = first, last
        self._next = first

    def take(self) -> str:
        """A free address; the one that was given back last comes last."""
        taken = set(_taken())
        span = self._last - self._first + 1
        for step in range(span):
            offset = self._first + (self._next - self._first + step) % span
            address = str(ipaddress.ip_address(self._base + offset))
            if address not in taken:
                self._next = offset + 1
                return address
        raise ec2_error(
            "InsufficientAddressCapacity",
            f"Not enough available addresses to satisfy the requested number of addresses: the lab has {span}.",
        )


def _taken() -> Iterator[str]:
    for account in list(ec2_backends.values()):
        for backend in list(account.values()):
            yield from (address.public_ip for address in backend.addresses)
            yield from (eni.public_ip for eni in backend.enis.values() if eni.public_ip)


pool = PublicAddresses()
setattr(interface_module, "random_public_ip", pool.take)  # noqa: B010 - a function of the module, not a method
setattr(elastic_module, "random_ip", pool.take)  # noqa: B010


def _elastic(interface: Any) -> Any:
    return next((one for one in interface.ec2_backend.addresses if one.eni is interface), None)


@around(NetworkInterface, "check_auto_public_ip")
def check_auto_public_ip(original: Hook, interface: Any) -> None:
    """An interface that has an elastic address gets no other when its instance starts."""
    elastic = _elastic(interface)
    if elastic:
        interface.public_ip = elastic.public_ip
    else:
        original(interface)


@around(NetworkInterface, "stop")
def stop(original: Hook, interface: Any) -> None:
    """An elastic address stays while the instance is stopped."""
    if not _elastic(interface):
        original(interface)


@around(ElasticAddressBackend, "disassociate_address")
def disassociate_address(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> None:
    """moto asks for the automatic address while the elastic one still seems to be there."""
    before = {id(address): address.eni for address in backend.addresses}
    original(backend, *args, **kwargs)
    for address in backend.addresses:
        interface = before[id(address)]
        if interface is not None and address.eni is None:
            _give_automatic(interface)


@around(ElasticAddressBackend, "associate_address")
def associate_address(original: Hook, backend: Any, instance: Any = None, eni: Any = None, **kwargs: Any) -> Any:
    if instance and instance.state not in ("running", "stopping", "stopped"):
        raise ec2_error(
            "InvalidInstanceID",
            f"The {instance.state} instance '{instance.id}' is not in a valid state for this operation.",
        )
    target = eni or (instance.nics[0] if instance else None)
    if target:
        _check_gateway(backend, target.subnet.vpc_id)
        _release_other(backend, target, kwargs)
    before = {id(address): address.eni for address in backend.addresses}
    associated = original(backend, instance, eni, **kwargs)
    left = before.get(id(associated))
    if left is not None and left is not associated.eni:
        _give_automatic(left)
    return associated


def _give_automatic(interface: Any) -> None:
    """What an interface has once its elastic address is gone."""
    interface.public_ip = None
    if interface.instance and interface.instance.state == "running":
        interface.check_auto_public_ip()


def _check_gateway(backend: Any, vpc_id: str) -> None:
    if not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in backend.internet_gateways.values()):
        raise ec2_error("Gateway.NotAttached", f"Network {vpc_id} is not attached to any internet gateway")


def _release_other(backend: Any, interface: Any, requested: dict[str, Any]) -> None:
    """An interface has one elastic address: a new one takes the place of the old."""
    other = _elastic(interface)
    if other and other.public_ip != requested.get("address") and other.allocation_id != requested.get("allocation_id"):
        other.instance = other.eni = other.association_id = None


def _named(response: Any) -> Iterator[Any]:
    """The elastic addresses that a request is about."""
    names = {response._get_param(key) for key in ("AllocationId", "AssociationId", "PublicIp")} - {None}
    for address in response.ec2_backend.addresses:
        if names & {address.allocation_id, address.association_id, address.public_ip}:
            yield address


@around(ElasticIPAddresses, "release_address")
def release_address(original: Hook, response: Any) -> Any:
    for address in _named(response):
        if address.association_id:
            raise ec2_error("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
    return original(response)


def _leave_to_gateway(original: Hook, response: Any) -> Any:
    """AWS says it like this when a NAT gateway has the address."""
    for address in _named(response):
        if address.eni is not None and nat.holds(response.ec2_backend, address.eni):
            raise ec2_error("AuthFailure", "You do not have permission to access the specified resource.")
    return original(response)


for _operation in ("associate_address", "disassociate_address", "release_address"):
    around(ElasticIPAddresses, _operation)(_leave_to_gateway)


@around(InternetGatewayBackend, "detach_internet_gateway")
def detach_internet_gateway(original: Hook, backend: Any, internet_gateway_id: str, vpc_id: str) -> None:
    if any(eni.public_ip and eni.subnet.vpc_id == vpc_id for eni in backend.enis.values()):
        raise dependency_violation(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
    original(backend, internet_gateway_id, vpc_id)
