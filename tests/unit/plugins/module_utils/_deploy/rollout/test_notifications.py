# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notifications: their text, what is sent to whom, and that no message has the URL of a webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.http_server import HttpServer, answer, hang_up, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout import notifications as module
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.notifications import (
    Event,
    Sender,
    describe_event,
    format_slack,
    list_services,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope

EVENT = Event(
    kind="rolled_back",
    stack="shop",
    action="deploy",
    rollout="20261130T093000Z-3f",
    who="alice@laptop",
    services=("api v5 (0f1e2d3c4b5a)", "web v7"),
    hosts=3,
    reasons=("page: status 500",),
    seconds=93.6,
)
PATH = "/services/T000/B000/s3cret"


class TestText:
    def test_a_rollout_that_was_rolled_back(self) -> None:
        message = describe_event(EVENT)
        assert message.subject == "shop: deploy was rolled back"
        assert message.text.splitlines() == [
            "shop: deploy was rolled back",
            "Services: api v5 (0f1e2d3c4b5a), web v7",
            "Hosts: 3",
            "Started by: alice@laptop",
            "Verdict: rolled back, every host that was moved serves the release that it had before",
            "- page: status 500",
            "Duration: 94 s",
            "Rollout: 20261130T093000Z-3f",
        ]

    def test_a_start_has_no_verdict_and_no_duration(self) -> None:
        text = describe_event(replace(EVENT, kind="started", reasons=())).text
        assert text.splitlines()[0] == "shop: deploy started"
        assert "Verdict" not in text
        assert "Duration" not in text

    @pytest.mark.parametrize(
        ("kind", "verdict"),
        [("finished", "finished, all hosts serve the new release"), ("failed", "failed, see playbooks/status.yml")],
    )
    def test_other_ends(self, kind: str, verdict: str) -> None:
        assert f"Verdict: {verdict}" in describe_event(replace(EVENT, kind=kind)).text

    def test_a_rollout_that_could_not_begin_has_no_services(self) -> None:
        text = describe_event(replace(EVENT, kind="failed", services=(), hosts=0, rollout="")).text
        assert not {"Services", "Hosts", "Rollout"} & {line.partition(":")[0] for line in text.splitlines()}

    def test_long_and_many_reasons_are_cut_and_stay_on_their_lines(self) -> None:
        reasons = ("x" * 1000, "a\nb\x1b[2J", *(f"reason {number}" for number in range(8)))
        lines = describe_event(replace(EVENT, reasons=reasons)).text.splitlines()
        listed = [line for line in lines if line.startswith("- ")]
        assert len(listed[0]) == 302
        assert listed[1] == "- a b [2J"
        assert listed[-1] == "- and 5 more"

    def test_services_are_listed_once_with_their_commits(self) -> None:
        one = {"service": "api", "version": "v5", "commit": "0f1e2d3c" * 5, "moving": True}
        moves = [one, {**one}, {**one, "service": "web", "commit": ""}, {**one, "service": "jobs", "moving": False}]
        assert list_services(moves) == ("api v5 (0f1e2d3c0f1e)", "web v5")

    def test_control_characters_of_slack_are_escaped(self) -> None:
        message = describe_event(replace(EVENT, services=("api <!channel> & co",)))
        assert "api &lt;!channel&gt; &amp; co" in json.loads(format_slack(message))["text"]


class Clients:
    """SNS and SES, and what they got; an error is raised by every call."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error = error

    def __call__(self, _service: str) -> Any:
        return self

    def publish(self, **arguments: Any) -> None:
        self._record("publish", arguments)

    def send_email(self, **arguments: Any) -> None:
        self._record("send_email", arguments)

    def _record(self, name: str, arguments: dict[str, Any]) -> None:
        if self.error:
            raise self.error
        self.calls.append((name, arguments))


@pytest.fixture
def web() -> Iterator[HttpServer]:
    with serve_http() as started:
        yield started


def send(notify: dict[str, Any], clients: Clients | None = None, event: Event = EVENT) -> tuple[list[str], list[str]]:
    warnings: list[str] = []
    everything: Any = clients or Clients()
    return Sender(everything, Scope("shop", "eu-central-1"), warnings).send(notify, event), warnings


class TestSlack:
    @pytest.fixture(autouse=True)
    def webhook(self, web: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = f"{web.url}{PATH}"
        monkeypatch.setattr(module, "read_secrets", lambda *_asked: {"url": f"{self.url}\n"})
        monkeypatch.setenv("SLACK_URL", self.url)

    def send(self, **slack: Any) -> tuple[list[str], list[str]]:
        return send({"slack": slack or {"secret": {"name": "chat", "existing": "ops/slack", "key": None}}})

    def test_the_webhook_of_a_secret_gets_the_text(self, web: HttpServer) -> None:
        assert self.send() == (["slack"], [])
        (asked,) = web.asked
        assert (asked.method, asked.target, asked.headers["content-type"]) == ("POST", PATH, "application/json")
        assert json.loads(asked.body) == {"text": describe_event(EVENT).text}

    def test_the_webhook_may_be_in_a_variable(self, web: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.send(variable="SLACK_URL") == (["slack"], [])
        monkeypatch.delenv("SLACK_URL")
        sent, (warning,) = self.send(variable="SLACK_URL")
        assert sent == []
        assert "the environment variable SLACK_URL is not set for ansible-playbook" in warning

    def test_a_webhook_that_refuses_or_does_not_answer_is_a_warning_without_its_url(self, web: HttpServer) -> None:
        web.script(answer(404, b"no_team s3cret"), hang_up)
        for reason in ("the webhook of the secret chat answers with status 404", "does not answer: the server closed"):
            sent, (warning,) = self.send()
            assert sent == []
            assert reason in warning
            assert "s3cret" not in warning

    @pytest.mark.parametrize(
        "url", ["s3cret", "ftp://s3cret/", "https://user:s3cret@example.org/", "http://a b/s3cret"]
    )
    def test_a_secret_that_is_no_url_is_not_shown(self, url: str) -> None:
        self.url = url
        sent, (warning,) = self.send()
        assert (sent, "s3cret" in warning) == ([], False)
        assert "the secret chat holds no http or https URL" in warning


class TestAws:
    SNS = "arn:aws:sns:eu-central-1:123456789012:releases"
    NOTIFY = {"sns": SNS, "email": {"from": "deploy@example.org", "to": ["ops@example.org"]}}  # noqa: RUF012

    def test_a_topic_and_mail_addresses_get_the_text(self) -> None:
        clients = Clients()
        assert send(self.NOTIFY, clients) == (["sns", "email"], [])
        (_publish, topic), (_send, mail) = clients.calls
        text = describe_event(EVENT).text
        assert topic == {"TopicArn": self.SNS, "Subject": "shop: deploy was rolled back", "Message": text}
        assert (mail["Source"], mail["Destination"]) == ("deploy@example.org", {"ToAddresses": ["ops@example.org"]})
        assert mail["Message"]["Body"]["Text"]["Data"] == text

    def test_what_fails_is_a_warning_and_the_others_are_sent(self, web: HttpServer, monkeypatch: Any) -> None:
        monkeypatch.setenv("SLACK_URL", web.url)
        denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Publish")
        sent, warnings = send({**self.NOTIFY, "slack": {"variable": "SLACK_URL"}}, Clients(denied))
        assert sent == ["slack"]
        assert [warning.split(" was")[0] for warning in warnings] == [
            "The notification through sns",
            "The notification through email",
        ]

    def test_nobody_is_told_where_none_is_named(self) -> None:
        assert send({"slack": None, "sns": None, "email": None}) == ([], [])

    def test_a_secret_that_cannot_be_read_is_a_warning(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_asked: Any) -> dict[str, str]:
            raise StackError("ops/slack cannot be read")

        monkeypatch.setattr(module, "read_secrets", refuse)
        sent, (warning,) = send({"slack": {"secret": {"name": "chat", "existing": "ops/slack", "key": None}}})
        assert sent == []
        assert "ops/slack cannot be read" in warning
