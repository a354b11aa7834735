# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the policies of the manual allow: work on the stack's own objects, and on none of others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from support import authorization as model
from support.authorization import (
    LONGEST_STACK,
    OTHER_STACK,
    OWN,
    OWN_WITH_LONGEST_NAME,
    STACK,
    UNTAGGED,
    Owner,
    build_arn,
    build_keys,
    build_tags,
)
from support.policies import (
    PAGE,
    Statement,
    all_statements,
    as_list,
    is_allowed,
    matches,
    read_page,
    read_policies,
    statements_of,
)

from ansible_collections.groundwork.aws.plugins.module_utils._aws import permissions
from ansible_collections.groundwork.aws.plugins.module_utils._aws.permissions import (
    ADOPT,
    BACK_UP,
    DEPLOY,
    LOOK,
    PROVISION,
    REACH,
    RESTORE,
)
from ansible_collections.groundwork.aws.plugins.module_utils._backup.switch_over import name_replaced
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.document import DOCUMENT

# IAM user guide, IAM and AWS STS quotas: the characters of a managed policy, without white space.
LONGEST_POLICY = 6144
# What reaches objects of others all the same. The page explains each of them.
EXCEPTIONS = {
    ("acm:AddTagsToCertificate", "certificate", "untagged"): "ACM has no key that tells the call that requests a "
    "certificate from a later one",
    ("ec2:DisassociateAddress", "network-interface", "untagged"): "AWS gives network interfaces no tags",
    ("ec2:DisassociateAddress", "network-interface", "other stack"): "AWS gives network interfaces no tags",
    ("secretsmanager:GetSecretValue", "master-secret", "other stack"): "only the name of its database says whose it is",
    ("sns:Unsubscribe", "subscription", "untagged"): "SNS supports neither resources nor conditions for it",
    ("sns:Unsubscribe", "subscription", "other stack"): "SNS supports neither resources nor conditions for it",
}
# Statements that change or delete without a condition on tags and without the stack's name in their resources.
UNLIMITED = {
    ("FinalSnapshotsOfCaches", "elasticache:DeleteReplicationGroup"): "names the snapshot; Caches limits the cache",
    ("GroupsOfCaches", "elasticache:ModifyReplicationGroup"): "uses groups; Caches limits the cache",
    ("GroupsOfDatabases", "rds:ModifyDBInstance"): "uses groups; Databases limits the database",
    ("HoldersOfAddresses", "ec2:DisassociateAddress"): "AWS gives network interfaces no tags; Network limits addresses",
    ("Records", "route53:ChangeResourceRecordSets"): "limited by the hosted zone and the names of records",
    ("SessionsOfOnesOwn", "ssm:TerminateSession"): "limited by the user",
    ("Subscriptions", "sns:Unsubscribe"): "SNS supports neither resources nor conditions for it",
}
# Statements that give tags without such a limit.
UNLIMITED_TAGS = {
    "Adopt": "names the objects to adopt",
    "TagsOfNewCertificates": "ACM has no key that tells the call that requests a certificate from a later one",
    "SecretsOfMasterUsers": "not the tag of a stack",
}
CHANGES = re.compile(
    r"\w+:(Attach|Authorize|Change|Decrease|Delete|Deregister|Detach|Disassociate|Increase|Modify|Put|Release|Remove|"
    r"Replace|Reset|RestoreSecret|Revoke|Set|Stop|Terminate|Unsubscribe|Untag|Update)\w*\*?"
)
TAGS = re.compile(r"\w+:(AddTags\w*|CreateTags|Tag[A-Z]\w*)")
ROWS = list(model.list_resources())
EVERYTHING = [statement for _heading, statement in all_statements()]


def is_limited(statement: Statement) -> bool:
    """Whether a statement requires the stack's tag or a new object, or names in which the stack is."""
    for operator, wanted in statement.get("Condition", {}).items():
        for key, value in wanted.items():
            is_about_owner = "resourcetag/groundwork:" in key.lower() or key.endswith(":CreateAction")
            if is_about_owner and not operator.endswith("IfExists") and value != "true":
                return True
    return all(re.search(rf"[:/_]{STACK}[-_/]", resource) for resource in as_list(statement.get("Resource", "*")))


