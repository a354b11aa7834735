# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What else the tagging API tells of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend
from moto.elbv2.models import ELBv2Backend
from moto.rds.models import RDSBackend
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from .patch import Hook, around

# moto's number of tags on a page, unless the request has one.
UNSAID = 100


@around(ResourceGroupsTaggingAPIBackend, "get_resources")
def get_resources(original: Hook, backend: Any, **given: Any) -> Any:
    """AWS counts the tags of a page only for those who ask for it, moto for everybody."""
    return original(backend, **{**given, **({"tags_per_page": 50_000} if given["tags_per_page"] == UNSAID else {})})


@around(EC2Backend, "iter_tagged_resources")
def of_ec2(original: Hook, backend: Any) -> Iterator[TaggedResource]:
    """Key pairs and addresses."""
    yield from original(backend)
    for kind, things in (("key-pair", backend.key_pairs.values()), ("elastic-ip", backend.addresses)):
        for thing in things:
            arn = f"arn:{backend.partition}:ec2:{backend.region_name}:{backend.account_id}:{kind}/{thing.id}"
            yield TaggedResource(arn=arn, tags=dict(backend.tags.get(thing.id, {})), resource_type=f"ec2:{kind}")


@around(ELBv2Backend, "iter_tagged_resources")
def of_balancers(original: Hook, backend: Any) -> Iterator[TaggedResource]:
    """Listeners and their rules."""
    yield from original(backend)
    listeners = [listener for balancer in backend.load_balancers.values() for listener in balancer.listeners.values()]
    rules = [rule for listener in listeners for rule in listener.rules.values()]
    for kind, things in (("listener", listeners), ("listener-rule", rules)):
        for thing in things:
            tags = backend.tagging_service.get_tag_dict_for_resource(thing.arn)
            yield TaggedResource(arn=thing.arn, tags=tags, resource_type=f"elasticloadbalancing:{kind}")


@around(RDSBackend, "iter_tagged_resources")
def of_databases(original: Hook, backend: Any) -> Iterator[TaggedResource]:
    """Groups of subnets, and of parameters."""
    yield from original(backend)
    for kind, groups in (("rds:subgrp", backend.subnet_groups), ("rds:pg", backend.db_parameter_groups)):
        for group in groups.values():
            tags = {tag["Key"]: tag["Value"] for tag in group.get_tags()}
            yield TaggedResource(arn=group.arn, tags=tags, resource_type=kind)
