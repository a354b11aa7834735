# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes: options that are not named stay, some need the instance stopped, and volumes only grow."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.instances import InstanceBackend, MetadataOptions

from .errors import ec2_error, incorrect_state
from .patch import Hook, around

# AWS lets these be changed only while the instance is off.
WHILE_STOPPED = frozenset({"instance_type", "user_data", "kernel", "ramdisk", "ebs_optimized"})


@around(InstanceBackend, "modify_instance_metadata_options")
def modify_instance_metadata_options(original: Hook, backend: Any, instance_id: str, **changes: Any) -> MetadataOptions:
    now = backend.get_instance(instance_id).metadata_options
    kept = {
        "http_tokens": now.http_tokens,
        "hop_limit": now.http_put_response_hop_limit,
        "http_endpoint": now.http_endpoint,
        "http_protocol": now.http_protocol_ipv6,
        "metadata_tags": now.instance_metadata_tags,
    }
    given = {key: value for key, value in changes.items() if value is not None}
    options: MetadataOptions = original(backend, instance_id, **{**kept, **given})
    return options


@around(InstanceBackend, "modify_instance_attribute")
def modify_instance_attribute(original: Hook, backend: Any, instance_id: str, key: str, value: Any) -> Any:
    instance = backend.get_instance(instance_id)
    if key in WHILE_STOPPED and instance.state != "stopped":
        raise incorrect_state(f"The instance '{instance_id}' is not in the 'stopped' state.")
    return original(backend, instance_id, key, value)


@around(EBSBackend, "modify_volume")
def modify_volume(original: Hook, backend: Any, volume_id: str, *args: Any, **kwargs: Any) -> Any:
    size = kwargs.get("target_size", args[0] if args else None)
    if size and int(size) < int(backend.get_volume(volume_id).size):
        raise ec2_error("InvalidParameterValue", "New size cannot be smaller than existing size")
    return original(backend, volume_id, *args, **kwargs)