# The form of the policies


@pytest.mark.parametrize("stack", [STACK, LONGEST_STACK])
@pytest.mark.parametrize("heading", read_page())
def test_policies_are_accepted_by_iam(heading: str, stack: str) -> None:
    for document in read_policies(heading, stack):
        assert document["Version"] == "2012-10-17"
        length = len(re.sub(r"\s", "", json.dumps(document)))
        assert length <= LONGEST_POLICY, f"{length} characters"
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert all(sid.isalnum() for sid in sids)
        assert len(set(sids)) == len(sids)


@pytest.mark.parametrize("policy", model.CALLS)
def test_the_resources_of_every_action_are_known(policy: str) -> None:
    patterns = {action for one in statements_of(policy) for action in as_list(one["Action"])}
    calls = model.CALLS[policy]
    assert [pattern for pattern in patterns if not any(matches(pattern, action) for action in calls)] == []
    assert [action for action in calls if not any(matches(pattern, action) for pattern in patterns)] == []


@pytest.mark.parametrize(
    ("heading", "statement"), list(all_statements()), ids=lambda one: one if isinstance(one, str) else one["Sid"]
)
def test_every_change_is_limited_by_tag_or_name_or_has_a_reason(heading: str, statement: Statement) -> None:
    for action in as_list(statement["Action"]):
        if CHANGES.fullmatch(action) and (statement["Sid"], action) not in UNLIMITED:
            assert is_limited(statement), f"{action} in {statement['Sid']} of {heading}"


def test_tags_are_given_to_new_and_own_objects_or_there_is_a_reason() -> None:
    unlimited = {
        statement["Sid"]
        for _heading, statement in all_statements()
        if any(TAGS.fullmatch(action) for action in as_list(statement["Action"])) and not is_limited(statement)
    }
    assert unlimited == UNLIMITED_TAGS.keys()


def test_reasons_are_of_statements_that_need_them() -> None:
    needed = {
        (statement["Sid"], action)
        for _heading, statement in all_statements()
        for action in as_list(statement["Action"])
        if CHANGES.fullmatch(action) and not is_limited(statement)
    }
    assert needed == UNLIMITED.keys()


# What the stack owns


@pytest.mark.parametrize("owner", [OWN, OWN_WITH_LONGEST_NAME], ids=["short stack", "longest stack"])
@pytest.mark.parametrize("name", [model.NAME, model.LONG_NAME, model.LONGEST_NAME], ids=["short", "long", "longest"])
@pytest.mark.parametrize(("policy", "action", "role", "kind"), ROWS)
def test_the_stacks_own_objects_are_created_changed_and_deleted(
    policy: str, action: str, role: str, kind: str, name: str, owner: Owner
) -> None:
    for checked, arn, keys in model.list_checks(action, role, kind, name, owner):
        assert is_allowed(statements_of(policy, owner.stack), checked, arn, keys), (checked, arn, keys)


def find_problems(key: str, value: Any) -> list[str]:
    problems: list[str] = []
    DOCUMENT.fields[key].kind.check(value, (key,), lambda _path, text: problems.append(text))
    return problems


def test_the_longest_names_are_those_that_a_document_may_have() -> None:
    address = f"vpc/{model.LONGEST_NAME}"
    assert not find_problems("name", LONGEST_STACK)
    assert find_problems("name", f"{LONGEST_STACK}a")
    assert not find_problems("resources", {address: {}})
    assert find_problems("resources", {f"{address}a": {}})


def test_a_replaced_database_is_the_stacks_whatever_its_name() -> None:
    name = name_replaced(OWN.name("db_instance", model.NAME), datetime(2026, 3, 1, tzinfo=timezone.utc))
    for arn in (f"arn:aws:rds:eu-west-1:123456789012:db:{name}", "arn:aws:rds:eu-west-1:123456789012:db:orders-before"):
        keys = build_keys("rds:DeleteDBInstance", {"groundwork:beside": f"{STACK}/{model.NAME}"}, {})
        assert is_allowed(statements_of(RESTORE), "rds:DeleteDBInstance", arn, keys)


