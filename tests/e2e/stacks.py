# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stack behind a load balancer, as its users and as the API see it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness import Lab, Run, Traffic, wait_for


@dataclass(frozen=True)
class Stack:
    """A topology in a lab. ``overrides`` are merged over its document in every playbook.

    ``stable_time`` is how long processes have to stay up, which every deploy waits for.
    """

    lab: Lab
    topology: str
    name: str
    region: str = "us-east-1"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    stable_time: int = 5

    def play(
        self,
        playbook: str,
        *options: str,
        services: Mapping[str, Mapping[str, Any]] | None = None,
        rollout: Mapping[str, Any] | None = None,
    ) -> Run:
        """Run a playbook; ``services`` and ``rollout`` are merged over the overrides."""
        layers = dict(self.overrides)
        known = layers.get("services", {})
        changed = {name: {**known.get(name, {}), **values} for name, values in (services or {}).items()}
        quick = {"app_stable_time": self.stable_time}
        layers["rollout"] = {**layers.get("rollout", {}), **(rollout or {})}
        words = json.dumps({"stack_overrides": {**layers, "services": {**known, **changed}}, **quick})
        return self.lab.play(playbook, "-e", words, *options, topology=self.topology)

    def client(self, service: str) -> Any:
        return self.lab.client(service, self.region)

    @property
    def url(self) -> str:
        (balancer,) = self.client("elbv2").describe_load_balancers(Names=[f"{self.name}-alb"])["LoadBalancers"]
        return f"http://{balancer['DNSName']}"

    def machines(self) -> dict[str, Any]:
        """The instances, by name, without the name of the stack."""
        owned = {"Name": "tag:groundwork:stack", "Values": [self.name]}
        alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
        found = self.client("ec2").describe_instances(Filters=[owned, alive])["Reservations"]
        instances = [instance for reservation in found for instance in reservation["Instances"]]
        names = [next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "Name") for one in instances]
        return {name.removeprefix(f"{self.name}-"): one for name, one in zip(names, instances, strict=True)}

    def health(self, service: str) -> dict[str, str]:
        """Return the target health of a service by the id of the instance."""
        elb = self.client("elbv2")
        (group,) = elb.describe_target_groups(Names=[f"{self.name}-{service}"])["TargetGroups"]
        targets = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in targets}

    def stop(self, *ids: str) -> None:
        self.client("ec2").stop_instances(InstanceIds=[*ids])
        self.client("ec2").get_waiter("instance_stopped").wait(InstanceIds=[*ids], WaiterConfig={"Delay": 1})

    def start(self, *ids: str) -> None:
        self.client("ec2").start_instances(InstanceIds=[*ids])
        self.client("ec2").get_waiter("instance_running").wait(InstanceIds=[*ids], WaiterConfig={"Delay": 1})

    def shell(self, machine: Mapping[str, Any], command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command on an instance, connected as the inventory connects."""
        ssh = ["ssh", "-i", self.lab.environment["GROUNDWORK_LAB_SSH_KEY"], "-o", "StrictHostKeyChecking=no"]
        ssh += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        if "PublicIpAddress" not in machine:
            proxy = f"{self.lab.environment['GROUNDWORK_LAB_SSH_PROXY']} {shlex.quote(machine['InstanceId'])}"
            ssh += ["-o", f"ProxyCommand={proxy}"]
        address = machine.get("PublicIpAddress", machine["PrivateIpAddress"])
        return subprocess.run(
            [*ssh, f"admin@{address}", command], capture_output=True, text=True, timeout=60, check=False
        )

    def reaches(self, machine: Mapping[str, Any], host: str, port: int) -> bool:
        """Return whether an instance can connect to a port."""
        return self.shell(machine, f"timeout 3 bash -c '</dev/tcp/{host}/{port}'").returncode == 0

    def passwords(self) -> list[str]:
        """Return every secret value of the stack."""
        vault = self.client("secretsmanager")
        texts = [vault.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in self._secrets()]
        return [json.loads(text)["password"] if text.startswith("{") else text for text in texts]

    def _secrets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client("secretsmanager").list_secrets()["SecretList"]
        return found

    def find_remains(self) -> dict[str, list[Any]]:
        """Return the objects that still exist, read from each API. Snapshots of databases are kept on purpose."""
        elb, ec2, rds, cache = (self.client(name) for name in ("elbv2", "ec2", "rds", "elasticache"))
        watch, logs, topics = (self.client(name) for name in ("cloudwatch", "logs", "sns"))
        iam, parameters, certificates = (self.client(name) for name in ("iam", "ssm", "acm"))
        path = f"/groundwork/{self.name}/"
        owned = [{"Name": "tag:groundwork:stack", "Values": [self.name]}]
        found = {
            "load balancers": elb.describe_load_balancers()["LoadBalancers"],
            "target groups": elb.describe_target_groups()["TargetGroups"],
            "databases": rds.describe_db_instances()["DBInstances"],
            "subnet groups of databases": rds.describe_db_subnet_groups()["DBSubnetGroups"],
            "parameter groups of databases": [
                one
                for one in rds.describe_db_parameter_groups()["DBParameterGroups"]
                if not one["DBParameterGroupName"].startswith("default.")
            ],
            "caches": cache.describe_replication_groups()["ReplicationGroups"],
            "subnet groups of caches": cache.describe_cache_subnet_groups()["CacheSubnetGroups"],
            "roles": iam.list_roles(PathPrefix=path)["Roles"],
            "instance profiles": iam.list_instance_profiles(PathPrefix=path)["InstanceProfiles"],
            "parameters": parameters.get_parameters_by_path(Path=path, Recursive=True)["Parameters"],
            "certificates": certificates.list_certificates()["CertificateSummaryList"],
            "secrets": self._secrets(),
            "alarms": watch.describe_alarms()["MetricAlarms"],
            "dashboards": watch.list_dashboards()["DashboardEntries"],
            "log groups": logs.describe_log_groups()["logGroups"],
            "topics": topics.list_topics()["Topics"],
            "networks": ec2.describe_vpcs(Filters=owned)["Vpcs"],
            "subnets": ec2.describe_subnets(Filters=owned)["Subnets"],
            "NAT gateways": [
                one
                for one in ec2.describe_nat_gateways(Filters=owned)["NatGateways"]
                if one["State"] not in ("deleted", "deleting")
            ],
            "internet gateways": ec2.describe_internet_gateways(Filters=owned)["InternetGateways"],
            "route tables": ec2.describe_route_tables(Filters=owned)["RouteTables"],
            "volumes": ec2.describe_volumes(Filters=owned)["Volumes"],
            "security groups": ec2.describe_security_groups(Filters=owned)["SecurityGroups"],
            "addresses": ec2.describe_addresses(Filters=owned)["Addresses"],
            "key pairs": ec2.describe_key_pairs(Filters=owned)["KeyPairs"],
            "interfaces": [
                one for one in ec2.describe_network_interfaces()["NetworkInterfaces"] if one.get("RequesterManaged")
            ],
            "machines": list(self.machines()),
        }
        return {what: those for what, those in found.items() if those}


def assert_serves(*urls: str) -> None:
    """Check that a hundred requests in a row succeed."""
    with Traffic(*urls) as traffic:
        wait_for(lambda: traffic.sent > 100, 60, "a hundred answers")
    assert traffic.failures == []
