# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ecommerce architecture from an empty account to nothing again.

The tests share one stack, so their order counts: a second run changes nothing only before another release is deployed,
and the last tests remove an instance and destroy the stack. Any selection of them runs in this order.

Its services run on two instances here, one in each zone. The fourteen of the document need more time:
GROUNDWORK_E2E_WHOLE=1. `make test` leaves out the parts that are marked as long: `make e2e ONLY=ecommerce` has them.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import ssl
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from harness import CHECKOUT, Answer, Lab, Run, Traffic, request, wait_for
from stacks import Stack, assert_serves

pytestmark = pytest.mark.docker

WHOLE = os.environ.get("GROUNDWORK_E2E_WHOLE") == "1"
STORED = ["user", "product", "order", "payment", "notification"]
SERVICES = [*STORED, "gateway", "frontend"]
# Shorter than the defaults, so that the tests wait less for the load balancer.
QUICK = {"drain": 5, "health": {"interval": 5, "timeout": 4}}
PACKED = {
    "instances": {"shop": {"count": 2, "type": "t3.small", "subnets": "public"}},
    "services": {name: {**QUICK, "instances": None, "on": "shop", "workers": 1} for name in SERVICES},
}
OVERRIDES = {"services": dict.fromkeys(SERVICES, QUICK)} if WHOLE else PACKED
LARGER = {"databases": {"order": {"class": "db.t3.medium"}}}
# One instance less, for each of the two.
FEWER_WHOLE = {"services": {**OVERRIDES["services"], "frontend": {**QUICK, "instances": {"count": 1, "min": 1}}}}
FEWER_PACKED = {"instances": {"shop": {"count": 1, "type": "t3.small", "subnets": "public"}}}
DOMAIN = "shop.lab.test"
# The rules of the load balancer, by priority.
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
    """The token of a registered customer."""
    return str(register(url, "ada").json["token"])


