# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the notifications about rollouts: a chat, an SNS topic, and mail."""

from __future__ import annotations

from .containers import ListOf
from .gates import SECRET_NAME
from .kinds import Choice
from .record import Field, Record
from .shared import MAIL_ADDRESS, TOPIC, VARIABLE

EVENTS = ("started", "finished", "rolled_back", "failed")

SLACK = Record(
    one_of=(("secret", "variable"),),
    fields={
        "secret": Field(SECRET_NAME, "Secret of the document with the URL of the webhook."),
        "variable": Field(VARIABLE, "Environment variable of the controller with the URL of the webhook."),
    },
)
EMAIL = Record(
    fields={
        "from": Field(
            MAIL_ADDRESS, "Sender: an identity that is verified in SES, in the region of the stack.", required=True
        ),
        "to": Field(ListOf(MAIL_ADDRESS, least=1), "Recipients.", required=True),
    }
)
NOTIFY = Record(
    fields={
        "on": Field(
            ListOf(Choice(*EVENTS, suggests=True), least=1),
            "What is reported. `failed` is a rollout that did not begin, or whose hosts could not all be returned.",
            default=list(EVENTS),
        ),
        "slack": Field(SLACK, "Webhook of Slack, or of a chat that takes the same messages."),
        "sns": Field(TOPIC, "ARN of an SNS topic of yours, in the region of the stack."),
        "email": Field(EMAIL, "Mail through SES."),
    }
)
