# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The limits of resource types: against AWS's service models, and as problems of properties."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._compile.circles import find_circles
from ansible_collections.groundwork.aws.plugins.module_utils._compile.conflicts import find_conflicts
from ansible_collections.groundwork.aws.plugins.module_utils._compile.forwards import find_shared_groups
from ansible_collections.groundwork.aws.plugins.module_utils._compile.networks import find_network_problems
from ansible_collections.groundwork.aws.plugins.module_utils._compile.surroundings import find_misfits
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import find_property_problems
from ansible_collections.groundwork.aws.plugins.module_utils._engine.property_limits import (
    EVERY,
    Items,
    Matching,
    OneOf,
    PropertyPath,
    WholeNumber,
    format_property_path,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.cloudwatch import alarm
from ansible_collections.groundwork.aws.plugins.module_utils._resources.ec2 import instance
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache import node_types, versions
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elbv2 import (
    listener_rule,
    load_balancer,
    target_group,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources.iam import policies
from ansible_collections.groundwork.aws.plugins.module_utils._resources.logs.retention import RETENTIONS
from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds import db_instance
from ansible_collections.groundwork.aws.plugins.module_utils._resources.route53 import dns_record

CASES = Path(__file__).parent / "cases"


def problems_of(kind: str, given: dict[str, Any]) -> dict[str, str]:
    return {format_property_path(path): text for path, text in REGISTRY[kind].find_problems(given)}


@cache
def service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def member(service: str, shape: str, name: str) -> Any:
    return service_model(service).shape_for(shape).members[name]


def manual(service: str, shape: str, name: str) -> str:
    """The text of AWS's API reference about a member."""
    text = re.sub(r"<[^>]+>", " ", member(service, shape, name).documentation)
    return re.sub(r"\s+", " ", text).replace(",", "").replace("\u2013", "-")


# By type and property: the member of the service model that has the same limit.
NUMBERS = [
    ("target_group", ("port",), "elbv2", "CreateTargetGroupInput", "Port"),
    ("target_group", ("health", "interval"), "elbv2", "CreateTargetGroupInput", "HealthCheckIntervalSeconds"),
    ("target_group", ("health", "timeout"), "elbv2", "CreateTargetGroupInput", "HealthCheckTimeoutSeconds"),
    ("target_group", ("health", "healthy"), "elbv2", "CreateTargetGroupInput", "HealthyThresholdCount"),
    ("target_group", ("health", "unhealthy"), "elbv2", "CreateTargetGroupInput", "UnhealthyThresholdCount"),
    ("target", ("port",), "elbv2", "TargetDescription", "Port"),
    ("listener", ("port",), "elbv2", "CreateListenerInput", "Port"),
    ("listener_rule", ("priority",), "elbv2", "CreateRuleInput", "Priority"),
]


@pytest.mark.parametrize(("kind", "path", "service", "shape", "name"), NUMBERS)
def test_a_range_is_that_of_the_service_model(
    kind: str, path: PropertyPath, service: str, shape: str, name: str
) -> None:
    limit = REGISTRY[kind].schema.limits[path]
    assert isinstance(limit, WholeNumber)
    metadata = member(service, shape, name).metadata
    assert (limit.low, limit.high) == (metadata["min"], metadata["max"])


WORDS = [
    ("target_group", ("protocol",), "elbv2", "CreateTargetGroupInput", "Protocol"),
    ("target_group", ("target_type",), "elbv2", "CreateTargetGroupInput", "TargetType"),
    ("listener", ("protocol",), "elbv2", "CreateListenerInput", "Protocol"),
    ("listener", ("action", "redirect", "status"), "elbv2", "RedirectActionConfig", "StatusCode"),
    ("load_balancer", ("scheme",), "elbv2", "CreateLoadBalancerInput", "Scheme"),
    ("load_balancer", ("address_type",), "elbv2", "CreateLoadBalancerInput", "IpAddressType"),
    ("instance", ("metadata", "http_tokens"), "ec2", "InstanceMetadataOptionsRequest", "HttpTokens"),
    ("instance", ("metadata", "instance_tags"), "ec2", "InstanceMetadataOptionsRequest", "InstanceMetadataTags"),
]


@pytest.mark.parametrize(("kind", "path", "service", "shape", "name"), WORDS)
def test_a_choice_is_that_of_the_service_model(
    kind: str, path: PropertyPath, service: str, shape: str, name: str
) -> None:
    limit = REGISTRY[kind].schema.limits[path]
    assert isinstance(limit, OneOf)
    assert set(limit.values) == set(member(service, shape, name).enum)


LENGTHS = [
    ("target_group", ("health", "path"), "elbv2", "CreateTargetGroupInput", "HealthCheckPath"),
    ("listener", ("action", "redirect", "path"), "elbv2", "RedirectActionConfig", "Path"),
    ("listener", ("action", "redirect", "query"), "elbv2", "RedirectActionConfig", "Query"),
    ("listener", ("action", "redirect", "host"), "elbv2", "RedirectActionConfig", "Host"),
    ("listener", ("action", "fixed_response", "body"), "elbv2", "FixedResponseActionConfig", "MessageBody"),
    ("alarm", ("metric",), "cloudwatch", "PutMetricAlarmInput", "MetricName"),
    ("alarm", ("namespace",), "cloudwatch", "PutMetricAlarmInput", "Namespace"),
    ("alarm", ("description",), "cloudwatch", "PutMetricAlarmInput", "AlarmDescription"),
    ("alarm", ("expression",), "cloudwatch", "MetricDataQuery", "Expression"),
    ("log_group", ("name",), "logs", "CreateLogGroupRequest", "logGroupName"),
    ("iam_role", ("description",), "iam", "CreateRoleRequest", "Description"),
    ("secret", ("description",), "secretsmanager", "CreateSecretRequest", "Description"),
    ("certificate", ("names", EVERY), "acm", "RequestCertificateRequest", "DomainName"),
]


@pytest.mark.parametrize(("kind", "path", "service", "shape", "name"), LENGTHS)
def test_a_length_is_that_of_the_service_model(
    kind: str, path: PropertyPath, service: str, shape: str, name: str
) -> None:
    limit = REGISTRY[kind].schema.limits[path]
    assert isinstance(limit, Matching)
    assert limit.longest == member(service, shape, name).metadata["max"]


def test_alarms_have_the_actions_dimensions_and_comparisons_of_the_service_model() -> None:
    actions = REGISTRY["alarm"].schema.limits[("actions",)]
    assert isinstance(actions, Items)
    assert actions.most == member("cloudwatch", "PutMetricAlarmInput", "AlarmActions").metadata["max"]
    words = set(member("cloudwatch", "PutMetricAlarmInput", "ComparisonOperator").enum)
    # The others need a model of anomaly detection, which alarms of this collection do not have.
    assert {*alarm.COMPARISONS} == {word for word in words if word.endswith("Threshold") and "erThreshold" not in word}
    assert {*alarm.STATISTICS} == set(member("cloudwatch", "PutMetricAlarmInput", "Statistic").enum)
    text = manual("cloudwatch", "PutMetricAlarmInput", "Period")
    assert "Valid values are 10 20 30 and any multiple of 60" in text
    assert f"can't be more than {7 * alarm.DAY} seconds" in text
    assert f"less than one hour ({alarm.HOUR} seconds) the total evaluation period can't be longer than" in text


@pytest.mark.parametrize("kind", sorted(instance.VOLUME_SIZES))
def test_volumes_have_the_sizes_of_the_manual(kind: str) -> None:
    smallest, largest = instance.VOLUME_SIZES[kind]
    text = manual("ec2", "EbsBlockDevice", "VolumeSize")
    assert f"{kind} : {smallest} - {largest} GiB" in text


@pytest.mark.parametrize("kind", sorted(instance.VOLUME_IOPS))
def test_volumes_have_the_iops_of_the_manual(kind: str) -> None:
    least, most = instance.VOLUME_IOPS[kind]
    assert f"{kind} : {least} - {most} IOPS" in manual("ec2", "EbsBlockDevice", "Iops")


def test_storage_of_databases_has_the_sizes_of_the_manual() -> None:
    text = manual("rds", "CreateDBInstanceMessage", "AllocatedStorage").partition("RDS for MySQL")[2]
    for kinds in (("gp2", "gp3"), ("io1", "io2"), ("standard",)):
        smallest, largest = db_instance.STORAGE_SIZES[kinds[0]]
        assert f"({' '.join(kinds)}): Must be an integer from {smallest} to {largest}." in text
    assert set(db_instance.STORAGE_SIZES) == {"gp2", "gp3", "io1", "io2", "standard"}


@pytest.mark.parametrize(("engine", "title"), [("mysql", "MySQL"), ("postgres", "PostgreSQL")])
def test_databases_have_the_logs_of_the_manual(engine: str, title: str) -> None:
    text = manual("rds", "CreateDBInstanceMessage", "EnableCloudwatchLogsExports")
    assert sorted(re.findall(r"[a-z-]+", text.partition(f"RDS for {title} - ")[2].partition("RDS for")[0])) == sorted(
        db_instance.LOGS[engine]
    )


def test_log_groups_have_the_retentions_of_the_manual() -> None:
    text = manual("logs", "PutRetentionPolicyRequest", "retentionInDays").partition("Possible values are:")[2]
    assert [int(days) for days in re.findall(r"\d+", text)] == list(RETENTIONS)


def test_node_types_are_withdrawn_that_the_manual_names() -> None:
    text = manual("elasticache", "CreateReplicationGroupMessage", "CacheNodeType")
    ended = "creation of new clusters is not supported for these types.) "
    previous = [part.partition("Current generation")[0] for part in text.split(ended)[1:]]
    assert set(re.findall(r"cache\.\w+\.\w+", " ".join(previous))) == node_types.WITHDRAWN.keys()
    current = set(re.findall(r"cache\.\w+\.\w+", text)) - node_types.WITHDRAWN.keys()
    assert set(node_types.WITHDRAWN.values()) <= current


ATTRIBUTE = r"\b([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+) - "


def test_attributes_of_load_balancers_are_those_of_the_manual() -> None:
    own, _, foreign = manual("elbv2", "LoadBalancerAttribute", "Key").partition("supported by only Network Load")
    assert set(re.findall(ATTRIBUTE, own)) == load_balancer.ATTRIBUTES.keys()
    assert set(re.findall(ATTRIBUTE, foreign)) == load_balancer.FOREIGN.keys()


def test_attributes_of_target_groups_are_those_of_the_manual() -> None:
    text = manual("elbv2", "TargetGroupAttribute", "Key")
    assert set(re.findall(ATTRIBUTE, text)) == target_group.ATTRIBUTES.keys()
    # The load balancers of each attribute: the manual has a list of attributes for each combination of them.
    parts = re.split(r"The following attributes? (?:are|is) supported ", text)[1:]
    for part in parts:
        support = part.partition(":")[0]
        kinds = [kind for kind in target_group.STICKINESS if kind.partition(" ")[0] in support]
        for name in re.findall(ATTRIBUTE, part):
            found = [kinds for start, kinds in target_group.SUPPORT.items() if name.startswith(start)]
            assert list(found[0] if found else ()) == kinds, name
    assert set(re.findall(r"stickiness.type.*?The following", text)[0].split()) >= {"source_ip", "lb_cookie"}


def test_protocols_have_a_kind_of_load_balancer() -> None:
    protocols = member("elbv2", "CreateTargetGroupInput", "Protocol").enum
    assert target_group.BALANCERS.keys() == set(protocols)
    types = {word for words in target_group.STICKINESS.values() for word in words}
    assert types == set(target_group.ATTRIBUTES["stickiness.type"].value.values)


def all_desired() -> Iterator[Any]:
    for name in sorted(REGISTRY):
        found = yaml.load(
            (CASES / f"{name}.yml").read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
        for phase in ("create", "no-op", "update", "replace"):
            for number, case in enumerate(found.get(phase, ())):
                desired = case.get("desired", found["desired"])
                yield pytest.param(name, desired, id=f"{name}-{phase}-{number}")


@pytest.mark.parametrize(("kind", "desired"), all_desired())
def test_what_the_cases_of_a_type_ask_for_is_valid(kind: str, desired: dict[str, Any]) -> None:
    assert problems_of(kind, deepcopy(desired)) == {}


GROUP = {"vpc": "vpc-1", "description": "x"}
ANYWHERE = {"cidr": "0.0.0.0/0"}
BALANCER = {"subnets": ["a", "b"], "security_groups": []}
TARGETS = {"vpc": "vpc-1", "port": 80}
LISTENER = {"load_balancer": "lb", "port": 80, "action": {"forward": "tg"}}
RULE = {"listener": "l", "priority": 1, "paths": ["/"], "action": {"forward": "tg"}}
ALARM = {"metric": "M", "namespace": "N", "comparison": "LessThanThreshold", "threshold": 1}
RECORD = {"zone": "example.org", "name": "a.example.org"}
DATABASE = {
    "engine": "mysql",
    "class": "db.t3.micro",
    "storage": {"size": 20},
    "subnet_group": "g",
    "security_groups": [],
}
KEY_OF_RSA = "ssh-rsa " + (
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQDDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PD"
    "w8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PD"
    "w8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PD"
    "w8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PDw8PD"
)
CACHE = {"node_type": "cache.t3.micro", "subnet_group": "g", "security_groups": []}

VALID: list[tuple[str, dict[str, Any]]] = [
    ("vpc", {"cidr": "10.0.0.0/16", "dns_support": False, "dns_hostnames": False}),
    ("vpc", {"cidr": "10.0.1.0/16"}),
    ("security_group", {**GROUP, "ingress": [{**ANYWHERE, "protocol": "TCP", "from_port": 0, "to_port": 65535}]}),
    ("security_group", {**GROUP, "ingress": [{"cidr": "::/0", "protocol": 58}, {**ANYWHERE, "protocol": "ICMP"}]}),
    ("security_group", {**GROUP, "ingress": [{**ANYWHERE, "protocol": "icmp", "from_port": 8, "to_port": -1}]}),
    (
        "security_group",
        {**GROUP, "egress": [{**ANYWHERE, "protocol": -1}, {**ANYWHERE, "protocol": "47"}], "ingress": []},
    ),
    (
        "security_group",
        {**GROUP, "ingress": [{"group": Ref("security_group/a"), "from_port": Ref("db_instance/a", "port")}]},
    ),
    ("route_table", {"vpc": "v", "routes": [{"destination": "::/0", "gateway": Ref("internet_gateway/main")}]}),
    ("instance", {"image": "al2023", "type": "t3.micro", "subnet": "s", "volume": {"type": None, "size": None}}),
    ("instance", {"image": "al2023", "type": "t3.micro", "subnet": "s", "metadata": {"hop_limit": 64}}),
    (
        "load_balancer",
        {**BALANCER, "attributes": {"idle_timeout.timeout_seconds": 4000, "access_logs.s3.enabled": None}},
    ),
    (
        "load_balancer",
        {**BALANCER, "attributes": {"deletion_protection.enabled": True, "routing.http2.enabled": "true"}},
    ),
    ("load_balancer", {**BALANCER, "subnets": [Ref("subnet/a-1"), Ref("subnet/a-2")]}),
    (
        "load_balancer",
        {**BALANCER, "attributes": {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "a.b-1"}},
    ),
    ("load_balancer", {**BALANCER, "attributes": {"load_balancing.cross_zone.enabled": True}}),
    (
        "target_group",
        {
            **TARGETS,
            "attributes": {
                "stickiness.enabled": True,
                "stickiness.type": "app_cookie",
                "stickiness.app_cookie.cookie_name": "session",
                "load_balancing.algorithm.type": "weighted_random",
                "load_balancing.algorithm.anomaly_mitigation": "on",
                "slow_start.duration_seconds": 0,
                "target_group_health.dns_failover.minimum_healthy_targets.count": "off",
                "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": 100,
            },
        },
    ),
    (
        "target_group",
        {
            **TARGETS,
            "protocol": "TCP",
            "attributes": {"stickiness.type": "source_ip", "proxy_protocol_v2.enabled": True},
        },
    ),
    (
        "target_group",
        {
            **TARGETS,
            "protocol": "GENEVE",
            "attributes": dict.fromkeys(target_group.FAILOVER, "rebalance") | {"stickiness.type": "source_ip_dest_ip"},
        },
    ),
    ("target_group", {**TARGETS, "health": {"codes": 200}}),
    ("target_group", {**TARGETS, "health": {"codes": "200-299,302", "port": 9000, "interval": 5, "timeout": 4}}),
    ("target_group", {**TARGETS, "health": None, "attributes": {"slow_start.duration_seconds": "0"}}),
    ("listener", {**LISTENER, "action": {"forward": [{"target_group": "a", "weight": "0"}, {"target_group": "b"}]}}),
    ("listener", {**LISTENER, "action": {"redirect": {"protocol": "HTTPS", "port": 443, "query": ""}}}),
    ("listener", {**LISTENER, "action": {"fixed_response": {"status": "204"}}}),
    ("listener", {**LISTENER, "action": {"fixed_response": None, "forward": Ref("target_group/a")}}),
    ("listener", {**LISTENER, "protocol": "HTTPS", "certificate": Ref("certificate/a", "arn")}),
    ("listener_rule", {**RULE, "priority": 50000, "paths": None, "hosts": ["*.example.org", "ex?mple.org"]}),
    ("alarm", {**ALARM, "threshold": "5", "statistic": "p99.9", "period": 10, "evaluation_periods": 8640}),
    ("alarm", {**ALARM, "statistic": "TM(2%:98%)", "period": 3600, "evaluation_periods": 168}),
    ("alarm", {**ALARM, "statistic": "iqm", "period": 120, "datapoints_to_alarm": 3, "evaluation_periods": 3}),
    ("alarm", {**ALARM, "statistic": "PR(:300)", "dimensions": {"A": 1}}),
    ("log_group", {"retention_days": None}),
    ("sns_topic", {"subscriptions": [{"protocol": "email-json", "endpoint": "a@example.org"}]}),
    ("certificate", {"domain": "*.Example.org", "names": ["xn--bcher-kva.example"]}),
    ("dns_record", {**RECORD, "type": "TXT", "values": ['"v=spf1 -all"'], "ttl": 0}),
    ("dns_record", {**RECORD, "type": "MX", "values": ["10 mail.example.org."]}),
    ("dns_record", {**RECORD, "type": "A", "values": [Ref("elastic_ip/a", "public_ip")]}),
    ("dns_record", {**RECORD, "type": "CAA", "values": ['0 issue "amazon.com"', '255 iodef "mailto:a@b.c"']}),
    ("dns_record", {**RECORD, "type": "MX", "values": ["0 ."]}),
    ("dns_record", {**RECORD, "type": "SRV", "values": ["0 65535 443 a_b.example.org"]}),
    ("dns_record", {**RECORD, "type": "TXT", "values": [r'"a \"quote\"" "\344 more"', '"' + "a" * 255 + '" ""']}),
    ("dns_record", {**RECORD, "name": "\\052.a.example.org", "type": "CNAME", "values": ["b.example.com."]}),
    ("dns_record", {**RECORD, "name": "a" * 63 + ".Example.org.", "type": "AAAA", "values": ["::1", "::2"]}),
    # The hosted zone may be the one around the name that the document gives.
    ("dns_record", {**RECORD, "zone": "b.example.org", "type": "A", "values": ["192.0.2.1"]}),
    ("dns_record", {**RECORD, "zone": "a.example.org", "type": "CNAME", "values": ["b.example.com"]}),
    ("dns_record", {**RECORD, "zone": "Z0123", "name": "example.org", "type": "CNAME", "values": ["b.example.com"]}),
    ("dns_record", {**RECORD, "type": "CNAME", "values": [Ref("db_instance/a", "endpoint")]}),
    ("dns_record", {**RECORD, "type": "MX", "alias": {"name": "b.example.org", "zone": "Z0123"}}),
    ("db_instance", {**DATABASE, "storage": {"size": 100, "type": "io2", "iops": 100000, "limit": 110}}),
    ("db_instance", {**DATABASE, "version": 8.4, "logs": ["iam-db-auth-error"], "backup_retention": 0}),
    ("db_instance", {**DATABASE, "version": "5.7", "class": "db.t2.micro"}),
    ("db_instance", {**DATABASE, "class": "db.t3.medium", "performance_insights": True}),
    ("db_instance", {**DATABASE, "engine": "postgres", "performance_insights": True}),
    ("db_instance", {**DATABASE, "engine": "postgres", "class": "db.m8g.24xlarge", "username": "postgres"}),
    ("db_instance", {**DATABASE, "version": "8.0.39", "parameter_group": "default.mysql8.0"}),
    ("db_instance", {**DATABASE, "parameter_group": "default.mysql9.7", "ca_certificate": "rds-ca-ecc384-g1"}),
    ("db_instance", {**DATABASE, "version": "8.0.39", "parameter_group": "of-others"}),
    ("db_parameter_group", {"family": "postgres18", "parameters": {"rds.force_ssl": True, "a-b": "", "c": 5}}),
    ("cache", {**CACHE, "nodes": "2", "multi_az": True}),
    ("cache", {**CACHE, "engine_version": "5.0.6", "parameter_group": "default.redis5.0"}),
    ("cache", {**CACHE, "engine_version": "6.x", "parameter_group": "default.redis6.x.cluster.on"}),
    ("cache", {**CACHE, "engine_version": 7.0, "parameter_group": "of-others"}),
    ("key_pair", {"public_key": KEY_OF_RSA}),
    ("key_pair", {"public_key": f"{KEY_OF_RSA} me@home"}),
    ("key_pair", {"public_key": "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="}),
    (
        "instance",
        {"image": "ami-0123456789abcdef0", "type": "u7in-16tb.224xlarge", "subnet": "s", "volume": {"size": 2}},
    ),
    ("instance", {"image": "/my/image", "type": "m7i.metal-24xl", "subnet": "s"}),
    ("security_group", {**GROUP, "ingress": [{"prefix_list": "pl-0123abcd", "from_port": 1, "description": ""}]}),
    ("listener_rule", {**RULE, "paths": ["/a-b_c.$~\"'@:+&*?"], "hosts": ["*.*", "a-b.example.org"]}),
    ("log_group", {"name": "/aws/lambda/x"}),
    ("sns_topic", {"subscriptions": [{"protocol": "sqs", "endpoint": "arn:aws-cn:sqs:cn-north-1:1:q"}]}),
    ("sns_topic", {"subscriptions": [{"protocol": "sms", "endpoint": 4912}]}),
    (
        "iam_role",
        {
            "principal": "ec2.amazonaws.com",
            "inline_policies": {
                "a": {"Statement": {"Effect": "Allow", "NotAction": "s3:*", "NotResource": ["*"], "Sid": ""}},
                "b": {
                    "Version": "2008-10-17",
                    "Id": "x",
                    "Statement": {
                        "Effect": "Allow",
                        "Action": ["*", "s3:Get*"],
                        "Resource": "arn:aws:s3:::a/*",
                        "Condition": {
                            "StringEqualsIfExists": {"a": "b"},
                            "ForAllValues:stringLike": {"a": "b"},
                            "Null": {"a": "true"},
                        },
                    },
                },
                "c": '{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {}}]}',
            },
        },
    ),
    (
        "iam_role",
        {
            "principal": "ec2.amazonaws.com",
            "inline_policies": {
                # IAM completes an ARN with fewer than six parts.
                "a": {
                    "Statement": {"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:sqs", "arn:*:s3:::a", "*"]}
                },
                "b": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:eu-central-1:1:job/a"}},
                "c": {
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "*",
                        "Resource": [Ref("secret/a", "arn"), "arn:${aws:Partition}:s3:::a", "arn:aws-eusc:s3:::b"],
                        "Condition": {
                            "Bool": {"a": True, "b": [False, "true"]},
                            "NumericLessThan": {"a": 5},
                            "StringEquals": {"aws:SourceVpc": [Ref("vpc/main")]},
                        },
                    },
                },
            },
        },
    ),
    (
        "alarm",
        {
            **ALARM,
            "namespace": "AWS/ApplicationELB",
            "dimensions": {
                "LoadBalancer": Ref("load_balancer/a", "full_name"),
                "AvailabilityZone": Ref("subnet/a", "zone"),
            },
        },
    ),
    ("alarm", {**ALARM, "namespace": "My App", "dimensions": {"LoadBalancer": Ref("load_balancer/a", "arn")}}),
    ("dashboard", {"body": {"widgets": [{"properties": {"metrics": [["AWS/EC2", "X", "Y", Ref("instance/a")]]}}]}}),
    ("db_parameter_group", {"family": "postgres18", "parameters": {"a": Ref("vpc/main")}}),
    ("secret", {"generate": {"template": {"host": Ref("db_instance/a", "endpoint")}, "key": "password"}}),
    (
        "listener",
        {
            **LISTENER,
            "action": {"redirect": {"host": Ref("load_balancer/b", "dns_name"), "listener": Ref("listener/b")}},
        },
    ),
    ("listener", {**LISTENER, "action": {"forward": [{"target_group": Ref("target_group/a"), "weight": 1}]}}),
    ("subnet", {"vpc": Ref("vpc/a"), "cidr": "10.0.1.0/24", "zone": Ref("subnet/b", "zone")}),
    (
        "cache",
        {
            **CACHE,
            "auth_token": {"secret": Ref("secret/cache-a"), "version": Ref("secret/cache-a", "version")},
        },
    ),
    ("cache", {**CACHE, "auth_token": {"secret": "arn:of-others", "version": "1"}}),
    (
        "alarm",
        {
            **ALARM,
            "metric": None,
            "namespace": None,
            "expression": "SUM([a, b]) / 2",
            "metrics": {"a": {"metric": "x", "namespace": "y"}, "b": {"metric": "x", "namespace": "y"}},
        },
    ),
    (
        "iam_role",
        {"principal": "ec2.amazonaws.com.cn", "managed_policies": ["arn:aws-cn:iam::aws:policy/service-role/A"]},
    ),
]


@pytest.mark.parametrize(("kind", "given"), VALID)
def test_what_aws_accepts_is_accepted(kind: str, given: dict[str, Any]) -> None:
    assert problems_of(kind, deepcopy(given)) == {}


def invalid() -> Iterator[Any]:
    found = yaml.safe_load((Path(__file__).parent / "limits.yml").read_text(encoding="utf-8"))
    for kind, kind_cases in found.items():
        for number, case in enumerate(kind_cases):
            yield pytest.param(kind, case["given"], case["problems"], id=f"{kind}-{number}")


@pytest.mark.parametrize(("kind", "given", "problems"), invalid())
def test_what_aws_rejects_is_described_at_its_property(
    kind: str, given: dict[str, Any], problems: dict[str, str]
) -> None:
    assert problems_of(kind, deepcopy(given)) == problems


def test_certificates_have_as_many_names_as_acm_allows() -> None:
    most = member("acm", "RequestCertificateRequest", "SubjectAlternativeNames").metadata["max"]
    names = [f"a{number}.example.org" for number in range(most)]
    assert problems_of("certificate", {"domain": "example.org", "names": [*names, "Example.org"]}) == {}
    text = "has 101, and ACM allows 100 in a certificate (remove 1, or use another certificate for them)"
    assert problems_of("certificate", {"domain": "example.org", "names": [*names, "b.example.org"]}) == {"names": text}


def test_excluded_characters_are_as_many_as_secrets_manager_takes() -> None:
    most = member("secretsmanager", "GetRandomPasswordRequest", "ExcludeCharacters").metadata["max"]
    assert problems_of("secret", {"generate": {"exclude_characters": "a" * most}}) == {}
    (problem,) = problems_of("secret", {"generate": {"exclude_characters": "a" * (most + 1)}}).values()
    assert problem.endswith(f"has {most + 1} characters, and AWS allows {most} (shorten it)")


def test_inline_policies_of_a_role_have_a_size_together() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::" + "x" * 3987, "arn:aws:s3:::" + "y" * 987, Ref("secret/a", "arn")],
    }
    role = {"principal": "ec2.amazonaws.com", "inline_policies": {"a": {"Statement": [statement]}}}
    assert problems_of("iam_role", role) == {}
    spaced = {
        "a": {"Statement": statement},
        "b": json.dumps({"Statement": statement | {"Resource": "arn:aws:s3:::" + "z" * 5287}}) + " " * 99,
    }
    (problem,) = problems_of("iam_role", {**role, "inline_policies": spaced}).values()
    assert problem.endswith(
        "characters without spaces, and IAM allows 10240 in a role (shorten them, or use managed_policies)"
    )
    assert policies.NAME.longest == member("iam", "PutRolePolicyRequest", "PolicyName").metadata["max"]


