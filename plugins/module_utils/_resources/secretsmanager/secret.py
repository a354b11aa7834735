# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secret: its value is generated when the secret is created, and never read.

How it was generated, and for how long it can be restored after a deletion, cannot be read and is noted in tags.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._aws.errors import StackError, error_code, is_not_found
from ..._aws.sdk import ClientError
from ..._aws.tags import STACK, tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import FLAG, Entries, Matching, WholeNumber, keys, whole_number
from ..._engine.resource_type import (
    ActualResource,
    Client,
    ClientOf,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
    Tagging,
)
from ..._engine.scope import Scope, address_from_tags
from . import passwords

CREATED_WITH = "groundwork:created-with"
RECOVERY = "groundwork:recovery-window"
DAYS = 7


def avoid_arn_suffix(name: str) -> str:
    """A name that does not end with a hyphen and six characters, as the ARN of a secret does: AWS could mistake such a
    name for the end of an ARN (Secrets Manager API reference, CreateSecret)."""
    return f"{name}-value" if re.search(r"-.{6}$", name) else name


def digest(generate: Properties) -> str:
    return hashlib.sha256(json.dumps(generate, sort_keys=True).encode()).hexdigest()[:16]


def with_defaults(desired: Properties) -> dict[str, Any]:
    return {
        "description": "",
        "recovery_window": DAYS,
        **desired,
        "generate": passwords.with_defaults(desired.get("generate")),
    }


def normalize(item: Raw) -> dict[str, Any]:
    tags = tags_to_dict(item.get("Tags"))
    noted: dict[str, Any] = {"generate": tags[CREATED_WITH]} if tags.get(CREATED_WITH) else {}
    window = tags.get(RECOVERY)
    return {
        "description": item.get("Description", ""),
        **noted,
        **({} if window == "" else {"recovery_window": int(window) if window else None}),
    }


def owner(item: Raw, scope: Scope) -> str | None:
    """The address by tags. A secret that a service manages (the master passwords of RDS) is not the stack's."""
    tags = tags_to_dict(item.get("Tags"))
    return None if item.get("OwningService") else address_from_tags(item, tags, scope)


def list_of_stack(scope: Scope) -> Mapping[str, Any]:
    """The filters match the start of any key and of any value: `owner` compares them exactly."""
    return {"Filters": [{"Key": "tag-key", "Values": [STACK]}, {"Key": "tag-value", "Values": [scope.stack]}]}


def _name(arn: str) -> str:
    """The name in an ARN, to which AWS adds a dash and six characters."""
    return arn.split(":", 6)[-1].rpartition("-")[0]


def with_current_version(item: Raw) -> Raw:
    """The secret with the id of its current version, whose value GetSecretValue returns.

    ListSecrets and DescribeSecret have a name each for the versions (Secrets Manager API reference).
    """
    stages = item.get("SecretVersionsToStages") or item.get("VersionIdsToStages") or {}
    current = [version for version, names in stages.items() if "AWSCURRENT" in names]
    return item | {"CurrentVersion": current[0] if current else None}


def describe_secret(client: Client, name: str) -> Raw:
    """The secret with a name. Lists are up to five minutes late, this call is not."""
    found: Raw = client.describe_secret(SecretId=name)
    return found


def find_deleted(clients: Callable[[str], Client], resources: list[ResolvedResource]) -> Mapping[str, Any]:
    """The deleted secrets of the stack among the new ones: they are restored while this is possible.

    StackError for the name of another owner's secret, or of one that is deleted and in its recovery window.
    """
    client, found, problems = clients("secretsmanager"), {}, []
    for resource in resources:
        try:
            item = describe_secret(client, resource.name)
        except ClientError as error:
            if not is_not_found(error):
                raise
            continue
        if owner(item, resource.scope) != resource.address:
            problems.append(_describe_foreign(resource, item))
        elif item.get("DeletedDate"):
            found[resource.address] = {"deleted": item}
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return found


def _describe_foreign(resource: ResolvedResource, item: Raw) -> str:
    if item.get("DeletedDate"):
        state = "is scheduled for deletion, and keeps its name until then: delete it without recovery"
    else:
        state = "exists: remove it"
    return (
        f"{resource.address}: a secret {resource.name} that is not tagged as this stack's {state}, or rename this one"
    )


