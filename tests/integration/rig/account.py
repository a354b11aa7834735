# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an account holds, asked of the API by plain boto3: nothing here knows the collection."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from . import services
from .canonical import Objects, canonical

# Everything of EC2 that a stack makes or that comes with it: the list call, where its items are, what identifies one.
EC2 = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("describe_volumes", "Volumes", "VolumeId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_key_pairs", "KeyPairs", "KeyPairId"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
)
# moto makes up a thousand snapshots in each account; those of a stack have its tag.
SNAPSHOTS = {"Filters": [{"Name": "tag-key", "Values": ["groundwork:stack"]}]}
# A terminated machine stays in the list for an hour, a deleted gateway too: they are gone all the same.
GONE = ("terminated", "deleted", "cancelled")


# Whose account a thread is reading: making clients takes longer than all that they are asked.
_reading = threading.local()


def _connect(endpoint: str, service: str, region: str, account: Callable[[], str]) -> Any:
    client: Any = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def address(request: Any, **_event: Any) -> None:
        request.headers["x-moto-account-id"] = account()

    client.meta.events.register("before-sign", address)
    return client


@functools.cache
def _reader(endpoint: str, service: str, region: str) -> Any:
    return _connect(endpoint, service, region, lambda: str(_reading.account))


@dataclass(frozen=True)
class Account:
    """One account and region, asked behind the proxy's back."""

    endpoint: str
    id: str
    region: str = "us-east-1"

    def client(self, service: str) -> Any:
        """A client of a test's own."""
        return _connect(self.endpoint, service, self.region, lambda: self.id)

    def objects(self) -> Objects:
        """Everything there is, by id."""
        _reading.account = self.id
        readers = (
            self._ec2,
            self._instances,
            self._iam,
            self._parameters,
            self._balancers,
            self._databases,
            self._secrets,
        )
        found = {identifier: item for reader in readers for identifier, item in reader()}
        found |= {identifier: item for read in services.READERS for identifier, item in read(self._read)}
        return {key: _tidy(item, found) for key, item in found.items() if not _is_left_over(key, item, found)}

    def state(self, blank: str = "") -> list[str]:
        """Everything there is, without what differs from one creation to the next: equal means equal.

        ``blank`` is a pattern of texts that may differ as well.
        """
        return canonical(self.objects(), self.id, blank)

    def owned(self, stack: str) -> dict[str, str]:
        """What carries the tags or the name of a stack, lies under its IAM path, or is its lock: id -> address."""
        return {identifier: address for identifier, item in self.objects().items() if (address := _owned(item, stack))}

    def id_of(self, stack: str, address: str) -> str:
        """The id of the one object with this address."""
        found = [identifier for identifier, owner in self.owned(stack).items() if owner == address]
        assert len(found) == 1, f"{address}: {found}"
        return found[0]

    def _read(self, service: str) -> Any:
        return _reader(self.endpoint, service, self.region)

    def _ec2(self) -> Iterator[tuple[str, Any]]:
        client = self._read("ec2")
        for operation, result, identifier in EC2:
            yield from _listed(client, operation, result, identifier, {})
        yield from _listed(client, "describe_snapshots", "Snapshots", "SnapshotId", SNAPSHOTS)

    def _instances(self) -> Iterator[tuple[str, Any]]:
        client = self._read("ec2")
        for _, reservation in _listed(client, "describe_instances", "Reservations", "ReservationId", {}):
            for instance in reservation["Instances"]:
                if instance["State"]["Name"] not in GONE:
                    yield instance["InstanceId"], instance | self._hidden(client, instance["InstanceId"])

    def _hidden(self, client: Any, instance: str) -> dict[str, Any]:
        """What the list does not show."""
        answer = client.describe_instance_attribute(InstanceId=instance, Attribute="disableApiTermination")
        return {"DisableApiTermination": answer["DisableApiTermination"]}

    def _iam(self) -> Iterator[tuple[str, Any]]:
        client = self._read("iam")
        for _, role in _listed(client, "list_roles", "Roles", "Arn", {}):
            name = {"RoleName": role["RoleName"]}
            inline = client.list_role_policies(**name)["PolicyNames"]
            yield (
                role["Arn"],
                role
                | {
                    "Tags": client.list_role_tags(**name)["Tags"],
                    "Attached": client.list_attached_role_policies(**name)["AttachedPolicies"],
                    "Inline": {one: client.get_role_policy(PolicyName=one, **name)["PolicyDocument"] for one in inline},
                },
            )
        for _, profile in _listed(client, "list_instance_profiles", "InstanceProfiles", "Arn", {}):
            answer = client.get_instance_profile(InstanceProfileName=profile["InstanceProfileName"])
            yield profile["Arn"], answer["InstanceProfile"]
        yield from _listed(client, "list_users", "Users", "Arn", {})
        yield from _listed(client, "list_policies", "Policies", "Arn", {"Scope": "Local"})

    def _balancers(self) -> Iterator[tuple[str, Any]]:
        client = self._read("elbv2")
        for arn, balancer in _listed(client, "describe_load_balancers", "LoadBalancers", "LoadBalancerArn", {}):
            yield arn, balancer | self._read_tags(client, arn, "load_balancer", "LoadBalancerArn")
            inside = {"LoadBalancerArn": arn}
            for listener, item in _listed(client, "describe_listeners", "Listeners", "ListenerArn", inside):
                yield listener, item | self._read_tags(client, listener)
                for rule, part in _listed(client, "describe_rules", "Rules", "RuleArn", {"ListenerArn": listener}):
                    yield rule, part | self._read_tags(client, rule)
        for arn, group in _listed(client, "describe_target_groups", "TargetGroups", "TargetGroupArn", {}):
            yield arn, group | self._read_tags(client, arn, "target_group", "TargetGroupArn")

    def _read_tags(self, client: Any, arn: str, kind: str = "", key: str = "") -> dict[str, Any]:
        """The tags of something, and its attributes when it has any."""
        tags = client.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        if not kind:
            return {"Tags": tags}
        return {"Tags": tags, "Attributes": getattr(client, f"describe_{kind}_attributes")(**{key: arn})["Attributes"]}

    def _databases(self) -> Iterator[tuple[str, Any]]:
        client = self._read("rds")
        for arn, database in _listed(client, "describe_db_instances", "DBInstances", "DBInstanceArn", {}):
            yield arn, {"Tags": database.pop("TagList"), **database}
        # Those that are taken by themselves come and go with the database.
        manual = {"SnapshotType": "manual"}
        for arn, snapshot in _listed(client, "describe_db_snapshots", "DBSnapshots", "DBSnapshotArn", manual):
            yield arn, snapshot
        for arn, group in _listed(client, "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupArn", {}):
            yield arn, group | self._tags_of(client, arn)
        kinds = _listed(client, "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupArn", {})
        for arn, group in kinds:
            if not group["DBParameterGroupName"].startswith("default."):
                answer = client.describe_db_parameters(DBParameterGroupName=group["DBParameterGroupName"])["Parameters"]
                yield arn, group | self._tags_of(client, arn) | {"Parameters": answer}

    def _tags_of(self, client: Any, arn: str) -> dict[str, Any]:
        return {"Tags": client.list_tags_for_resource(ResourceName=arn)["TagList"]}

    def _secrets(self) -> Iterator[tuple[str, Any]]:
        for arn, secret in _listed(self._read("secretsmanager"), "list_secrets", "SecretList", "ARN", {}):
            # As many versions as there are, whatever they are called.
            yield arn, secret | {"SecretVersionsToStages": sorted(map(str, secret["SecretVersionsToStages"].values()))}

    def _parameters(self) -> Iterator[tuple[str, Any]]:
        for name, parameter in _listed(self._read("ssm"), "describe_parameters", "Parameters", "Name", {}):
            # Amazon's own: moto counts them among the account's as soon as one is asked for.
            if not name.startswith("/aws/"):
                yield name, parameter


