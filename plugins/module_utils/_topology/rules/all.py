# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that compare several paths of a document. Each rule is a function from a document to (path, problem) pairs.

Rules also get documents with other problems, in which a required key may be None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network

from ..._resources.ec2.images import find_architecture_problem
from ..._resources.ec2.key_pair import is_complete_key
from ..._resources.ec2.networks import find_network_problem
from ..placement import Placement, calling_placements, find_placements
from ..schema.kinds import DependentFinding, DocumentPath, Finding, display
from ..secret_patterns import hide_secrets
from ..view import Document, find_public_tier, services, tiers
from .addresses import tiers_have_enough_addresses
from .entries import entries_can_be_started
from .gates import GATE_RULES
from .hooks import HOOK_RULES
from .monitoring import MONITORING_RULES
from .names import NAME_RULES
from .requests import REQUEST_RULES
from .reserved import NGINX_STATUS_PORT, SYSTEM_PORTS
from .rollout import ROLLOUT_RULES
from .runtimes import RUNTIME_RULES
from .secrets import SECRET_RULES
from .services import SERVICE_RULES
from .sources import SOURCE_RULES
from .stores import STORE_RULES

USER_DATA_BEGINNINGS = (
    *("#!", "#cloud-config", "#cloud-boothook", "#include", "#part-handler", "## template:"),
    *("content-type:", "mime-version:"),
)
MAX_USER_DATA = 16384  # bytes

Rule = Callable[[Document], Iterator[Finding]]


def _list_subnets(document: Document) -> list[tuple[DocumentPath, IPv4Network]]:
    return [
        (("network", "subnets", tier, "cidrs", number), IPv4Network(cidr))
        for tier, subnets in tiers(document).items()
        for number, cidr in enumerate(subnets["cidrs"] or ())
    ]


def network_is_usable(document: Document) -> Iterator[Finding]:
    cidr = document["network"]["cidr"]
    problem = None if cidr is None else find_network_problem(cidr)
    if problem is not None:
        yield ("network", "cidr"), problem


def subnets_are_inside_the_network(document: Document) -> Iterator[Finding]:
    cidr = document["network"]["cidr"]
    for path, subnet in _list_subnets(document):
        if cidr is not None and not subnet.subnet_of(IPv4Network(cidr)):
            yield path, f"{subnet} is outside the network {cidr} (choose a part of it)"


def subnets_do_not_overlap(document: Document) -> Iterator[Finding]:
    seen: list[tuple[DocumentPath, IPv4Network]] = []
    for path, subnet in _list_subnets(document):
        for other_path, other in seen:
            if subnet.overlaps(other):
                name = f"{'.'.join(map(str, other_path[:-1]))}[{other_path[-1]}]"
                yield path, f"{subnet} overlaps {other} of {name} (choose another part of the network)"
                break
        seen.append((path, subnet))


