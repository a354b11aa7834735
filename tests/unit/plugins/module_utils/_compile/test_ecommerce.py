# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shop matches tables that were written from the page of its architecture, section by section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import service_variables
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.spread import choose_options

YOU = "203.0.113.7/32"
# "Target Groups and Health Checks" and "Security Groups": the ports to which the load balancer connects.
PORTS = {
    "user": 3001,
    "product": 3002,
    "order": 3003,
    "payment": 3004,
    "notification": 3005,
    "gateway": 8080,
    "frontend": 3000,
}
# "ALB Routing Rules": priority, path, target group.
RULES = [
    (1, "/api/users/*", "user"),
    (2, "/api/auth/*", "user"),
    (3, "/api/products/*", "product"),
    (4, "/api/categories/*", "product"),
    (5, "/api/orders/*", "order"),
    (6, "/api/payments/*", "payment"),
    (7, "/api/notifications/*", "notification"),
    (8, "/api/*", "gateway"),
]
DEFAULT = "frontend"
# "Scaling Considerations": from, to.
RANGES = {
    "user": (2, 10),
    "product": (2, 8),
    "order": (2, 8),
    "payment": (2, 6),
    "notification": (2, 4),
    "gateway": (2, 6),
    "frontend": (2, 6),
}
# The page has one group for all instances, and one for all databases. Ours are one each, and let in less: of "5432
# (EC2-SG)" the one service whose database it is, of "6379 (EC2-SG)" the two that the page draws above Redis. Services
# that call others reach them on the ports that the page opens.
CALLERS: Mapping[str, list[str]] = {
    "user": ["gateway"],
    "product": ["order", "gateway"],
    "order": ["gateway"],
    "payment": ["order", "gateway"],
    "notification": ["order", "gateway"],
    "gateway": [],
    "frontend": [],
}
DATABASES = {"user": "users", "product": "products", "order": "orders", "payment": "payments"}
DATABASES |= {"notification": "notifications"}
CACHE_USERS = ["user", "product"]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load("ecommerce", [{"access": {"ssh_from": [YOU]}}])


@pytest.fixture(scope="module")
def made(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of every resource, by address."""
    resources = choose_options(compile_stack(document).resources, existing=())
    return {resource.address: dict(resource.properties) for resource in resources}


def of_type(made: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {address.partition("/")[2]: item for address, item in made.items() if address.startswith(f"{kind}/")}


def opened(group: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Ports and who may connect, sorted."""
    assert all(rule["protocol"] == "tcp" and rule["from_port"] == rule["to_port"] for rule in group["ingress"])
    peers = [(rule["from_port"], rule.get("cidr") or rule["group"].address) for rule in group["ingress"]]
    return sorted((port, peer.removeprefix("security_group/")) for port, peer in peers)


def test_network(made: Mapping[str, Any]) -> None:
    subnets = {name: (one["cidr"], one["zone"]) for name, one in of_type(made, "subnet").items()}
    assert made["vpc/main"]["cidr"] == "10.0.0.0/16"
    assert subnets == {
        "public-1": ("10.0.1.0/24", "ap-southeast-1a"),
        "public-2": ("10.0.2.0/24", "ap-southeast-1b"),
        "private-1": ("10.0.11.0/24", "ap-southeast-1a"),
        "private-2": ("10.0.12.0/24", "ap-southeast-1b"),
    }


def test_security_groups(made: Mapping[str, Any]) -> None:
    expected: dict[str, list[tuple[int, str]]] = {"alb": [(80, "0.0.0.0/0")]}  # 443 with a certificate
    for name, port in PORTS.items():
        expected[name] = [(22, YOU), (port, "alb"), *((port, caller) for caller in CALLERS[name])]
    expected |= {f"database-{name}": [(5432, name)] for name in DATABASES}
    expected["cache-redis"] = [(6379, name) for name in CACHE_USERS]
    groups = {name: opened(group) for name, group in of_type(made, "security_group").items()}
    assert groups == {name: sorted(rules) for name, rules in expected.items()}


def test_target_groups(made: Mapping[str, Any]) -> None:
    groups = of_type(made, "target_group")
    assert {name: group["port"] for name, group in groups.items()} == PORTS
    for name, group in groups.items():
        path = "/" if name == "frontend" else "/health"
        assert group["health"] == {"path": path, "interval": 30, "timeout": 5, "healthy": 2, "unhealthy": 3}
    targets = [(one["target_group"].address, one["instance"].address) for one in of_type(made, "target").values()]
    assert sorted(targets) == sorted((f"target_group/{name}", f"instance/{name}-{n}") for name in PORTS for n in (1, 2))


def test_listener_rules(made: Mapping[str, Any]) -> None:
    rules = of_type(made, "listener_rule").values()
    assert all(len(rule["paths"]) == 1 for rule in rules)
    found_rules = [(rule["priority"], rule["paths"][0], rule["action"]["forward"].address) for rule in rules]
    assert sorted(found_rules) == [(priority, path, f"target_group/{name}") for priority, path, name in RULES]
    assert list(of_type(made, "listener")) == ["http"]
    assert made["listener/http"]["action"]["forward"].address == f"target_group/{DEFAULT}"


def test_instances(made: Mapping[str, Any]) -> None:
    instances = of_type(made, "instance")
    assert {one["type"] for one in instances.values()} == {"t3.small"}
    placed = {name: one["subnet"].address for name, one in instances.items()}
    assert placed == {f"{name}-{n}": f"subnet/public-{n}" for name in PORTS for n in (1, 2)}
    assert len(instances) == 14


def test_data(made: Mapping[str, Any]) -> None:
    databases = of_type(made, "db_instance")
    assert {name: one["database"] for name, one in databases.items()} == DATABASES
    for one in databases.values():
        assert (one["engine"], one["class"], one["multi_az"]) == ("postgres", "db.t3.micro", True)
        assert one["subnet_group"].address == "db_subnet_group/private"
    (cache,) = of_type(made, "cache").values()
    assert (cache["node_type"], cache["nodes"]) == ("cache.t3.micro", 1)
    assert cache["subnet_group"].address == "cache_subnet_group/private"


def test_scaling(document: Mapping[str, Any]) -> None:
    machines = {name: service["instances"] for name, service in document["services"].items()}
    assert {name: (one["min"], one["max"]) for name, one in machines.items()} == RANGES


def test_processes(document: Mapping[str, Any]) -> None:
    variables = [service_variables(document, name) for name in document["services"]]
    assert Counter((one["process_manager"], one["workers"], one["memory"]) for one in variables) == {("pm2", 2, 300): 7}


def test_each_service_has_its_variables(document: Mapping[str, Any]) -> None:
    """The variables that the page needs and the services read (README of the example)."""
    for name in PORTS:
        service = service_variables(document, name)
        variables = [one["variable"] for key in ("databases", "caches", "secrets") for one in service[key]]
        expected = ["DATABASE_URL"] if name in DATABASES else []
        expected += ["REDIS_URL"] if name in CACHE_USERS else []
        assert variables == [*expected, *(["JWT_SECRET"] if name in DATABASES else [])]
    assert document["secrets"]["jwt"]["length"] >= 32
    calls = [called["name"] for called in service_variables(document, "order")["calls"]]
    assert calls == ["product", "payment", "notification"]
