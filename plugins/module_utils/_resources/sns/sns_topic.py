# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SNS topic: the subscribers of alarms. A subscription by mail waits until the recipient confirms it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._aws.answer import single_item
from ..._aws.errors import ignore_errors
from ..._aws.mail_addresses import MAIL_PATTERN
from ..._aws.tags import tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import (
    EVERY,
    Matching,
    PropertyProblem,
    a_set,
    display_value,
    is_reference,
    keys,
    list_values,
    one_of,
)
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
    Tagging,
)
from ..._engine.scope import Scope

KEY = "KmsMasterKeyId"
# Values of AWS in place of the ARN of a subscription.
PENDING, DELETED = "PendingConfirmation", "Deleted"
KEYS = ("protocol", "endpoint")


def prefix(scope: Scope) -> str:
    return f"{scope.stack}_"


def name_of(topic: Raw) -> str:
    return str(topic["TopicArn"].rpartition(":")[2])


def read_attributes(client: Client, topics: list[Raw]) -> list[Raw]:
    return [{"Attributes": client.get_topic_attributes(TopicArn=topics[0]["TopicArn"])["Attributes"]}]


def read_subscriptions(client: Client, topics: list[Raw]) -> list[Raw]:
    pages = client.pages("list_subscriptions_by_topic", {"TopicArn": topics[0]["TopicArn"]})
    found = [one for page in pages for one in page["Subscriptions"] if one["SubscriptionArn"] != DELETED]
    waiting = [one["Endpoint"] for one in found if one["SubscriptionArn"] == PENDING]
    return [{"Subscriptions": found, "Unconfirmed": sorted(waiting)}]


def read_tags(client: Client, topics: list[Raw]) -> list[Raw]:
    return [single_item(client.list_tags_for_resource(ResourceArn=topics[0]["TopicArn"]), "Tags")]


# SNS API Reference, Subscribe, Protocol.
PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")

# SNS API Reference, Subscribe, Endpoint: what it is by protocol.
ENDPOINTS: Mapping[str, tuple[str, str]] = {
    "http": (r"http://[^\s/]\S*", "a URL that begins with http://"),
    "https": (r"https://[^\s/]\S*", "a URL that begins with https://"),
    "email": (MAIL_PATTERN, "an email address"),
    "email-json": (MAIL_PATTERN, "an email address"),
    "sms": (r"\+?[0-9][0-9 ().-]*", "a phone number like +12065550100"),
    "sqs": (r"arn:[a-z-]+:sqs:\S+", "the ARN of a queue of SQS"),
    "application": (r"arn:[a-z-]+:sns:[^:\s]*:[^:\s]*:endpoint/\S+", "the ARN of an endpoint of an app"),
    "lambda": (r"arn:[a-z-]+:lambda:\S+", "the ARN of a Lambda function"),
    "firehose": (r"arn:[a-z-]+:firehose:\S+", "the ARN of a delivery stream of Firehose"),
}


def check_endpoints(given: Properties) -> Iterator[PropertyProblem]:
    for path, subscription in list_values(("subscriptions", EVERY), given):
        endpoint, protocol = subscription["endpoint"], subscription["protocol"]
        if is_reference(endpoint) or is_reference(protocol) or protocol not in ENDPOINTS:
            continue
        pattern, what = ENDPOINTS[protocol]
        if not re.fullmatch(pattern, str(endpoint)):
            text = f"{display_value(endpoint)} is not {what}, and the protocol is {protocol}"
            yield (*path, "endpoint"), f"{text} (correct one of them)"


def with_defaults(desired: Properties) -> dict[str, Any]:
    return {"kms_key": None, **desired, "subscriptions": _in_order(desired.get("subscriptions") or ())}


