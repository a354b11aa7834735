# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances pass through the states that AWS reports, at the pace of the machines behind them.

moto jumps to the final state. Here an operation sets the transitional one, and the reconciler, which drives the
machine, sets the final one through the functions below.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, StateReason
from moto.ec2.responses._base_response import EC2BaseResponse

from .errors import ec2_error, incorrect_state
from .patch import Hook, around

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
# For so long AWS goes on listing an instance that is gone.
REMEMBERED = 3600.0

# moto answers RunInstances with a constant; an answer that is repeated must tell the state of now.
EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop("RunInstances.Reservation.Instances.Instance.State", None)


def note(thing: Any, name: str, value: Any) -> None:
    """Remember something with one of moto's objects; it is kept with the state."""
    setattr(thing, f"lab_{name}", value)


def read_note(thing: Any, name: str, default: Any = None) -> Any:
    """What was remembered."""
    return getattr(thing, f"lab_{name}", default)


def all_instances() -> Iterator[Instance]:
    """Every instance of every account and region that moto holds."""
    for account in list(ec2_backends.values()):
        for backend in list(account.values()):
            for reservation in list(backend.reservations.values()):
                yield from reservation.instances


def all_vpcs() -> set[str]:
    """The ids of every VPC that moto holds."""
    return {
        vpc for account in list(ec2_backends.values()) for backend in list(account.values()) for vpc in backend.vpcs
    }


def enter(instance: Instance, state: str) -> None:
    """Put an instance into a state."""
    instance._state = InstanceState(state, CODES[state])
    note(instance, "since", time.time())


def since(instance: Instance) -> float:
    """When the instance entered its state."""
    return float(read_note(instance, "since", 0.0))


def finish_start(instance: Instance) -> None:
    """The machine has booted."""
    note(instance, "launched", True)
    enter(instance, "running")


def finish_stop(instance: Instance) -> None:
    """The machine is off."""
    enter(instance, "stopped")


def stop_from_inside(instance: Instance) -> None:
    """The machine switched itself off, which stops the instance or terminates it, as it was launched."""
    ends = instance.instance_initiated_shutdown_behavior == "terminate"
    (Instance.terminate if ends else Instance.stop)(instance)
    code = "Client.InstanceInitiatedShutdown"
    instance.state_reason = StateReason(f"{code}: Instance initiated shutdown", code)
    instance._reason = ""


def finish_termination(instance: Instance) -> None:
    """The machine is gone, and its interfaces and addresses with it."""
    backend = instance.ec2_backend
    for interface in list(instance.nics.values()):
        if read_note(interface, "ends"):
            if interface.id in backend.enis:
                interface.delete()
        else:
            instance.detach_eni(interface)
    instance.security_groups = []
    enter(instance, "terminated")


def fail(instance: Instance, reason: str) -> None:
    """The machine did not come up: a first start ends the instance, a later one leaves it stopped."""
    code = "Server.InternalError"
    if read_note(instance, "launched"):
        Instance.stop(instance)
    else:
        Instance.terminate(instance)
    instance.state_reason = StateReason(f"{code}: Internal error on launch", code)
    instance._reason = f"{code}: {reason}"


def give_up(instance: Instance, reason: str) -> None:
    """The machine crashes whenever it is started: the instance is stopped, and may be started by its user."""
    code = "Server.InternalError"
    Instance.stop(instance)
    instance.state_reason = StateReason(f"{code}: {reason}", code)
    instance._reason = f"{code}: {reason}"


def lose(instance: Instance, reason: str) -> None:
    """The machine is gone without a request."""
    note(instance, "launched", False)
    fail(instance, reason)


def forget_terminated(now: float) -> None:
    """Stop listing the instances that were terminated long ago."""
    for account in list(ec2_backends.values()):
        for backend in list(account.values()):
            for reservation in list(backend.reservations.values()):
                if all(one.state == "terminated" and now - since(one) > REMEMBERED for one in reservation.instances):
                    del backend.reservations[reservation.id]


def take_reboot(instance: Instance) -> bool:
    """Whether a reboot was asked for since the last time this was asked."""
    asked = bool(read_note(instance, "reboot"))
    note(instance, "reboot", False)
    return asked


@around(Instance, "start")
def start(original: Hook, instance: Instance) -> InstanceState:
    if instance.state in ("pending", "running"):
        return copy.copy(instance._state)
    if instance.state != "stopped":
        raise incorrect_state(f"The instance '{instance.id}' is not in a state from which it can be started.")
    previous: InstanceState = original(instance)
    instance.launch_time = utcnow()
    enter(instance, "pending")
    return previous


@around(Instance, "stop")
def stop(original: Hook, instance: Instance) -> InstanceState:
    if instance.state in ("stopping", "stopped"):
        return copy.copy(instance._state)
    if instance.state not in ("pending", "running"):
        raise incorrect_state(f"The instance '{instance.id}' is not in a state from which it can be stopped.")
    previous: InstanceState = original(instance)
    enter(instance, "stopping")
    return previous


@around(Instance, "terminate")
def terminate(original: Hook, instance: Instance) -> InstanceState:
    if instance.state in ("shutting-down", "terminated"):
        return copy.copy(instance._state)
    for address in list(instance.ec2_backend.addresses):
        if address.instance is instance:
            instance.ec2_backend.disassociate_address(address=address.public_ip)
    for interface in instance.nics.values():
        # moto would drop them at once, and with them the reason why their groups and subnet cannot be deleted yet.
        note(interface, "ends", interface.delete_on_termination)
        interface.delete_on_termination = False
    previous: InstanceState = original(instance)
    enter(instance, "shutting-down")
    return previous


@around(Instance, "reboot")
def reboot(original: Hook, instance: Instance) -> None:
    if instance.state != "running":
        raise incorrect_state(f"The instance '{instance.id}' is not in a state from which it can be rebooted.")
    note(instance, "reboot", True)


@around(InstanceBackend, "terminate_instances")
def terminate_instances(original: Hook, backend: Any, instance_ids: list[str]) -> Any:
    """AWS terminates none of them when one is protected."""
    for instance in backend.get_multi_instances_by_id(instance_ids):
        if instance.disable_api_termination and instance.state not in ("shutting-down", "terminated"):
            raise ec2_error(
                "OperationNotPermitted",
                f"The instance '{instance.id}' may not be terminated. Modify its 'disableApiTermination' instance "
                "attribute and try again.",
            )
    protected = [one for one in backend.get_multi_instances_by_id(instance_ids) if one.disable_api_termination]
    for instance in protected:
        instance.disable_api_termination = False
    return original(backend, instance_ids)


def _unless_terminated(original: Hook, instance: Instance) -> Any:
    return None if instance._state.name == "terminated" else original(instance)


def _nothing_when_terminated(original: Hook, instance: Instance) -> Any:
    return [] if instance._state.name == "terminated" else original(instance)


for _name in (
    *("private_ip", "private_ip_address", "private_dns_name"),
    *("public_ip", "public_ip_address", "public_dns_name"),
    *("vpc_id", "subnet_id"),
):
    around(Instance, _name)(_unless_terminated)
around(Instance, "network_interfaces")(_nothing_when_terminated)
