# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IAM role: the permissions of the software on instances."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..._aws.errors import ignore_errors
from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, value_at
from ..._engine.property_limits import EVERY, Entries, Limit, Matching, a_set
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from ..regions import arn_of_partition
from . import common as iam
from . import policies

# Members that a role must have in the answer for all roles; without them its details are read alone.
LISTS = frozenset({"AttachedManagedPolicies", "RolePolicyList"})
# IAM API Reference, CreateRole, Description.
DESCRIPTION = "[\t\n\r -~\xa1-\xff]*"
# IAM User Guide, "IAM ARNs": a managed policy of AWS, or of an account.
POLICY = r"arn:[a-z-]+:iam::(?:aws|[0-9]{12}):policy/\S+"
EXAMPLE = "like arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def _trust(principal: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _principal(trust: Any) -> Any:
    """The service of a trust policy that the engine writes; any other policy as a whole."""
    document = _document(trust)
    principal = value_at(document, "Statement.0.Principal.Service")
    return principal if document == _trust(principal) else document


def read_attached(client: Client, roles: list[Raw]) -> list[Raw]:
    pages = client.pages("list_attached_role_policies", {"RoleName": roles[0]["RoleName"]})
    return [{"Attached": [item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]]}]


def read_inline(client: Client, roles: list[Raw]) -> list[Raw]:
    role = roles[0]["RoleName"]
    names = [name for page in client.pages("list_role_policies", {"RoleName": role}) for name in page["PolicyNames"]]
    found = {name: client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    return [{"Inline": {name: _document(document) for name, document in found.items()}}]


def _details(role: Raw) -> Raw:
    return {
        "Tags": role.get("Tags", []),
        "Attached": [item["PolicyArn"] for item in role["AttachedManagedPolicies"]],
        "Inline": {item["PolicyName"]: _document(item["PolicyDocument"]) for item in role["RolePolicyList"]},
    }


def normalize(role: Raw) -> dict[str, Any]:
    trust = role.get("AssumeRolePolicyDocument")
    return {
        **({"principal": _principal(trust)} if trust else {}),
        "description": role.get("Description", ""),
        "managed_policies": sorted(role["Attached"]),
        "inline_policies": role["Inline"],
    }


def with_defaults(desired: Properties) -> dict[str, Any]:
    inline = {name: _document(document) for name, document in (desired.get("inline_policies") or {}).items()}
    return {
        "description": "",
        **desired,
        "managed_policies": sorted(desired.get("managed_policies") or ()),
        "inline_policies": inline,
    }


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer = client.create_role(
        RoleName=resource.name,
        Path=resource.scope.iam_path,
        AssumeRolePolicyDocument=json.dumps(_trust(resource.properties["principal"])),
        Description=resource.properties["description"],
        Tags=tags_to_list(resource.tags),
    )
    made: Raw = answer["Role"] | {"Attached": [], "Inline": {}}
    return made


def set_principal(client: Client, update: ResourceUpdate) -> None:
    document = json.dumps(_trust(update.desired.properties["principal"]))
    client.update_assume_role_policy(RoleName=update.actual.id, PolicyDocument=document)


def set_description(client: Client, update: ResourceUpdate) -> None:
    client.update_role(RoleName=update.actual.id, Description=update.desired.properties["description"])


def set_managed(client: Client, update: ResourceUpdate) -> None:
    actual, desired = (
        set(update.actual.properties["managed_policies"]),
        set(update.desired.properties["managed_policies"]),
    )
    for policy in sorted(desired - actual):
        client.attach_role_policy(RoleName=update.actual.id, PolicyArn=policy)
    for policy in sorted(actual - desired):
        _detach(client, update.actual.id, policy)


def set_inline(client: Client, update: ResourceUpdate) -> None:
    actual, desired = update.actual.properties["inline_policies"], update.desired.properties["inline_policies"]
    for name, document in desired.items():
        if actual.get(name) != document:
            client.put_role_policy(RoleName=update.actual.id, PolicyName=name, PolicyDocument=json.dumps(document))
    for name in sorted(actual.keys() - desired.keys()):
        _forget(client, update.actual.id, name)


def _detach(client: Client, role: str, policy: str) -> None:
    with ignore_errors("*.NotFound"):
        client.detach_role_policy(RoleName=role, PolicyArn=policy)


def _forget(client: Client, role: str, policy: str) -> None:
    with ignore_errors("*.NotFound"):
        client.delete_role_policy(RoleName=role, PolicyName=policy)


def delete(client: Client, actual: ActualResource) -> None:
    for policy in actual.properties["managed_policies"]:
        _detach(client, actual.id, policy)
    for name in actual.properties["inline_policies"]:
        _forget(client, actual.id, name)
    client.delete_role(RoleName=actual.id)


class RoleType(iam.IamType):
    def read_details_of_all(self, client: Client, items: list[Raw]) -> Mapping[str, Raw]:
        """The details of roles as GetAccountAuthorizationDetails shows them."""
        names = {item["RoleName"] for item in items}
        found = [role for role in iam.read_account_roles(client) if role.get("RoleName") in names]
        return {role["RoleName"]: _details(role) for role in found if role.keys() >= LISTS}


TYPE = RoleType(
    Schema(
        name="iam_role",
        service="iam",
        id_path="RoleName",
        attributes={"id": "RoleName", "arn": "Arn", "name": "RoleName"},
        required=frozenset({"principal"}),
        limits={
            ("principal",): Matching("a service like ec2.amazonaws.com", pattern=r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
            ("description",): Matching("text of Latin letters", pattern=DESCRIPTION, longest=1000),
            ("managed_policies",): a_set(),
            ("managed_policies", EVERY): Matching("the ARN of a policy", EXAMPLE, pattern=POLICY, longest=2048),
            ("inline_policies",): Entries(names=policies.NAME),
            ("inline_policies", EVERY): policies.PolicyDocument(),
            **dict.fromkeys(policies.RESOURCE_PATHS, Limit()),  # as parts of the document
        },
        references=dict.fromkeys(policies.RESOURCE_PATHS, ("*.arn",)),
        free_references=policies.CONDITION_PATHS,
        checks=(policies.check_size,),
        region_checks=(policies.check_partitions, arn_of_partition(("managed_policies", EVERY))),
        with_defaults=with_defaults,
        normalize=normalize,
        name_attributes=frozenset({"id", "name"}),
        reference_attributes=("name", "arn"),
    ),
    Discovery(
        listing=iam.listing("list_roles", "Roles"),
        details=(iam.tags("get_role", "RoleName", "Role"), Detail(read_attached), Detail(read_inline)),
        tagging=iam.tagging("role", "RoleName"),
    ),
    Lifecycle(
        create=create,
        updates={
            "principal": set_principal,
            "description": set_description,
            "managed_policies": set_managed,
            "inline_policies": set_inline,
        },
        delete=delete,
        name_taken_codes=frozenset({"EntityAlreadyExists"}),
        in_use_codes=frozenset({"DeleteConflict"}),
        in_use_timeout=60,
    ),
)
