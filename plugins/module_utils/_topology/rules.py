# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What takes two places of a document to judge. Each rule is one function from a document to (place, problem) pairs.

Rules also see documents that have other problems already: there, a required key may be None.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network

from .kinds import Place, shown
from .name_rules import NAME_RULES
from .request_rules import REQUEST_RULES, Finding
from .reserved import NGINX_STATUS_PORT
from .secret_rules import SECRET_RULES
from .service_rules import SERVICE_RULES
from .store_rules import STORE_RULES
from .view import (
    Document,
    calling_groups,
    gateway_tier,
    machine_groups,
    proxy_on,
    services,
    services_on,
    tiers,
)
from .watch_rules import WATCH_RULES

# Networks that are no addresses of hosts (RFC 6890, and RFC 5771 for multicast). AWS recommends private ones (RFC 1918)
# and takes other public ones: VPC User Guide, "VPC CIDR blocks".
UNUSABLE_NETWORKS = {
    "0.0.0.0/8": "addresses that are not known yet",
    "127.0.0.0/8": "each host itself",
    "169.254.0.0/16": "link-local addresses, as those of AWS's instance metadata and DNS",
    "224.0.0.0/4": "multicast",
}
PRIVATE = "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"

Rule = Callable[[Document], Iterator[Finding]]


def _subnets(document: Document) -> list[tuple[Place, IPv4Network]]:
    return [
        (("network", "subnets", tier, "cidrs", number), IPv4Network(cidr))
        for tier, subnets in tiers(document).items()
        for number, cidr in enumerate(subnets["cidrs"] or ())
    ]


def network_can_be_used(document: Document) -> Iterator[Finding]:
    cidr = document["network"]["cidr"]
    for other, purpose in UNUSABLE_NETWORKS.items():
        if cidr is not None and IPv4Network(cidr).overlaps(IPv4Network(other)):
            text = f"{cidr} is in {other}, which is for {purpose} (choose a private network: a part of {PRIVATE})"
            yield ("network", "cidr"), text


def subnets_lie_in_the_network(document: Document) -> Iterator[Finding]:
    cidr = document["network"]["cidr"]
    for place, subnet in _subnets(document):
        if cidr is not None and not subnet.subnet_of(IPv4Network(cidr)):
            yield place, f"{subnet} lies outside the network {cidr} (choose a part of it)"


def subnets_do_not_overlap(document: Document) -> Iterator[Finding]:
    seen: list[tuple[Place, IPv4Network]] = []
    for place, subnet in _subnets(document):
        for other_place, other in seen:
            if subnet.overlaps(other):
                name = f"{'.'.join(map(str, other_place[:-1]))}[{other_place[-1]}]"
                yield place, f"{subnet} overlaps {other} of {name} (choose another part of the network)"
                break
        seen.append((place, subnet))


