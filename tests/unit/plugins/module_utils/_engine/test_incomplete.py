# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members that AWS does not return are not compared, and may be missing from objects of other owners.

`tests/integration/test_answers.py` removes every member of recorded answers; here are those that moto never gives.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import MissingMemberError, as_answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import is_protected, tags_to_dict
from ansible_collections.groundwork.aws.plugins.module_utils._backup import records as words
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.ownership import address_reader
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import make_plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ActualResource,
    ResolvedResource,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope, address_from_tags
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.ec2 import images, instance_changes, route_table
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache import cache_changes
from ansible_collections.groundwork.aws.plugins.module_utils._resources.route53 import common as route53

SHOP = Scope("shop", "us-east-1")
OURS = {"groundwork:stack": "shop", "groundwork:resource": "vpc/main"}


class Client:
    """Answers every operation from a table, and records the calls."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, _service: str) -> Client:
        return self

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
            return as_answer(self._answers[operation], operation)

        return call

    def pages(self, operation: str, arguments: Any) -> list[Any]:
        return [getattr(self, operation)(**arguments)]


def test_a_deprecated_image_is_found() -> None:
    client = Client(describe_images={"Images": [{"ImageId": "ami-1"}]}, get_parameters={"Parameters": []})
    resource = ResolvedResource("instance/app-1", "x", {"image": "ami-1", "type": "t3.micro"}, {}, SHOP)
    assert images.find_images(client, [resource]) == {"instance/app-1": {"id": "ami-1", "root": "/dev/xvda"}}
    ((_operation, asked),) = [call for call in client.asked if call[0] == "describe_images"]
    assert asked["IncludeDeprecated"] is True


def test_a_tag_without_a_value_has_an_empty_one() -> None:
    assert tags_to_dict([{"Key": "team"}, {"Key": "a", "Value": "b"}]) == {"team": "", "a": "b"}


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("", True), ("false", False), (None, False)])
def test_the_key_of_the_tag_protects_whatever_its_value(value: str | None, expected: bool) -> None:
    assert is_protected({} if value is None else {"groundwork:protect": value}) is expected


@pytest.mark.parametrize("key", ["groundwork:stack", "groundwork:resource"])
def test_an_ownership_tag_without_a_value_is_an_error(key: str) -> None:
    with pytest.raises(MissingMemberError, match=f"Value of the tag {key}"):
        address_from_tags({}, {**OURS, key: ""}, SHOP)
    assert address_from_tags({}, {**OURS, "groundwork:stack": "other", "groundwork:resource": ""}, SHOP) is None


def zones(*listed: dict[str, Any]) -> dict[str, str]:
    return route53.find_zones(Client(list_hosted_zones={"HostedZones": list(listed)}), {"shop.example.org"})


def test_a_zone_without_config_is_public() -> None:
    assert zones({"Id": "/hostedzone/Z1", "Name": "example.org."}) == {"shop.example.org": ["Z1"]}


def test_two_zones_with_one_name_are_ambiguous() -> None:
    both = [{"Id": f"/hostedzone/Z{number}", "Name": "example.org."} for number in (1, 2)]
    for listed in (both, both[::-1]):
        with pytest.raises(StackError, match="2 public hosted zones for it, Z1 and Z2"):
            zones(*listed)
    private = {**both[1], "Config": {"PrivateZone": True}}
    assert zones(private, both[0]) == {"shop.example.org": ["Z1"]}


def test_volumes_that_aws_shows_without_their_instance_are_kept() -> None:
    """Every volume that is deleted with a protected instance leaves a final snapshot, whichever list shows it."""
    shown = {"VolumeId": "vol-1", "Attachments": [{"VolumeId": "vol-1", "Device": "/dev/xvda"}]}
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1", "DeleteOnTermination": True}}
    found = {"InstanceId": "i-1", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": [mapping, {}]}
    (item,) = REGISTRY["instance"].merge([found], [[shown]])
    assert item["Volumes"] == []
    assert instance_changes.root_volume(item) is None
    stopped = {"State": {"Name": "stopped"}}
    client = Client(
        describe_instances={"Reservations": [{"Instances": [stopped]}]},
        describe_snapshots={"Snapshots": []},
        create_snapshot={"SnapshotId": "snap-1"},
        create_tags={},
        modify_instance_attribute={},
        terminate_instances={},
    )
    tags = {"groundwork:protect": "true"}
    raw = {**item, **stopped}
    for _wait in instance_changes.terminate(client, ActualResource("instance", "a", "i-1", {}, {}, tags, raw)):
        """Every wait ends at once."""
    assert [asked["VolumeId"] for operation, asked in client.asked if operation == "create_snapshot"] == ["vol-1"]


@pytest.mark.parametrize("missing", [(), ("ReplicationGroupCreateTime",)])
def test_the_final_snapshot_of_a_cache_is_named_by_its_creation_time(missing: tuple[str, ...]) -> None:
    born = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    raw = {"ReplicationGroupCreateTime": born, "Node": {"CacheClusterCreateTime": born}}
    item = {name: value for name, value in raw.items() if name not in missing}
    client = Client(delete_replication_group={})
    next(cache_changes.remove(client, ActualResource("cache", "redis", "shop-redis", {}, {}, {}, item)))
    ((_operation, asked),) = client.asked
    assert asked["FinalSnapshotIdentifier"] == "shop-redis-final-20260102030405"


def test_a_cache_without_a_creation_time_leaves_a_final_snapshot() -> None:
    client = Client(delete_replication_group={})
    next(cache_changes.remove(client, ActualResource("cache", "redis", "shop-redis", {}, {}, {}, {})))
    ((_operation, asked),) = client.asked
    assert asked["FinalSnapshotIdentifier"] == "shop-redis-final"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"GatewayId": "igw-1", "Origin": "CreateRoute"}, ["igw-1"]),
        ({"NatGatewayId": "nat-1"}, ["nat-1"]),
        ({"TransitGatewayId": "tgw-1", "Origin": "CreateRoute"}, [""]),
        ({"Origin": "CreateRoute"}, [None]),
        ({"GatewayId": "local"}, []),
        ({"GatewayId": "vgw-1"}, []),
        ({"GatewayId": "vgw-1", "Origin": "CreateRoute"}, ["vgw-1"]),
    ],
)
def test_only_created_routes_are_compared_by_their_gateway(route: dict[str, str], expected: list[str | None]) -> None:
    table = {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", **route}]}
    found = route_table.normalize(table)["routes"]
    assert [one["gateway"] for one in found] == expected


def test_a_reference_to_a_missing_member_is_not_compared() -> None:
    subnet = DesiredResource("subnet", "a", {"vpc": Ref("vpc/main", "id"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
    vpc = DesiredResource("vpc", "main", {"cidr": "10.0.0.0/16"})
    stack = DesiredStack("shop", "us-east-1", (vpc, subnet))
    tags = {
        name: {"Name": f"shop-{name.split('/')[1]}", "groundwork:stack": "shop", "groundwork:resource": name}
        for name in ("vpc/main", "subnet/a")
    }
    there = {"cidr": "10.0.0.0/16", "dns_support": True, "dns_hostnames": True}
    existing = [
        ActualResource("vpc", "main", "vpc-1", there, {"id": None}, tags["vpc/main"]),
        ActualResource(
            "subnet",
            "a",
            "s-1",
            {"vpc": "vpc-1", "cidr": "10.0.1.0/24", "zone": "us-east-1a"},
            {"id": "s-1"},
            tags["subnet/a"],
        ),
    ]
    assert make_plan(stack, existing, REGISTRY).changes == ()


def test_a_foreign_database_may_lack_all_members_but_its_name() -> None:
    assert words.parse_instance({"DBInstanceIdentifier": "theirs"}).resource == ""
    ours = as_answer({"DBInstanceIdentifier": "x", "TagList": [{"Key": "groundwork:stack", "Value": "shop"}]}, "D")
    with pytest.raises(MissingMemberError, match="DbiResourceId"):
        words.parse_instance(ours)
    assert words.parse_snapshot({}).status == ""


UNTAGGED = [
    ("vpc", {"VpcId": "vpc-1"}, True),
    ("db_instance", {"DBInstanceIdentifier": "shop-main", "DBInstanceArn": "arn:x"}, True),
    ("db_instance", {"DBInstanceIdentifier": "theirs", "DBInstanceArn": "arn:x"}, False),
    ("load_balancer", {"LoadBalancerArn": "arn:x", "LoadBalancerName": "shop-main"}, True),
    ("load_balancer", {"LoadBalancerArn": "arn:x", "LoadBalancerName": "theirs"}, False),
    ("load_balancer", {"LoadBalancerArn": "arn:x", "LoadBalancerName": "shop-main", "Tags": []}, False),
    ("listener", {"ListenerArn": "arn:x"}, True),
    ("cache", {"ReplicationGroupId": "shop-redis"}, True),
    ("cache", {"ReplicationGroupId": "theirs"}, False),
    ("instance", {"InstanceId": "i-1", "State": {"Name": "terminated"}}, False),
]


@pytest.mark.parametrize(("name", "item", "may_be_ours"), UNTAGGED)
def test_an_object_without_tags_that_may_be_owned_is_not_created_again(name: str, item: Any, may_be_ours: bool) -> None:
    owner = address_reader(REGISTRY[name], SHOP, ())
    if not may_be_ours:
        assert owner(item) is None
        return
    with pytest.raises(MissingMemberError, match=r"AWS did not return \w+ of "):
        owner(item)
