# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers for the types of RDS: names are ids, lists have no filters, tags are read and written by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..._aws.answer import select_members
from ..._aws.tags import tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.resource_type import ActualResource, Client, Detail, Tagging
from .engines import read_major_version

SYSTEM = "default"


def listing(operation: str, result: str, name: str) -> Listing:
    """A list call that lists the objects of all owners. A call for one name fails when it does not exist."""
    return Listing(operation, result, by_ids=lambda found: {name: found[0]}, by_ids_fails_whole=True)


def is_system_group(name: str) -> bool:
    """Whether a group is one of those that AWS keeps in every account; no other group can have such a name."""
    return name == SYSTEM or name.startswith(f"{SYSTEM}.")


def tags(name: str, arn: str) -> Detail:
    """The tags of one item whose list leaves them out: RDS has no call for several.

    An item without an ARN gets none, nor does one of which AWS returned none: the engine then decides by its name.
    """

    def read(client: Client, items: list[Raw]) -> list[Raw]:
        item = items[0]
        if "TagList" in item:
            return [{}]
        if is_system_group(item.get(name, "")):
            return [{"TagList": []}]
        if not item.get(arn):
            return [{}]
        answer = client.list_tags_for_resource(ResourceName=item[arn])
        return [select_members(answer, lambda member: member == "TagList")]

    return Detail(read)


def _read(item: Raw) -> dict[str, str]:
    return tags_to_dict(item.get("TagList"))


def _write(client: Client, actual: ActualResource, desired: Mapping[str, str]) -> None:
    client.add_tags_to_resource(ResourceName=actual.attributes["arn"], Tags=tags_to_list(desired))


def _remove(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
    client.remove_tags_from_resource(ResourceName=actual.attributes["arn"], TagKeys=list(keys))


TAGGING = Tagging(_read, _write, _remove, member="TagList")


def default_parameters(engine: str, version: str) -> str:
    """The name of the parameter group that AWS keeps for a version of an engine."""
    return f"{SYSTEM}.{engine}{read_major_version(engine, version)}"


def numbers(version: str) -> list[int]:
    """A version in a form that can be compared."""
    return [int(part) for part in version.split(".") if part.isdigit()]


def log_groups(database: str, logs: Iterable[str]) -> list[str]:
    """The log groups of CloudWatch that a database writes these logs to."""
    return [f"/aws/rds/instance/{database}/{log}" for log in sorted(logs)]


def runs(desired: str | None, actual: str) -> bool:
    """Whether a version is the desired one, or of the desired series: ``8.0`` matches 8.0.39."""
    return desired is None or f"{actual}.".startswith(f"{desired}.")


def as_text(parameters: Mapping[str, Any] | None) -> dict[str, str]:
    """Parameters as AWS stores them: text, with 1 and 0 for true and false. Null parameters are not set."""
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    return {name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in given.items()}
