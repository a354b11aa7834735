# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topics as the API shows them: what the lab adds to moto."""

from __future__ import annotations

from typing import Any

import pytest
from labtools import Account, client, refused

TAGS = [{"Key": "a", "Value": "b"}]


@pytest.fixture
def topics(account: Account) -> Any:
    return client("sns", account.endpoint, account.number)


def test_a_name_is_taken_once(topics: Any) -> None:
    arn = topics.create_topic(Name="shop", Tags=TAGS, Attributes={"KmsMasterKeyId": "alias/shop"})["TopicArn"]
    assert topics.create_topic(Name="shop", Tags=TAGS)["TopicArn"] == arn
    assert topics.create_topic(Name="shop")["TopicArn"] == arn
    assert refused(topics.create_topic, Name="shop", Tags=[{"Key": "a", "Value": "c"}]) == "InvalidParameter"
    other = {"KmsMasterKeyId": "alias/other"}
    assert refused(topics.create_topic, Name="shop", Tags=TAGS, Attributes=other) == "InvalidParameter"
    assert topics.list_tags_for_resource(ResourceArn=arn)["Tags"] == TAGS


def test_a_mail_waits_to_be_answered(topics: Any) -> None:
    arn = topics.create_topic(Name="shop")["TopicArn"]
    topics.subscribe(TopicArn=arn, Protocol="email", Endpoint="ops@shop.test")
    topics.subscribe(TopicArn=arn, Protocol="sms", Endpoint="+15550100")
    for listed in (topics.list_subscriptions(), topics.list_subscriptions_by_topic(TopicArn=arn)):
        found = {one["Protocol"]: one["SubscriptionArn"] for one in listed["Subscriptions"]}
        assert found["email"] == "PendingConfirmation"
        assert found["sms"].startswith(arn)