def _in_order(subscriptions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    texts = [{key: str(one[key]) if key in KEYS else one[key] for key in one} for one in subscriptions]
    return sorted(texts, key=lambda one: (one["protocol"], one["endpoint"]))


def normalize(topic: Raw) -> dict[str, Any]:
    subscriptions = [
        {"protocol": one["Protocol"], "endpoint": one["Endpoint"]}
        | ({"unconfirmed": True} if one["SubscriptionArn"] == PENDING else {})
        for one in topic["Subscriptions"]
    ]
    return {"kms_key": topic["Attributes"].get(KEY) or None, "subscriptions": _in_order(subscriptions)}


def same_subscriptions(desired: Sequence[Properties], actual: Sequence[Properties]) -> bool:
    """An unconfirmed subscription cannot be removed, and AWS forgets it after some days: it is no difference."""
    asked = {(one["protocol"], one["endpoint"]) for one in desired}
    existing = {(one["protocol"], one["endpoint"]) for one in actual}
    confirmed = {(one["protocol"], one["endpoint"]) for one in actual if not one.get("unconfirmed")}
    return asked <= existing and confirmed <= asked


def create(client: Client, resource: ResolvedResource) -> Raw:
    """AWS answers with the existing topic of that name if it has the same tags and attributes."""
    key = resource.properties["kms_key"]
    attributes = {KEY: key} if key else {}
    arn = client.create_topic(Name=resource.name, Attributes=attributes, Tags=tags_to_list(resource.tags))["TopicArn"]
    return {
        "TopicArn": arn,
        "TopicName": resource.name,
        "Attributes": attributes,
        "Subscriptions": [],
        "Unconfirmed": [],
    }


def set_key(client: Client, update: ResourceUpdate) -> None:
    key = update.desired.properties["kms_key"] or ""
    client.set_topic_attributes(TopicArn=update.actual.id, AttributeName=KEY, AttributeValue=key)


def set_subscriptions(client: Client, update: ResourceUpdate) -> None:
    existing = {
        (one["Protocol"], one["Endpoint"]): one["SubscriptionArn"] for one in update.actual.raw["Subscriptions"]
    }
    asked = [(one["protocol"], one["endpoint"]) for one in update.desired.properties["subscriptions"]]
    for protocol, endpoint in asked:
        if (protocol, endpoint) not in existing:
            client.subscribe(TopicArn=update.actual.id, Protocol=protocol, Endpoint=endpoint)
    for pair, arn in existing.items():
        if pair not in asked and arn != PENDING:
            with ignore_errors("*.NotFound"):
                client.unsubscribe(SubscriptionArn=arn)


def delete(client: Client, actual: ActualResource) -> None:
    """Delete the topic; AWS deletes its subscriptions."""
    client.delete_topic(TopicArn=actual.id)


TAGGING = Tagging(
    lambda topic: tags_to_dict(topic.get("Tags")),
    lambda client, actual, tags: client.tag_resource(ResourceArn=actual.id, Tags=tags_to_list(tags)),
    lambda client, actual, keys: client.untag_resource(ResourceArn=actual.id, TagKeys=list(keys)),
)


class SnsTopicType(ResourceType):
    """The list shows ARNs alone. Names say which topics may be the stack's, and tags decide."""

    def base_name(self, scope: Scope, name: str) -> str:
        return prefix(scope) + name

    def merge(self, items: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
        return [topic | {"TopicName": name_of(topic)} for topic in items]

    def may_be_owned(self, item: Raw, scope: Scope) -> bool:
        return name_of(item).startswith(prefix(scope))

    def notices(self, actual: ActualResource) -> Sequence[str]:
        """AWS sends nothing to an address before it is confirmed."""
        unconfirmed = actual.attributes.get("unconfirmed") or ()
        return [
            f"{address} gets no messages before the link in AWS's mail to it is followed" for address in unconfirmed
        ]


TYPE = SnsTopicType(
    Schema(
        name="sns_topic",
        service="sns",
        id_path="TopicArn",
        attributes={"id": "TopicArn", "arn": "TopicArn", "name": "TopicName", "unconfirmed": "Unconfirmed"},
        limits={
            ("subscriptions",): a_set(),
            ("subscriptions", EVERY): keys(*KEYS, required=KEYS),
            ("subscriptions", EVERY, "protocol"): one_of(*PROTOCOLS),
            ("kms_key",): Matching("the id, alias or ARN of a key of KMS"),
        },
        checks=(check_endpoints,),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"subscriptions": same_subscriptions},
        name_attributes=frozenset({"name"}),
    ),
    Discovery(
        listing=Listing("list_topics", "Topics"),
        tag_detail=Detail(read_tags),
        details=(Detail(read_attributes), Detail(read_subscriptions)),
        tagging=TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"kms_key": set_key, "subscriptions": set_subscriptions},
        delete=delete,
        # "Topic already exists with different tags", or "with different attributes".
        name_taken_codes=frozenset({"InvalidParameter"}),
    ),
)
