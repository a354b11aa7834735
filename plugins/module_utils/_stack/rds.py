# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the types of RDS have in common: names that are ids, lists without filters, and tags by ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._aws.answer import selected
from .._aws.tags import as_list, as_mapping
from .details import known_by
from .resource import Client, Detail, Listing, Live, Raw, Tagging

SYSTEM = "default"


def listing(operation: str, result: str, name: str) -> Listing:
    """A list call that shows everybody's. It can be asked for one by its name, and fails when that is gone."""
    return Listing(operation, result, by_ids=lambda found: {name: found[0]}, fails_whole=True)


def is_systems(name: str) -> bool:
    """Whether a group is one that AWS itself keeps in every account; nobody can use such a name."""
    return name == SYSTEM or name.startswith(f"{SYSTEM}.")


def tags(name: str, arn: str) -> Detail:
    """The tags of one group: their lists leave them out, and RDS has no call that gives those of many.

    None are given to an item without an ARN, or of which AWS returned none: it may still be told by its name.
    """

    def read(client: Client, items: list[Raw]) -> list[Raw]:
        item = items[0]
        if is_systems(item.get(name, "")):
            return [{"TagList": []}]
        if not item.get(arn):
            return [{}]
        answer = client.list_tags_for_resource(ResourceName=item[arn])
        return [selected(answer, lambda member: member == "TagList")]

    return Detail(read, known=known_by(arn, "TagList"))


def _read(item: Raw) -> dict[str, str]:
    return as_mapping(item.get("TagList"))


def _write(client: Client, live: Live, wanted: Mapping[str, str]) -> None:
    client.add_tags_to_resource(ResourceName=live.attributes["arn"], Tags=as_list(wanted))


def _remove(client: Client, live: Live, keys: Sequence[str]) -> None:
    client.remove_tags_from_resource(ResourceName=live.attributes["arn"], TagKeys=list(keys))


TAGGING = Tagging(_read, _write, _remove, member="TagList")


def tags_if_missing(name: str, arn: str) -> Detail:
    """The tags of an item whose list shows them, in a call of their own where it does not."""
    return replace(tags(name, arn), known=lambda item, _told: {} if "TagList" in item else None)


def series(engine: str, version: str) -> str:
    """The part of a version within which an upgrade is a minor one: ``8.0`` of MySQL, ``16`` of PostgreSQL."""
    return ".".join(version.split(".")[: 2 if engine == "mysql" else 1])


def default_parameters(engine: str, version: str) -> str:
    """The name of the parameter group that AWS keeps for a version of an engine."""
    return f"{SYSTEM}.{engine}{series(engine, version)}"


def numbers(version: str) -> list[int]:
    """A version in a form that can be compared."""
    return [int(part) for part in version.split(".") if part.isdigit()]


def log_groups(database: str, logs: Iterable[str]) -> list[str]:
    """The log groups of CloudWatch that a database writes these logs to."""
    return [f"/aws/rds/instance/{database}/{log}" for log in sorted(logs)]


def runs(wanted: str | None, live: str) -> bool:
    """Whether a version is the one that was asked for: ``8.0`` is content with 8.0.39."""
    return wanted is None or f"{live}.".startswith(f"{wanted}.")


def as_text(parameters: Mapping[str, Any] | None) -> dict[str, str]:
    """Parameters as AWS keeps them: text, with 1 and 0 for what is on and off. What is null is not set."""
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    return {name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in given.items()}