def test_a_restore_does_not_delete_the_database_that_serves() -> None:
    keys = build_keys("rds:DeleteDBInstance", {"groundwork:stack": STACK}, {})
    assert not is_allowed(statements_of(RESTORE), "rds:DeleteDBInstance", build_arn("db"), keys)


def test_a_backup_deletes_only_snapshots_that_a_backup_has_taken() -> None:
    keys = build_keys("rds:DeleteDBSnapshot", {"groundwork:stack": STACK}, {})
    assert not is_allowed(statements_of(BACK_UP), "rds:DeleteDBSnapshot", build_arn("db-snapshot"), keys)


def test_adopted_objects_are_tagged_by_a_policy_of_its_own() -> None:
    vpc = "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-0a1b2c3d"
    keys = build_keys("ec2:CreateTags", {}, {"groundwork:stack": STACK})
    assert is_allowed(statements_of(ADOPT), "ec2:CreateTags", vpc, keys)
    assert not is_allowed(statements_of(PROVISION), "ec2:CreateTags", vpc, keys)
    tagged = build_keys("ec2:CreateTags", {"groundwork:stack": STACK}, {})
    assert is_allowed(statements_of(PROVISION), "ec2:CreateTags", vpc, tagged)
    for resource in as_list(statements_of(ADOPT)[0]["Resource"]):
        assert not resource.endswith("*"), resource


# What others own


@pytest.mark.parametrize("owner", [UNTAGGED, OTHER_STACK], ids=lambda owner: owner.title)
@pytest.mark.parametrize(("action", "role", "kind"), sorted({row[1:] for row in ROWS if row[2] in ("own", "standby")}))
def test_objects_of_others_are_not_reached(action: str, role: str, kind: str, owner: Owner) -> None:
    """Not with all policies together, whatever tags the call sets."""
    is_tagging = TAGS.fullmatch(action)
    requested = {"groundwork:stack": STACK, "groundwork:beside": f"{STACK}/{model.NAME}"} if is_tagging else {}
    keys = build_keys(action, build_tags(role, kind, owner), requested)
    is_exception = (action, kind, owner.title) in EXCEPTIONS
    assert is_allowed(EVERYTHING, action, build_arn(kind, owner), keys) is is_exception


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_exceptions_are_explained_on_the_page(exception: tuple[str, str, str]) -> None:
    action, kind, _owner = exception
    section = PAGE.read_text(encoding="utf-8").partition("## What they keep apart")[2].partition("\n## ")[0]
    assert f"`{action}`" in section
    assert (action, kind) in {(row[1], row[3]) for row in ROWS}


PASSWORD = "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/db-password"
ROOT = "arn:aws:ssm:eu-west-1:123456789012:parameter/"
LOCK = f"{ROOT}groundwork/{STACK}/lock"
SECRET, OF_OTHERS = build_arn("secret", UNTAGGED), build_arn("master-secret", UNTAGGED)


