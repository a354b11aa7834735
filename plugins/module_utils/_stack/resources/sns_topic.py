# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SNS topic: who hears of alarms. A subscription by mail waits until the person has said yes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import only
from ..._aws.errors import taken_as_done
from ..._aws.tags import as_list, as_mapping
from .. import named
from ..resource import Client, Detail, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope, Tagging

KEY = "KmsMasterKeyId"
# What AWS shows in the place of the ARN of a subscription.
PENDING, DELETED = "PendingConfirmation", "Deleted"
WORDS = ("protocol", "endpoint")


def prefix(scope: Scope) -> str:
    return f"{scope.stack}_"


def name_of(topic: Raw) -> str:
    return str(topic["TopicArn"].rpartition(":")[2])


def name_topics(topics: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
    return [topic | {"TopicName": name_of(topic)} for topic in topics]


def read_attributes(client: Client, topics: list[Raw]) -> list[Raw]:
    return [{"Attributes": client.get_topic_attributes(TopicArn=topics[0]["TopicArn"])["Attributes"]}]


def read_subscriptions(client: Client, topics: list[Raw]) -> list[Raw]:
    pages = client.pages("list_subscriptions_by_topic", {"TopicArn": topics[0]["TopicArn"]})
    found = [one for page in pages for one in page["Subscriptions"] if one["SubscriptionArn"] != DELETED]
    waiting = [one["Endpoint"] for one in found if one["SubscriptionArn"] == PENDING]
    return [{"Subscriptions": found, "Unconfirmed": sorted(waiting)}]


def read_tags(client: Client, topics: list[Raw]) -> list[Raw]:
    return [only(client.list_tags_for_resource(ResourceArn=topics[0]["TopicArn"]), "Tags")]


def desired(wanted: Properties) -> dict[str, Any]:
    given = wanted.get("subscriptions") or ()
    if any(sorted(one) != sorted(WORDS) for one in given):
        raise ValueError("a subscription is {protocol, endpoint}")
    return {"kms_key": None, **wanted, "subscriptions": _in_order(given)}


def _in_order(subscriptions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    told = [{key: str(one[key]) if key in WORDS else one[key] for key in one} for one in subscriptions]
    return sorted(told, key=lambda one: (one["protocol"], one["endpoint"]))


def normalize(topic: Raw) -> dict[str, Any]:
    told = [
        {"protocol": one["Protocol"], "endpoint": one["Endpoint"]}
        | ({"unconfirmed": True} if one["SubscriptionArn"] == PENDING else {})
        for one in topic["Subscriptions"]
    ]
    return {"kms_key": topic["Attributes"].get(KEY) or None, "subscriptions": _in_order(told)}


def same_subscriptions(wanted: Sequence[Properties], live: Sequence[Properties]) -> bool:
    """One that nobody has confirmed cannot be taken back, and AWS forgets it after some days: it is no difference."""
    asked = {(one["protocol"], one["endpoint"]) for one in wanted}
    there = {(one["protocol"], one["endpoint"]) for one in live}
    confirmed = {(one["protocol"], one["endpoint"]) for one in live if not one.get("unconfirmed")}
    return asked <= there and confirmed <= asked


def create(client: Client, order: Order) -> Raw:
    """AWS answers with a topic of that name which is there, when it has the same tags and attributes."""
    key = order.properties["kms_key"]
    attributes = {KEY: key} if key else {}
    arn = client.create_topic(Name=order.name, Attributes=attributes, Tags=as_list(order.tags))["TopicArn"]
    return {"TopicArn": arn, "TopicName": order.name, "Attributes": attributes, "Subscriptions": [], "Unconfirmed": []}


def set_key(client: Client, edit: Edit) -> None:
    key = edit.order.properties["kms_key"] or ""
    client.set_topic_attributes(TopicArn=edit.live.id, AttributeName=KEY, AttributeValue=key)


def set_subscriptions(client: Client, edit: Edit) -> None:
    there = {(one["Protocol"], one["Endpoint"]): one["SubscriptionArn"] for one in edit.live.raw["Subscriptions"]}
    asked = [(one["protocol"], one["endpoint"]) for one in edit.order.properties["subscriptions"]]
    for protocol, endpoint in asked:
        if (protocol, endpoint) not in there:
            client.subscribe(TopicArn=edit.live.id, Protocol=protocol, Endpoint=endpoint)
    for pair, arn in there.items():
        if pair not in asked and arn != PENDING:
            with taken_as_done("*.NotFound"):
                client.unsubscribe(SubscriptionArn=arn)


def delete(client: Client, live: Live) -> None:
    """Its subscriptions go with it."""
    client.delete_topic(TopicArn=live.id)


def notices(live: Live) -> list[str]:
    """Nobody is told anything before that."""
    waiting = live.attributes.get("unconfirmed") or ()
    return [f"{address} is told nothing before the link in AWS's mail there is followed" for address in waiting]


TAGGING = Tagging(
    lambda topic: as_mapping(topic.get("Tags")),
    lambda client, live, tags: client.tag_resource(ResourceArn=live.id, Tags=as_list(tags)),
    lambda client, live, keys: client.untag_resource(ResourceArn=live.id, TagKeys=list(keys)),
)
TYPE = ResourceType(
    name="sns_topic",
    service="sns",
    listing=Listing("list_topics", "Topics"),
    join=name_topics,
    details=(Detail(read_attributes), Detail(read_subscriptions)),
    id="TopicArn",
    naming=named.naming(prefix),
    maybe=named.begins(prefix, name_of),
    tags=Detail(read_tags),
    tagging=TAGGING,
    attributes={"id": "TopicArn", "arn": "TopicArn", "name": "TopicName", "unconfirmed": "Unconfirmed"},
    named=frozenset({"name"}),
    same={"subscriptions": same_subscriptions},
    desired=desired,
    normalize=normalize,
    create=create,
    updates={"kms_key": set_key, "subscriptions": set_subscriptions},
    delete=delete,
    notices=notices,
    # "Topic already exists with different tags", and the same of attributes.
    exists=frozenset({"InvalidParameter"}),
)
