# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ecommerce architecture from an empty account to nothing again. The tests tell one story, in this order.

Its services stand on two instances here, one in each zone. The fourteen of the document take a machine with more time:
GROUNDWORK_E2E_WHOLE=1.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
from harness import Lab, Run, request, wait_for
from stacks import Stack, assert_serves

pytestmark = pytest.mark.docker

WHOLE = os.environ.get("GROUNDWORK_E2E_WHOLE") == "1"
STORED = ["user", "product", "order", "payment", "notification"]
SERVICES = [*STORED, "gateway", "frontend"]
# Nobody has to wait so long for the load balancer.
QUICK = {"drain": 5, "health": {"interval": 5, "timeout": 4}}
PACKED = {
    "instances": {"shop": {"count": 2, "type": "t3.small", "subnets": "public"}},
    "services": {name: {**QUICK, "instances": None, "on": "shop", "workers": 1} for name in SERVICES},
}
OVERRIDES = {"services": dict.fromkeys(SERVICES, QUICK)} if WHOLE else PACKED
# What the page has, in its order.
RULES = [
    ("/api/users/*", "user"),
    ("/api/auth/*", "user"),
    ("/api/products/*", "product"),
    ("/api/categories/*", "product"),
    ("/api/orders/*", "order"),
    ("/api/payments/*", "payment"),
    ("/api/notifications/*", "notification"),
    ("/api/*", "gateway"),
    ("", "frontend"),
]


@pytest.fixture(scope="module")
def stack(lab: Lab) -> Stack:
    return Stack(lab, "ecommerce", "ecommerce", "ap-southeast-1", OVERRIDES)


@pytest.fixture(scope="module")
def token(url: str) -> str:
    """What a customer has who has registered."""
    return str(register(url, "ada").json["token"])


def register(url: str, name: str) -> Any:
    person = {"email": f"{name}@example.com", "name": name, "password": "correct horse battery"}
    return request(f"{url}/api/auth/register", "POST", person)


def host_of(service: str, number: int) -> str:
    return f"{service if WHOLE else 'shop'}-{number}"


def test_site_ends_with_the_address_of_the_load_balancer(site: Run, url: str) -> None:
    assert f"{url}/" in "\n".join(site.output.splitlines()[-8:])


def test_no_secret_is_printed(stack: Stack, site: Run) -> None:
    secrets = stack.passwords()
    assert len(secrets) == 2 * len(STORED) + 1  # master users, users of services, and the key of the tokens
    assert not [one for one in secrets if one in site.output]


def test_a_second_run_changes_nothing(stack: Stack, site: Run) -> None:
    again = stack.play("site.yml")
    assert again.code == 0, again.output
    assert not any(again.changed.values()), again.output
    assert len(again.changed) == 1 + len(stack.machines())


def test_every_service_is_healthy_in_both_zones(stack: Stack, machines: dict[str, Any]) -> None:
    for service in SERVICES:
        both = [machines[host_of(service, number)] for number in (1, 2)]
        assert {one["Placement"]["AvailabilityZone"] for one in both} == {"ap-southeast-1a", "ap-southeast-1b"}
        assert stack.health(service) == {one["InstanceId"]: "healthy" for one in both}


@pytest.mark.parametrize(("pattern", "service"), RULES, ids=lambda value: value or "default")
def test_each_rule_leads_to_its_service(
    stack: Stack, url: str, machines: dict[str, Any], pattern: str, service: str
) -> None:
    """The log of the service has the request, by the id that was sent along."""
    id = str(uuid.uuid4())
    request(f"{url}{pattern.replace('*', 'looked-for') or '/'}", X_Request_Id=id)
    search = f"sudo grep --no-messages --files-with-matches --recursive {id} /var/log/ecommerce"
    hosts = [machine for name, machine in machines.items() if not WHOLE or name.startswith(f"{service}-")]

    def logs() -> set[str]:
        found = " ".join(stack.shell(machine, search).stdout for machine in hosts)
        return {path.rpartition("/")[2].partition(".")[0] for path in found.split()}

    wait_for(lambda: bool(logs()), 10, f"a line about {id}")
    assert logs() == {service}