def each_zone_has_one_subnet(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for tier, subnets in tiers(document).items():
        networks = len(subnets["cidrs"] or ())
        if zones and networks and networks != zones:
            path = ("network", "subnets", tier, "cidrs")
            text = f"{networks} for {zones} zones (give one for each zone)"
            yield DependentFinding(path, text, path, ("network", "zones"))


def nat_gateways_have_a_public_tier(document: Document) -> Iterator[Finding]:
    for tier, subnets in tiers(document).items():
        if subnets["route"] == "nat" and find_public_tier(document) is None:
            yield DependentFinding(
                ("network", "subnets", tier, "route"),
                "no tier leads to the internet, which its NAT gateway needs (add one with route: internet)",
                ("network", "subnets", "*", "route"),
            )


def zones_are_in_the_region(document: Document) -> Iterator[Finding]:
    region = document["region"]
    for number, zone in enumerate(document["network"]["zones"] or ()):
        if region is not None and not re.fullmatch(rf"{re.escape(region)}(?:-[a-z0-9]+-[0-9])?[a-z]", zone):
            yield ("network", "zones", number), f"{display(zone)} is not a zone of {region} (like {region}a)"


def public_key_is_complete(document: Document) -> Iterator[Finding]:
    key = document["access"]["public_key"]
    if key is not None and not is_complete_key(*key.split(" ")[:2]):
        yield ("access", "public_key"), "is cut off or damaged (paste the whole line of the .pub file)"


def sessions_need_no_open_port(document: Document) -> Iterator[Finding]:
    if document["access"]["connect"] == "ssm" and document["access"]["ssh_from"]:
        yield (
            ("access", "ssh_from"),
            "port 22 stays closed with connect: ssm (remove ssh_from, or write connect: ssh)",
        )


def public_addresses_are_reachable(document: Document) -> Iterator[Finding]:
    for placement in find_placements(document).values():
        tier = tiers(document).get(placement.tier)
        if tier is not None and placement.has_public_addresses and tier["route"] != "internet":
            text = f"no route leads from {placement.tier} to the internet (write private, or choose another tier)"
            yield (*placement.path, "address"), text


def counts_are_in_their_range(document: Document) -> Iterator[Finding]:
    for placement in find_placements(document).values():
        path, count = placement.path, placement.count
        least, most = placement.settings["min"], placement.settings["max"]
        if least is not None and most is not None and least > most:
            yield (*path, "min"), f"{least} is more than max, {most} (lower it)"
        elif least is not None and count < least:
            yield (*path, "count"), f"{count} is less than min, {least} (raise it, or lower min)"
        elif most is not None and count > most:
            yield (*path, "count"), f"{count} is more than max, {most} (lower it, or raise max)"


def group_names_are_unique(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["instances"] is not None and name in document["instances"]:
            yield ("services", name, "instances"), f'a group of instances is named "{name}" as well (rename one)'


def role_names_fit(document: Document) -> Iterator[Finding]:
    """Role names contain the region, because they are unique in the account. They have the shortest limit."""
    name, region = document["name"] or "", document["region"] or ""
    if name == "sg" or name.startswith("sg-"):
        yield ("name",), "a security group may not have a name that begins with sg- (choose another name)"
    for placement in find_placements(document).values():
        physical = f"{name}-{region}-{placement.name}"
        if len(physical) > 64:
            yield (
                placement.path,
                f'the role "{physical}" would have {len(physical)} characters, IAM allows 64 (shorten a name)',
            )


def service_names_fit_in_a_tag(document: Document) -> Iterator[Finding]:
    for placement in find_placements(document).values():
        length = len(" ".join(placement.services))
        if length > 256:
            text = f'the names of those on "{placement.name}" have {length} characters, and a tag has at most 256'
            yield ("services",), f"{text} (shorten them, or move services to other instances)"


def images_are_of_the_architecture_of_their_type(document: Document) -> Iterator[Finding]:
    for placement in find_placements(document).values():
        image, kind = placement.settings["image"], placement.settings["type"]
        problem = None if image is None or kind is None else find_architecture_problem(image, kind)
        if problem is not None:
            yield (*placement.path, "image"), problem


def user_data_is_short_enough(document: Document) -> Iterator[Finding]:
    """EC2 counts bytes: EC2 User Guide, "Run commands when you launch an EC2 instance with user data input"."""
    for placement in find_placements(document).values():
        length = len((placement.settings["user_data"] or "").encode(errors="replace"))
        if length > MAX_USER_DATA:
            text = f"has {length} bytes, and EC2 accepts at most {MAX_USER_DATA} (shorten it, or have it load a file)"
            yield (*placement.path, "user_data"), text


def user_data_is_for_cloud_init(document: Document) -> Iterator[Finding]:
    """cloud-init recognizes parts by their beginning (cloud-init documentation, "User-data formats")."""
    for placement in find_placements(document).values():
        text = placement.settings["user_data"]
        if text and text.partition("\n")[0].endswith("\r"):
            fix = "end lines with LF only, as an editor writes them for Linux"
            yield (*placement.path, "user_data"), f"ends its first line with CR, which is read as a part of it ({fix})"
        if text and not text.lower().startswith(USER_DATA_BEGINNINGS):
            shown = hide_secrets(text)  # before it is cut: a pattern of secrets matches a whole one
            begin = display(shown.splitlines()[0][:40] if shown.strip() else shown[:40])
            yield (
                (*placement.path, "user_data"),
                f"begins with {begin}, and cloud-init ignores it (begin a script with #!/bin/bash, and settings with "
                "#cloud-config)",
            )


def ports_are_free(document: Document) -> Iterator[Finding]:
    for placement in find_placements(document).values():
        # The owner of each port, and the key that gives it.
        taken: dict[int, tuple[str, tuple[DocumentPath, ...]]] = {}
        for system_port, name in SYSTEM_PORTS.items():
            taken[system_port] = name, ()
        if placement.proxy is not None:
            taken[NGINX_STATUS_PORT] = "the status page of nginx", ()
        for path, port, owner in _list_ports(placement):
            if port in taken:
                other, depends = taken[port]
                text = f'{port} is taken by {other} on "{placement.name}" (choose another)'
                yield DependentFinding(path, text, *depends)
            elif port is not None:
                taken[port] = owner, (path,)


def _list_ports(placement: Placement) -> Iterator[tuple[DocumentPath, int | None, str]]:
    """The ports on which processes of a placement listen, each with its path and its owner."""
    proxy = placement.proxy
    if proxy is not None:
        yield ("proxy", "port"), proxy["port"], "the proxy"
        if proxy["tls"] is not None:
            yield ("proxy", "tls", "port"), proxy["tls"]["port"], "the proxy (HTTPS)"
    for name, service in placement.services.items():
        yield ("services", name, "port"), service["port"], f"services.{name}"


def health_checks_end_before_the_next(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        timeout, interval = service["health"]["timeout"], service["health"]["interval"]
        if timeout >= interval:
            path = ("services", name, "health")
            text = f"{timeout} is not less than the interval, {interval} (lower it)"
            yield DependentFinding((*path, "timeout"), text, (*path, "interval"))


def called_services_have_a_port(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if name in service["calls"]:
            yield ("services", name, "calls"), "a service need not name itself (remove it)"
        if service["socket"] and service["allow_from"]:
            yield ("services", name, "allow_from"), "a socket has no port to open (give a port, or remove this)"
        if service["socket"] and calling_placements(document, name):
            yield (
                ("services", name, "socket"),
                "services on other instances call it, which needs a port (write port instead of socket)",
            )


RULES: tuple[Rule, ...] = (
    network_is_usable,
    subnets_are_inside_the_network,
    subnets_do_not_overlap,
    each_zone_has_one_subnet,
    nat_gateways_have_a_public_tier,
    zones_are_in_the_region,
    public_key_is_complete,
    sessions_need_no_open_port,
    public_addresses_are_reachable,
    tiers_have_enough_addresses,
    counts_are_in_their_range,
    group_names_are_unique,
    role_names_fit,
    *NAME_RULES,
    service_names_fit_in_a_tag,
    images_are_of_the_architecture_of_their_type,
    user_data_is_short_enough,
    user_data_is_for_cloud_init,
    entries_can_be_started,
    *RUNTIME_RULES,
    *SERVICE_RULES,
    *ROLLOUT_RULES,
    *GATE_RULES,
    *HOOK_RULES,
    ports_are_free,
    *REQUEST_RULES,
    *STORE_RULES,
    *MONITORING_RULES,
    health_checks_end_before_the_next,
    called_services_have_a_port,
    *SOURCE_RULES,
    *SECRET_RULES,
)
