# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instance profile: gives a role to instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._aws.errors import ignore_errors
from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, add_missing_members
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from . import common as iam


def normalize(profile: Raw) -> dict[str, Any]:
    if "Roles" not in profile:
        return {}
    return {"role": profile["Roles"][0]["RoleName"] if profile["Roles"] else None}


def create(client: Client, resource: ResolvedResource) -> Raw:
    profile: Raw = client.create_instance_profile(
        InstanceProfileName=resource.name, Path=resource.scope.iam_path, Tags=tags_to_list(resource.tags)
    )["InstanceProfile"]
    return add_missing_members(profile, {"Roles": []})


def set_role(client: Client, update: ResourceUpdate) -> None:
    # A profile has one role at most: the old one is removed first.
    _remove_role(client, update.actual)
    with ignore_errors("LimitExceeded"):
        client.add_role_to_instance_profile(
            InstanceProfileName=update.actual.id, RoleName=update.desired.properties["role"]
        )


def _remove_role(client: Client, actual: ActualResource) -> None:
    if actual.properties.get("role"):
        with ignore_errors("*.NotFound"):
            client.remove_role_from_instance_profile(InstanceProfileName=actual.id, RoleName=actual.properties["role"])


def delete(client: Client, actual: ActualResource) -> None:
    _remove_role(client, actual)
    client.delete_instance_profile(InstanceProfileName=actual.id)


class InstanceProfileType(iam.IamType):
    def read_details_of_all(self, client: Client, items: list[Raw]) -> Mapping[str, Raw]:
        """The tags of profiles as GetAccountAuthorizationDetails shows them, with the roles of the profiles.

        AWS does not promise tags there. A profile that is shown without any is asked for by itself.
        """
        names = {item["InstanceProfileName"] for item in items}
        found: dict[str, Raw] = {}
        for role in iam.read_account_roles(client):
            for profile in role.get("InstanceProfileList", ()):
                if profile.get("InstanceProfileName") in names and profile.get("Tags"):
                    found[profile["InstanceProfileName"]] = {"Tags": profile["Tags"]}
        return found


TYPE = InstanceProfileType(
    Schema(
        name="instance_profile",
        service="iam",
        id_path="InstanceProfileName",
        attributes={"id": "InstanceProfileName", "arn": "Arn", "name": "InstanceProfileName"},
        required=frozenset({"role"}),
        references={("role",): ("iam_role.name",)},
        normalize=normalize,
        name_attributes=frozenset({"id", "name"}),
        reference_attributes=("name", "arn"),
    ),
    Discovery(
        listing=iam.listing("list_instance_profiles", "InstanceProfiles"),
        details=(iam.tags("get_instance_profile", "InstanceProfileName", "InstanceProfile"),),
        tagging=iam.tagging("instance_profile", "InstanceProfileName"),
    ),
    Lifecycle(
        create=create,
        updates={"role": set_role},
        delete=delete,
        name_taken_codes=frozenset({"EntityAlreadyExists"}),
        in_use_codes=frozenset({"DeleteConflict"}),
        in_use_timeout=60,
    ),
)