def test_a_customer_registers_and_is_known(url: str, token: str) -> None:
    me = request(f"{url}/api/users/me", Authorization=f"Bearer {token}")
    assert (me.status, me.json["email"]) == (200, "ada@example.com")
    assert register(url, "ada").status == 409
    assert request(f"{url}/api/auth/register", "POST", {"email": "nobody"}).status == 422
    assert request(f"{url}/api/users/me").status == 401


def test_an_order_reaches_product_payment_and_notification(url: str, token: str) -> None:
    allowed = {"Authorization": f"Bearer {token}"}
    goods = request(f"{url}/api/products/").json["products"][0]
    wanted = {"items": [{"product_id": goods["id"], "quantity": 1}], "payment_method": "card"}
    order = request(f"{url}/api/orders/", "POST", wanted, **allowed, Idempotency_Key=str(uuid.uuid4()))
    assert order.status == 201, order.body
    assert request(f"{url}/api/products/{goods['id']}").json["stock"] == goods["stock"] - 1
    assert request(f"{url}/api/payments/{order.json['id']}", **allowed).status == 200
    assert order.json["id"] in request(f"{url}/api/notifications/", **allowed).body


def test_databases_and_the_cache_are_closed_to_everybody_else(stack: Stack, machines: dict[str, Any]) -> None:
    databases = stack.client("rds").describe_db_instances()["DBInstances"]
    (cache,) = stack.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    stores = {one["DBInstanceIdentifier"].removeprefix("ecommerce-"): one["Endpoint"] for one in databases}
    stores["redis"] = cache["NodeGroups"][0]["PrimaryEndpoint"]
    users = {name: {name} for name in STORED} | {"redis": {"user", "product"}}
    hosts = {service: machines[host_of(service, 1)] for service in SERVICES}
    for store, place in stores.items():
        for service in SERVICES if WHOLE else ["user"]:
            reached = stack.reaches(hosts[service], place["Address"], place["Port"])
            assert reached == (not WHOLE or service in users[store]), (service, store)


def test_a_database_restarts_and_its_service_recovers_by_itself(stack: Stack, url: str, token: str) -> None:
    def status() -> int:
        return request(f"{url}/api/orders/", Authorization=f"Bearer {token}").status

    stack.client("rds").reboot_db_instance(DBInstanceIdentifier="ecommerce-order")
    wait_for(lambda: status() != 200, 60, "the restart of the database")
    wait_for(lambda: status() == 200, 60, "the service after it")


def test_a_zone_is_lost_and_traffic_goes_on(stack: Stack, url: str, machines: dict[str, Any], token: str) -> None:
    lost = [one["InstanceId"] for one in machines.values() if one["Placement"]["AvailabilityZone"].endswith("a")]
    stack.stop(*lost)
    wait_for(lambda: set(stack.health("frontend").values()) != {"healthy"}, 60, "the load balancer's notice")
    wait_for(lambda: set(stack.health("product").values()) != {"healthy"}, 60, "the load balancer's notice")
    assert_serves(f"{url}/", f"{url}/api/products/")
    assert register(url, "grace").status == 201
    stack.start(*lost)
    wait_for(lambda: all(set(stack.health(name).values()) == {"healthy"} for name in SERVICES), 180, "all of it")


def test_destroy_keeps_data_that_nobody_named_and_then_leaves_nothing(stack: Stack, site: Run, url: str) -> None:
    refused = stack.play("destroy.yml")
    assert refused.code != 0
    assert all(f"db_instance/{name}" in refused.output for name in STORED)
    named = [f"db_instance/{name}" for name in STORED] + ["secret/jwt"]
    destroyed = stack.play("destroy.yml", "-e", f'{{"allow_destroy": {named!r}}}'.replace("'", '"'))
    assert destroyed.code == 0, destroyed.output
    assert stack.left_overs() == {}
    assert request(f"{url}/").status == 0
