# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policies of the manual, held against every operation that is named in the code that asks AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from support.policies import actions_of, read_page, statements_of

from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.module_utils._topology.cache_names import token_secret
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.ssh import build_session_command

CHECKOUT = Path(__file__).parents[3]
PLUGINS = CHECKOUT / "plugins"
TYPES = PLUGINS / "module_utils" / "_resources"
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
    "ses": "ses",
    "resourcegroupstaggingapi": "tag",
    "sns": "sns",
    "ssm": "ssm",
    "sts": "sts",
}
# The services whose operations are called in a folder or file below plugins; the first path that fits counts.
CALLED_IN: Mapping[str, tuple[str, ...]] = {
    **{f"module_utils/_resources/{path.name}": (path.name,) for path in TYPES.iterdir() if path.is_dir()},
    "module_utils/_resources/ec2": ("ec2", "ssm"),
    "module_utils/_resources/elasticache": ("elasticache", "secretsmanager"),
    "module_utils/_resources/lookup.py": ("secretsmanager",),
    "module_utils/_resources/named.py": ("sts",),
    "module_utils/_engine": ("resourcegroupstaggingapi",),
    "module_utils/_deploy/rollout/cloudwatch_query.py": ("cloudwatch",),
    "module_utils/_deploy/targets.py": ("elbv2",),
    "module_utils/_deploy/rollout/ledger_store.py": ("ssm",),
    "module_utils/_deploy/rollout/notifications.py": ("ses", "sns"),
    "module_utils/_deploy": ("secretsmanager",),
    "module_utils/_backup": ("rds",),
    "module_utils/_aws/lock.py": ("ssm",),
    "module_utils/_aws/identity.py": ("sts",),
    "module_utils/_aws/client.py": ("sts",),
    "plugin_utils/_inventory": ("ec2",),
}
# What AWS asks for in addition to the operation that is called.
IMPLIED = {
    "cloudwatch:TagResource",
    # For a final snapshot (ElastiCache API reference, DeleteReplicationGroup).
    "elasticache:CreateSnapshot",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "rds:CreateDBSnapshot",
}
# What only other modules than `stack` call; tests/integration/test_permissions.py compares these by their calls.
BACKUP = "module_utils/_backup"


@cache
def operations(service: str) -> dict[str, str]:
    """The actions of a service by the name of the method that botocore has for each."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): f"{SERVICES[service]}:{name}" for name in model.operation_names}


def words(path: Path) -> set[str]:
    """What may be the name of an operation in a file."""
    return set(re.findall(r"[a-z]+(?:_[a-z]+)+|(?<=client\.)[a-z]+", path.read_text(encoding="utf-8")))


def called(*, backup: bool = True) -> set[str]:
    tables = {service: operations(service) for service in SERVICES}
    return {
        tables[service][word]
        for path in PLUGINS.rglob("*.py")
        if backup or BACKUP not in path.as_posix()
        for service in services_of(path)
        for word in words(path) & tables[service].keys()
    }


def services_of(path: Path) -> tuple[str, ...]:
    place = path.relative_to(PLUGINS).as_posix()
    found = (services for start, services in CALLED_IN.items() if place == start or place.startswith(f"{start}/"))
    return next(found, ())


CALLED = sorted(called())
# What hands out the values of secrets.
SECRET = (
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetRandomPassword",
)
# What is read, and sent, during a rollout alone.
READ_BY_DEPLOYS = {"cloudwatch:GetMetricData"}
SENT_BY_DEPLOYS = {"ses:SendEmail", "sns:Publish"}
# The person who runs the playbook names the role to assume.
OF_THE_PERSON = {"sts:AssumeRole"}


def is_read(action: str) -> bool:
    return action.split(":")[1].startswith(("Describe", "Get", "List")) and action not in SECRET


@pytest.mark.parametrize("action", [action for action in CALLED if is_read(action)])
def test_what_is_read_is_allowed_to_those_who_look(action: str) -> None:
    heading = "To deploy" if action in READ_BY_DEPLOYS else "To look"
    assert any(fnmatchcase(action, pattern) for pattern in actions_of(heading))


@pytest.mark.parametrize("action", [one for one in sorted(called(backup=False) - OF_THE_PERSON) if not is_read(one)])
def test_what_is_changed_is_allowed_to_those_who_provision(action: str) -> None:
    heading = "To deploy" if action in {*SECRET, *SENT_BY_DEPLOYS} else "To provision"
    assert any(fnmatchcase(action, pattern) for pattern in actions_of(heading))


def test_what_is_allowed_to_look_and_to_provision_is_called() -> None:
    patterns = {pattern for name in ("To look", "To provision") for pattern in actions_of(name)} - IMPLIED
    # Made of a name and a side, a kind or an operation, and so in no file as they are.
    made = (
        "ec2:AuthorizeSecurityGroup",
        "ec2:RevokeSecurityGroup",
        "ec2:UpdateSecurityGroupRule",
        "iam:Tag",
        "iam:Untag",
    )
    plain = {pattern for pattern in patterns if not pattern.startswith(made)}
    known = [action for action in CALLED if is_read(action)] + [*called(backup=False)]
    assert {pattern for pattern in plain if not any(fnmatchcase(action, pattern) for action in known)} == set()


def test_those_who_look_change_nothing() -> None:
    assert not [action for action in actions_of("To look") if not is_read(action)]


def test_only_those_who_deploy_read_secrets_and_those_who_provision_tokens_of_caches() -> None:
    readers: dict[str, list[str]] = {}
    for heading in read_page():
        for statement in statements_of(heading):
            actions = statement["Action"]
            listed = [actions] if isinstance(actions, str) else actions
            if any(fnmatchcase(one, action) for action in listed for one in SECRET):
                readers.setdefault(heading, []).append(statement["Sid"])
    deploying = ["SecretsOfStacks", "MasterUsers", "SecretsKeptByHand"]
    assert readers == {"To provision": ["CacheTokens"], "To deploy": deploying}
    (tokens,) = (one for one in statements_of("To provision") if one["Sid"] == "CacheTokens")
    pattern = tokens["Condition"]["StringLike"]["aws:ResourceTag/groundwork:resource"]
    assert fnmatchcase(f"secret/{token_secret('redis')}", pattern)
    assert not fnmatchcase("secret/main-api", pattern)


def test_sessions_are_for_instances_of_stacks_and_for_ssh_alone() -> None:
    statements = statements_of("To reach hosts through Systems Manager")
    starting = [one for one in statements if one["Action"] == "ssm:StartSession"]
    assert [one["Resource"].rpartition(":")[2] for one in starting] == ["instance/*", "document/AWS-StartSSHSession"]
    assert starting[0]["Condition"]["StringEquals"] == {"ssm:resourceTag/groundwork:stack": "shop"}
    assert not [one for one in statements if one["Resource"] == "*"]
    assert "AWS-StartSSHSession" in build_session_command({"id": "i-1", "region": "us-east-1"}, Connection())