def test_instance_types_of_the_service_model_are_accepted() -> None:
    for name in service_model("ec2").shape_for("InstanceType").enum:
        assert list(instance.TYPE_NAME.find_problems(name)) == []


def test_families_of_caches_are_those_of_the_manual() -> None:
    text = manual("elasticache", "CreateCacheParameterGroupMessage", "CacheParameterGroupFamily")
    assert {*versions.FAMILIES.values()} <= {*text.split()}


def test_patterns_of_paths_have_the_characters_of_the_manual() -> None:
    text = manual("elbv2", "RuleCondition", "Values").partition("path pattern is case-sensitive")[2]
    shown = text.partition("A-Z a-z 0-9")[2].replace("&amp; (using &amp;amp;)", "&")
    for character in re.sub(r"\([^)]*\)", "", shown).split():
        assert list(listener_rule.PATH.find_problems(f"/{character}")) == []


def test_long_texts_of_records_are_split() -> None:
    given = {**RECORD, "type": "TXT", "values": ['"' + "a" * 256 + '"']}
    text = 'has a string of 256 characters, and Route 53 allows 255 (split it: "first part" "second part")'
    assert problems_of("dns_record", given) == {"values[0]": text}
    most = member("route53", "ResourceRecord", "Value").metadata["max"]
    whole = " ".join(['"' + "a" * 255 + '"'] * 15)
    assert problems_of("dns_record", {**given, "values": [whole + '"' + "a" * (most - len(whole) - 2) + '"']}) == {}
    given = {**given, "values": [whole + ' "' + "a" * (most - len(whole) - 2) + '"']}
    assert problems_of("dns_record", given) == {
        "values[0]": f"has {most + 1} characters, and Route 53 allows {most} (shorten it)"
    }


