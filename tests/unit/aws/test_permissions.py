# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said of a call that is denied, held against the policies of the manual."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws import errors, permissions

PAGE = Path(__file__).parents[3] / "docs" / "permissions.md"


def allowed() -> Iterator[tuple[str, str, str]]:
    """Action, heading and Sid of all statements of the page."""
    text = PAGE.read_text(encoding="utf-8")
    for heading, block in re.findall(r"^## (.+?)\n.*?```json\n(.*?)```", text, re.DOTALL | re.MULTILINE):
        for statement in json.loads(block)["Statement"]:
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            for action in actions:
                yield action.replace("*", "Any"), heading, statement["Sid"]


@pytest.mark.parametrize("action", sorted({action for action, _heading, _sid in allowed()}))
def test_the_statement_of_every_action_is_known(action: str) -> None:
    found = permissions.statement(action)
    assert found is not None
    policy, named = found
    statements = {(heading, sid) for one, heading, sid in allowed() if one == action}
    assert {(policy, sid) for sid in re.split(r", | or ", named)} & statements, statements


def denied(service: str, operation: str, message: str, code: str = "AccessDenied") -> str:
    error = ClientError({"Error": {"Code": code, "Message": message}}, operation)
    return errors.tell(errors.denied(error, service))


USER = "User: arn:aws:iam::1:user/x is not authorized to perform: "
SAID = [
    (
        denied("ssm", "PutParameter", "no", "AccessDeniedException"),
        'ssm:PutParameter: statement Lock of the policy "To provision" in docs/permissions.md',
    ),
    (
        denied("elbv2", "DescribeTags", "no"),
        'elasticloadbalancing:DescribeTags: statement Look of the policy "To look"',
    ),
    (
        denied("ec2", "RunInstances", f"{USER}iam:PassRole on resource: arn:aws:iam::1:role/y because"),
        "iam:PassRole on arn:aws:iam::1:role/y: statement HandRolesToInstances",
    ),
    (
        denied("rds", "CreateDBInstance", f"{USER}secretsmanager:CreateSecret", "AccessDenied"),
        "secretsmanager:CreateSecret: statement NewSecrets",
    ),
    (denied("sns", "CreateTopic", "no", "AuthorizationError"), "sns:CreateTopic: statement LogsAndTopics"),
    (denied("s3", "GetObject", "no"), "Allow the credentials s3:GetObject (docs/permissions.md)"),
]


@pytest.mark.parametrize(("text", "advice"), SAID)
def test_a_denied_call_names_action_resource_and_statement(text: str, advice: str) -> None:
    assert advice in text


def test_other_errors_give_no_such_advice() -> None:
    error: Any = ClientError({"Error": {"Code": "VpcLimitExceeded", "Message": "full"}}, "CreateVpc")
    assert errors.tell(error) == "CreateVpc: VpcLimitExceeded: full"


def test_nothing_was_changed_is_said_once_and_of_what() -> None:
    told = pytest.raises(errors.StackError, match=r"^the lock: a\. Nothing was changed\.$")
    with told, errors.explaining(), errors.explaining("the lock"):
        raise errors.StackError("a.")


@pytest.mark.parametrize(
    "policy",
    ["a service control policy", "a resource control policy", "an identity-based policy", "a permissions boundary"],
)
def test_an_explicit_deny_is_not_answered_with_a_statement_that_allows(policy: str) -> None:
    said = (
        f"User: u is not authorized to perform: ec2:RunInstances on resource: arn:x with an explicit deny in {policy}"
    )
    answer = {"Error": {"Code": "UnauthorizedOperation", "Message": said}}
    text = errors.tell(errors.denied(ClientError(answer, "RunInstances"), "ec2"))
    assert f"have its owner change {policy}, or use credentials" in text
    assert "ec2:RunInstances on arn:x" in text
    assert "Allow the credentials" not in text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredToken", "The security token included in the request is expired"),
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("RequestExpired", "Request has expired."),
        ("AuthFailure", "AWS was not able to validate the provided access credentials"),
        ("InvalidClientTokenId", "The security token included in the request is invalid."),
    ],
)
def test_credentials_that_aws_does_not_take_are_to_be_renewed(code: str, message: str) -> None:
    text = errors.tell(ClientError({"Error": {"Code": code, "Message": message}}, "DescribeVpcs"))
    assert "enew the credentials" in text


def test_an_address_of_another_account_is_no_matter_of_credentials() -> None:
    answer = {
        "Error": {"Code": "AuthFailure", "Message": "You do not have permission to access the specified resource."}
    }
    assert "credentials" not in errors.tell(ClientError(answer, "ReleaseAddress"))