def _listed(client: Any, operation: str, result: str, key: str, arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    pages: Iterable[Any]
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
    else:
        pages = [getattr(client, operation)(**arguments)]
    for page in pages:
        for item in page[result]:
            if item.get("State") not in GONE:
                yield item[key], item


def _is_left_over(identifier: str, item: Any, found: Objects) -> bool:
    """moto forgets to delete the network ACL that every VPC has when the VPC goes."""
    return identifier.startswith("acl-") and item["VpcId"] not in found


def _tidy(item: Any, found: Objects) -> Any:
    """moto leaves a deleted subnet associated with the network ACL."""
    if "NetworkAclId" not in item:
        return item
    return item | {"Associations": [one for one in item["Associations"] if one["SubnetId"] in found]}


def _owned(item: Any, stack: str) -> str | None:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags") or item.get("TagSet") or ()}
    if tags.get("groundwork:stack") == stack:
        return tags.get("groundwork:resource", "(without a name)")
    if str(item.get("DashboardName", "")).startswith(f"groundwork_{stack}_"):
        return f"dashboard/{item['DashboardName'].rpartition('_')[2]}"
    if str(item.get("Path", "")).startswith(f"/groundwork/{stack}/"):
        return f"(untagged) {item.get('Arn')}"
    said = str(item.get("ResourceRecords", ""))
    marked = re.search(rf"groundwork stack={stack} region=\S+ resource=([a-z0-9_/-]+)", said)
    if marked:
        return marked[1]
    if str(item.get("Name", "")).startswith(f"/groundwork/{stack}/"):
        return f"parameter {item['Name']}"
    return None


def readable(state: Iterable[str]) -> list[str]:
    """Canonical lines as a person reads them."""
    objects = sorted((json.loads(line) for line in state), key=lambda item: str(item["is"]))
    return [text for item in objects for text in json.dumps(item, indent=1, sort_keys=True).splitlines()]
