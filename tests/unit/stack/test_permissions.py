# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policies of the manual, held against every operation that is named in the code that asks AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.ssh import session_command

CHECKOUT = Path(__file__).parents[3]
# The prefix of the actions of each service that has one of its own.
SERVICES = {
    "acm": "acm",
    "cloudwatch": "cloudwatch",
    "ec2": "ec2",
    "elasticache": "elasticache",
    "elbv2": "elasticloadbalancing",
    "iam": "iam",
    "logs": "logs",
    "rds": "rds",
    "route53": "route53",
    "secretsmanager": "secretsmanager",
    "resourcegroupstaggingapi": "tag",
    "sns": "sns",
    "ssm": "ssm",
    "sts": "sts",
}
SOURCES = (
    "module_utils/_stack",
    "module_utils/_rollout",
    "module_utils/_aws",
    "module_utils/_database",
    "module_utils/_recovery",
    "module_utils/_service",
    "plugin_utils/_inventory",
)
# What AWS asks for in addition to the operation that is called.
IMPLIED = {
    "cloudwatch:TagResource",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "rds:CreateDBSnapshot",
}
# What only other modules than `stack` call; tests/integration/test_permissions.py compares these by their calls.
RECOVERY = "module_utils/_recovery"


def policies() -> dict[str, dict[str, Any]]:
    """The policies of the page by the headings above them."""
    text = (CHECKOUT / "docs" / "permissions.md").read_text(encoding="utf-8")
    found = re.findall(r"^## (.*?)\n\n```json\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    return {heading: json.loads(block) for heading, block in found}


def allowed(policy: dict[str, Any]) -> Iterator[str]:
    for statement in policy["Statement"]:
        yield from [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def operations(service: str) -> dict[str, str]:
    """The actions of a service by the name of the method that botocore has for each."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): f"{SERVICES[service]}:{name}" for name in model.operation_names}


def words() -> dict[Path, set[str]]:
    files = (path for source in SOURCES for path in (CHECKOUT / "plugins" / source).rglob("*.py"))
    word = r"[a-z]+(?:_[a-z]+)+|(?<=client\.)[a-z]+"
    return {path: set(re.findall(word, path.read_text(encoding="utf-8"))) for path in files}


def services_of(path: Path) -> tuple[str, ...]:
    """The services whose operations a file names: two have operations of the same name."""
    text = path.read_text(encoding="utf-8")
    if "secretsmanager" in text:
        return ("secretsmanager",)
    if re.search(r"\brds\b", text) or path.name == "rds.py":
        return ("rds",)
    if "elbv2" in text or path.name == "elbv2.py":
        return ("elbv2", "resourcegroupstaggingapi")
    if "elasticache" in text or path.name == "elasticache.py":
        return ("elasticache",)
    if path.name == "named.py":
        return ("sts",)
    if "route53" in text or path.name == "route53.py":
        return ("route53",)
    told = re.search('service="(acm|cloudwatch|logs|sns)"', text)
    if told:
        return (told[1],)
    return ("iam",) if "iam." in text or path.name == "iam.py" else ("ec2", "ssm")


def called(*, recovery: bool = True) -> set[str]:
    tables = {service: operations(service) for service in SERVICES}
    return {
        tables[service][word]
        for path, found in words().items()
        if recovery or RECOVERY not in path.as_posix()
        for service in services_of(path)
        for word in found & tables[service].keys()
    }


CALLED = sorted(called())
# What hands out the values of secrets.
SECRET = (
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetRandomPassword",
)
# The role that is assumed is named by the person who wants it.
OF_THE_PERSON = {"sts:AssumeRole"}


def is_read(action: str) -> bool:
    return action.split(":")[1].startswith(("Describe", "Get", "List")) and action not in SECRET


@pytest.mark.parametrize("action", [action for action in CALLED if is_read(action)])
def test_what_is_read_is_allowed_to_those_who_look(action: str) -> None:
    assert any(fnmatchcase(action, pattern) for pattern in allowed(policies()["To look"]))


@pytest.mark.parametrize("action", [one for one in sorted(called(recovery=False) - OF_THE_PERSON) if not is_read(one)])
def test_what_is_changed_is_allowed_to_those_who_provision(action: str) -> None:
    heading = "To deploy" if action in SECRET else "To provision"
    assert any(fnmatchcase(action, pattern) for pattern in allowed(policies()[heading]))


def test_what_is_allowed_to_look_and_to_provision_is_called() -> None:
    patterns = {pattern for name in ("To look", "To provision") for pattern in allowed(policies()[name])} - IMPLIED
    # Made of a name and a side, a kind or an operation, and so in no file as they are.
    made = (
        "ec2:AuthorizeSecurityGroup",
        "ec2:RevokeSecurityGroup",
        "ec2:UpdateSecurityGroupRule",
        "iam:Tag",
        "iam:Untag",
    )
    plain = {pattern for pattern in patterns if not pattern.startswith(made)}
    known = [action for action in CALLED if is_read(action)] + [*called(recovery=False)]
    assert {pattern for pattern in plain if not any(fnmatchcase(action, pattern) for action in known)} == set()


def test_those_who_look_change_nothing() -> None:
    assert not [action for action in allowed(policies()["To look"]) if not is_read(action)]


def test_only_those_who_deploy_read_secrets() -> None:
    for heading, policy in policies().items():
        reads = [action for action in allowed(policy) if any(fnmatchcase(one, action) for one in SECRET)]
        assert bool(reads) is (heading == "To deploy"), heading


def test_sessions_are_for_instances_of_stacks_and_for_ssh_alone() -> None:
    statements = policies()["To reach hosts through Systems Manager"]["Statement"]
    starting = [one for one in statements if one["Action"] == "ssm:StartSession"]
    assert [one["Resource"].rpartition(":")[2] for one in starting] == ["instance/*", "document/AWS-StartSSHSession"]
    assert starting[0]["Condition"]["StringLike"] == {"ssm:resourceTag/groundwork:stack": "*"}
    assert not [one for one in statements if one["Resource"] == "*"]
    assert "AWS-StartSSHSession" in session_command({"id": "i-1", "region": "us-east-1"}, Connection())
