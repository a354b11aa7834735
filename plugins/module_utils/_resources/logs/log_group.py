# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log group: logs of CloudWatch and their retention. Some services write to a group whose name they choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import missing_member
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import InvalidPropertiesError, Matching, one_of
from ..._engine.resource_type import (
    ActualResource,
    Client,
    ClientOf,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
    Tagging,
)
from ..._engine.scope import Scope
from .. import named
from .retention import RETENTIONS

RESERVED_PREFIX = "/groundwork/"
ARN = "arn:{partition}:logs:{region}:{account}:log-group:{name}"


def prefix(scope: Scope) -> str:
    return f"{RESERVED_PREFIX}{scope.stack}/"


def prefix_request(name: str) -> Mapping[str, Any]:
    return {"logGroupNamePrefix": name}


def prefix_requests(names: Sequence[str]) -> list[Mapping[str, Any]]:
    """One request for the names that share their first three parts, which name a service."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault("/".join(name.split("/")[:4]), []).append(name)
    return [prefix_request(_common_start(alike)) for alike in found.values()]


def _common_start(names: Sequence[str]) -> str:
    """The common prefix of names: that of the first and the last in sorted order."""
    first, last = min(names), max(names)
    return first[: next((index for index, letter in enumerate(first) if letter != last[index]), len(first))]


def read_tags(client: Client, groups: list[Raw]) -> list[Raw]:
    return [{"Tags": client.list_tags_for_resource(resourceArn=groups[0]["logGroupArn"])["tags"]}]


def _with_arn(group: Raw) -> Raw:
    """The group with name and ARN, where AWS returns one of them."""
    arn = group.get("logGroupArn") or group.get("arn", "").removesuffix(":*")
    name = group.get("logGroupName") or arn.partition(":log-group:")[2]
    if not name:
        raise missing_member(group, "logGroupName")
    return group | {"logGroupName": name, **({"logGroupArn": arn} if arn else {})}


def with_defaults(desired: Properties) -> dict[str, Any]:
    given = {"name": None, "retention_days": 30, **desired}
    if str(given["name"] or "").startswith(RESERVED_PREFIX):
        raise InvalidPropertiesError(
            f"names below {RESERVED_PREFIX} are reserved for the names that stacks generate: leave name out"
        )
    return given


def normalize(group: Raw) -> dict[str, Any]:
    name = group["logGroupName"]
    return {"name": None if name.startswith(RESERVED_PREFIX) else name, "retention_days": group.get("retentionInDays")}


def create(client: Client, resource: ResolvedResource) -> Raw:
    """Create the group, which at first keeps logs without end."""
    client.create_log_group(logGroupName=resource.name, tags=dict(resource.tags))
    return {"logGroupName": resource.name, "logGroupArn": resource.prepared["arn"]}


def set_retention(client: Client, update: ResourceUpdate) -> None:
    days = update.desired.properties["retention_days"]
    if days is None:
        client.delete_retention_policy(logGroupName=update.actual.id)
    else:
        client.put_retention_policy(logGroupName=update.actual.id, retentionInDays=days)


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_log_group(logGroupName=actual.id)


TAGGING = Tagging(
    lambda group: dict(group.get("Tags") or {}),
    lambda client, actual, tags: client.tag_resource(resourceArn=actual.attributes["arn"], tags=dict(tags)),
    lambda client, actual, keys: client.untag_resource(resourceArn=actual.attributes["arn"], tagKeys=list(keys)),
)


class LogGroupType(ResourceType):
    """Log groups of the stack have its prefix, except those whose names the document chooses."""

    name_property = "name"

    def base_name(self, scope: Scope, name: str) -> str:
        return prefix(scope) + name

    def list_requests(self, _client: Client, listing: Listing, scope: Scope) -> Sequence[Mapping[str, Any]]:
        chosen = sorted(scope.document_names.get(self.name, ()))
        return [listing.by_stack(scope), *prefix_requests(chosen)]

    def merge(self, items: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
        """The groups with the ARN that the tagging calls take. AWS shows it next to one that ends with ``:*``."""
        return [_with_arn(group) for group in items]

    def may_be_owned(self, item: Raw, scope: Scope) -> bool:
        name = str(item["logGroupName"])
        return name.startswith(prefix(scope)) or name in scope.document_names.get(self.name, ())

    def name_in_arn(self, arn: str) -> str | None:
        name = arn.split(":", 6)[6].removesuffix(":*")
        return None if name.startswith(RESERVED_PREFIX) else name

    def prepare(self, clients: ClientOf, resources: list[ResolvedResource]) -> Mapping[str, Mapping[str, Any]]:
        return named.predict_arns(clients, ARN, resources)


TYPE = LogGroupType(
    Schema(
        name="log_group",
        service="logs",
        id_path="logGroupName",
        attributes={"id": "logGroupName", "arn": "logGroupArn", "name": "logGroupName"},
        create_only=frozenset({"name"}),
        limits={
            # Logs API Reference, CreateLogGroup.
            ("name",): Matching(
                "a name of letters, digits and . - _ / # that does not begin with aws/",
                pattern=r"(?!aws/)[.\-_/#A-Za-z0-9]+",
                longest=512,
            ),
            ("retention_days",): one_of(*RETENTIONS),
        },
        with_defaults=with_defaults,
        normalize=normalize,
        reference_attributes=("name", "arn"),
    ),
    Discovery(
        listing=Listing(
            "describe_log_groups",
            "logGroups",
            lambda scope: prefix_request(prefix(scope)),
            by_ids=lambda names: prefix_request(names[0]),
            by_ids_fails_whole=True,
        ),
        tag_detail=Detail(read_tags),
        tagging=TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"retention_days": set_retention},
        delete=delete,
        exclusive=("name",),
        name_taken_codes=frozenset({"ResourceAlreadyExistsException"}),
        in_use_codes=frozenset({"OperationAbortedException"}),
    ),
)
