# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers for the types of IAM: no regions, no tags in lists, ownership by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._aws.errors import is_forbidden
from ..._aws.sdk import ClientError
from ..._aws.tags import RESOURCE, STACK, tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.resource_type import ActualResource, Detail, ResourceType, Tagging
from ..._engine.scope import Scope


def listing(operation: str, result: str) -> Listing:
    """A list call for the path of one stack."""

    def stack(scope: Scope) -> Mapping[str, Any]:
        return {"PathPrefix": scope.iam_path}

    return Listing(operation, result, stack)


def tags(operation: str, key: str, result: str) -> Detail:
    """The tags of one listed item, which IAM's lists leave out."""

    def read(client: Any, items: list[Raw]) -> list[Raw]:
        return [{"Tags": getattr(client, operation)(**{key: items[0][key]})[result].get("Tags", [])}]

    return Detail(read)


def tagging(kind: str, key: str) -> Tagging:
    """Tags by the operations `tag_<kind>` and `untag_<kind>`."""

    def write(client: Any, actual: ActualResource, desired: Mapping[str, str]) -> None:
        getattr(client, f"tag_{kind}")(**{key: actual.id}, Tags=tags_to_list(desired))

    def remove(client: Any, actual: ActualResource, keys: Any) -> None:
        getattr(client, f"untag_{kind}")(**{key: actual.id}, TagKeys=list(keys))

    return Tagging(lambda item: tags_to_dict(item.get("Tags")), write, remove)


def read_account_roles(client: Any) -> list[Raw]:
    """The roles of the account with all their details and profiles, by one call that shows a thousand of them.

    None where the call is not allowed; then, and in larger accounts, the engine reads the details one by one.
    """
    try:
        answer = client.get_account_authorization_details(Filter=["Role"], MaxItems=1000)
    except ClientError as error:
        if not is_forbidden(error):
            raise
        return []
    return list(answer.get("RoleDetailList", ()))


class IamType(ResourceType):
    """A type of IAM: its names are unique in the account, its objects have no region, and its lists show no tags.

    The objects of a stack are below a path of its own, which the list calls ask for.
    """

    in_tag_index = False
    owned_by_tags = False

    def base_name(self, scope: Scope, name: str) -> str:
        return f"{scope.stack}-{scope.region}-{name}"

    def find_address(self, item: Raw, scope: Scope) -> str | None:
        """The address by the tag, or by the name where the tags are not read yet."""
        tags = self.read_tags(item)
        if tags.get(STACK) == scope.stack and tags.get(RESOURCE):
            return tags[RESOURCE]
        # AWS may leave out the path that it was asked for.
        if item.get("Path", scope.iam_path) != scope.iam_path:
            return None
        return f"{self.name}/{item[self.schema.id_path].removeprefix(self.base_name(scope, ''))}"