@pytest.mark.parametrize(
    ("heading", "action", "resource", "expected"),
    [
        (LOOK, "ssm:GetParameters", PASSWORD, False),
        (LOOK, "ssm:GetParametersByPath", f"{ROOT}prod", False),
        (LOOK, "ssm:GetParametersByPath", ROOT, False),
        (LOOK, "ssm:GetParameters", f"{ROOT}groundwork/{STACK}/password", False),
        (LOOK, "ssm:GetParametersByPath", f"{ROOT}groundwork/{STACK}-2/lock", False),
        (LOOK, "ssm:GetParametersByPath", LOCK, True),
        (LOOK, "ssm:GetParametersByPath", f"{ROOT}groundwork/{STACK}/rollouts", True),
        (LOOK, "ssm:GetParametersByPath", f"{ROOT}groundwork/{STACK}-2/rollouts", False),
        (LOOK, "ssm:GetParametersByPath", f"{ROOT}groundwork/{STACK}", False),
        (DEPLOY, "ssm:PutParameter", f"{LOCK}/1772323200", True),
        (DEPLOY, "ssm:PutParameter", f"{ROOT}groundwork/{STACK}/rollouts/20261130T093000Z-3f/end", True),
        (DEPLOY, "ssm:PutParameter", f"{ROOT}groundwork/{STACK}/password", False),
        (DEPLOY, "ssm:PutParameter", PASSWORD, False),
        (DEPLOY, "ssm:DeleteParameters", f"{LOCK}/1772323200", False),
        (PROVISION, "ssm:PutParameter", f"{ROOT}groundwork/{STACK}/rollouts/20261130T093000Z-3f/end", False),
        # Parameters that AWS publishes have no account.
        (
            LOOK,
            "ssm:GetParameters",
            "arn:aws:ssm:eu-west-1::parameter/aws/service/ami-amazon-linux-latest/al2023",
            True,
        ),
        (LOOK, "ec2:DescribeInstanceAttribute", build_arn("instance"), False),
        (LOOK, "ec2:DescribeLaunchTemplateVersions", "*", False),
        (LOOK, "secretsmanager:GetSecretValue", SECRET, False),
        (PROVISION, "secretsmanager:GetSecretValue", build_arn("secret"), False),
        (PROVISION, "ec2:RunInstances", build_arn("ec2-snapshot", UNTAGGED), False),
    ],
)
def test_what_is_read_and_written_without_a_tag(heading: str, action: str, resource: str, expected: bool) -> None:
    assert is_allowed(statements_of(heading), action, resource, build_keys(action, {}, {})) is expected


@pytest.mark.parametrize("secret", [SECRET, OF_OTHERS])
def test_a_secret_of_others_is_not_tagged_and_then_read(secret: str) -> None:
    requested = {"groundwork:stack": STACK}
    assert not is_allowed(EVERYTHING, "secretsmanager:TagResource", secret, build_keys("", {}, requested))
    assert not is_allowed(EVERYTHING, "secretsmanager:GetSecretValue", secret, build_keys("", {}, {}))
    tagged = build_keys("", {"groundwork:stack": STACK}, {})
    assert is_allowed(statements_of(DEPLOY), "secretsmanager:GetSecretValue", secret, tagged)


def test_records_of_other_domains_in_the_hosted_zone_are_not_changed() -> None:
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    zone, action = build_arn("hostedzone"), "route53:ChangeResourceRecordSets"
    assert is_allowed(EVERYTHING, action, zone, {key: ["example.com", "_0a1b.example.com"]})
    assert not is_allowed(EVERYTHING, action, zone, {key: ["example.com", "other.test"]})


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("iam:PassRole", {"iam:PassedToService": ["lambda.amazonaws.com"]}),
        ("iam:CreateServiceLinkedRole", {"iam:AWSServiceName": ["spot.amazonaws.com"]}),
        ("kms:CreateGrant", {"kms:ViaService": ["ebs.eu-west-1.amazonaws.com"]}),
        ("kms:CreateGrant", {}),
    ],
)
def test_other_services_get_no_roles_and_keys(action: str, keys: Mapping[str, Any]) -> None:
    kind = {"iam:PassRole": "role", "iam:CreateServiceLinkedRole": "service-role"}.get(action, "key")
    assert not is_allowed(EVERYTHING, action, build_arn(kind), keys)


def test_sessions_are_with_instances_of_the_stack_and_for_ssh_alone() -> None:
    statements, action = statements_of(REACH), "ssm:StartSession"
    keys = build_keys(action, {"groundwork:stack": STACK}, {})
    assert is_allowed(statements, action, build_arn("instance"), keys)
    shell = {**keys, "ssm:SessionDocumentAccessCheck": ["false"]}
    assert not is_allowed(statements, action, build_arn("instance"), shell)
    other = "arn:aws:ssm:eu-west-1::document/AWS-StartInteractiveCommand"
    assert not is_allowed(statements, action, other, build_keys(action, {}, {}))


