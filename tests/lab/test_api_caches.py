# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Caches as the API shows them: what the lab adds to moto."""

from __future__ import annotations

from typing import Any

import pytest
from labtools import Account, client, refused, until

NAME = {"ReplicationGroupId": "shop"}


@pytest.fixture
def caches(account: Account) -> Any:
    found = client("elasticache", account.endpoint, account.number)
    found.create_cache_subnet_group(
        CacheSubnetGroupName="shop", CacheSubnetGroupDescription="d", SubnetIds=[account.subnet]
    )
    return found


def make(caches: Any, account: Account, **more: Any) -> dict[str, Any]:
    options = {
        **NAME,
        "ReplicationGroupDescription": "d",
        "CacheNodeType": "cache.t3.micro",
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
        "CacheSubnetGroupName": "shop",
        "SecurityGroupIds": [account.group],
        **more,
    }
    return dict(caches.create_replication_group(**options)["ReplicationGroup"])


def status(caches: Any) -> str:
    return str(caches.describe_replication_groups(**NAME)["ReplicationGroups"][0]["Status"])


def available(caches: Any) -> dict[str, Any]:
    until("the cache is available", lambda: status(caches) == "available")
    return dict(caches.describe_replication_groups(**NAME)["ReplicationGroups"][0])


def nodes(caches: Any) -> list[dict[str, Any]]:
    return [one for one in caches.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]]


def test_it_is_made_before_it_can_be_reached(account: Account, caches: Any) -> None:
    made = make(caches, account, Port=6380)
    assert (made["Status"], made["NodeGroups"]) == ("creating", [])
    assert refused(caches.list_tags_for_resource, ResourceName=made["ARN"]) == "InvalidReplicationGroupState"
    found = available(caches)
    (shard,) = found["NodeGroups"]
    assert shard["PrimaryEndpoint"]["Port"] == shard["ReaderEndpoint"]["Port"] == 6380
    assert shard["PrimaryEndpoint"]["Address"] != shard["ReaderEndpoint"]["Address"]
    assert caches.list_tags_for_resource(ResourceName=made["ARN"])["TagList"] == []


def test_it_has_as_many_nodes_as_were_asked_for_and_they_are_clusters(account: Account, caches: Any) -> None:
    make(caches, account, NumCacheClusters=3)
    assert available(caches)["MemberClusters"] == ["shop-001", "shop-002", "shop-003"]
    first, *others = nodes(caches)
    assert len(others) == 2
    assert first["ReplicationGroupId"] == "shop"
    assert first["CacheSubnetGroupName"] == "shop"
    assert [one["SecurityGroupId"] for one in first["SecurityGroups"]] == [account.group]
    assert first["EngineVersion"].count(".") == 2
    assert first["CacheNodes"][0]["Endpoint"]["Address"].startswith("shop-001.")
    assert "CacheNodes" not in caches.describe_cache_clusters(CacheClusterId="shop-002")["CacheClusters"][0]


def test_what_makes_no_sense_is_refused(account: Account, caches: Any) -> None:
    assert refused(make, caches, account, NumCacheClusters=1) == "InvalidParameterValue"
    assert refused(make, caches, account, CacheSubnetGroupName="other") == "CacheSubnetGroupNotFoundFault"
    assert refused(make, caches, account, SecurityGroupIds=["sg-0"]) == "InvalidParameterValue"
    more = {"AutomaticFailoverEnabled": False, "MultiAZEnabled": True}
    assert refused(make, caches, account, **more) == "InvalidParameterCombination"


def test_one_change_at_a_time(account: Account, caches: Any) -> None:
    make(caches, account)
    more = {
        "CacheParameterGroupName": "shop",
        "EngineVersion": "7.2",
        "PreferredMaintenanceWindow": "mon:01:00-mon:02:00",
    }
    change = {**NAME, **more, "ApplyImmediately": True}
    assert refused(caches.modify_replication_group, **change) == "InvalidReplicationGroupState"
    available(caches)
    caches.modify_replication_group(**change)
    assert status(caches) == "modifying"
    available(caches)
    node = nodes(caches)[0]
    assert node["CacheParameterGroup"]["CacheParameterGroupName"] == "shop"
    assert (node["EngineVersion"], node["PreferredMaintenanceWindow"]) == ("7.2.0", "mon:01:00-mon:02:00")


