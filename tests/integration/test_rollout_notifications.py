# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notifications about real rollouts: a webhook, an SNS topic with a queue behind it, and mail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rig.rollouts import RolloutRig
from support.http_server import HttpServer, answer

WEBHOOK = "/services/T000/B000/s3cret-of-the-webhook"


def use_webhook(rig: RolloutRig, web: HttpServer, **notify: Any) -> None:
    rig.account.client("secretsmanager").create_secret(Name="ops/slack", SecretString=f"{web.url}{WEBHOOK}")
    rig.document = {"secrets": {"chat": {"existing": "ops/slack"}}}
    rig.rollout = {"notify": {"slack": {"secret": "chat"}, **notify}}


def texts(web: HttpServer) -> list[list[str]]:
    return [json.loads(one.body)["text"].splitlines() for one in web.asked]


def test_a_rollout_is_reported_at_its_start_and_its_end(rig: RolloutRig, web: HttpServer) -> None:
    use_webhook(rig, web)
    deploy = rig.deploy("-vvv", "-e", "awx_user_name=alice")
    assert deploy.code == 0, deploy.output
    started, finished = texts(web)
    assert started[:4] == [
        "shop: deploy started",
        "Services: web v2 (c0ffee2)",
        "Hosts: 2",
        "Started by: alice",
    ]
    assert finished[0] == "shop: deploy finished"
    assert finished[-1] == f"Rollout: {rig.read_ledger().id}"
    stored = rig.account.client("ssm").get_parameters_by_path(Path="/groundwork/shop", Recursive=True)["Parameters"]
    assert "s3cret-of-the-webhook" not in deploy.output + json.dumps(stored, default=str)


def test_a_rollout_that_was_rolled_back_is_reported_with_its_reasons_when_the_lock_is_free(
    rig: RolloutRig, web: HttpServer
) -> None:
    locks: list[list[str]] = []

    def note_locks(connection: Any, asked: Any) -> None:
        locks.append(rig.locks)
        answer(200)(connection, asked)

    web.script(note_locks)
    use_webhook(rig, web, **{"on": ["rolled_back", "failed"]})
    rig.variables = {"rig_broken": ["web-1"]}
    deploy = rig.deploy()
    assert deploy.code != 0
    (told,) = texts(web)
    assert told[0] == "shop: deploy was rolled back"
    assert "- web-1: the release does not start" in told
    assert locks == [[]]


@pytest.mark.long
def test_a_rollout_that_could_not_begin_is_reported(rig: RolloutRig, web: HttpServer) -> None:
    use_webhook(rig, web, **{"on": ["failed"]})
    rig.rollout["gates"] = {"site": {"path": "/"}}
    deploy = rig.deploy()
    assert deploy.code != 0
    (told,) = texts(web)
    assert told[0] == "shop: deploy failed"
    assert "- gate site: the stack has no URL yet at which / could be asked" in told


@pytest.mark.long
def test_a_webhook_that_fails_is_a_warning_and_not_a_failed_rollout(rig: RolloutRig, web: HttpServer) -> None:
    web.script(answer(404))
    use_webhook(rig, web)
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    assert "The notification through slack was not sent: the webhook of the secret chat answers with status 404" in (
        deploy.said
    )
    assert rig.read_ledger().status.value == "finished"


@pytest.mark.long
def test_check_mode_and_a_rollout_without_moves_are_not_reported(rig: RolloutRig, web: HttpServer) -> None:
    rig.rollout = {"notify": {"slack": {"variable": "SLACK_URL"}}}
    check = rig.deploy("--check", SLACK_URL=f"{web.url}{WEBHOOK}")
    assert check.code == 0, check.output
    assert web.asked == []
    told = rig.deploy(SLACK_URL=f"{web.url}{WEBHOOK}")
    assert told.code == 0, told.output
    assert len(web.asked) == 2
    assert "s3cret-of-the-webhook" not in told.output


@pytest.mark.long
def test_a_topic_and_a_mail_address_are_told(rig: RolloutRig) -> None:
    sns, sqs, ses = (rig.account.client(name) for name in ("sns", "sqs", "ses"))
    topic = sns.create_topic(Name="releases")["TopicArn"]
    queue = sqs.create_queue(QueueName="releases")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    ses.verify_email_identity(EmailAddress="deploy@example.org")
    mail = {"from": "deploy@example.org", "to": ["ops@example.org"]}
    rig.rollout = {"notify": {"on": ["finished"], "sns": topic, "email": mail}}
    deploy = rig.deploy()
    assert deploy.code == 0, deploy.output
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"] == "shop: deploy finished"
    assert "Services: web v2 (c0ffee2)" in told["Message"]
    assert float(ses.get_send_quota()["SentLast24Hours"]) == 1
    # An identity that is not verified is a warning.
    rig.rollout["notify"]["email"] = {**mail, "from": "nobody@example.org"}
    refused = rig.deploy()
    assert refused.code == 0, refused.output
    assert "The notification through email was not sent" in refused.said
