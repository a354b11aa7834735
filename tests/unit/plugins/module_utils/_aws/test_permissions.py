# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said of a call that is denied, held against the policies of the manual."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.policies import all_statements, as_list

from ansible_collections.groundwork.aws.plugins.module_utils._aws import errors, permissions


def allowed() -> Iterator[tuple[str, str, str]]:
    """Action, heading and Sid of all statements of the page."""
    for heading, statement in all_statements():
        for action in as_list(statement["Action"]):
            yield action.replace("*", "Any"), heading, statement["Sid"]


@pytest.mark.parametrize("action", sorted({action for action, _heading, _sid in allowed()}))
def test_the_statement_of_every_action_is_known(action: str) -> None:
    found = permissions.find_statement(action)
    assert found is not None
    policy, named = found
    statements = {(heading, sid) for one, heading, sid in allowed() if one == action}
    assert {(policy, sid) for sid in re.split(r", | or ", named)} & statements, statements


@pytest.mark.parametrize(("action", "heading", "sid"), sorted(allowed()))
def test_the_statement_of_the_policy_of_the_task_is_preferred(action: str, heading: str, sid: str) -> None:
    found = permissions.find_statement(action, heading)
    assert found is not None
    assert found[0] == heading
    assert sid in re.split(r", | or ", found[1])


def test_every_statement_that_is_named_is_on_the_page_and_allows_the_action() -> None:
    page = list(allowed())
    for pattern, policy, named in permissions.STATEMENTS:
        for sid in re.split(r", | or ", named):
            assert any(
                pattern.fullmatch(action) and (heading, one) == (policy, sid) for action, heading, one in page
            ), f"{pattern.pattern}: {sid} of {policy}"


@pytest.mark.parametrize(
    ("action", "task", "expected"),
    [
        ("rds:DescribeDBInstances", permissions.RESTORE, permissions.LOOK),
        ("secretsmanager:GetSecretValue", permissions.DEPLOY, permissions.DEPLOY),
        ("secretsmanager:GetSecretValue", "", permissions.PROVISION),
        ("ec2:RunInstances", permissions.BACK_UP, permissions.PROVISION),
    ],
)
def test_an_action_that_the_policy_of_the_task_does_not_have_gets_another(
    action: str, task: str, expected: str
) -> None:
    found = permissions.find_statement(action, task)
    assert found is not None
    assert found[0] == expected


def test_a_denied_call_names_the_policy_of_the_task() -> None:
    answer = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    error = errors.with_denied_action(ClientError(answer, "CreateDBSnapshot"), "rds", permissions.BACK_UP)
    assert 'statement Databases or Snapshots of the policy "To back up"' in errors.describe_error(error)


def denied(service: str, operation: str, message: str, code: str = "AccessDenied") -> str:
    error = ClientError({"Error": {"Code": code, "Message": message}}, operation)
    return errors.describe_error(errors.with_denied_action(error, service))


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
        "secretsmanager:CreateSecret: statement NewSecrets or SecretsOfMasterUsers",
    ),
    (denied("ssm", "GetParameters", "no"), 'ssm:GetParameters: statement Parameters of the policy "To look"'),
    (
        denied("ec2", "CreateTags", f"{USER}ec2:CreateTags on resource: arn:aws:ec2:eu-west-1:1:vpc/vpc-1 because"),
        'TagsOfNewInEc2 or Instances of the policy "To provision" in docs/permissions.md; for an object that the stack '
        'adopts, the policy "To adopt"',
    ),
    (denied("sns", "CreateTopic", "no", "AuthorizationError"), "sns:CreateTopic: statement LogsAndTopics"),
    (denied("s3", "GetObject", "no"), "Allow the credentials s3:GetObject (docs/permissions.md)"),
]


@pytest.mark.parametrize(("text", "advice"), SAID)
def test_a_denied_call_names_action_resource_and_statement(text: str, advice: str) -> None:
    assert advice in text


def test_other_errors_have_no_advice() -> None:
    error: Any = ClientError({"Error": {"Code": "VpcLimitExceeded", "Message": "full"}}, "CreateVpc")
    assert errors.describe_error(error) == "CreateVpc: VpcLimitExceeded: full"


def test_nothing_was_changed_is_added_once_with_the_subject() -> None:
    expectation = pytest.raises(errors.StackError, match=r"^the lock: a\. Nothing was changed\.$")
    with expectation, errors.error_context(), errors.error_context("the lock"):
        raise errors.StackError("a.")


@pytest.mark.parametrize(
    "policy",
    ["a service control policy", "a resource control policy", "an identity-based policy", "a permissions boundary"],
)
def test_an_explicit_deny_gets_its_own_advice(policy: str) -> None:
    said = (
        f"User: u is not authorized to perform: ec2:RunInstances on resource: arn:x with an explicit deny in {policy}"
    )
    answer = {"Error": {"Code": "UnauthorizedOperation", "Message": said}}
    text = errors.describe_error(errors.with_denied_action(ClientError(answer, "RunInstances"), "ec2"))
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
def test_rejected_credentials_get_the_advice_to_renew_them(code: str, message: str) -> None:
    text = errors.describe_error(ClientError({"Error": {"Code": code, "Message": message}}, "DescribeVpcs"))
    assert "enew the credentials" in text


def test_an_address_of_another_account_is_not_a_credentials_error() -> None:
    answer = {
        "Error": {"Code": "AuthFailure", "Message": "You do not have permission to access the specified resource."}
    }
    assert "credentials" not in errors.describe_error(ClientError(answer, "ReleaseAddress"))


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded", "SlowDown"])
def test_lasting_throttling_gets_the_advice_to_run_again_later(code: str) -> None:
    text = errors.describe_error(ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, "DescribeVpcs"))
    assert text == f"DescribeVpcs: {code}: Rate exceeded. AWS throttles this account: run again later"
