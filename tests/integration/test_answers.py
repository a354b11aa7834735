# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Incomplete answers: whatever member AWS leaves out or returns empty, in whatever order its lists come, a stack that
is as its document says stays as it is, or the run ends with one message that names the call and the member."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rig.replay import FOREIGN, Blank, Removal, Tape, blanks, removals, reversals
from rig.runs import CHECKOUT
from rig.stacks import WHOLE, Base, Stacks, base_of

from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import UnexpectedAnswerError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._engine import run as engine
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredStack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import Plan
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY


def topology(name: str, **more: Any) -> Base:
    return Base(name.replace("_", "-"), str(CHECKOUT / "topologies" / f"{name}.yml"), {**WHOLE, **more})


BASES = {
    "single_instance": topology("single_instance"),
    "three_tier": topology("three_tier", monitoring={"notify": ["ops@shop.test"]}),
    "ecommerce": topology("ecommerce"),
    "secured": Base("secured", base_of("secured").topology, {}, (), ("example.test", "shop.example.org")),
    "watched": base_of("watched"),
}
# The others take minutes.
CASES = [pytest.param(name, marks=[] if name == "watched" else [pytest.mark.long]) for name in BASES]
CHECK = engine.Options(check=True)


@dataclass(frozen=True)
class Account:
    """A stack that is as its document says, and the answers by which the engine knows."""

    tape: Tape
    desired: DesiredStack
    clients: Clients

    def plan(self, change: Any) -> Plan:
        """The plan of a run that gets changed answers."""
        self.tape.change = change
        return engine.Engine(self.clients, self.desired, REGISTRY, CHECK).preview()


def make_foreign_objects(client: Callable[[str], Any], vpc: str, subnets: list[str], domain: str) -> None:
    """Objects of other owners in the account, of every type whose list shows all owners."""
    tags = [{"Key": "team", "Value": FOREIGN}]
    elb, rds, cache = client("elbv2"), client("rds"), client("elasticache")
    elb.create_load_balancer(Name=FOREIGN, Subnets=subnets, Tags=tags)
    elb.create_target_group(Name=FOREIGN, Protocol="HTTP", Port=80, VpcId=vpc, Tags=tags)
    rds.create_db_subnet_group(
        DBSubnetGroupName=FOREIGN, DBSubnetGroupDescription=FOREIGN, SubnetIds=subnets, Tags=tags
    )
    rds.create_db_parameter_group(
        DBParameterGroupName=FOREIGN, DBParameterGroupFamily="mysql8.4", Description=FOREIGN, Tags=tags
    )
    rds.create_db_instance(
        DBInstanceIdentifier=FOREIGN,
        Engine="mysql",
        DBInstanceClass="db.t3.micro",
        MasterUsername="admin",
        MasterUserPassword="not-a-secret",
        AllocatedStorage=20,
        DBSubnetGroupName=FOREIGN,
        Tags=tags,
    )
    cache.create_cache_subnet_group(
        CacheSubnetGroupName=FOREIGN, CacheSubnetGroupDescription=FOREIGN, SubnetIds=subnets, Tags=tags
    )
    cache.create_replication_group(
        ReplicationGroupId=FOREIGN,
        ReplicationGroupDescription=FOREIGN,
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=1,
        CacheSubnetGroupName=FOREIGN,
        Tags=tags,
    )
    client("secretsmanager").create_secret(Name=FOREIGN, SecretString="-", Tags=tags)
    client("acm").request_certificate(DomainName=f"{FOREIGN}.{domain}", ValidationMethod="DNS", Tags=tags)
    client("route53").create_hosted_zone(Name=f"{FOREIGN}.test", CallerReference=FOREIGN)
    client("logs").create_log_group(logGroupName=f"/groundwork/{FOREIGN}", tags={"team": FOREIGN})
    client("sns").create_topic(Name=FOREIGN, Tags=tags)
    trust = '{"Version": "2012-10-17", "Statement": []}'
    client("iam").create_role(RoleName=FOREIGN, AssumeRolePolicyDocument=trust, Tags=tags)


@pytest.fixture
def account(request: pytest.FixtureRequest, stacks: Stacks) -> Account:
    base = BASES[request.param]
    stack = stacks(base)
    desired = compile_stack(load(base.topology, [dict(base.overrides)]))
    object.__setattr__(stack.account, "region", desired.region)
    stack.made()
    vpc = stack.id_of("vpc/main")
    found = stack.account.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    if len(found) > 1:
        zones = {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in found}
        make_foreign_objects(stack.account.client, vpc, list(zones.values()), "example.test")
    tape = Tape()
    clients = tape.clients(stack.proxy.url, desired.region)
    assert engine.Engine(clients, desired, REGISTRY, CHECK).preview().changes == ()
    return Account(tape, desired, clients)


