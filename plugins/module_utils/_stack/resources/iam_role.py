# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IAM role: what the software on instances may do in the account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..._aws.errors import is_forbidden, taken_as_done
from ..._aws.sdk import ClientError
from ..._aws.tags import as_list, as_mapping
from .. import iam
from ..resource import SHOWN, Client, Detail, Edit, Live, Order, Properties, Raw, ResourceType, dig

# What the details of a role must have to take the place of calls about that role alone.
LISTS = frozenset({"AttachedManagedPolicies", "RolePolicyList"})


def _trust(principal: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _principal(trust: Any) -> Any:
    """The service of a trust policy like ours, the whole policy when it is any other."""
    document = _document(trust)
    principal = dig(document, "Statement.0.Principal.Service")
    return principal if document == _trust(principal) else document


def read_attached(client: Client, roles: list[Raw]) -> list[Raw]:
    pages = client.pages("list_attached_role_policies", {"RoleName": roles[0]["RoleName"]})
    return [{"Attached": [item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]]}]


def read_inline(client: Client, roles: list[Raw]) -> list[Raw]:
    role = roles[0]["RoleName"]
    names = [name for page in client.pages("list_role_policies", {"RoleName": role}) for name in page["PolicyNames"]]
    found = {name: client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    return [{"Inline": {name: _document(document) for name, document in found.items()}}]


def read_together(client: Client, roles: list[Raw]) -> Mapping[str, Raw]:
    """The details of several roles in one call, which shows all roles of the account: what its first page has.

    In an account of more than a thousand, or where the call is not allowed, the others are read one by one.
    """
    try:
        answer = client.get_account_authorization_details(Filter=["Role"], MaxItems=1000)
    except ClientError as error:
        if not is_forbidden(error):
            raise
        return {}
    ours = {role["RoleName"] for role in roles}
    found = [role for role in answer.get("RoleDetailList", ()) if role.get("RoleName") in ours]
    return {role["RoleName"]: _shown(role) for role in found if role.keys() >= LISTS}


def _shown(role: Raw) -> Raw:
    # AWS does not promise the tags of profiles here. Ours have some: where none is shown, they are asked for.
    listed = [item for item in role.get("InstanceProfileList", ()) if item.get("Arn") and item.get("Tags")]
    profiles = {item["Arn"]: as_mapping(item["Tags"]) for item in listed}
    return {
        "Tags": role.get("Tags", []),
        "Attached": [item["PolicyArn"] for item in role["AttachedManagedPolicies"]],
        "Inline": {item["PolicyName"]: _document(item["PolicyDocument"]) for item in role["RolePolicyList"]},
        SHOWN: profiles,
    }


def normalize(role: Raw) -> dict[str, Any]:
    trust = role.get("AssumeRolePolicyDocument")
    return {
        **({"principal": _principal(trust)} if trust else {}),
        "description": role.get("Description", ""),
        "managed_policies": sorted(role["Attached"]),
        "inline_policies": role["Inline"],
    }


def desired(wanted: Properties) -> dict[str, Any]:
    inline = {name: _document(document) for name, document in (wanted.get("inline_policies") or {}).items()}
    return {
        "description": "",
        **wanted,
        "managed_policies": sorted(wanted.get("managed_policies") or ()),
        "inline_policies": inline,
    }


def create(client: Client, order: Order) -> Raw:
    answer = client.create_role(
        RoleName=order.name,
        Path=order.scope.path,
        AssumeRolePolicyDocument=json.dumps(_trust(order.properties["principal"])),
        Description=order.properties["description"],
        Tags=as_list(order.tags),
    )
    made: Raw = answer["Role"] | {"Attached": [], "Inline": {}}
    return made


def set_principal(client: Client, edit: Edit) -> None:
    document = json.dumps(_trust(edit.order.properties["principal"]))
    client.update_assume_role_policy(RoleName=edit.live.id, PolicyDocument=document)


def set_description(client: Client, edit: Edit) -> None:
    client.update_role(RoleName=edit.live.id, Description=edit.order.properties["description"])


def set_managed(client: Client, edit: Edit) -> None:
    live, wanted = set(edit.live.properties["managed_policies"]), set(edit.order.properties["managed_policies"])
    for policy in sorted(wanted - live):
        client.attach_role_policy(RoleName=edit.live.id, PolicyArn=policy)
    for policy in sorted(live - wanted):
        _detach(client, edit.live.id, policy)


def set_inline(client: Client, edit: Edit) -> None:
    live, wanted = edit.live.properties["inline_policies"], edit.order.properties["inline_policies"]
    for name, document in wanted.items():
        if live.get(name) != document:
            client.put_role_policy(RoleName=edit.live.id, PolicyName=name, PolicyDocument=json.dumps(document))
    for name in sorted(live.keys() - wanted.keys()):
        _forget(client, edit.live.id, name)


def _detach(client: Client, role: str, policy: str) -> None:
    with taken_as_done("*.NotFound"):
        client.detach_role_policy(RoleName=role, PolicyArn=policy)


def _forget(client: Client, role: str, policy: str) -> None:
    with taken_as_done("*.NotFound"):
        client.delete_role_policy(RoleName=role, PolicyName=policy)


def delete(client: Client, live: Live) -> None:
    for policy in live.properties["managed_policies"]:
        _detach(client, live.id, policy)
    for name in live.properties["inline_policies"]:
        _forget(client, live.id, name)
    client.delete_role(RoleName=live.id)


TYPE = ResourceType(
    name="iam_role",
    service="iam",
    untold=True,
    listing=iam.listing("list_roles", "Roles"),
    details=(iam.tags("get_role", "RoleName", "Role"), Detail(read_attached), Detail(read_inline)),
    together=read_together,
    id="RoleName",
    owner=iam.owner("iam_role", "RoleName"),
    tagging=iam.tagging("role", "RoleName"),
    attributes={"id": "RoleName", "arn": "Arn", "name": "RoleName"},
    named=frozenset({"id", "name"}),
    mentioned_by=("name", "arn"),
    required=frozenset({"principal"}),
    everywhere=True,
    desired=desired,
    normalize=normalize,
    create=create,
    updates={
        "principal": set_principal,
        "description": set_description,
        "managed_policies": set_managed,
        "inline_policies": set_inline,
    },
    delete=delete,
    exists=frozenset({"EntityAlreadyExists"}),
    busy=frozenset({"DeleteConflict"}),
    busy_timeout=60,
)
