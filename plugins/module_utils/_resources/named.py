# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Types whose objects are owned by name: their lists show no tags.

Names of stacks and resources contain no underscore, no slash and no double dash. A name with one of these between the
two can be split again, and ``shop`` and ``shop-2`` do not find each other's objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._engine.items import Raw
from .._engine.resource_type import Client, ResolvedResource, ResourceType
from .._engine.scope import Scope


class NameOwnedType(ResourceType):
    """A type whose list shows no tags: the prefix of a stack in a name says who owns an object."""

    owned_by_tags = False

    def prefix(self, scope: Scope) -> str:
        """The start of the names of the stack's objects, which no other stack's names have."""
        raise NotImplementedError

    def base_name(self, scope: Scope, name: str) -> str:
        return self.prefix(scope) + name

    def find_address(self, item: Raw, scope: Scope) -> str | None:
        name, prefix = self.identify(item), self.prefix(scope)
        return f"{self.name}/{name.removeprefix(prefix)}" if name.startswith(prefix) else None


def predict_arns(
    clients: Callable[[str], Client], form: str, resources: list[ResolvedResource]
) -> Mapping[str, Mapping[str, str]]:
    """The ARNs of new objects by address, for creations whose answer has none.

    ``form`` has the fields partition, region, account and name.
    """
    caller = clients("sts").get_caller_identity()
    where = {"partition": caller["Arn"].split(":")[1], "account": caller["Account"]}
    return {
        resource.address: {"arn": form.format(**where, region=resource.scope.region, name=resource.name)}
        for resource in resources
    }
