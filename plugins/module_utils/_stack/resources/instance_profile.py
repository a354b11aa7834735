# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instance profile: hands a role to instances."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._aws.errors import taken_as_done
from ..._aws.tags import as_list
from .. import iam
from ..details import known_by
from ..resource import Client, Edit, Live, Order, Raw, ResourceType, completed

TOLD = known_by("Arn", "Tags")


def normalize(profile: Raw) -> dict[str, Any]:
    if "Roles" not in profile:
        return {}
    return {"role": profile["Roles"][0]["RoleName"] if profile["Roles"] else None}


def create(client: Client, order: Order) -> Raw:
    profile: Raw = client.create_instance_profile(
        InstanceProfileName=order.name, Path=order.scope.path, Tags=as_list(order.tags)
    )["InstanceProfile"]
    return completed(profile, {"Roles": []})


def set_role(client: Client, edit: Edit) -> None:
    # A profile holds one role at most: the old one has to leave first.
    _take_out(client, edit.live)
    with taken_as_done("LimitExceeded"):
        client.add_role_to_instance_profile(InstanceProfileName=edit.live.id, RoleName=edit.order.properties["role"])


def _take_out(client: Client, live: Live) -> None:
    if live.properties.get("role"):
        with taken_as_done("*.NotFound"):
            client.remove_role_from_instance_profile(InstanceProfileName=live.id, RoleName=live.properties["role"])


def delete(client: Client, live: Live) -> None:
    _take_out(client, live)
    client.delete_instance_profile(InstanceProfileName=live.id)


TYPE = ResourceType(
    name="instance_profile",
    service="iam",
    untold=True,
    listing=iam.listing("list_instance_profiles", "InstanceProfiles"),
    details=(replace(iam.tags("get_instance_profile", "InstanceProfileName", "InstanceProfile"), known=TOLD),),
    # The details of its role show them.
    told_by="iam_role",
    id="InstanceProfileName",
    owner=iam.owner("instance_profile", "InstanceProfileName"),
    tagging=iam.tagging("instance_profile", "InstanceProfileName"),
    attributes={"id": "InstanceProfileName", "arn": "Arn", "name": "InstanceProfileName"},
    named=frozenset({"id", "name"}),
    mentioned_by=("name", "arn"),
    required=frozenset({"role"}),
    everywhere=True,
    normalize=normalize,
    create=create,
    updates={"role": set_role},
    delete=delete,
    exists=frozenset({"EntityAlreadyExists"}),
    busy=frozenset({"DeleteConflict"}),
    busy_timeout=60,
)
