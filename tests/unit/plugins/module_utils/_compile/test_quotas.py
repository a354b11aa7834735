# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The numbers of docs/quotas.md match the compiled resources of each topology."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from support.documents import CHECKOUT, TOPOLOGIES

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource

PAGE = CHECKOUT / "docs" / "quotas.md"
HOURS = 730  # of a month, as AWS's own calculator has it
NAMES = sorted(Path(path).stem for path in TOPOLOGIES)
Cells = dict[str, str]


def table(heading: str) -> tuple[list[str], dict[str, Cells]]:
    """The columns of the table below a heading, and its rows by the text of their first cell."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    columns, rows = [cell.strip("`") for cell in lines[0]], lines[2:]
    return columns, {row[0].strip("`"): dict(zip(columns, row, strict=True)) for row in rows}


@lru_cache
def resources(name: str) -> tuple[DesiredResource, ...]:
    return compile_stack(load(name)).resources


def of_type(name: str, kind: str) -> list[Mapping[str, Any]]:
    return [item.properties for item in resources(name) if item.type == kind]


def prices() -> dict[str, float]:
    return {item: float(row["USD"]) for item, row in table("Unit prices")[1].items()}


def vcpus(name: str) -> int:
    known = {item: row["vCPUs"] for item, row in table("Unit prices")[1].items()}
    return sum(int(known[item["type"]]) for item in of_type(name, "instance"))


def fullest(groups: list[list[Any]]) -> int:
    return max((len(group) for group in groups), default=0)


def most_of(values: list[Any]) -> int:
    return max(Counter(values).values(), default=0)


def gateways_of_a_zone(name: str) -> int:
    zones = {item.name: item.properties["zone"] for item in resources(name) if item.type == "subnet"}
    return most_of([zones[item["subnet"].address.partition("/")[2]] for item in of_type(name, "nat_gateway")])


def secrets(name: str) -> int:
    """The secrets of the stack, and one for each master user, which RDS creates."""
    return len(of_type(name, "secret")) + len(of_type(name, "db_instance"))


def nodes(name: str) -> int:
    return sum(int(item["nodes"]) for item in of_type(name, "cache"))


COUNTED: Mapping[str, Callable[[str], int]] = {
    "vCPUs of running On-Demand Standard instances": vcpus,
    "VPCs": lambda name: len(of_type(name, "vpc")),
    "Internet gateways": lambda name: len(of_type(name, "internet_gateway")),
    "Subnets of the VPC": lambda name: len(of_type(name, "subnet")),
    "Route tables of the VPC": lambda name: len(of_type(name, "route_table")),
    "NAT gateways in a zone": gateways_of_a_zone,
    "Elastic IP addresses": lambda name: len(of_type(name, "elastic_ip")),
    "Security groups": lambda name: len(of_type(name, "security_group")),
    "Inbound rules of the fullest security group": lambda name: fullest(
        [item["ingress"] for item in of_type(name, "security_group")]
    ),
    "Application load balancers": lambda name: len(of_type(name, "load_balancer")),
    "Target groups": lambda name: len(of_type(name, "target_group")),
    "Rules of a load balancer": lambda name: len(of_type(name, "listener_rule")),
    "DB instances": lambda name: len(of_type(name, "db_instance")),
    "Cache nodes": nodes,
    "IAM roles": lambda name: len(of_type(name, "iam_role")),
    "Instance profiles": lambda name: len(of_type(name, "instance_profile")),
    "Secrets": secrets,
    "Alarms": lambda name: len(of_type(name, "alarm")),
}


def metrics(name: str) -> int:
    return sum(len(item.get("metrics") or [1]) for item in of_type(name, "alarm"))


def addresses(name: str) -> int:
    """Public addresses: those of instances, elastic ones, and one of a load balancer in each of its zones."""
    balancers = [item for item in of_type(name, "load_balancer") if item.get("scheme", "internet-facing") != "internal"]
    public = sum(bool(item["public_ip"]) for item in of_type(name, "instance"))
    return public + len(of_type(name, "elastic_ip")) + sum(len(item["subnets"]) for item in balancers)


def databases(name: str, what: Callable[[Mapping[str, Any]], float]) -> float:
    """A standby in another zone doubles the price."""
    return sum(what(item) * (2 if item["multi_az"] else 1) for item in of_type(name, "db_instance"))


def costs(name: str) -> dict[str, float]:
    """Dollars a month by part."""
    price = prices()
    return {
        "Instances": sum(price[item["type"]] for item in of_type(name, "instance")) * HOURS,
        "Volumes": sum(item["volume"]["size"] for item in of_type(name, "instance")) * price["volume"],
        "Public IPv4 addresses": addresses(name) * price["public IPv4 address"] * HOURS,
        "NAT gateways": len(of_type(name, "nat_gateway")) * price["NAT gateway"] * HOURS,
        "Load balancer": len(of_type(name, "load_balancer")) * price["load balancer"] * HOURS,
        "Databases": databases(name, lambda item: price[f"{item['class']}, {item['engine']}"]) * HOURS,
        "Storage of databases": databases(name, lambda item: item["storage"]["size"]) * price["storage of databases"],
        "Cache nodes": sum(price[item["node_type"]] * item["nodes"] for item in of_type(name, "cache")) * HOURS,
        "Secrets": secrets(name) * price["secret"],
        "Alarms": metrics(name) * price["metric of an alarm"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_the_quotas_that_a_topology_uses(name: str) -> None:
    columns, rows = table("Quotas")
    assert name in columns, f"docs/quotas.md has no column for {name}: {expected_quotas(name)}"
    documented = {quota: row[name] for quota, row in rows.items()}
    assert documented == expected_quotas(name)


def expected_quotas(name: str) -> Cells:
    rows = table("Quotas")[1]
    needed = {quota: count(name) for quota, count in COUNTED.items()}
    # Bold is what a new account does not have.
    more = {quota: number > int(rows[quota]["default"].replace(",", "")) for quota, number in needed.items()}
    return {quota: f"**{number}**" if more[quota] else str(number) for quota, number in needed.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_the_costs_of_a_topology(name: str) -> None:
    columns, rows = table("Cost of a month")
    parts = costs(name)
    expected = {part: f"{dollars:.0f}" if dollars else "-" for part, dollars in parts.items()}
    # In steps of five: it is an estimate.
    expected["Together, about"] = f"**{5 * round(sum(parts.values()) / 5)}**"
    assert name in columns, f"docs/quotas.md has no column for {name}: {expected}"
    assert {part: row[name] for part, row in rows.items()} == expected


def test_prices_have_a_date_and_a_source() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.search(r"us-east-1, on demand, Linux, as of \d{4}-\d{2}", text)
    assert all(re.search(r"https://aws\.amazon\.com/", row["source"]) for row in table("Unit prices")[1].values())
    assert set(table("Unit prices")[1]) == used_prices()


def used_prices() -> set[str]:
    """The items that a topology or formula uses; an unused price would become outdated."""
    types = {item["type"] for name in NAMES for item in of_type(name, "instance")}
    stores = {f"{item['class']}, {item['engine']}" for name in NAMES for item in of_type(name, "db_instance")}
    caches = {item["node_type"] for name in NAMES for item in of_type(name, "cache")}
    rest = {"volume", "public IPv4 address", "NAT gateway", "load balancer", "storage of databases", "secret"}
    return types | stores | caches | rest | {"metric of an alarm"}