def test_replicas_come_and_go(account: Account, caches: Any) -> None:
    make(caches, account)
    available(caches)
    count = {**NAME, "ApplyImmediately": True}
    assert refused(caches.increase_replica_count, **count, NewReplicaCount=1) == "NoOperationFault"
    caches.increase_replica_count(**count, NewReplicaCount=3)
    assert available(caches)["MemberClusters"][-1] == "shop-004"
    assert refused(caches.decrease_replica_count, **count, NewReplicaCount=0) == "InvalidParameterValue"
    caches.decrease_replica_count(**count, NewReplicaCount=1)
    assert available(caches)["MemberClusters"] == ["shop-001", "shop-002"]
    assert len(nodes(caches)) == 2


def test_it_goes_with_a_last_snapshot_and_lets_go_of_all_that_it_holds(account: Account, caches: Any) -> None:
    make(caches, account, Tags=[{"Key": "a", "Value": "b"}])
    available(caches)
    assert refused(caches.delete_cache_subnet_group, CacheSubnetGroupName="shop") == "CacheSubnetGroupInUse"
    assert refused(account.ec2.delete_subnet, SubnetId=account.subnet) == "DependencyViolation"
    assert refused(account.ec2.delete_security_group, GroupId=account.group) == "DependencyViolation"
    caches.delete_replication_group(**NAME, FinalSnapshotIdentifier="last")
    assert status(caches) == "deleting"
    assert refused(caches.delete_replication_group, **NAME) == "InvalidReplicationGroupState"
    until("it is gone", lambda: caches.describe_replication_groups()["ReplicationGroups"] == [])
    assert refused(caches.delete_replication_group, **NAME) == "ReplicationGroupNotFoundFault"
    assert nodes(caches) == []
    assert [one["SnapshotName"] for one in caches.describe_snapshots()["Snapshots"]] == ["last"]
    caches.delete_cache_subnet_group(CacheSubnetGroupName="shop")
    assert caches.describe_cache_subnet_groups()["CacheSubnetGroups"] == []
    account.ec2.delete_security_group(GroupId=account.group)
    # Nothing of the old one clings to one of the same name.
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="shop", CacheSubnetGroupDescription="d", SubnetIds=[account.subnet]
    )
    made = make(caches, account, SecurityGroupIds=[])
    available(caches)
    assert caches.list_tags_for_resource(ResourceName=made["ARN"])["TagList"] == []


def interfaces(account: Account) -> dict[str, dict[str, Any]]:
    """The network interfaces of caches, by what they are for."""
    mine = [{"Name": "vpc-id", "Values": [account.vpc]}]
    found = account.ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
    return {one["Description"]: one for one in found}


