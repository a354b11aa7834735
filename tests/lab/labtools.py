# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account in the lab, and a lab with machines behind the instances, as tests use them."""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
# In the containers of clients: the certificate of the lab's authority, and the command that copies the names from the
# hosts file of the instance, because docker gives containers that share its network another one.
CA = "/ca.crt"
KNOW = "cat /proc/1/root/etc/hosts >/etc/hosts; "
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


SESSION: Any = boto3.Session(region_name="us-east-1")
# The access keys of the labs of this process, by endpoint.
KEYS: dict[str, dict[str, str]] = {}


def use_key(environment: Mapping[str, str]) -> None:
    """Sign requests to the endpoint of this environment with its access key."""
    KEYS[environment["AWS_ENDPOINT_URL"]] = {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
    }


def client(service: str, endpoint: str, account: str = "123456789012", config: Config = ONCE, **key: str) -> Any:
    """A client that asks once, so that every error is seen; moto takes the account from a header.

    It signs with the key of the lab, or with ``key``, which has the names of boto3.
    """

    def name_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    made = SESSION.client(
        service,
        endpoint_url=endpoint,
        config=config,
        **(key or KEYS[endpoint]),
    )
    made.meta.events.register("before-sign", name_account)
    return made


def until(what: str, ask: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Ask until the answer is true, and return it."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


@dataclass
class Account:
    """A VPC with one public subnet and a security group, and what is done with it."""

    endpoint: str
    number: str = "123456789012"

    @functools.cached_property
    def ec2(self) -> Any:
        return client("ec2", self.endpoint, self.number)

    @functools.cached_property
    def ssm(self) -> Any:
        return client("ssm", self.endpoint, self.number)

    @functools.cached_property
    def iam(self) -> Any:
        return client("iam", self.endpoint, self.number)

    @property
    def image(self) -> str:
        return self.ssm.get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]

    def make_network(self, cidr: str = "10.0.0.0/16", subnet: str = "10.0.1.0/24") -> None:
        self.vpc = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=subnet, AvailabilityZone="us-east-1a")
        self.subnet = made["Subnet"]["SubnetId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)
        self.ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.subnet)
        made = self.ec2.create_security_group(GroupName="app", Description="app", VpcId=self.vpc)
        self.group = made["GroupId"]

    def launch(self, **more: Any) -> str:
        """Start one instance and return its id."""
        options = {
            "ImageId": self.image,
            "InstanceType": "t3.micro",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": self.subnet,
            "SecurityGroupIds": [self.group],
            **more,
        }
        given = {key: value for key, value in options.items() if value is not None}
        return self.ec2.run_instances(**given)["Instances"][0]["InstanceId"]

    def instance(self, instance_id: str) -> dict[str, Any]:
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    def state(self, instance_id: str) -> str:
        return self.instance(instance_id)["State"]["Name"]

    def wait(self, instance_id: str, state: str, seconds: float = 30.0) -> dict[str, Any]:
        until(f"{instance_id} is {state}", lambda: self.state(instance_id) == state, seconds)
        return self.instance(instance_id)

    def terminate(self, *instance_ids: str) -> None:
        self.ec2.terminate_instances(InstanceIds=list(instance_ids))
        for instance_id in instance_ids:
            self.wait(instance_id, "terminated")

    def allow(self, port: int, cidr: str) -> None:
        self.ec2.authorize_security_group_ingress(
            GroupId=self.group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}],
        )


@dataclass
class Lab:
    """A lab of its own, driven by its command line."""

    name: str
    home: Path

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "GROUNDWORK_LAB_HOME": str(self.home)}
        return subprocess.run(
            [sys.executable, "-m", "lab", *arguments, "--name", self.name],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=check,
        )

    def up(self, *options: str) -> Lab:
        self.run("up", *options)
        lines = self.run("env").stdout.splitlines()
        exports = (shlex.split(line)[1] for line in lines if line.startswith("export "))
        self.exports = dict(export.split("=", 1) for export in exports)
        use_key(self.exports)
        return self

    def down(self) -> None:
        # Other tests run on the same engine.
        self.run("down", "--keep-engine")

    @property
    def mark(self) -> str:
        """What its containers and networks are marked with."""
        return str(json.loads((self.home / self.name / "lab.json").read_text())["identity"])

    @property
    def pid(self) -> int:
        """The lab's process."""
        return int(json.loads((self.home / self.name / "lab.json").read_text())["pid"])

    def account(self) -> Account:
        return Account(self.exports["AWS_ENDPOINT_URL"])

    def ssh(self, address: str, command: str, seconds: int = 15) -> subprocess.CompletedProcess[str]:
        """Run a command as admin; an instance id connects through the proxy command of the lab."""
        proxy = f"{sys.executable} {CHECKOUT / 'lab'} ssh-proxy --name {self.name} %h %p"
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "BatchMode": "yes",
            "ConnectTimeout": "10" if address.startswith("i-") else "5",
            **({"ProxyCommand": proxy} if address.startswith("i-") else {}),
        }
        words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run(
            ["ssh", *words, "-i", self.exports["GROUNDWORK_LAB_SSH_KEY"], f"admin@{address}", command],
            env={**os.environ, "GROUNDWORK_LAB_HOME": str(self.home)},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def refused(call: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """The error code with which AWS (the lab) refuses the call."""
    try:
        call(*arguments, **options)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "nothing was refused"


def docker(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run docker's client; whether that went well is for the test to see."""
    command = ["docker", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def start_client(lab: Lab, guest: str) -> None:
    """A container with the clients of all engines, in the network of an instance, with the names that it knows."""
    image = json.loads((lab.home / lab.name / "lab.json").read_text())["appliances"]
    where = f"container:lab-{lab.name}-{guest}"
    label = f"groundwork.lab={lab.mark}"
    words = ("--detach", "--name", f"{guest}-client", "--label", label, "--network", where, "--pid", where)
    started = docker("run", *words, "--cap-add", "SYS_PTRACE", image, "sleep", "infinity")
    assert started.returncode == 0, started.stderr
    docker("cp", lab.exports["GROUNDWORK_LAB_CA"], f"{guest}-client:{CA}")