def create(client: Client, resource: ResolvedResource) -> Raw:
    deleted = resource.prepared.get("deleted")
    if deleted:
        client.restore_secret(SecretId=deleted["ARN"])
        return with_current_version(deleted | {"DeletedDate": None})
    desired = resource.properties
    tags = tags_to_list(
        {**resource.tags, CREATED_WITH: digest(desired["generate"]), RECOVERY: str(desired["recovery_window"])}
    )
    made = client.create_secret(
        Name=resource.name,
        Description=desired["description"],
        SecretString=passwords.generate_value(desired["generate"]),
        ClientRequestToken=_request_token(resource),
        Tags=tags,
    )
    return {
        "ARN": made["ARN"],
        "Name": made["Name"],
        "Description": desired["description"],
        "CurrentVersion": made.get("VersionId"),
        "Tags": tags,
    }


def _request_token(resource: ResolvedResource) -> str:
    """The request token, which becomes the id of the first version.

    A secret that is created again, after a deletion without recovery, has another value and needs another version.
    """
    return hashlib.sha256(f"{resource.token}|{resource.run_id}".encode()).hexdigest()[:32]


def set_description(client: Client, update: ResourceUpdate) -> None:
    client.update_secret(SecretId=update.actual.id, Description=update.desired.properties["description"])


def set_window(client: Client, update: ResourceUpdate) -> None:
    _write(client, update.actual, {RECOVERY: str(update.desired.properties["recovery_window"])})


def delete(client: Client, actual: ActualResource) -> None:
    """Schedule the deletion: until then the secret can be restored."""
    try:
        client.delete_secret(SecretId=actual.id, RecoveryWindowInDays=actual.properties.get("recovery_window") or DAYS)
    except ClientError as error:
        # AWS answers so too when the deletion is scheduled already, by a call whose answer was lost.
        if error_code(error) != "InvalidRequestException" or not describe_secret(client, actual.id).get("DeletedDate"):
            raise


def _write(client: Client, actual: ActualResource, tags: Mapping[str, str]) -> None:
    client.tag_resource(SecretId=actual.id, Tags=tags_to_list(tags))


def _remove(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
    client.untag_resource(SecretId=actual.id, TagKeys=list(keys))


class SecretType(ResourceType):
    holds_data = True
    hidden = frozenset({"generate"})
    listed_late = True

    def physical_name(self, scope: Scope, name: str, suffix: str = "") -> str:
        return avoid_arn_suffix(super().physical_name(scope, name, suffix))

    def merge(self, items: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
        return [with_current_version(item) for item in items]

    def find_address(self, item: Raw, scope: Scope) -> str | None:
        return owner(item, scope)

    def is_deleted(self, item: Raw) -> bool:
        return bool(item.get("DeletedDate"))

    def find_by_name(self, client: Client, name: str) -> Raw | None:
        return with_current_version(describe_secret(client, name))

    def prepare(self, clients: ClientOf, resources: list[ResolvedResource]) -> Mapping[str, Mapping[str, Any]]:
        return find_deleted(clients, resources)


TYPE = SecretType(
    Schema(
        name="secret",
        service="secretsmanager",
        id_path="ARN",
        attributes={"id": "ARN", "arn": "ARN", "name": "Name", "version": "CurrentVersion"},
        create_only=frozenset({"generate"}),
        free_references=frozenset({("generate", "template")}),
        limits={
            ("description",): Matching("text", longest=2048),
            ("recovery_window",): whole_number("a number of days", 7, 30),
            ("generate",): keys(*passwords.DEFAULTS),
            ("generate", "template"): Entries(),
            ("generate", "key"): Matching("the name of a key", pattern="(?s:.+)"),
            # Secrets Manager API Reference, GetRandomPassword, whose words these are.
            ("generate", "exclude_characters"): Matching("text", longest=4096),
            **{("generate", name): FLAG for name, value in passwords.DEFAULTS.items() if isinstance(value, bool)},
            ("generate", "length"): WholeNumber("a number of characters", low=0, high=2**31),
        },
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"generate": lambda desired, actual: digest(desired) == actual},
        own_tags=frozenset({CREATED_WITH, RECOVERY}),
    ),
    Discovery(
        listing=Listing(
            "list_secrets",
            "SecretList",
            list_of_stack,
            lambda found: {"Filters": [{"Key": "name", "Values": [_name(arn) for arn in found]}]},
            filters_by_tag=True,
        ),
        tagging=Tagging(lambda item: tags_to_dict(item.get("Tags")), _write, _remove),
    ),
    Lifecycle(
        create=create,
        updates={"description": set_description, "recovery_window": set_window},
        delete=delete,
        # The name of a deleted secret is taken until the end of its recovery window.
        create_before_destroy=True,
        name_taken_codes=frozenset({"ResourceExistsException"}),
    ),
)
