# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An architecture by `stack` against playbooks for the same with the modules of amazon.aws. See README.md."""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from measure import BIN, CHECKOUT, HERE, Took, of_ansible, run, spread
from rig.account import Account
from rig.api import serve
from rig.faults import Delay, every
from rig.proxy import Proxy

STACK, PLAYBOOK = "stack", "amazon.aws"
FIRST, UNCHANGED, TEARDOWN = PHASES = ("first run", "unchanged", "teardown")
PLAYBOOKS = {FIRST: "provision.yml", UNCHANGED: "provision.yml", TEARDOWN: "teardown.yml"}
ACCOUNT = "200000000001"
# What both must have made: a list call, where its items are, and the items that do not count.
CENSUS = (
    ("ec2", "describe_vpcs", "Vpcs", ""),
    ("ec2", "describe_subnets", "Subnets", ""),
    ("ec2", "describe_internet_gateways", "InternetGateways", ""),
    ("ec2", "describe_nat_gateways", "NatGateways", "'State': 'deleted'"),
    ("ec2", "describe_addresses", "Addresses", ""),
    ("ec2", "describe_route_tables", "RouteTables", ""),
    ("ec2", "describe_security_groups", "SecurityGroups", ""),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules", ""),
    ("ec2", "describe_instances", "Reservations", "'Name': 'terminated'"),
    ("ec2", "describe_volumes", "Volumes", ""),
    ("iam", "list_roles", "Roles", "aws-service-role"),
    ("iam", "list_instance_profiles", "InstanceProfiles", ""),
    ("elbv2", "describe_load_balancers", "LoadBalancers", ""),
    ("elbv2", "describe_target_groups", "TargetGroups", ""),
    ("rds", "describe_db_instances", "DBInstances", ""),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", ""),
    # Secrets that AWS creates for the master users of databases do not count.
    ("secretsmanager", "list_secrets", "SecretList", "'rds!"),
)

# What the playbooks do not have.
WITHOUT = {"monitoring": None}


@dataclass
class Program:
    """One way of bringing an architecture up, in an account of its own of an API of its own."""

    name: str
    proxy: Proxy
    account: Account
    home: Path
    plays: dict[str, list[str]]
    took: dict[str, list[Took]] = field(default_factory=lambda: {phase: [] for phase in PHASES})
    calls: dict[str, Counter[str]] = field(default_factory=dict)

    def go(self, phase: str) -> None:
        """Live through one phase once."""
        self.proxy.forget()
        variables = {**of_ansible(self.proxy.url, self.home), "MASTER_PASSWORD": "a-password-of-this-benchmark"}
        took = run([str(BIN / "ansible-playbook"), "-i", "localhost,", *self.plays[phase]], variables)
        changed = int(re.findall(r"changed=(\d+)", took.output)[-1])
        if (changed == 0) != (phase == UNCHANGED):
            raise SystemExit(f"{self.name}, {phase}: changed={changed}\n{took.output}")
        self.took[phase].append(took)
        self.calls[phase] = Counter(f"{call.operation.service}:{call.name}" for call in self.proxy.calls)

    def census(self) -> dict[str, int]:
        """How many there are of each kind."""
        counts = {}
        for service, operation, result, ignored in CENSUS:
            items = getattr(self.account.client(service), operation)()[result]
            counts[result] = len([item for item in items if not ignored or ignored not in str(item)])
        return counts


def of_stack(topology: str, home: Path) -> dict[str, list[str]]:
    """One task of one play."""
    document = CHECKOUT / "topologies" / f"{topology}.yml"
    content = yaml.safe_load(document.read_text(encoding="utf-8"))
    kept = [*(f"db_instance/{name}" for name in content["databases"]), "secret/jwt"]
    options: dict[str, dict[str, Any]] = {FIRST: {}, TEARDOWN: {"state": "absent", "allow_destroy": kept}}
    plays = {}
    for phase, more in options.items():
        options_of_phase = {"topology": str(document), "overrides": WITHOUT, **more}
        task = {"name": phase, "groundwork.aws.stack": options_of_phase}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
        play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        file = home / f"{phase.replace(' ', '-')}.yml"
        file.write_text(json.dumps([play]), encoding="utf-8")
        plays[phase] = [str(file)]
    return {**plays, UNCHANGED: plays[FIRST]}


