# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topics of SNS: names in use, and subscriptions by mail, which wait for confirmation."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Topic
from moto.sns.utils import make_arn_for_topic

from .patch import Hook, around

# The lab receives no mail, so a subscription is never confirmed.
BY_MAIL = ("email", "email-json")


@around(SNSBackend, "create_topic")
def create_topic(
    original: Hook, backend: Any, name: str, attributes: dict[str, str] | None = None, tags: Any = None
) -> Topic:
    """The same again is the one that is there; moto gives that one whatever is asked for."""
    there = backend.topics.get(make_arn_for_topic(backend.account_id, name, backend.region_name))
    if there is not None:
        different = [key for key in attributes or {} if _has(there, key) != (attributes or {})[key]]
        if different or (tags and dict(tags) != dict(there._tags or {})):
            what = "attributes" if different else "tags"
            reason = f"Topic already exists with different {what}"
            raise SNSInvalidParameter(f"Invalid parameter: {what.capitalize()} Reason: {reason}")
    topic: Topic = original(backend, name, attributes, tags)
    return topic


def _has(topic: Any, attribute: str) -> Any:
    return getattr(topic, camelcase_to_underscores(attribute), None)


@around(SNSBackend, "list_subscriptions")
def list_subscriptions(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> Any:
    found, token = original(backend, *args, **kwargs)
    return [_shown(one) for one in found], token


@around(SNSBackend, "list_subscriptions_by_topic")
def list_subscriptions_by_topic(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> Any:
    found, token = original(backend, *args, **kwargs)
    return [_shown(one) for one in found], token


def _shown(subscription: Any) -> Any:
    if subscription.protocol not in BY_MAIL:
        return subscription
    waiting = copy.copy(subscription)
    waiting.arn = "PendingConfirmation"
    return waiting