def test_every_node_is_in_a_zone_of_the_subnet_group(
    account: Account, caches: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.hooks.caches.MOMENT", 0.05)
    other = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1c")
    both = [account.subnet, other["Subnet"]["SubnetId"]]
    caches.modify_cache_subnet_group(CacheSubnetGroupName="shop", SubnetIds=both)
    make(caches, account)
    available(caches)
    assert [one["PreferredAvailabilityZone"] for one in nodes(caches)] == ["us-east-1a", "us-east-1c"]
    there = interfaces(account)
    assert [there[f"ElastiCache shop-{n}"]["SubnetId"] for n in ("001", "002")] == both
    assert {one["RequesterId"] for one in there.values()} == {"amazon-elasticache"}
    wider = account.ec2.create_security_group(GroupName="wider", Description="d", VpcId=account.vpc)["GroupId"]
    caches.modify_replication_group(**NAME, SecurityGroupIds=[wider], ApplyImmediately=True)
    assert {one["Groups"][0]["GroupId"] for one in interfaces(account).values()} == {wider}
    available(caches)
    caches.increase_replica_count(**NAME, NewReplicaCount=2, ApplyImmediately=True)
    assert nodes(caches)[2]["PreferredAvailabilityZone"] == "us-east-1a"
    available(caches)
    caches.decrease_replica_count(**NAME, NewReplicaCount=1, ApplyImmediately=True)
    assert interfaces(account).keys() == there.keys()
    available(caches)
    caches.delete_replication_group(**NAME)
    until("it is gone", lambda: caches.describe_replication_groups()["ReplicationGroups"] == [])
    assert interfaces(account) == {}


def test_zones_can_be_asked_for_and_a_group_is_given(account: Account, caches: Any) -> None:
    other = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1c")
    both = [account.subnet, other["Subnet"]["SubnetId"]]
    caches.modify_cache_subnet_group(CacheSubnetGroupName="shop", SubnetIds=both)
    make(caches, account, PreferredCacheClusterAZs=["us-east-1c", "us-east-1a"], SecurityGroupIds=[])
    first, second = nodes(caches)
    assert (first["PreferredAvailabilityZone"], second["PreferredAvailabilityZone"]) == ("us-east-1c", "us-east-1a")
    (given,) = first["SecurityGroups"]
    found = account.ec2.describe_security_groups(GroupIds=[given["SecurityGroupId"]])["SecurityGroups"][0]
    assert (found["GroupName"], found["VpcId"]) == ("default", account.vpc)


def test_nodes_are_rebooted(account: Account, caches: Any) -> None:
    make(caches, account)
    reboot = {"CacheClusterId": "shop-002", "CacheNodeIdsToReboot": ["0001"]}
    assert refused(caches.reboot_cache_cluster, **reboot) == "InvalidCacheClusterState"
    available(caches)
    shown = caches.reboot_cache_cluster(**reboot)["CacheCluster"]
    assert (shown["CacheClusterId"], shown["CacheClusterStatus"]) == ("shop-002", "rebooting cluster nodes")
    assert [one["CacheClusterStatus"] for one in nodes(caches)] == ["modifying", "rebooting cluster nodes"]
    available(caches)
    assert {one["CacheClusterStatus"] for one in nodes(caches)} == {"available"}
    unknown = {**reboot, "CacheClusterId": "none-001"}
    assert refused(caches.reboot_cache_cluster, **unknown) == "CacheClusterNotFound"


def test_a_subnet_group_changes_in_place(account: Account, caches: Any) -> None:
    other = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    named = {"CacheSubnetGroupName": "shop"}
    caches.modify_cache_subnet_group(**named, SubnetIds=[account.subnet, other])
    caches.modify_cache_subnet_group(**named, CacheSubnetGroupDescription="another")
    (group,) = caches.describe_cache_subnet_groups(**named)["CacheSubnetGroups"]
    assert group["CacheSubnetGroupDescription"] == "another"
    assert {one["SubnetIdentifier"] for one in group["Subnets"]} == {account.subnet, other}
    assert (
        refused(caches.modify_cache_subnet_group, CacheSubnetGroupName="none", SubnetIds=[other])
        == "CacheSubnetGroupNotFoundFault"
    )


def test_a_cluster_alone_is_rebooted_and_goes_in_the_end(account: Account, caches: Any) -> None:
    caches.create_cache_cluster(CacheClusterId="m", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=1)
    caches.reboot_cache_cluster(CacheClusterId="m", CacheNodeIdsToReboot=["0001"])
    assert nodes(caches)[0]["CacheClusterStatus"] == "rebooting cluster nodes"
    until("it is available", lambda: nodes(caches)[0]["CacheClusterStatus"] == "available")
    caches.delete_cache_cluster(CacheClusterId="m")
    assert nodes(caches)[0]["CacheClusterStatus"] == "deleting"
    until("it is gone", lambda: nodes(caches) == [])


TOKENS = ["the-token-of-monday", "the-token-of-tuesday", "the-token-of-wednesday"]
ENCRYPTED = {"TransitEncryptionEnabled": True}


def token_state(caches: Any) -> tuple[Any, ...]:
    found = caches.describe_replication_groups(**NAME)["ReplicationGroups"][0]
    pending = found.get("PendingModifiedValues", {}).get("AuthTokenStatus")
    return found["AuthTokenEnabled"], found.get("AuthTokenLastModifiedDate"), pending


def change_token(caches: Any, token: str, strategy: str) -> Any:
    """Ask for the change and wait until it is made."""
    change = {"AuthToken": token, "AuthTokenUpdateStrategy": strategy, "ApplyImmediately": True}
    caches.modify_replication_group(**NAME, **change)
    assert token_state(caches)[2] == {"ROTATE": "ROTATING", "SET": "SETTING"}[strategy]
    available(caches)
    return token_state(caches)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"AuthToken": TOKENS[0]}, "InvalidParameterValue"),
        ({"AuthToken": TOKENS[0], "TransitEncryptionEnabled": False}, "InvalidParameterValue"),
        ({"AuthToken": "fifteen-letters", **ENCRYPTED}, "InvalidParameterValue"),
        ({"AuthToken": "x" * 129, **ENCRYPTED}, "InvalidParameterValue"),
        ({"AuthToken": "the-token/of@monday", **ENCRYPTED}, "InvalidParameterValue"),
        ({"AuthToken": "the token of monday", **ENCRYPTED}, "InvalidParameterValue"),
        ({"AuthToken": TOKENS[0], "UserGroupIds": ["admins"], **ENCRYPTED}, "InvalidParameterCombination"),
    ],
)
def test_a_token_that_cannot_be_is_refused(account: Account, caches: Any, more: dict[str, Any], code: str) -> None:
    assert refused(make, caches, account, **more) == code
    assert caches.describe_replication_groups()["ReplicationGroups"] == []