# What AWS leaves out where there is none: the API reference says what its absence means, or the object has no other way
# to have none. Such an absence is a difference like any, which is mended in place.
ABSENT_MEANS_NONE = {
    "acm:DescribeCertificate Certificate.DomainValidationOptions": "not known until some seconds after the request",
    "acm:DescribeCertificate Certificate.DomainValidationOptions[].ResourceRecord": "the same",
    "cloudwatch:DescribeAlarms MetricAlarms[].AlarmDescription": "no description",
    "cloudwatch:DescribeAlarms MetricAlarms[].DatapointsToAlarm": "as many as EvaluationPeriods",
    "cloudwatch:DescribeAlarms MetricAlarms[].TreatMissingData": "missing",
    "cloudwatch:DescribeAlarms MetricAlarms[].Metrics[].MetricStat.Metric.Dimensions": "a metric without dimensions",
    "ec2:DescribeAddresses Addresses[].InstanceId": "not associated with an instance",
    "ec2:DescribeInstances Reservations[].Instances[].IamInstanceProfile": "no instance profile",
    "ec2:DescribeSecurityGroups SecurityGroups[].IpPermissions[].IpRanges[].Description": "no description",
    "ec2:DescribeSecurityGroups SecurityGroups[].IpPermissions[].UserIdGroupPairs[].Description": "no description",
    "elbv2:DescribeListeners Listeners[].DefaultActions[].FixedResponseConfig.MessageBody": "an empty body",
    "iam:GetAccountAuthorizationDetails RoleDetailList[].Tags": "no tags",
    "iam:GetRole Role.Tags": "no tags",
    "iam:GetInstanceProfile InstanceProfile.Tags": "no tags",
    "iam:ListRoles Roles[].Description": "no description",
    "logs:DescribeLogGroups logGroups[].retentionInDays": "kept for ever",
    "rds:DescribeDBInstances DBInstances[].EnabledCloudwatchLogsExports": "no logs are exported",
    "rds:DescribeDBInstances DBInstances[].MasterUserSecret": "RDS does not keep the password",
    "rds:DescribeDBInstances DBInstances[].MaxAllocatedStorage": "storage does not grow by itself",
    "secretsmanager:ListSecrets SecretList[].Description": "no description",
}


# Texts that may be empty in AWS: an empty one is a difference like any.
EMPTY_IS_A_VALUE = re.compile(r"Attributes\[[^\]]+\]\.Value|Parameters\[\]\.ParameterValue|RedirectConfig\.Query")


def means_none(label: str) -> bool:
    """Whether what is missing may be so in AWS. A tag without a value is one whose value is empty."""
    known = label.removesuffix("[]") in ABSENT_MEANS_NONE
    return known or re.search(r"(Tags|TagList)\[[^\]]+\]\.Value$", label) is not None


def complaint(account: Account, removal: Removal) -> str | None:
    """What is wrong with how the engine takes a removal."""
    try:
        plan = account.plan(removal)
    except UnexpectedAnswerError as error:
        text = str(error)
        named = removal.operation in text and removal.member in text
        return None if named and text.startswith("reading ") else f"unclear: {text}"
    except ClientError as error:
        return f"refused: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    is_empty = isinstance(removal, Blank) and EMPTY_IS_A_VALUE.search(removal.label) is not None
    in_place = {"update"} if is_empty or means_none(removal.label) else set()
    differences = [
        f"{change.action} {change.key} ({change.reason})" for change in plan.changes if change.action not in in_place
    ]
    return "; ".join([*differences, *plan.problems]) or None


@pytest.mark.parametrize("account", CASES, indirect=True)
def test_a_missing_member_is_not_compared_or_named_in_one_error(account: Account) -> None:
    tried = removals(account.tape)
    wrong = {removal.label: text for removal in tried if (text := complaint(account, removal))}
    assert not wrong, "\n".join(f"{label}: {text}" for label, text in sorted(wrong.items()))


@pytest.mark.parametrize("account", CASES, indirect=True)
def test_an_empty_text_is_not_compared_or_named_in_one_error(account: Account) -> None:
    tried = blanks(account.tape)
    assert tried, "there is no text in any answer"
    wrong = {blank.label: text for blank in tried if (text := complaint(account, blank))}
    assert not wrong, "\n".join(f"{label}: {text}" for label, text in sorted(wrong.items()))


@pytest.mark.parametrize("account", CASES, indirect=True)
def test_the_order_of_lists_makes_no_difference(account: Account) -> None:
    wrong = {}
    for reversal in reversals(account.tape):
        changes = account.plan(reversal).changes
        if changes:
            wrong[str(reversal)] = [f"{change.action} {change.key}: {change.reason}" for change in changes]
    assert not wrong
