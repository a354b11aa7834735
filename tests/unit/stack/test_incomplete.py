# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS leaves out: not compared, never made up, and in nobody's way where it is somebody else's object.

`tests/integration/test_answers.py` removes every member of recorded answers; here are those that moto never gives.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import MissingMemberError, as_answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import as_mapping, is_protected
from ansible_collections.groundwork.aws.plugins.module_utils._recovery import words
from ansible_collections.groundwork.aws.plugins.module_utils._stack import (
    cache_changes,
    images,
    instance_changes,
    live,
    route53,
)
from ansible_collections.groundwork.aws.plugins.module_utils._stack.plan import make_plan
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live, Order, Scope, tagged_address
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY, route_table
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref, Wanted, WantedStack

SHOP = Scope("shop", "us-east-1")
OURS = {"groundwork:stack": "shop", "groundwork:resource": "vpc/main"}


class Client:
    """Answers every operation with what it is given for it, and keeps what was asked."""

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
    order = Order("instance/app-1", "x", {"image": "ami-1", "type": "t3.micro"}, {}, SHOP)
    assert images.look_up(client, [order]) == {"instance/app-1": {"id": "ami-1", "root": "/dev/xvda"}}
    ((_operation, asked),) = [call for call in client.asked if call[0] == "describe_images"]
    assert asked["IncludeDeprecated"] is True


def test_a_tag_without_a_value_has_an_empty_one() -> None:
    assert as_mapping([{"Key": "team"}, {"Key": "a", "Value": "b"}]) == {"team": "", "a": "b"}


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("", True), ("false", False), (None, False)])
def test_the_key_alone_protects(value: str | None, expected: bool) -> None:
    assert is_protected({} if value is None else {"groundwork:protect": value}) is expected


@pytest.mark.parametrize("key", ["groundwork:stack", "groundwork:resource"])
def test_our_own_tag_without_a_value_is_not_somebody_elses(key: str) -> None:
    with pytest.raises(MissingMemberError, match=f"Value of the tag {key}"):
        tagged_address({}, {**OURS, key: ""}, SHOP)
    assert tagged_address({}, {**OURS, "groundwork:stack": "other", "groundwork:resource": ""}, SHOP) is None


def zones(*listed: dict[str, Any]) -> dict[str, str]:
    return route53.zones(Client(list_hosted_zones={"HostedZones": list(listed)}), {"shop.example.org"})


def test_a_zone_without_config_is_public() -> None:
    assert zones({"Id": "/hostedzone/Z1", "Name": "example.org."}) == {"shop.example.org": ["Z1"]}


def test_of_two_zones_with_one_name_nobody_but_a_person_can_choose() -> None:
    both = [{"Id": f"/hostedzone/Z{number}", "Name": "example.org."} for number in (1, 2)]
    for listed in (both, both[::-1]):
        with pytest.raises(StackError, match="2 public hosted zones for it, Z1 and Z2"):
            zones(*listed)
    private = {**both[1], "Config": {"PrivateZone": True}}
    assert zones(private, both[0]) == {"shop.example.org": ["Z1"]}


def test_volumes_that_aws_shows_without_their_instance_are_kept_all_the_same() -> None:
    """What a protected instance takes with it leaves a final snapshot, whichever of the two lists shows it."""
    shown = {"VolumeId": "vol-1", "Attachments": [{"VolumeId": "vol-1", "Device": "/dev/xvda"}]}
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1", "DeleteOnTermination": True}}
    found = {"InstanceId": "i-1", "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": [mapping, {}]}
    (item,) = REGISTRY["instance"].join([found], [[shown]])
    assert item["Volumes"] == []
    assert instance_changes.root_volume(item) is None
    assert instance_changes._volumes(Live("instance", "a", "i-1", {}, {}, {}, item)) == ["vol-1"]


@pytest.mark.parametrize("missing", [(), ("ReplicationGroupCreateTime",)])
def test_the_last_snapshot_of_a_cache_is_named_after_its_birth(missing: tuple[str, ...]) -> None:
    born = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    raw = {"ReplicationGroupCreateTime": born, "Node": {"CacheClusterCreateTime": born}}
    item = {name: value for name, value in raw.items() if name not in missing}
    client = Client(delete_replication_group={})
    next(cache_changes.remove(client, Live("cache", "redis", "shop-redis", {}, {}, {}, item)))
    ((_operation, asked),) = client.asked
    assert asked["FinalSnapshotIdentifier"] == "shop-redis-final-20260102030405"


def test_a_cache_of_which_no_birth_is_known_leaves_a_snapshot_too() -> None:
    client = Client(delete_replication_group={})
    next(cache_changes.remove(client, Live("cache", "redis", "shop-redis", {}, {}, {}, {})))
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
def test_whose_routes_are_and_where_they_lead(route: dict[str, str], expected: list[str | None]) -> None:
    table = {"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", **route}]}
    found = route_table.normalize(table)["routes"]
    assert [one["gateway"] for one in found] == expected


def test_what_refers_to_something_that_aws_did_not_return_is_not_compared() -> None:
    subnet = Wanted("subnet", "a", {"vpc": Ref("vpc/main", "id"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
    vpc = Wanted("vpc", "main", {"cidr": "10.0.0.0/16"})
    stack = WantedStack("shop", "us-east-1", (vpc, subnet))
    tags = {
        name: {"Name": f"shop-{name.split('/')[1]}", "groundwork:stack": "shop", "groundwork:resource": name}
        for name in ("vpc/main", "subnet/a")
    }
    there = {"cidr": "10.0.0.0/16", "dns_support": True, "dns_hostnames": True}
    lives = [
        Live("vpc", "main", "vpc-1", there, {"id": None}, tags["vpc/main"]),
        Live(
            "subnet",
            "a",
            "s-1",
            {"vpc": "vpc-1", "cidr": "10.0.1.0/24", "zone": "us-east-1a"},
            {"id": "s-1"},
            tags["subnet/a"],
        ),
    ]
    assert make_plan(stack, lives, REGISTRY).changes == ()


def test_somebody_elses_database_may_lack_anything_but_its_name() -> None:
    assert words.instance({"DBInstanceIdentifier": "theirs"}).resource == ""
    ours = as_answer({"DBInstanceIdentifier": "x", "TagList": [{"Key": "groundwork:stack", "Value": "shop"}]}, "D")
    with pytest.raises(MissingMemberError, match="DbiResourceId"):
        words.instance(ours)
    assert words.snapshot({}).status == ""


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
def test_an_object_without_tags_that_may_be_ours_is_not_made_again(name: str, item: Any, may_be_ours: bool) -> None:
    owner = live._owner(REGISTRY[name], SHOP, ())
    if not may_be_ours:
        assert owner(item) is None
        return
    with pytest.raises(MissingMemberError, match=r"AWS did not return \w+ of "):
        owner(item)
