# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Caches that are real servers, as a client on an instance in the same network sees them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from labtools import CA, KNOW, Account, Lab, client, docker, refused, start_client, until

from lab.servers.driver import SILENCE

pytestmark = pytest.mark.docker

TOKEN, NEXT, WRONG = "the-token-of-monday", "the-token-of-tuesday", "the-token-of-sunday"
# One has a replica and encrypts; another one does neither; the third requires a token.
CACHES: dict[str, dict[str, Any]] = {
    "shop": {"NumCacheClusters": 2, "AutomaticFailoverEnabled": True, "TransitEncryptionEnabled": True},
    "bare": {"NumCacheClusters": 1, "TransitEncryptionEnabled": False, "Port": 6390},
    "shut": {"NumCacheClusters": 1, "TransitEncryptionEnabled": True, "AuthToken": TOKEN},
}


@dataclass
class Site:
    """A lab with caches, and an instance that they let in; ``tokens`` are those with which it asks them."""

    lab: Lab
    account: Account
    api: Any
    guest: str
    tokens: dict[str, str] = field(default_factory=lambda: {"shut": TOKEN})

    def shown(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
        return found

    def wait(self, name: str, status: str = "available") -> dict[str, Any]:
        until(f"{name} is {status}", lambda: self.shown(name)["Status"] == status)
        return self.shown(name)

    def address(self, name: str, endpoint: str = "PrimaryEndpoint") -> str:
        return str(self.shown(name)["NodeGroups"][0][endpoint]["Address"])

    def ask(
        self, name: str, *words: str, address: str = "", tls: bool | None = None, token: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Send a command to a cache from the instance.

        ``tls`` overrides whether the cache is encrypted, ``token`` its token; an empty one is none.
        """
        encrypted = self.shown(name)["TransitEncryptionEnabled"] if tls is None else tls
        where = ["-h", address or self.address(name), "-p", str(CACHES[name].get("Port", 6379))]
        safe = ["--tls", "--cacert", CA] if encrypted else []
        given = self.tokens.get(name, "") if token is None else token
        login = ["-a", given, "--no-auth-warning"] if given else []
        shell = f'{KNOW} exec timeout 2 redis-cli "$@"'
        return docker("exec", f"{self.guest}-client", "sh", "-c", shell, "-", *where, *safe, *login, *words)

    def query(self, name: str, *words: str, **options: Any) -> str:
        """What it answers; empty when it does not."""
        return self.ask(name, *words, **options).stdout.strip()

    def run_id(self, name: str) -> str:
        """Another one for every start of the server."""
        lines = self.query(name, "INFO", "server").splitlines()
        return next((line for line in lines if line.startswith("run_id")), "")

    def node(self, name: str, number: int = 1) -> dict[str, Any]:
        found = self.api.describe_cache_clusters(CacheClusterId=f"{name}-{number:0>3}", ShowCacheNodeInfo=True)
        return dict(found["CacheClusters"][0])

    def containers(self) -> list[str]:
        filters = ("--filter", f"label=groundwork.lab={self.lab.mark}", "--filter", "name=cache-")
        return docker("ps", "--all", "--format", "{{.Names}}", *filters).stdout.split()

    def interfaces(self) -> list[str]:
        mine = [{"Name": "vpc-id", "Values": [self.account.vpc]}]
        found = self.account.ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
        return sorted(one["Description"] for one in found if one["Description"].startswith("ElastiCache"))


@pytest.fixture(scope="module")
def site(lab: Lab) -> Iterator[Site]:
    account = lab.account()
    account.make_network("10.5.0.0/16", "10.5.1.0/24")
    more = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.5.2.0/24", AvailabilityZone="us-east-1b")
    api = client("elasticache", account.endpoint)
    api.create_cache_subnet_group(
        CacheSubnetGroupName="caches",
        CacheSubnetGroupDescription="caches",
        SubnetIds=[account.subnet, more["Subnet"]["SubnetId"]],
    )
    data = account.ec2.create_security_group(GroupName="data", Description="data", VpcId=account.vpc)["GroupId"]
    friends = [{"GroupId": account.group}]
    rule = {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6390, "UserIdGroupPairs": friends}
    account.ec2.authorize_security_group_ingress(GroupId=data, IpPermissions=[rule])
    for name, more in CACHES.items():
        made = api.create_replication_group(
            ReplicationGroupId=name,
            ReplicationGroupDescription=name,
            Engine="redis",
            EngineVersion="7.1",
            CacheNodeType="cache.t3.micro",
            CacheSubnetGroupName="caches",
            SecurityGroupIds=[data],
            **more,
        )["ReplicationGroup"]
        assert (made["Status"], made["NodeGroups"]) == ("creating", [])
    found = Site(lab, account, api, account.launch())
    account.wait(found.guest, "running")
    start_client(lab, found.guest)
    for name in CACHES:
        found.wait(name)
        until(f"{name} answers", lambda name=name: found.query(name, "SET", "kept", "1") == "OK")
    yield found
    docker("rm", "--force", f"{found.guest}-client")
    account.terminate(found.guest)


def test_every_endpoint_leads_to_it_encrypted_or_not_at_all(site: Site) -> None:
    names = [site.address("shop", "ReaderEndpoint"), site.node("shop", 2)["CacheNodes"][0]["Endpoint"]["Address"]]
    assert [site.query("shop", "PING"), *(site.query("shop", "GET", "kept", address=one) for one in names)] == [
        "PONG",
        "1",
        "1",
    ]
    assert site.ask("shop", "PING", tls=False).stdout.strip() != "PONG"
    assert (
        site.query("bare", "PING")
        == site.query("bare", "PING", address=site.address("bare", "ReaderEndpoint"))
        == "PONG"
    )


def test_those_that_serve_stay_available(site: Site) -> None:
    seen = set()
    ends = time.monotonic() + 1.5 * SILENCE
    while time.monotonic() < ends:
        seen |= {site.shown(name)["Status"] for name in CACHES}
        time.sleep(0.2)
    assert seen == {"available"}


def test_what_aws_keeps_for_itself_is_not_there(site: Site) -> None:
    for forbidden in (("CONFIG", "GET", "*"), ("SHUTDOWN",), ("REPLICAOF", "NO", "ONE"), ("BGSAVE",)):
        assert "unknown command" in site.query("shop", *forbidden)
    assert "NOPERM" in site.query("shop", "ACL", "SETUSER", "me", "on")
    assert site.query("shop", "ACL", "WHOAMI") == "default"


def test_only_friends_reach_it(site: Site) -> None:
    front = site.account.ec2.create_security_group(GroupName="front", Description="front", VpcId=site.account.vpc)
    change = site.account.ec2.modify_instance_attribute
    change(InstanceId=site.guest, Groups=[front["GroupId"]])
    until("a host outside the security group is rejected", lambda: site.ask("shop", "PING").returncode == 124)
    change(InstanceId=site.guest, Groups=[site.account.group])
    until("a friend is let in", lambda: site.query("shop", "PING") == "PONG")


def test_one_that_dies_or_is_rebooted_comes_back_with_what_a_replica_had(site: Site) -> None:
    before = {name: site.run_id(name) for name in ("shop", "bare")}
    assert all(before.values())
    reboot = {"CacheClusterId": "bare-001", "CacheNodeIdsToReboot": ["0001"]}
    site.api.reboot_cache_cluster(**reboot)
    assert site.node("bare")["CacheClusterStatus"] == "rebooting cluster nodes"
    assert refused(site.api.reboot_cache_cluster, **reboot) == "InvalidCacheClusterState"
    (shop,) = (one for one in site.containers() if "cache-shop-" in one)
    docker("kill", shop)
    site.wait("shop", "modifying")
    for name in before:
        site.wait(name)
        assert site.run_id(name) not in ("", before[name])
    assert (site.query("shop", "GET", "kept"), site.query("bare", "EXISTS", "kept")) == ("1", "0")


def test_a_further_replica_is_reached_and_interrupts_no_client(site: Site) -> None:
    before = site.run_id("shop")
    site.api.increase_replica_count(ReplicationGroupId="shop", NewReplicaCount=2, ApplyImmediately=True)
    site.wait("shop")
    nodes = ("bare-001", "shop-001", "shop-002", "shop-003", "shut-001")
    assert site.interfaces() == [f"ElastiCache {name}" for name in nodes]
    third = site.node("shop", 3)["CacheNodes"][0]["Endpoint"]["Address"]
    until("the third answers", lambda: site.query("shop", "GET", "kept", address=third) == "1")
    assert site.run_id("shop") == before != ""


def test_a_cache_with_a_token_refuses_all_without_it(site: Site) -> None:
    assert site.query("shut", "PING") == "PONG"
    assert "NOAUTH" in site.query("shut", "PING", token="")
    assert "NOAUTH" in site.query("shut", "PING", token=WRONG)
    assert "NOPERM" in site.query("shut", "ACL", "SETUSER", "default", "nopass")


def change_token(site: Site, name: str, token: str, strategy: str) -> None:
    change = {"AuthToken": token, "AuthTokenUpdateStrategy": strategy, "ApplyImmediately": True}
    site.api.modify_replication_group(ReplicationGroupId=name, **change)
    site.wait(name)


@pytest.mark.parametrize(("name", "before"), [("shop", ""), ("shut", TOKEN)])
def test_a_token_is_rotated_and_set_without_an_end_of_connections(site: Site, name: str, before: str) -> None:
    run = site.run_id(name)
    change_token(site, name, NEXT, "ROTATE")
    assert [site.query(name, "PING", token=token) for token in (before, NEXT)] == ["PONG", "PONG"]
    assert "WRONGPASS" in site.ask(name, "PING", token=WRONG).stderr
    change_token(site, name, NEXT, "SET")
    site.tokens[name] = NEXT
    assert (site.query(name, "PING"), site.run_id(name)) == ("PONG", run)
    assert "NOAUTH" in site.query(name, "PING", token=before)
    assert site.query(name, "GET", "kept") == "1"


def test_the_lab_survives_a_kill(site: Site) -> None:
    before, address = site.run_id("shop"), site.address("shop")
    os.kill(site.lab.pid, signal.SIGKILL)
    site.lab.run("up")
    assert site.shown("shop")["Status"] == "available"
    assert site.address("shop") == address
    assert site.run_id("shop") == before != ""


def test_nothing_is_left_of_what_is_deleted(site: Site) -> None:
    for name in CACHES:
        site.api.delete_replication_group(ReplicationGroupId=name)
    until("they are gone", lambda: site.api.describe_replication_groups()["ReplicationGroups"] == [])
    assert site.containers() == []
    assert site.interfaces() == []
    hosts = ("exec", f"{site.guest}-client", "cat", "/proc/1/root/etc/hosts")
    until("no hosts file has their names", lambda: "cache.amazonaws.com" not in docker(*hosts).stdout)
