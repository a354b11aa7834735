# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tag index: which types and names of a stack exist, as the tagging API (GetResources) reports them.

The index may be late by minutes. It only decides which types are listed; objects are read from their own services.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._aws.answer import answers_about
from .._aws.errors import LostResponseError, StackError, describe_error, is_forbidden, is_of_every_call
from .._aws.sdk import FAILURES, ClientError
from .._aws.tags import RESOURCE, STACK, tags_to_dict
from .resource_type import ClientOf, ResourceType

# The tagging API uses the service names of ARNs, where these differ from botocore's.
SERVICE_IN_ARNS = {"elbv2": "elasticloadbalancing"}


@dataclass(frozen=True)
class TagIndex:
    """The objects of a stack that the tagging API knows: the address of each by ARN, empty where it is not known."""

    addresses: Mapping[str, str]

    @property
    def types(self) -> frozenset[str]:
        return frozenset(address.partition("/")[0] for address in self.addresses.values())

    def arns_of(self, service: str) -> list[str]:
        return [arn for arn in self.addresses if arn.split(":")[2:3] == [service]]


EMPTY_INDEX = TagIndex({})


def read_tag_index(clients: ClientOf, stack: str, kinds: Iterable[ResourceType]) -> TagIndex | None:
    """The tag index of a stack for the services of ``kinds``; None where the credentials may not call GetResources."""
    filters = sorted({_resource_type_filter(kind) for kind in kinds})
    if not filters:
        return EMPTY_INDEX
    request = {
        "TagFilters": [{"Key": STACK, "Values": [stack]}],
        "ResourceTypeFilters": filters,
        "ResourcesPerPage": 100,
    }
    try:
        pages = clients("resourcegroupstaggingapi").pages("get_resources", request)
    except (LostResponseError, *FAILURES) as error:
        if isinstance(error, ClientError) and is_forbidden(error):
            return None
        subject = "" if is_of_every_call(error) else "reading tags: "
        raise StackError(f"{subject}{describe_error(error)}") from error
    addresses: dict[str, str] = {}
    with answers_about("tags"):
        for page in pages:
            for item in page["ResourceTagMappingList"]:
                # Some answers end the ARN of a log group with ":*", others do not.
                arn = item["ResourceARN"].removesuffix(":*")
                addresses[arn] = tags_to_dict(item.get("Tags") or ()).get(RESOURCE, "")
    return TagIndex(addresses)


def _resource_type_filter(kind: ResourceType) -> str:
    """The tagging API's name for a type, or for its whole service."""
    return kind.discovery.tag_index_type or SERVICE_IN_ARNS.get(kind.service, kind.service)
