# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the path of a request: through the proxy or the load balancer, by a route, to one service."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from ..._aws.partition import find_arn_problem
from ..._resources.acm.certificate import MOST_NAMES
from ..domains import creates_certificate, domain_names, remove_wildcard
from ..placement import find_placements, is_proxied, placement_name
from ..routes import MAX_PRIORITY, Route, list_rules
from ..schema.kinds import DependentFinding, Finding
from ..view import Document, balanced_services, load_balancer, services, tiers
from .reserved import NGINX_HEALTH_PATH

LONGEST_PREFIX = 27

LONGEST_FIRST_NAME = 64  # characters


def requests_enter_at_one_point(document: Document) -> Iterator[Finding]:
    if load_balancer(document) is not None and document["proxy"] is not None:
        yield ("proxy",), "there is a load_balancer as well, and requests enter through one of them (remove one)"


def routes_lead_to_one_service(document: Document) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name, service in services(document).items():
        for prefix in service["static"]:
            if owners.setdefault(f"{prefix}*", name) != name:
                yield (
                    ("services", name, "static", prefix),
                    f"services.{owners[prefix + '*']} has this path already (choose another prefix for one of them)",
                )
        for number, route in enumerate(service["routes"]):
            path = ("services", name, "routes", number)
            if owners.setdefault(route, name) != name:
                yield path, f"services.{owners[route]} has {route} already (remove one)"
            elif route.endswith("*") and route[:-1] in service["static"]:
                yield path, f"its files are served there, by static.{route[:-1]} (remove one)"


