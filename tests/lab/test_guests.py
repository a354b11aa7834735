# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances that are real: what a client of theirs sees."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from labtools import Account, Lab, until

pytestmark = pytest.mark.docker

IMDS = "http://169.254.169.254/latest"
TOKEN = f"$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {IMDS}/api/token)"
USER_DATA = "#!/bin/sh\necho ran as $(id -un)\necho once >> /root/user-data-ran\n"


def ask(path: str) -> str:
    return f'curl -s -H "X-aws-ec2-metadata-token: {TOKEN}" {IMDS}/{path}'


def opens(address: str, port: int, seconds: float = 1.0) -> bool:
    try:
        with socket.create_connection((address, port), timeout=seconds):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def account(lab: Lab) -> Account:
    found = lab.account()
    found.make_network()
    found.allow(22, lab.exports["GROUNDWORK_LAB_CLIENT_CIDR"])
    public = Path(f"{lab.exports['GROUNDWORK_LAB_SSH_KEY']}.pub").read_bytes()
    found.ec2.import_key_pair(KeyName="lab", PublicKeyMaterial=public)
    return found


def launch(account: Account, **more: Any) -> str:
    interface = {
        "DeviceIndex": 0,
        "SubnetId": account.subnet,
        "Groups": [account.group],
        "AssociatePublicIpAddress": True,
    }
    options = {
        "SubnetId": None,
        "SecurityGroupIds": None,
        "KeyName": "lab",
        "NetworkInterfaces": [interface],
        "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "app-1"}]}],
    }
    return account.launch(**{**options, **more})