def credentials(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.com", "password": "correct horse battery"}


def register(url: str, name: str) -> Any:
    return request(f"{url}/api/auth/register", "POST", {**credentials(name), "name": name})


def login(url: str, name: str) -> int:
    """Return the status of a login."""
    return request(f"{url}/api/auth/login", "POST", credentials(name)).status


def with_layers(stack: Stack, *layers: dict[str, Any]) -> Stack:
    """Return the stack with more keys of the document replaced."""
    return replace(stack, overrides={key: value for layer in (OVERRIDES, *layers) for key, value in layer.items()})


def host_of(service: str, number: int) -> str:
    return f"{service if WHOLE else 'shop'}-{number}"


def test_site_ends_with_the_address_of_the_load_balancer(site: Run, url: str) -> None:
    assert f"{url}/" in "\n".join(site.output.splitlines()[-8:])


def test_no_secret_is_printed(stack: Stack, site: Run) -> None:
    secrets = stack.passwords()
    # Master users, users of services, the key of the tokens, and the token of the cache.
    assert len(secrets) == 2 * len(STORED) + 2
    assert not [one for one in secrets if one in site.output]


@pytest.mark.long
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
    """The log of the service contains the id of the request."""
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
    assert request(f"{url}/api/auth/register", "POST", {"email": "invalid"}).status == 422
    assert request(f"{url}/api/users/me").status == 401


def test_an_order_reaches_product_payment_and_notification(url: str, token: str) -> None:
    allowed = {"Authorization": f"Bearer {token}"}
    goods = request(f"{url}/api/products/").json["products"][0]
    new_order = {"items": [{"product_id": goods["id"], "quantity": 1}], "payment_method": "card"}
    order = request(f"{url}/api/orders/", "POST", new_order, **allowed, Idempotency_Key=str(uuid.uuid4()))
    assert order.status == 201, order.body
    assert request(f"{url}/api/products/{goods['id']}").json["stock"] == goods["stock"] - 1
    assert request(f"{url}/api/payments/{order.json['id']}", **allowed).status == 200
    assert order.json["id"] in request(f"{url}/api/notifications/", **allowed).body


def test_databases_and_the_cache_accept_only_their_services(stack: Stack, machines: dict[str, Any]) -> None:
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


@pytest.mark.step
def test_a_database_restarts_and_its_service_recovers_by_itself(stack: Stack, url: str, token: str) -> None:
    def status() -> int:
        return request(f"{url}/api/orders/", Authorization=f"Bearer {token}").status

    stack.client("rds").reboot_db_instance(DBInstanceIdentifier="ecommerce-order")
    wait_for(lambda: status() != 200, 60, "the restart of the database")
    wait_for(lambda: status() == 200, 60, "the service after it")


@pytest.mark.long
@pytest.mark.step
def test_a_release_that_crashes_is_replaced_by_the_previous_one_and_no_request_fails(
    stack: Stack, url: str, machines: dict[str, Any], tmp_path: Path
) -> None:
    """The release ends soon after its start, and there is no trial."""
    source = tmp_path / "shop"
    shutil.copytree(CHECKOUT / "examples" / "ecommerce", source, ignore=shutil.ignore_patterns("node_modules"))
    server = source / "services" / "frontend" / "server.js"
    good = server.read_text()
    changed = {"frontend": {"source": {"directory": str(source)}}}
    server.write_text(f"{good}\nsetTimeout(() => process.exit(3), 1500);\n")
    with Traffic(f"{url}/", f"{url}/api/products/", every=0.1) as traffic:
        failed = stack.play("deploy.yml", "-e", "services=frontend", "-e", "app_trial=false", services=changed)
    host = f"ecommerce-{host_of('frontend', 1)}"
    assert failed.code != 0
    assert f"of frontend did not become healthy on {host}: " in failed.output, failed.output
    assert f"serves again on {host}, and the load balancer calls it healthy" in failed.output, failed.output
    assert traffic.sent > 100
    assert traffic.failures == []
    assert set(stack.health("frontend").values()) == {"healthy"}
    assert len(stack.health("frontend")) == 2
    server.write_text(f"{good}\n// fixed\n")
    with Traffic(f"{url}/", f"{url}/api/products/", every=0.1) as traffic:
        fixed = stack.play("deploy.yml", "-e", "services=frontend", "-e", "app_trial=false", services=changed)
    assert fixed.code == 0, fixed.output
    assert traffic.failures == []
    assert set(stack.health("frontend").values()) == {"healthy"}


@pytest.mark.long
@pytest.mark.step
def test_a_database_is_restored_and_switched_back(stack: Stack, url: str, token: str) -> None:
    """A customer who registered after the backup is unknown until the previous database is restored."""
    backup = stack.play("backup.yml", "-e", "databases=user")
    assert backup.code == 0, backup.output
    assert register(url, "linus").status == 201
    restore = stack.play("restore.yml", "-e", "database=user", "-e", "restore_snapshot=newest")
    assert restore.code == 0, restore.output
    assert (login(url, "ada"), login(url, "linus")) == (200, 401)
    (kept,) = set(re.findall(r"restore_instance=(ecommerce-user-before-\d{8}-\d{6})", restore.output))
    back = stack.play("restore.yml", "-e", "database=user", "-e", f"restore_instance={kept}")
    assert back.code == 0, back.output
    assert (login(url, "ada"), login(url, "linus")) == (200, 200)
    (other,) = set(re.findall(r"discard_instance=(ecommerce-user-[a-z]+-\d{8}-\d{6})", back.output))
    discarded = stack.play("discard.yml", "-e", "database=user", "-e", f"discard_instance={other}")
    assert discarded.code == 0, discarded.output
    assert not [one for one in stack.passwords() if one in restore.output + back.output]


@pytest.mark.long
@pytest.mark.step
def test_a_database_gets_another_class(stack: Stack, url: str, token: str) -> None:
    larger = with_layers(stack, LARGER).play("scale.yml")
    assert larger.code == 0, larger.output
    rds = stack.client("rds")
    classes = {
        one["DBInstanceIdentifier"]: one["DBInstanceClass"] for one in rds.describe_db_instances()["DBInstances"]
    }
    assert [name for name, found in classes.items() if found == "db.t3.medium"] == ["ecommerce-order"]
    wait_for(lambda: request(f"{url}/api/orders/", Authorization=f"Bearer {token}").status == 200, 60, "the service")


@pytest.mark.long
@pytest.mark.step
def test_the_load_balancer_gets_a_domain_and_a_certificate(stack: Stack, lab: Lab, url: str) -> None:
    stack.client("route53").create_hosted_zone(Name="lab.test", CallerReference="lab")
    named = with_layers(stack, LARGER, {"load_balancer": {"domain": DOMAIN, "tls": {}}})
    trusted = ssl.create_default_context(cafile=lab.environment["GROUNDWORK_LAB_CA"])

    def customer(address: str) -> Answer:
        """Request the plain address and follow the redirect."""
        return request(address, context=trusted, Host=DOMAIN)

    with Traffic(f"{url}/", f"{url}/api/products/", every=0.1, ask=customer) as traffic:
        made = named.play("provision.yml")
        assert made.code == 0, made.output
        wait_for(lambda: request(f"https://{DOMAIN}/api/products/", context=trusted).status == 200, 30, "the name")
    assert traffic.failures == []
    plain = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    plain.request("GET", "/api/products/", headers={"Host": DOMAIN})
    redirect = plain.getresponse()
    assert (redirect.status, redirect.headers["location"]) == (301, f"https://{DOMAIN}:443/api/products/")
    assert not any(named.play("provision.yml").changed.values())
    nameless = with_layers(stack, LARGER).play("provision.yml")
    assert nameless.code == 0, nameless.output
    assert_serves(f"{url}/", f"{url}/api/products/")
    assert all(set(stack.health(name).values()) == {"healthy"} for name in SERVICES)


@pytest.mark.long
@pytest.mark.step
def test_a_zone_is_lost_and_traffic_goes_on(stack: Stack, url: str, machines: dict[str, Any], token: str) -> None:
    lost = [one["InstanceId"] for one in machines.values() if one["Placement"]["AvailabilityZone"].endswith("a")]
    stack.stop(*lost)
    wait_for(lambda: set(stack.health("frontend").values()) != {"healthy"}, 60, "the load balancer's notice")
    wait_for(lambda: set(stack.health("product").values()) != {"healthy"}, 60, "the load balancer's notice")
    assert_serves(f"{url}/", f"{url}/api/products/")
    assert register(url, "grace").status == 201
    stack.start(*lost)
    wait_for(lambda: all(set(stack.health(name).values()) == {"healthy"} for name in SERVICES), 180, "all of it")


@pytest.mark.long
@pytest.mark.step
def test_site_retires_a_surplus_instance_and_drops_no_request(stack: Stack, url: str) -> None:
    before = stack.machines()
    fewer = with_layers(stack, LARGER, FEWER_WHOLE if WHOLE else FEWER_PACKED)
    with Traffic(f"{url}/", f"{url}/api/products/", every=0.1) as traffic:
        site = fewer.play("site.yml")
    assert site.code == 0, site.output
    assert traffic.sent > 100
    assert traffic.failures == []
    left = stack.machines()
    assert {*before} - {*left} == {"frontend-2" if WHOLE else "shop-2"}
    assert stack.health("frontend") == {left[host_of("frontend", 1)]["InstanceId"]: "healthy"}


@pytest.mark.step
def test_destroy_keeps_data_unless_it_is_named(stack: Stack, site: Run, url: str) -> None:
    refused = stack.play("destroy.yml", "-e", "confirm=ecommerce")
    assert refused.code != 0
    assert all(f"db_instance/{name}" in refused.output for name in STORED)
    named = [f"db_instance/{name}" for name in STORED] + ["secret/jwt"]
    destroyed = stack.play(
        "destroy.yml", "-e", "confirm=ecommerce", "-e", f'{{"allow_destroy": {named!r}}}'.replace("'", '"')
    )
    assert destroyed.code == 0, destroyed.output
    assert stack.find_remains() == {}
    assert request(f"{url}/").status == 0
