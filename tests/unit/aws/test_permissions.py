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