def routes_leave_the_health_path_of_nginx_free(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if not is_proxied(document, name):
            continue
        for number, route in enumerate(service["routes"]):
            if route == NGINX_HEALTH_PATH:
                text = f"{route} is where nginx answers for its own health (choose another path)"
                yield ("services", name, "routes", number), text


def routes_are_served_by_a_proxy_or_load_balancer(document: Document) -> Iterator[Finding]:
    """Static files need a proxy; routes need a proxy or a load balancer."""
    balanced = load_balancer(document) is not None
    placements = find_placements(document)
    for name, service in services(document).items():
        home = placement_name(name, service)
        if home not in placements or placements[home].proxy is not None:
            continue
        if service["static"]:
            text = f'no proxy runs on "{home}" (set proxy.on to it, or remove this)'
            yield DependentFinding(("services", name, "static"), text, ("proxy", "on"))
        if service["routes"] and not balanced:
            text = f'no proxy runs on "{home}" (set proxy.on to it, add a load_balancer, or remove this)'
            yield DependentFinding(("services", name, "routes"), text, ("proxy", "on"), ("load_balancer",))


def load_balancer_subnets_fit(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    tier = tiers(document).get(balancer["subnets"]) if balancer is not None else None
    if balancer is None or tier is None:
        return
    zones = len(document["network"]["zones"] or ())
    if zones < 2:
        text = f"a load balancer needs subnets in at least two zones, and network.zones has {zones} (add one)"
        yield DependentFinding(("load_balancer", "subnets"), text, ("network", "zones"))
    for number, cidr in enumerate(tier["cidrs"] or ()):
        if IPv4Network(cidr).prefixlen > LONGEST_PREFIX:
            text = f"{cidr} is too small for a load balancer (choose networks of /{LONGEST_PREFIX} or larger)"
            yield ("network", "subnets", balancer["subnets"], "cidrs", number), text


def load_balancer_has_services(document: Document) -> Iterator[Finding]:
    if load_balancer(document) is not None and not balanced_services(document):
        text = 'no service has routes, so no request can be forwarded (give one routes: ["/*"])'
        yield DependentFinding(("load_balancer",), text, ("services", "*", "routes"))


def balanced_services_have_ports(document: Document) -> Iterator[Finding]:
    for name, service in balanced_services(document).items():
        if service["socket"]:
            yield ("services", name, "socket"), "a load balancer does not reach a socket (give a port)"


def idle_timeout_covers_the_timeout_of_services(document: Document) -> Iterator[Finding]:
    idle = (load_balancer(document) or {}).get("idle_timeout")
    for name, service in balanced_services(document).items():
        if idle is not None and service["timeout"] > idle:
            text = f"{idle} is shorter than services.{name}.timeout, {service['timeout']} (raise it, or leave it out)"
            yield DependentFinding(("load_balancer", "idle_timeout"), text, ("services", name, "timeout"))


def listeners_have_different_ports(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    if balancer is not None and balancer["tls"] is not None and balancer["tls"]["port"] == balancer["port"]:
        text = (
            f"{balancer['port']} is load_balancer.port as well, where plain HTTP is redirected (choose another for one)"
        )
        yield DependentFinding(("load_balancer", "tls", "port"), text, ("load_balancer", "port"))


def certificate_is_in_the_region(document: Document) -> Iterator[Finding]:
    """Elastic Load Balancing user guide, "SSL certificates": of the region of the load balancer."""
    balancer = load_balancer(document)
    certificate, region = ((balancer or {}).get("tls") or {}).get("certificate"), document["region"]
    problem = find_arn_problem(certificate, region, f"the load balancer is in {region}")
    if problem is not None:
        yield ("load_balancer", "tls", "certificate"), problem


def certificate_is_in_the_account(document: Document) -> Iterator[Finding]:
    """ACM User Guide, "Services integrated with ACM": a load balancer uses certificates of its own account."""
    balancer, account = load_balancer(document), document["account"]
    certificate = ((balancer or {}).get("tls") or {}).get("certificate")
    if certificate and account is not None and certificate.split(":")[4] != str(account):
        text = f"is of the account {certificate.split(':')[4]}, and the stack is in {account} (name one there)"
        yield ("load_balancer", "tls", "certificate"), text


def certificate_has_a_domain(document: Document) -> Iterator[Finding]:
    """Also the other keys that need a domain."""
    balancer = load_balancer(document)
    if balancer is None:
        return
    if balancer["tls"] is not None and not balancer["tls"]["certificate"] and not balancer["domain"]:
        text = "missing; give the ARN of one, or load_balancer.domain, for which one is made"
        yield DependentFinding(("load_balancer", "tls", "certificate"), text, ("load_balancer", "domain"))
    for key in ("alternative_names", "hosted_zone") if not balancer["domain"] else ():
        if balancer[key]:
            text = "needs load_balancer.domain (add that, or remove this)"
            yield DependentFinding(("load_balancer", key), text, ("load_balancer", "domain"))


def first_name_of_a_certificate_is_short(document: Document) -> Iterator[Finding]:
    """ACM API Reference, RequestCertificate: that of a certificate from elsewhere may be longer."""
    balancer = load_balancer(document)
    domain = (balancer or {}).get("domain") or ""
    if balancer is not None and creates_certificate(balancer) and len(domain) > LONGEST_FIRST_NAME:
        text = f"has {len(domain)} characters, and the first name of a certificate at most {LONGEST_FIRST_NAME}"
        fix = "write a shorter name here and this one in alternative_names, or name a certificate in tls"
        yield ("load_balancer", "domain"), f"{text} ({fix})"


def certificate_has_few_enough_names(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    names = len(balancer["alternative_names"]) if balancer is not None and creates_certificate(balancer) else 0
    if names > MOST_NAMES:
        text = f"has {names}, and ACM allows {MOST_NAMES} in the certificate that is made for them"
        yield ("load_balancer", "alternative_names"), f"{text} (remove {names - MOST_NAMES}, or give tls.certificate)"


def load_balancer_has_one_host_name(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    if balancer is not None and balancer["domain"] and balancer["server_name"]:
        yield ("load_balancer", "server_name"), "domain gives the host name already (remove one)"


def domain_names_are_in_the_hosted_zone(document: Document) -> Iterator[Finding]:
    balancer = load_balancer(document)
    zone = (balancer or {}).get("hosted_zone")
    names = domain_names(balancer) if balancer is not None else []
    for number, name in enumerate(names):
        path = ("domain",) if number == 0 else ("alternative_names", number - 1)
        if name in names[:number]:
            yield ("load_balancer", *path), f"{name} is load_balancer.domain already (remove this)"
        elif zone and "." in zone and not f".{remove_wildcard(name)}".endswith(f".{zone}"):
            yield (
                ("load_balancer", *path),
                f"{name} is outside the hosted zone {zone} (leave hosted_zone out, or this)",
            )


def rule_priorities_are_unique(document: Document) -> Iterator[Finding]:
    owners: dict[int, str] = {}
    rules = list_rules(document)
    last = {route.service: max(one.priority for one in rules if one.service == route.service) for route in rules}
    for route in rules:
        if owners.setdefault(route.priority, route.service) != route.service:
            yield (
                ("services", route.service, "priority"),
                f"services.{owners[route.priority]} has a rule with priority {route.priority} already (choose another)",
            )
        elif route.priority > MAX_PRIORITY and route.priority == last[route.service]:
            text = f"its rules would need priorities up to {route.priority}, and AWS allows {MAX_PRIORITY}"
            lower = f"lower it by {route.priority - MAX_PRIORITY} or more"
            yield ("services", route.service, "priority"), f"{text} ({lower})"


def rules_can_be_reached(document: Document) -> Iterator[Finding]:
    """The first matching rule applies, so a rule that covers another must come after it."""
    before: list[Route] = []
    for route in list_rules(document):
        for earlier in before:
            if _covers(earlier.path, route.path) and earlier.service != route.service:
                text = (
                    f"{route.path} gets no request, because services.{earlier.service} takes {earlier.path} before it "
                    f"(put services.{route.service} first, or give it a priority below {earlier.priority})"
                )
                yield ("services", route.service, "routes", route.number), text
                break
        before.append(route)


def _covers(path: str, other: str) -> bool:
    return path.endswith("*") and other.startswith(path[:-1])


REQUEST_RULES = (
    certificate_is_in_the_region,
    certificate_is_in_the_account,
    requests_enter_at_one_point,
    routes_lead_to_one_service,
    routes_leave_the_health_path_of_nginx_free,
    routes_are_served_by_a_proxy_or_load_balancer,
    load_balancer_subnets_fit,
    load_balancer_has_services,
    balanced_services_have_ports,
    idle_timeout_covers_the_timeout_of_services,
    listeners_have_different_ports,
    certificate_has_a_domain,
    first_name_of_a_certificate_is_short,
    certificate_has_few_enough_names,
    load_balancer_has_one_host_name,
    domain_names_are_in_the_hosted_zone,
    rule_priorities_are_unique,
    rules_can_be_reached,
)
