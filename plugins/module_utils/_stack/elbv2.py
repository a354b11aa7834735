# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the types of Elastic Load Balancing have in common: tags and attributes that take calls of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.answer import selected
from .._aws.tags import as_list, as_mapping
from .details import known_by
from .resource import Client, Detail, Edit, Listing, Live, Raw, Tagging

TAGS_A_CALL = 20


def listing(operation: str, result: str, ids: str, parent: str = "") -> Listing:
    """A list call that has no filter: it shows everybody's, or with ``parent`` what belongs to one object.

    By ids it fails when one of them is gone.
    """
    inside = (lambda identifier: {parent: identifier}) if parent else None
    return Listing(operation, result, by_ids=lambda found: {ids: list(found)}, of_parent=inside, fails_whole=True)


def tags(key: str) -> Detail:
    """The tags of twenty items in one call; an item of which AWS returned none gets none."""

    def read(client: Client, items: list[Raw]) -> list[Raw]:
        answer = client.describe_tags(ResourceArns=[item[key] for item in items])
        found = {one["ResourceArn"]: one for one in answer["TagDescriptions"]}
        return [selected(found.get(item[key], answer), lambda member: member == "Tags") for item in items]

    return Detail(read, size=TAGS_A_CALL, known=known_by(key, "Tags"))


def attributes(operation: str, key: str) -> Detail:
    """The attributes of an item, as a mapping; AWS gives those of one item a call."""

    def read(client: Client, items: list[Raw]) -> list[Raw]:
        told = getattr(client, operation)(**{key: items[0][key]})["Attributes"]
        return [{"Attributes": {one["Key"]: one.get("Value") for one in told}}]

    return Detail(read)


def set_attributes(operation: str, key: str) -> Any:
    """The update of what differs of the attributes."""

    def update(client: Client, edit: Edit) -> None:
        live = edit.live.properties["attributes"]
        wanted = edit.order.properties["attributes"]
        changed = {name: value for name, value in wanted.items() if name not in live or live[name] not in (value, None)}
        getattr(client, operation)(**{key: edit.live.id}, Attributes=as_list(changed))

    return update


def full_name(arn: str) -> str:
    """What CloudWatch's metrics call a load balancer or target group."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


def with_full_names(key: str) -> Any:
    """What gives listed items their full names, from their ARNs."""
    return lambda items, _others: [item | {"FullName": full_name(item[key])} for item in items]


def as_text(given: Mapping[str, Any] | None) -> dict[str, str]:
    """Attributes as AWS keeps them: text, true and false in small letters."""
    values = {name: str(value) for name, value in (given or {}).items()}
    return {name: value.lower() if value in ("True", "False") else value for name, value in values.items()}


def holds(wanted: Mapping[str, str], live: Mapping[str, str]) -> bool:
    """Whether the attributes are as wanted. What the document does not name is as it is, and so is one of which AWS
    does not return the value; one that is not in the list at all has yet to be set."""
    return all(name in live and live[name] in (value, None) for name, value in wanted.items())


def _write(client: Client, live: Live, wanted: Mapping[str, str]) -> None:
    client.add_tags(ResourceArns=[live.id], Tags=as_list(wanted))


def _remove(client: Client, live: Live, keys: Sequence[str]) -> None:
    client.remove_tags(ResourceArns=[live.id], TagKeys=list(keys))


TAGGING = Tagging(lambda item: as_mapping(item.get("Tags")), _write, _remove)
