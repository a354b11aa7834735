# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ministack 1.5.33 does otherwise than AWS, where the engine depends on it: each with its source and its mend.

`README.md` of this folder has the list for people. Nothing here knows the collection.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch, ec2, rds

API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference"


@dataclass(frozen=True)
class Fault:
    """One deviation: the operation, what AWS does and ministack does not, where AWS says so, and the mend."""

    operation: str
    what: str
    source: str
    mend: Callable[[], None]


def import_key_pair_keeps_tags_and_key() -> None:
    original = ec2._import_key_pair

    def import_key_pair(params: Any) -> Any:
        answer = original(params)
        pair = ec2._key_pairs.get(ec2._p(params, "KeyName"))
        if pair:
            pair["PublicKey"] = base64.b64decode(ec2._p(params, "PublicKeyMaterial")).decode()
            ec2._parse_tag_specs(params, "key-pair", pair["KeyPairId"])
        return answer

    ec2._ACTION_MAP["ImportKeyPair"] = import_key_pair


def describe_key_pairs_shows_tags_and_key() -> None:
    def describe_key_pairs(params: Any) -> Any:
        filters = ec2._parse_filters(params)
        items = ""
        for pair in ec2._key_pairs.values():
            if not matches(filters, pair["KeyPairId"], {"key-pair-id": pair["KeyPairId"], "key-name": pair["KeyName"]}):
                continue
            items += (
                f"<item><keyName>{pair['KeyName']}</keyName><keyPairId>{pair['KeyPairId']}</keyPairId>"
                f"<keyFingerprint>{pair['KeyFingerprint']}</keyFingerprint>"
                f"<publicKey>{pair.get('PublicKey', '')}</publicKey>{tag_set(pair['KeyPairId'])}</item>"
            )
        return ec2._xml(200, "DescribeKeyPairsResponse", f"<keySet>{items}</keySet>")

    ec2._ACTION_MAP["DescribeKeyPairs"] = describe_key_pairs


def matches(filters: dict[str, list[str]], identifier: str, values: dict[str, str]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in ec2._tags.get(identifier, ())}
    known = {**values, **{f"tag:{key}": value for key, value in tags.items()}}
    return all(known.get(name) in allowed for name, allowed in filters.items())


def tag_set(identifier: str) -> str:
    tags = ec2._tags.get(identifier, ())
    items = "".join(
        f"<item><key>{escape(tag['Key'])}</key><value>{escape(tag['Value'])}</value></item>" for tag in tags
    )
    return f"<tagSet>{items}</tagSet>"


def modify_instance_attribute_exists() -> None:
    def modify_instance_attribute(params: Any) -> Any:
        instance = ec2._instances.get(ec2._p(params, "InstanceId"))
        if instance is None:
            return ec2._error("InvalidInstanceID.NotFound", "The instance ID does not exist", 400)
        kind = ec2._p(params, "InstanceType.Value")
        groups = ec2._parse_member_list(params, "GroupId")
        if kind:
            instance["InstanceType"] = kind
        if groups:
            instance["SecurityGroups"] = [
                {"GroupId": group, "GroupName": ec2._security_groups[group]["GroupName"]} for group in groups
            ]
        return ec2._xml(200, "ModifyInstanceAttributeResponse", "<return>true</return>")

    ec2._ACTION_MAP["ModifyInstanceAttribute"] = modify_instance_attribute


def run_instances_reads_its_network_interface() -> None:
    original = ec2._run_instances

    def run_instances(params: Any) -> Any:
        inside = "NetworkInterface.1."
        for name, value in list(params.items()):
            if name.startswith((f"{inside}SubnetId", f"{inside}SecurityGroupId")):
                params[name.removeprefix(inside)] = value
        return original(params)

    ec2._ACTION_MAP["RunInstances"] = run_instances


def alarms_keep_expressions_and_percentiles() -> None:
    original = cloudwatch._put_metric_alarm

    def put_metric_alarm(params: Any, request: Any, is_cbor: bool, is_json: bool = False) -> Any:
        answer = original(params, request, is_cbor, is_json)
        alarm = cloudwatch._alarms.get(request.get("AlarmName", ""), {})
        if request.get("Metrics"):
            alarm["Metrics"] = request["Metrics"]
        for name in ("Statistic", "Period"):
            if name not in request:
                alarm.pop(name, None)
        return answer

    cloudwatch._put_metric_alarm = put_metric_alarm


def rds_keeps_the_master_password_and_exports_logs() -> None:
    for name in ("CreateDBInstance", "ModifyDBInstance"):
        rds._ACTION_MAP[name] = remembering(rds._ACTION_MAP[name])
    original = rds._instance_xml

    def instance_xml(instance: Any) -> str:
        text: str = original(instance)
        logs = "".join(f"<member>{log}</member>" for log in sorted(instance.get("Logs", ())))
        text = text.replace(
            "<EnabledCloudwatchLogsExports/>", f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>"
        )
        if not instance.get("KeepsPassword"):
            return text
        arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-{instance['DbiResourceId']}"
        secret = f"<SecretArn>{arn}</SecretArn><SecretStatus>active</SecretStatus>"
        return f"{text}<MasterUserSecret>{secret}</MasterUserSecret>"

    rds._instance_xml = instance_xml


def remembering(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(params: Any) -> Any:
        name = rds._p(params, "DBInstanceIdentifier")
        before = rds._instances.get(name)
        answer = original(params)
        instance = rds._instances.get(name)
        if instance is None:
            return answer
        if rds._p(params, "ManageMasterUserPassword"):
            instance["KeepsPassword"] = rds._p(params, "ManageMasterUserPassword") == "true"
        logs = set(instance.get("Logs", ()) if before else ())
        change = "CloudwatchLogsExportConfiguration"
        logs |= {*members(params, "EnableCloudwatchLogsExports"), *members(params, f"{change}.EnableLogTypes")}
        instance["Logs"] = logs - set(members(params, f"{change}.DisableLogTypes"))
        return answer

    return call


def members(params: Any, name: str) -> list[str]:
    return [rds._p(params, key) for key in params if key.startswith(f"{name}.member.")]


FAULTS = (
    Fault(
        "ec2:RunInstances",
        "subnet and groups of the network interface are ignored: instances are in the default subnet",
        f"{API}/API_RunInstances.html",
        run_instances_reads_its_network_interface,
    ),
    Fault(
        "cloudwatch:PutMetricAlarm",
        "expressions are forgotten; a percentile becomes an average; a period of 60 is made up",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
        alarms_keep_expressions_and_percentiles,
    ),
    Fault(
        "rds:CreateDBInstance, ModifyDBInstance",
        "ManageMasterUserPassword and the exports of logs are ignored for databases outside of clusters",
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
        rds_keeps_the_master_password_and_exports_logs,
    ),
    Fault(
        "ec2:ImportKeyPair",
        "the tags of the call and the public key are forgotten",
        f"{API}/API_ImportKeyPair.html",
        import_key_pair_keeps_tags_and_key,
    ),
    Fault(
        "ec2:DescribeKeyPairs",
        "filters are ignored, and neither tags nor public keys are shown",
        f"{API}/API_DescribeKeyPairs.html",
        describe_key_pairs_shows_tags_and_key,
    ),
    Fault(
        "ec2:ModifyInstanceAttribute",
        "the operation is unknown",
        f"{API}/API_ModifyInstanceAttribute.html",
        modify_instance_attribute_exists,
    ),
)