def test_every_policy_of_a_task_is_modelled() -> None:
    assert {*read_page()} == {LOOK, PROVISION, ADOPT, DEPLOY, BACK_UP, RESTORE, REACH}
    assert {*model.CALLS} == {*read_page()} - {LOOK, ADOPT}
    assert PAGE.relative_to(PAGE.parents[1]).as_posix() == permissions.PAGE


# The evaluator


ALLOW: Mapping[str, Any] = {"Sid": "A", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a/*"}


@pytest.mark.parametrize(
    ("change", "action", "resource", "keys", "expected"),
    [
        ({}, "s3:GetObject", "arn:aws:s3:::a/b/c", {}, True),
        ({}, "S3:getobject", "arn:aws:s3:::a/b", {}, True),
        ({}, "s3:PutObject", "arn:aws:s3:::a/b", {}, False),
        ({}, "s3:GetObject", "arn:aws:s3:::ab", {}, False),
        ({"Resource": "arn:aws:s3:::a-??"}, "s3:GetObject", "arn:aws:s3:::a-12", {}, True),
        ({"Resource": "arn:aws:s3:::a-??"}, "s3:GetObject", "arn:aws:s3:::a-123", {}, False),
        ({"Resource": "arn:${aws:userid}"}, "s3:GetObject", "arn:me", {"aws:userid": ["me"]}, True),
        ({"Resource": "arn:${aws:userid}*"}, "s3:GetObject", "arn:", {}, False),
        ({"Condition": {"StringEquals": {"k": ["a", "b"]}}}, "s3:GetObject", "arn:aws:s3:::a/b", {"k": ["b"]}, True),
        ({"Condition": {"StringEquals": {"k": "a"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {}, False),
        ({"Condition": {"StringEquals": {"k": "a*"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {"k": ["ab"]}, False),
        ({"Condition": {"StringLike": {"k": "a*"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {"k": ["ab"]}, True),
        ({"Condition": {"StringEqualsIfExists": {"k": "a"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {}, True),
        ({"Condition": {"StringEqualsIfExists": {"k": "a"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {"k": ["b"]}, False),
        ({"Condition": {"Null": {"k": "false"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {}, False),
        ({"Condition": {"Null": {"k": "true"}}}, "s3:GetObject", "arn:aws:s3:::a/b", {}, True),
        (
            {"Condition": {"ForAllValues:StringLike": {"k": "a*"}}},
            "s3:GetObject",
            "arn:aws:s3:::a/b",
            {"k": ["a", "b"]},
            False,
        ),
        ({"Effect": "Deny"}, "s3:GetObject", "arn:aws:s3:::a/b", {}, False),
    ],
)
def test_the_evaluator_follows_iam(
    change: Mapping[str, Any], action: str, resource: str, keys: Mapping[str, list[str]], expected: bool
) -> None:
    assert is_allowed([{**ALLOW, **change}], action, resource, keys) is expected


def test_a_deny_decides() -> None:
    assert not is_allowed([ALLOW, {**ALLOW, "Effect": "Deny"}], "s3:GetObject", "arn:aws:s3:::a/b", {})


def test_not_resource_allows_all_others() -> None:
    statement = {**ALLOW, "NotResource": ALLOW["Resource"]}
    del statement["Resource"]
    assert is_allowed([statement], "s3:GetObject", "arn:aws:s3:::b", {})
    assert not is_allowed([statement], "s3:GetObject", "arn:aws:s3:::a/b", {})


def test_an_operator_that_the_evaluator_does_not_know_is_an_error() -> None:
    statement = {**ALLOW, "Condition": {"ArnLike": {"k": "a"}}}
    with pytest.raises(AssertionError, match="ArnLike"):
        is_allowed([statement], "s3:GetObject", "arn:aws:s3:::a/b", {"k": ["a"]})
