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
# What AWS asks for beside the operation that is called.
BESIDE = {
    "cloudwatch:TagResource",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "rds:CreateDBSnapshot",
}


def policies() -> list[dict[str, Any]]:
    text = (CHECKOUT / "docs" / "permissions.md").read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


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


def called() -> set[str]:
    tables = {service: operations(service) for service in SERVICES}
    return {
        tables[service][word]
        for path, found in words().items()
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


@pytest.mark.parametrize("action", CALLED)
def test_what_is_called_is_allowed(action: str) -> None:
    look, provision, deploy = ([*allowed(policy)] for policy in policies())
    reads = action.split(":")[1].startswith(("Describe", "Get", "List"))
    patterns = deploy if action in SECRET else look if reads else [*look, *provision]
    assert any(fnmatchcase(action, pattern) for pattern in patterns)


def test_what_is_allowed_is_called() -> None:
    patterns = {pattern for policy in policies() for pattern in allowed(policy)} - BESIDE
    # Made of a name and a side, a kind or an operation, and so in no file as they are.
    made = (
        "ec2:AuthorizeSecurityGroup",
        "ec2:RevokeSecurityGroup",
        "ec2:UpdateSecurityGroupRule",
        "iam:Tag",
        "iam:Untag",
    )
    plain = {pattern for pattern in patterns if not pattern.startswith(made)}
    assert {pattern for pattern in plain if not any(fnmatchcase(action, pattern) for action in CALLED)} == set()


def test_whoever_provisions_reads_no_secret() -> None:
    actions = [action for policy in policies()[:2] for action in allowed(policy)]
    assert not [action for action in actions if any(fnmatchcase(one, action) for one in SECRET)]
