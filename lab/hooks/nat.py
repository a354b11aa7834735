# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NAT gateways: states, failures and client tokens as AWS has them, and addresses that come free at the end.

In moto they are there at once, and what they hold stays held for ever.
"""

from __future__ import annotations

import time
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends, nat_gateways
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.responses.nat_gateways import NatGateways
from moto.ec2.utils import generic_filter

from .errors import ec2_error
from .lifecycle import REMEMBERED, note, read_note
from .patch import Hook, around, remake
from .tokens import once

# AWS takes minutes; so long every state can be seen.
MOMENT = 0.5


@around(NatGateways, "create_nat_gateway")
def create_nat_gateway(original: Hook, response: Any) -> Any:
    backend = response.ec2_backend

    def make() -> str:
        if not response._get_param("AllocationId") and response._get_param("ConnectivityType") != "private":
            raise ec2_error("MissingParameter", "The request must contain the parameter AllocationId")
        return str(original(response).result["NatGateway"].id)

    return ActionResult({"NatGateway": backend.nat_gateways[once(response, backend.nat_gateways, make)]})


@around(NatGatewayBackend, "create_nat_gateway")
def make_nat_gateway(
    original: Hook, backend: Any, subnet_id: str, allocation_id: str | None, *args: Any, **kwargs: Any
) -> NatGateway:
    why = _obstacle(backend, subnet_id, allocation_id)
    gateway: NatGateway = original(backend, subnet_id, None if why else allocation_id, *args, **kwargs)
    gateway.private_ip = gateway._eni.private_ip_address
    _enter(gateway, "pending")
    if why:
        gateway.failure_code, gateway.failure_message = why  # type: ignore[attr-defined]
    return gateway


def _obstacle(backend: Any, subnet_id: str, allocation_id: str | None) -> tuple[str, str] | None:
    """Why a gateway will fail: AWS takes the call all the same."""
    vpc_id = backend.get_subnet(subnet_id).vpc_id
    if not any(one.vpc and one.vpc.id == vpc_id for one in backend.internet_gateways.values()):
        return "Gateway.NotAttached", f"Network {vpc_id} has no Internet gateway attached"
    if allocation_id and backend.address_by_allocation([allocation_id])[0].association_id:
        return "Resource.AlreadyAssociated", f"Elastic IP address [{allocation_id}] is already associated"
    return None


@remake(nat_gateways, "random_private_ip")
def leave_to_subnet(original: Hook) -> Hook:
    """moto would give it a private address of nowhere; without one it gets one of its subnet."""
    return lambda: ""


@around(NatGatewayBackend, "delete_nat_gateway")
def delete_nat_gateway(original: Hook, backend: Any, nat_gateway_id: str) -> NatGateway:
    gateway: NatGateway = _existing(backend, nat_gateway_id)
    settle(backend)
    if gateway.state in ("pending", "available"):
        _enter(gateway, "deleting")
    return gateway


@around(NatGatewayBackend, "describe_nat_gateways")
def describe_nat_gateways(
    original: Hook, backend: Any, filters: Any, nat_gateway_ids: list[str] | None
) -> list[NatGateway]:
    settle(backend)
    for one in nat_gateway_ids or ():
        _existing(backend, one)
    tags = {name: values for name, values in (filters or {}).items() if name.startswith("tag")}
    return list(generic_filter(tags, original(backend, filters, nat_gateway_ids)))


def _existing(backend: Any, nat_gateway_id: str) -> Any:
    if nat_gateway_id not in backend.nat_gateways:
        raise ec2_error("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    return backend.nat_gateways[nat_gateway_id]


def settle_all() -> None:
    """Advance the state of all gateways, also of those that no call reads."""
    for account in list(ec2_backends.values()):
        for backend in list(account.values()):
            settle(backend)


def settle(backend: Any) -> None:
    """Let the gateways go on to the state that they have reached by now."""
    now = time.time()
    for gateway in list(backend.nat_gateways.values()):
        age = now - read_note(gateway, "since", 0.0)
        if gateway.state == "pending" and age > MOMENT:
            _enter(gateway, "failed" if getattr(gateway, "failure_code", None) else "available")
        elif gateway.state == "deleting" and age > MOMENT:
            _enter(gateway, "deleted")
        elif gateway.state in ("failed", "deleted") and age > REMEMBERED:
            del backend.nat_gateways[gateway.id]


def _enter(gateway: Any, state: str) -> None:
    gateway.state = state
    note(gateway, "since", time.time())
    if state in ("failed", "deleted"):
        _let_go(gateway)


def _let_go(gateway: Any) -> None:
    backend = gateway.ec2_backend
    for address in backend.addresses:
        if address.eni is gateway._eni:
            address.eni = address.instance = address.association_id = None
    if gateway._eni.id in backend.enis:
        gateway._eni.delete()


def holds(backend: Any, interface: Any) -> bool:
    """Whether an interface is that of a NAT gateway."""
    return any(gateway._eni is interface for gateway in backend.nat_gateways.values())