def one_subnet_per_zone(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for tier, subnets in tiers(document).items():
        networks = len(subnets["cidrs"] or ())
        if zones and networks and networks != zones:
            yield ("network", "subnets", tier, "cidrs"), f"{networks} for {zones} zones (give one for each zone)"


def nat_gateways_have_a_place(document: Document) -> Iterator[Finding]:
    for tier, subnets in tiers(document).items():
        if subnets["route"] == "nat" and gateway_tier(document) is None:
            yield (
                ("network", "subnets", tier, "route"),
                "no tier leads to the internet, where its NAT gateway would stand (add one with route: internet)",
            )


def zones_lie_in_the_region(document: Document) -> Iterator[Finding]:
    region = document["region"]
    for number, zone in enumerate(document["network"]["zones"] or ()):
        if region is not None and not re.fullmatch(rf"{re.escape(region)}(?:-[a-z0-9]+-[0-9])?[a-z]", zone):
            yield ("network", "zones", number), f"{shown(zone)} is not a zone of {region} (like {region}a)"


def public_key_is_whole(document: Document) -> Iterator[Finding]:
    key = document["access"]["public_key"]
    if key is not None and not _is_whole_key(*key.split(" ")[:2]):
        yield ("access", "public_key"), "is cut off or damaged (paste the whole line of the .pub file)"


def _is_whole_key(kind: str, text: str) -> bool:
    """A public key is a sequence of fields, each after its length: its kind, and two numbers (RSA) or one (Ed25519)."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    fields = []
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            return False
        fields.append(data[4 : 4 + size])
        data = data[4 + size :]
    return len(fields) == {"ssh-ed25519": 2, "ssh-rsa": 3}[kind] and fields[0] == kind.encode()


def sessions_need_no_open_port(document: Document) -> Iterator[Finding]:
    if document["access"]["connect"] == "ssm" and document["access"]["ssh_from"]:
        yield (
            ("access", "ssh_from"),
            "port 22 stays closed with connect: ssm (remove ssh_from, or write connect: ssh)",
        )


def public_addresses_are_reachable(document: Document) -> Iterator[Finding]:
    for group, machines in machine_groups(document).items():
        tier = tiers(document).get(machines["subnets"])
        if tier is not None and machines["address"] in ("elastic", "public") and tier["route"] != "internet":
            yield (
                (*_place_of(document, group), "address"),
                (f"no route leads from {machines['subnets']} to the internet (write private, or choose another tier)"),
            )


def instances_fit_in_their_subnets(document: Document) -> Iterator[Finding]:
    """As many as there may ever be. AWS keeps five addresses of each subnet for itself."""
    wanted: dict[str, int] = {}
    for group, machines in machine_groups(document).items():
        tier = machines["subnets"]
        wanted[tier] = wanted.get(tier, 0) + max(machines["count"], machines["max"] or 0)
        networks = (tiers(document).get(tier) or {}).get("cidrs") or []
        room = sum(IPv4Network(cidr).num_addresses - 5 for cidr in networks)
        if networks and wanted[tier] > room:
            text = f"{wanted[tier]} instances are more than the {room} addresses of {tier} (choose larger networks)"
            yield (*_place_of(document, group), "count" if machines["max"] is None else "max"), text


def counts_lie_in_their_range(document: Document) -> Iterator[Finding]:
    for group, machines in machine_groups(document).items():
        count, least, most = machines["count"], machines["min"], machines["max"]
        place = _place_of(document, group)
        if least is not None and most is not None and least > most:
            yield (*place, "min"), f"{least} is more than max, {most} (lower it)"
        elif least is not None and count < least:
            yield (*place, "count"), f"{count} is less than min, {least} (raise it, or lower min)"
        elif most is not None and count > most:
            yield (*place, "count"), f"{count} is more than max, {most} (lower it, or raise max)"


def _place_of(document: Document, group: str) -> Place:
    return ("instances", group) if group in document["instances"] else ("services", group, "instances")


def groups_have_one_name(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["instances"] is not None and name in document["instances"]:
            yield ("services", name, "instances"), f'a group of instances is named "{name}" as well (rename one)'


def names_fit(document: Document) -> Iterator[Finding]:
    """Names of IAM have to be unique in the account, so the region is in them, and they have the shortest limit."""
    name, region = document["name"] or "", document["region"] or ""
    if name == "sg" or name.startswith("sg-"):
        yield ("name",), "a security group may not have a name that begins with sg- (choose another name)"
    for group in machine_groups(document):
        physical = f"{name}-{region}-{group}"
        if len(physical) > 64:
            yield (
                _place_of(document, group),
                f'the role "{physical}" would have {len(physical)} characters, IAM takes 64 (shorten a name)',
            )


def tag_of_services_fits(document: Document) -> Iterator[Finding]:
    for group in machine_groups(document):
        if len(" ".join(services_on(document, group))) > 256:
            yield ("services",), f'the names of those on "{group}" do not fit in a tag of 256 characters (shorten them)'


def service_has_port_or_socket(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["socket"] and service["port"] is not None:
            yield ("services", name), "has port and socket: true, which exclude each other (keep one)"
        if not service["socket"] and service["port"] is None:
            yield ("services", name, "port"), "missing; it takes a port (1-65535)"


def runtimes_fit(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["runtime"] == "pm2":
            yield from _pm2_fits(("services", name), service)


def _pm2_fits(place: Place, service: Document) -> Iterator[Finding]:
    if service["socket"]:
        yield (*place, "socket"), "only gunicorn listens on a socket (give a port)"
    if service["threads"] != 1:
        yield (*place, "threads"), "only gunicorn has threads (remove it, or set workers)"
    if service["process_manager"] != "pm2":
        yield (*place, "process_manager"), "the runtime pm2 is its own process manager (remove it, or write pm2)"


def ports_are_free(document: Document) -> Iterator[Finding]:
    for group in machine_groups(document):
        taken = {22: "sshd"}
        if proxy_on(document, group) is not None:
            taken[NGINX_STATUS_PORT] = "the status page of nginx"
        for place, port, owner in _ports(document, group):
            if port in taken:
                yield place, f'{port} is taken by {taken[port]} on "{group}" (choose another)'
            elif port is not None:
                taken[port] = owner


def _ports(document: Document, group: str) -> Iterator[tuple[Place, int | None, str]]:
    proxy = proxy_on(document, group)
    if proxy is not None:
        yield ("proxy", "port"), proxy["port"], "the proxy"
        if proxy["tls"] is not None:
            yield ("proxy", "tls", "port"), proxy["tls"]["port"], "the proxy (HTTPS)"
    for name, service in services_on(document, group).items():
        yield ("services", name, "port"), service["port"], f"services.{name}"


def checks_end_before_the_next(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        timeout, interval = service["health"]["timeout"], service["health"]["interval"]
        if timeout >= interval:
            yield (
                ("services", name, "health", "timeout"),
                f"{timeout} is not less than the interval, {interval} (lower it)",
            )


def calls_can_arrive(document: Document) -> Iterator[Finding]:
    everyone = services(document)
    for name, service in everyone.items():
        if name in service["calls"]:
            yield ("services", name, "calls"), "a service need not name itself (remove it)"
        if service["socket"] and service["allow_from"]:
            yield ("services", name, "allow_from"), "a socket has no port to open (give a port, or remove this)"
        if service["socket"] and calling_groups(document, name):
            yield ("services", name, "socket"), "services on other instances call it, which needs a port"


def source_fits(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        source = service["source"] or {}
        if source.get("ref") is not None and source.get("git") is None:
            yield ("services", name, "source", "ref"), "only git has a ref (remove it)"


RULES: tuple[Rule, ...] = (
    network_can_be_used,
    subnets_lie_in_the_network,
    subnets_do_not_overlap,
    one_subnet_per_zone,
    nat_gateways_have_a_place,
    zones_lie_in_the_region,
    public_key_is_whole,
    sessions_need_no_open_port,
    public_addresses_are_reachable,
    instances_fit_in_their_subnets,
    counts_lie_in_their_range,
    groups_have_one_name,
    names_fit,
    *NAME_RULES,
    tag_of_services_fits,
    service_has_port_or_socket,
    runtimes_fit,
    *SERVICE_RULES,
    ports_are_free,
    *REQUEST_RULES,
    *STORE_RULES,
    *WATCH_RULES,
    checks_end_before_the_next,
    calls_can_arrive,
    source_fits,
    *SECRET_RULES,
)