@pytest.fixture(scope="module")
def profile(account: Account) -> str:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    trust["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}  # type: ignore[index]
    account.iam.create_role(RoleName="app-role", AssumeRolePolicyDocument=json.dumps(trust))
    account.iam.create_instance_profile(InstanceProfileName="app")
    account.iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app-role")
    return "app"


@pytest.fixture(scope="module")
def machine(account: Account, profile: str) -> Iterator[str]:
    """An instance that most of the tests share."""
    made = launch(account, UserData=USER_DATA, IamInstanceProfile={"Name": profile})
    account.wait(made, "running")
    yield made
    account.terminate(made)


def test_ssh_with_the_key_pair(lab: Lab, account: Account, machine: str) -> None:
    instance = account.instance(machine)
    seen = lab.ssh(
        instance["PublicIpAddress"], "hostname; ip -4 -o address show ens5; sudo id -u; systemctl is-system-running"
    )
    assert seen.returncode == 0, seen.stderr
    name, address, root, state = seen.stdout.splitlines()
    assert name == instance["PrivateDnsName"].split(".")[0]
    assert f"{instance['PrivateIpAddress']}/16" in address
    assert (root, state) == ("0", "running")


def test_metadata_with_a_token_only(lab: Lab, account: Account, machine: str) -> None:
    instance = account.instance(machine)
    asked = [
        f"curl -s -o /dev/null -w '%{{http_code}}\\n' {IMDS}/meta-data/",
        *(ask(path) + "; echo" for path in ("meta-data/instance-id", "meta-data/local-ipv4", "meta-data/public-ipv4")),
        ask("meta-data/tags/instance/Name") + "; echo",
        ask("meta-data/placement/region") + "; echo",
        ask("meta-data/iam/security-credentials/app-role"),
    ]
    seen = lab.ssh(instance["PublicIpAddress"], "; ".join(asked)).stdout
    status, *values = seen.splitlines()[:6]
    assert status == "401"
    assert values == [
        machine,
        instance["PrivateIpAddress"],
        instance["PublicIpAddress"],
        "app-1",
        "us-east-1",
    ]
    assert json.loads("".join(seen.splitlines()[6:]))["Code"] == "Success"


def test_user_data_runs_once(lab: Lab, account: Account, machine: str) -> None:
    address = account.instance(machine)["PublicIpAddress"]
    read = "sudo cat /var/lib/cloud/instance/boot-finished /var/log/cloud-init-output.log"
    until(
        "user data has ended", lambda: lab.ssh(address, "test -e /var/lib/cloud/instance/boot-finished").returncode == 0
    )
    assert "ran as root" in lab.ssh(address, read).stdout
    assert "ran as root" in account.ec2.get_console_output(InstanceId=machine)["Output"]


def test_security_group_opens_and_closes(lab: Lab, account: Account, machine: str) -> None:
    address = account.instance(machine)["PublicIpAddress"]
    lab.ssh(address, "sudo systemd-run -q --unit web python3 -m http.server 3000")
    until("the server listens", lambda: "3000" in lab.ssh(address, "ss -Hltn sport = :3000").stdout)
    assert not opens(address, 3000)
    account.allow(3000, "0.0.0.0/0")
    until("3000 is open", lambda: opens(address, 3000), 5)
    rule = {"IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    account.ec2.revoke_security_group_ingress(GroupId=account.group, IpPermissions=[rule])
    until("3000 is closed again", lambda: not opens(address, 3000), 5)


def test_elastic_address_moves_while_running(lab: Lab, account: Account, machine: str) -> None:
    automatic = account.instance(machine)["PublicIpAddress"]
    made = account.ec2.allocate_address(Domain="vpc")
    elastic = made["PublicIp"]
    linked = account.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=machine)
    until("SSH answers at the elastic address", lambda: opens(elastic, 22), 5)
    until("not at the old one any more", lambda: not opens(automatic, 22), 5)
    assert account.instance(machine)["PublicIpAddress"] == elastic
    account.ec2.disassociate_address(AssociationId=linked["AssociationId"])
    account.ec2.release_address(AllocationId=made["AllocationId"])
    address = account.instance(machine)["PublicIpAddress"]
    until("SSH answers at a new address", lambda: opens(address, 22), 5)


def test_a_private_instance_is_reached_by_its_friends_only(lab: Lab, account: Account, machine: str) -> None:
    made = account.ec2.create_security_group(GroupName="database", Description="database", VpcId=account.vpc)
    friends = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": account.group}]}
    account.ec2.authorize_security_group_ingress(GroupId=made["GroupId"], IpPermissions=[friends])
    private = account.launch(KeyName="lab", SecurityGroupIds=[made["GroupId"]])
    instance = account.wait(private, "running")
    assert "PublicIpAddress" not in instance
    # It has no public address, so its way out through the internet gateway leads nowhere.
    seen = lab.ssh(private, "sudo systemd-run -q python3 -m http.server 5432; ip route show default; hostname")
    assert seen.stdout.splitlines() == [instance["PrivateDnsName"].split(".")[0]], seen.stderr
    probe = "timeout 2 bash -c '</dev/tcp/{}/{}' 2>/dev/null && echo open || echo closed"
    friend = account.instance(machine)["PublicIpAddress"]

    def reach(port: int) -> str:
        return lab.ssh(friend, probe.format(instance["PrivateIpAddress"], port)).stdout.strip()

    until("the friend reaches the database", lambda: reach(5432) == "open")
    assert reach(22) == "closed"
    other = account.ec2.create_security_group(GroupName="unrelated", Description="unrelated", VpcId=account.vpc)
    account.ec2.modify_instance_attribute(InstanceId=private, Groups=[other["GroupId"]])
    until("no group admits the instance any more", lambda: reach(5432) == "closed")
    account.terminate(private)


def test_reboots_from_inside_and_by_the_api(lab: Lab, account: Account, machine: str) -> None:
    address = account.instance(machine)["PublicIpAddress"]

    def boot() -> str:
        return lab.ssh(address, "cat /proc/sys/kernel/random/boot_id /proc/1/stat | md5sum; stat -c %Z /proc/1").stdout

    first = boot()
    lab.ssh(address, "sudo systemctl reboot")
    second = until("it is back", lambda: (seen := boot()) and seen != first and seen)
    account.ec2.reboot_instances(InstanceIds=[machine])
    until("it is back again", lambda: (seen := boot()) and seen not in (first, second) and seen)
    assert account.state(machine) == "running"
    assert lab.ssh(address, "sudo cat /root/user-data-ran").stdout == "once\n"


def test_stop_and_start(lab: Lab, account: Account, machine: str) -> None:
    before = account.instance(machine)
    assert lab.ssh(before["PublicIpAddress"], "echo kept > kept").returncode == 0
    account.ec2.stop_instances(InstanceIds=[machine])
    assert account.state(machine) in ("stopping", "stopped")
    stopped = account.wait(machine, "stopped")
    assert "PublicIpAddress" not in stopped
    account.ec2.start_instances(InstanceIds=[machine])
    after = account.wait(machine, "running")
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert lab.ssh(after["PublicIpAddress"], "cat kept").stdout == "kept\n"
    assert not opens(after["PublicIpAddress"], 3000)


def test_switching_off_from_inside_stops_the_instance(lab: Lab, account: Account, machine: str) -> None:
    lab.ssh(account.instance(machine)["PublicIpAddress"], "sudo poweroff")
    stopped = account.wait(machine, "stopped")
    assert stopped["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    account.ec2.start_instances(InstanceIds=[machine])
    account.wait(machine, "running")


def test_the_lab_survives_a_kill(lab: Lab, account: Account, machine: str) -> None:
    before = account.instance(machine)
    address = before["PublicIpAddress"]
    booted = lab.ssh(address, "stat -c %Z /proc/1").stdout
    os.kill(lab.pid, signal.SIGKILL)
    assert opens(address, 22), "the guest runs on"
    began = time.monotonic()
    lab.up()
    assert time.monotonic() - began < 30
    assert account.instance(machine) == before
    assert lab.ssh(address, "stat -c %Z /proc/1").stdout == booted
    until("metadata is back", lambda: machine in lab.ssh(address, ask("meta-data/instance-id")).stdout)


def test_a_second_lab_with_the_same_addresses(
    new_lab: Callable[[], Lab], lab: Lab, account: Account, machine: str
) -> None:
    other = new_lab()
    mark = other.mark
    there = other.account()
    there.make_network()
    there.allow(22, "0.0.0.0/0")
    public = Path(f"{other.exports['GROUNDWORK_LAB_SSH_KEY']}.pub").read_bytes()
    there.ec2.import_key_pair(KeyName="lab", PublicKeyMaterial=public)
    pair = [launch(there) for _ in range(2)]
    first, second = (there.wait(one, "running") for one in pair)
    assert first["PrivateIpAddress"] == "10.0.1.4"
    assert account.instance(machine)["PrivateIpAddress"] == "10.0.1.4"
    # Inside a VPC instances reach each other at their private addresses, as far as the groups let them.
    probe = f"timeout 2 bash -c '</dev/tcp/{second['PrivateIpAddress']}/22' && echo open"
    assert other.ssh(first["PublicIpAddress"], probe).stdout == "open\n"
    there.terminate(*pair)
    assert "gwlab" in leftovers(other.name, mark)
    for delete, what in (
        (there.ec2.delete_security_group, {"GroupId": there.group}),
        (there.ec2.delete_subnet, {"SubnetId": there.subnet}),
        (there.ec2.delete_route_table, {"RouteTableId": there.table}),
        (there.ec2.detach_internet_gateway, {"InternetGatewayId": there.gateway, "VpcId": there.vpc}),
        (there.ec2.delete_vpc, {"VpcId": there.vpc}),
    ):
        delete(**what)
    until("its bridge goes with a VPC", lambda: "gwlab" not in leftovers(other.name, mark))
    other.down()
    assert not (other.home / other.name).exists()
    assert leftovers(other.name, mark) == ""
    assert opens(account.instance(machine)["PublicIpAddress"], 22)


def leftovers(name: str, mark: str) -> str:
    listings = (
        ["docker", "ps", "--all", "--quiet", "--filter", f"label=groundwork.lab={mark}"],
        ["docker", "network", "ls", "--quiet", "--filter", f"label=groundwork.lab={mark}"],
        ["sh", "-c", f"ip netns list | grep -F gwlab.{mark}. || true"],
        ["grep", "-F", f"# lab {mark}:", "/etc/hosts"],
        ["sh", "-c", f"ps -eo args | grep -F -- '--name {name}' | grep -v grep || true"],
    )
    return "".join(subprocess.run(one, capture_output=True, text=True, check=False).stdout for one in listings)


def test_an_instance_that_cannot_boot_is_terminated(lab: Lab, account: Account) -> None:
    # Another container cannot take its name beforehand, because the id is not known then. So the container is
    # removed as soon as it exists.
    made = launch(account)
    name = f"lab-{lab.name}-{made}"
    remove = ["docker", "rm", "--force", name]
    until(
        "the container is there", lambda: subprocess.run(remove, capture_output=True, text=True).stdout == f"{name}\n"
    )
    gone = account.wait(made, "terminated")
    assert gone["StateReason"]["Code"] == "Server.InternalError"
    assert made in lab.run("logs").stdout