def of_playbooks(topology: str) -> dict[str, list[str]]:
    """The playbooks in the folder of this file."""
    place = HERE / "amazon_aws"
    python = "ansible_python_interpreter={{ ansible_playbook_python }}"
    given = ["-c", "local", "-e", python, "-e", f"@{place / topology}.yml"]
    return {phase: [*given, str(place / name)] for phase, name in PLAYBOOKS.items()}


@contextmanager
def program(name: str, topology: str, latency: int) -> Iterator[Program]:
    """A program and its API, which has that many milliseconds of latency."""
    region = yaml.safe_load((CHECKOUT / "topologies" / f"{topology}.yml").read_text(encoding="utf-8"))["region"]
    with tempfile.TemporaryDirectory() as directory, serve() as endpoint:
        home, proxy = Path(directory), Proxy(endpoint, ACCOUNT)
        proxy.faults.add(every, Delay(latency / 1000))
        plays = of_stack(topology, home) if name == STACK else of_playbooks(topology)
        yield Program(name, proxy, Account(endpoint, ACCOUNT, region), home, plays)
        proxy.stop()


def compare(topology: str, latency: int, rounds: int, which: bool) -> None:
    """Run both, phase by phase, one after the other."""
    with program(STACK, topology, latency) as ours, program(PLAYBOOK, topology, latency) as theirs:
        before = [one.census() for one in (ours, theirs)]
        for phase in PHASES:
            for _ in range(rounds if phase == UNCHANGED else 1):
                ours.go(phase)
                theirs.go(phase)
            tell(topology, latency, phase, (ours, theirs), which)
            if phase == UNCHANGED:
                agree(topology, "made", ours.census(), theirs.census())
        agree(topology, "left by stack", ours.census(), before[0])
        agree(topology, "left by the playbook", theirs.census(), before[1])


def agree(topology: str, what: str, found: dict[str, int], expected: dict[str, int]) -> None:
    """The comparison is worth something only when both do the same."""
    different = {kind: (found[kind], expected[kind]) for kind in found if found[kind] != expected[kind]}
    if different:
        raise SystemExit(f"{topology}: not the same is {what}: {different}")


def tell(topology: str, latency: int, phase: str, programs: tuple[Program, Program], which: bool) -> None:
    """One line, and with ``which`` the calls."""
    took = [one.took[phase] for one in programs]
    ratios = (
        spread([getattr(theirs, what) / getattr(ours, what) for ours, theirs in zip(*took, strict=True)])
        for what in ("seconds", "processors", "memory")
    )
    head = f"{topology:<11} {latency:>4} ms  {phase:<10}"
    calls = [sum(one.calls[phase].values()) for one in programs]
    print(head, *(f"{ratio:>18}" for ratio in ratios), f"{calls[0]:>7} {calls[1]:>11}", flush=True)
    for one in programs if which else ():
        print(f"    {one.name}: {', '.join(f'{count} {name}' for name, count in sorted(one.calls[phase].items()))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topologies", nargs="+", default=["three_tier", "ecommerce"])
    parser.add_argument("--latency", type=int, nargs="+", default=[0, 80], help="milliseconds added to every call")
    parser.add_argument("--rounds", type=int, default=3, help="how often the unchanged rerun is measured")
    parser.add_argument("--which", action="store_true", help="which calls were made")
    given = parser.parse_args()
    print("amazon.aws / stack: median, lowest and highest of the ratios of whole runs of ansible-playbook")
    head = f"{'topology':<11} {'latency':<8} {'phase':<10}"
    print(f"{head} {'time':>18} {'processors':>18} {'memory':>18} {'calls':>7} {'theirs':>11}")
    for topology in given.topologies:
        for latency in given.latency:
            compare(topology, latency, given.rounds, given.which)


if __name__ == "__main__":
    main()