def test_attributes_that_are_values_of_records_exist() -> None:
    for name in (name for names in dns_record.VALUE_ATTRIBUTES.values() for name in names):
        kind, _dot, attribute = name.partition(".")
        assert attribute in REGISTRY[kind].schema.attributes


def test_all_values_outside_their_limits_are_reported_at_once() -> None:
    found = problems_of("target_group", {"port": 0, "protocol": "http", "health": {"interval": 1}})
    assert list(found) == ["", "port", "protocol", "health.interval"]


def test_user_data_is_measured_in_bytes_and_not_shown() -> None:
    given = {"image": "al2023", "type": "t3.micro", "subnet": "s", "user_data": "é" * 8193}
    text = "has 16386 bytes, and EC2 accepts at most 16384 (shorten it, or have it load a file)"
    assert problems_of("instance", given) == {"user_data": text}
    assert problems_of("instance", {**given, "user_data": "é" * 8192}) == {}
    assert "S3cret" not in str(problems_of("instance", {**given, "user_data": ["S3cret"]}))


# A document can have any of these in any place.
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 5.5, "", "x", [], {}, [None], ["a"], [[1]], {"a": 1}, {None: 1}),
    *(Ref("vpc/main"), Ref("load_balancer/l", "dns_name"), [Ref("subnet/a")], {"a": Ref("vpc/x")}),
)


def replace_each(value: Any, odd: Any) -> Iterator[Any]:
    """The value with one of its parts replaced, for every part in turn."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for changed in (odd, *replace_each(part, odd)):
            copied = deepcopy(value)
            copied[key] = changed
            yield copied


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_no_value_makes_a_check_fail(kind: str) -> None:
    """What is valid by itself is also compared with another resource of the same values."""
    desired = yaml.safe_load((CASES / f"{kind}.yml").read_text(encoding="utf-8"))["desired"]
    for odd in ODD_VALUES:
        for given in replace_each(desired, odd):
            one, other = DesiredResource(kind, "one", given), DesiredResource(kind, "other", given)
            problems = find_property_problems(one, REGISTRY)
            if not problems:
                problems = [*find_conflicts([other], [one]), *find_misfits([other], [one], "eu-central-1")]
                problems += find_network_problems([other], [one])
                problems += [*find_shared_groups([other], [one]), *find_circles([other], [one])]
            assert all(text for _path, text in problems)
