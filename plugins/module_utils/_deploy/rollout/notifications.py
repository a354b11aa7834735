# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notifications about rollouts. `describe_event` makes the text and is pure; `Sender` sends it.

A notification that cannot be sent is a warning: it never decides about a rollout. The URL of a webhook is a secret, so
no message has it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._aws.client import Clients
from ..._aws.errors import StackError, describe_error
from ..._aws.sdk import FAILURES
from ..._engine.scope import Scope
from ..._host.http_client import HttpClient, NoResponseError, Request, RequestError
from .gates import read_secrets
from .ledger import shorten
from .moves import RELEASE_ACTIONS

TITLES = {"started": "started", "finished": "finished", "rolled_back": "was rolled back", "failed": "failed"}
VERDICTS = {
    "finished": "all hosts serve the new release",
    "rolled_back": "every host that was moved serves the release that it had before",
    "failed": "see playbooks/status.yml for what each host serves",
}
# Of a rollout that stops hosts and starts them again (`patch`).
HOST_VERDICTS = {**VERDICTS, "finished": "all hosts serve again"}
MOST_REASONS = 5
# Characters of a reason, as in the ledger.
LONGEST_REASON = 300
# SNS API reference, Publish, Subject: ASCII text on one line, below 100 characters.
LONGEST_SUBJECT = 99
SHORT_COMMIT = 12
REQUEST_TIMEOUT = 10.0


@dataclass(frozen=True)
class Event:
    """What happened to a rollout. ``services`` are texts like ``api v5 (0f1e2d3c4b5a)``."""

    kind: str
    stack: str
    action: str
    rollout: str
    who: str
    services: tuple[str, ...] = ()
    hosts: int = 0
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Message:
    """A notification: its subject, on one line, and its text."""

    subject: str
    text: str


def list_services(moves: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The services that move, each with its version and commit."""
    texts = []
    for move in moves:
        if move["moving"]:
            commit = f" ({move['commit'][:SHORT_COMMIT]})" if move["commit"] else ""
            texts.append(shorten(f"{move['service']} {move['version']}{commit}", LONGEST_REASON))
    return tuple(dict.fromkeys(texts))


def describe_event(event: Event) -> Message:
    """The text of a notification."""
    subject = f"{event.stack}: {event.action} {TITLES[event.kind]}"
    lines = [subject]
    if event.services:
        lines.append(f"Services: {', '.join(event.services)}")
    if event.hosts:
        lines.append(f"Hosts: {event.hosts}")
    lines.append(f"Started by: {shorten(event.who)}")
    if event.kind in VERDICTS:
        verdicts = VERDICTS if event.action in RELEASE_ACTIONS else HOST_VERDICTS
        lines.append(f"Verdict: {event.kind.replace('_', ' ')}, {verdicts[event.kind]}")
        lines += [f"- {shorten(reason, LONGEST_REASON)}" for reason in event.reasons[:MOST_REASONS]]
        if len(event.reasons) > MOST_REASONS:
            lines.append(f"- and {len(event.reasons) - MOST_REASONS} more")
        lines.append(f"Duration: {max(event.seconds, 0):.0f} s")
    if event.rollout:
        lines.append(f"Rollout: {event.rollout}")
    return Message(shorten(subject, LONGEST_SUBJECT), "\n".join(lines))


def format_slack(message: Message) -> bytes:
    """The body for a webhook of Slack, whose three control characters are escaped ("Formatting text" of its manual)."""
    text = message.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": text}).encode("ascii")


@dataclass
class Sender:
    """Sends a notification to all recipients of a document, and adds what failed to ``warnings``."""

    clients: Clients
    scope: Scope
    warnings: list[str]

    def send(self, notify: Mapping[str, Any], event: Event) -> list[str]:
        """Send to all recipients, and return those that got it."""
        message = describe_event(event)
        senders: Mapping[str, Callable[[Any, Message], None]] = {
            "slack": self._send_to_slack,
            "sns": self._publish,
            "email": self._send_mail,
        }
        sent = []
        for name, send in senders.items():
            if notify.get(name):
                try:
                    send(notify[name], message)
                    sent.append(name)
                except (StackError, *FAILURES) as error:
                    reason = describe_error(error)
                    self.warnings.append(f"The notification through {name} was not sent: {reason}")
        return sent

    def _send_to_slack(self, slack: Mapping[str, Any], message: Message) -> None:
        url, source = self._find_webhook(slack)
        request = Request(
            url=url,
            method="POST",
            headers={"Content-Type": "application/json"},
            body=format_slack(message),
            timeout=REQUEST_TIMEOUT,
        )
        try:
            response = HttpClient().send(request)
        except NoResponseError as error:
            raise StackError(f"the webhook of {source} does not answer: {error.why}") from None
        except RequestError:
            # Its message has the URL.
            raise StackError(f"{source} holds no http or https URL") from None
        if not 200 <= response.status < 300:
            raise StackError(f"the webhook of {source} answers with status {response.status}")

    def _find_webhook(self, slack: Mapping[str, Any]) -> tuple[str, str]:
        """The URL of a webhook, and where it is from."""
        variable = slack.get("variable")
        if variable:
            url = os.environ.get(variable, "").strip()
            if not url:
                raise StackError(f"the environment variable {variable} is not set for ansible-playbook")
            return url, f"the environment variable {variable}"
        secret = slack["secret"]
        found = read_secrets(self.clients, self.scope, [{"variable": "url", **secret}])
        return found["url"].strip(), f"the secret {secret['name']}"

    def _publish(self, topic: str, message: Message) -> None:
        subject = message.subject.encode("ascii", "replace").decode("ascii")
        self.clients("sns").publish(TopicArn=topic, Subject=subject, Message=message.text)

    def _send_mail(self, email: Mapping[str, Any], message: Message) -> None:
        self.clients("ses").send_email(
            Source=email["from"],
            Destination={"ToAddresses": list(email["to"])},
            Message={"Subject": _as_content(message.subject), "Body": {"Text": _as_content(message.text)}},
        )


def _as_content(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