def test_a_cache_with_a_token_shows_when_it_got_it_and_never_which(account: Account, caches: Any) -> None:
    make(caches, account, AuthToken=TOKENS[0], **ENCRYPTED)
    available(caches)
    enabled, first, pending = token_state(caches)
    assert (enabled, pending) == (True, None)
    assert change_token(caches, TOKENS[1], "ROTATE")[1] > first
    assert nodes(caches)[0]["AuthTokenEnabled"] is True
    everything = [caches.describe_replication_groups(), caches.describe_cache_clusters(ShowCacheNodeInfo=True)]
    assert not [token for token in TOKENS if token in str(everything)]


def test_a_token_is_rotated_and_then_set(account: Account, caches: Any) -> None:
    make(caches, account, **ENCRYPTED)
    available(caches)
    assert token_state(caches) == (False, None, None)
    change = {**NAME, "ApplyImmediately": True}
    for token, strategy in ((TOKENS[0], "SET"), (TOKENS[0], "DELETE"), ("short", "ROTATE"), (None, "ROTATE")):
        given = {"AuthToken": token} if token else {}
        code = refused(caches.modify_replication_group, **change, **given, AuthTokenUpdateStrategy=strategy)
        assert code in ("InvalidParameterValue", "InvalidParameterCombination"), (token, strategy)
    assert token_state(caches) == (False, None, None)
    assert change_token(caches, TOKENS[0], "ROTATE")[0] is True
    wrong = {"AuthToken": TOKENS[1], "AuthTokenUpdateStrategy": "SET"}
    assert refused(caches.modify_replication_group, **change, **wrong) == "InvalidParameterValue"
    change_token(caches, TOKENS[0], "SET")
    again = {"AuthToken": TOKENS[0], "AuthTokenUpdateStrategy": "SET"}
    assert refused(caches.modify_replication_group, **change, **again) == "InvalidParameterValue"


def test_a_token_needs_encryption_of_an_existing_cache_too(account: Account, caches: Any) -> None:
    make(caches, account)
    available(caches)
    change = {"AuthToken": TOKENS[0], "AuthTokenUpdateStrategy": "ROTATE"}
    assert refused(caches.modify_replication_group, **NAME, **change) == "InvalidParameterValue"
