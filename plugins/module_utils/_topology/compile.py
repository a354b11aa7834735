# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From an effective document to the resources of its stack. Pure: data in, data out, always in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._aws.tags import PLACE
from .._stack.wanted import Ref, Wanted, WantedStack
from .balancer import ALB, load_balancing
from .caches import caches_in_tiers
from .databases import databases_with_users
from .firewall import ingress
from .network import network
from .raw import compile_raw
from .shared_secrets import made_up_secrets
from .view import Document, load_balancer, machine_groups, proxy_on, services, services_on
from .watching import log_policies, watching

# What Systems Manager's agent calls for sessions:
# docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
SESSIONS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Sessions",
            "Effect": "Allow",
            "Action": [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        }
    ],
}


def compile_stack(document: Document) -> WantedStack:
    """The stack that an effective document (see `document.load`) wants."""
    raw = (compile_raw(address, body) for address, body in document["resources"].items())
    return WantedStack(
        name=document["name"],
        region=document["region"],
        resources=tuple(_remembering([*compile_topology(document), *raw])),
        tags=dict(document["tags"]),
        outputs=dict(_outputs(document)),
    )


def _remembering(resources: Iterable[Wanted]) -> Iterator[Wanted]:
    """The network, which every stack has, remembers the hosted zones: what is in one that the document names no longer
    is found by that."""
    whole = list(resources)
    places = sorted({str(item.properties.get("zone")) for item in whole if item.type == "dns_record"})
    memory = {f"{PLACE}{place}": "" for place in places}
    for item in whole:
        yield replace(item, tags={**item.tags, **memory}) if item.address == "vpc/main" else item


def compile_topology(document: Document) -> Iterator[Wanted]:
    """Everything but the raw resources."""
    yield from network(document)
    if document["access"]["public_key"] is not None:
        yield Wanted("key_pair", "main", {"public_key": document["access"]["public_key"]})
    groups = machine_groups(document)
    for group in groups:
        yield from _role(document, group)
    for group in groups:
        yield _security_group(document, group)
    for group, machines in groups.items():
        yield from _instances(document, group, machines)
    yield from load_balancing(document)
    yield from databases_with_users(document)
    yield from caches_in_tiers(document)
    yield from made_up_secrets(document)
    yield from watching(document)


def _role(document: Document, group: str) -> Iterator[Wanted]:
    """What the instances of a group may do: take sessions of Systems Manager, which needs no open port, and write logs.

    AWS's own policy for that, AmazonSSMManagedInstanceCore, would also let them read every parameter of the account.
    """
    yield Wanted(
        "iam_role",
        group,
        {
            "principal": "ec2.amazonaws.com",
            "inline_policies": {"sessions": SESSIONS, **log_policies(document, group)},
            "description": f"Instances {group} of {document['name']}",
        },
    )
    yield Wanted("instance_profile", group, {"role": Ref(f"iam_role/{group}", "name")})


def _security_group(document: Document, group: str) -> Wanted:
    return Wanted(
        "security_group",
        group,
        {
            "vpc": Ref("vpc/main"),
            "description": f"Instances {group} of {document['name']}",
            "ingress": ingress(document, group),
        },
    )


def _instances(document: Document, group: str, machines: Mapping[str, Any]) -> Iterator[Wanted]:
    for number in range(1, machines["count"] + 1):
        yield _instance(document, group, machines, number)
    if machines["address"] == "elastic":
        for number in range(1, machines["count"] + 1):
            yield Wanted("elastic_ip", f"{group}-{number}", {"instance": Ref(f"instance/{group}-{number}")})


def _instance(document: Document, group: str, machines: Mapping[str, Any], number: int) -> Wanted:
    zone = (number - 1) % len(document["network"]["zones"]) + 1
    properties: dict[str, Any] = {
        "image": machines["image"],
        "type": machines["type"],
        "subnet": Ref(f"subnet/{machines['subnets']}-{zone}"),
        "security_groups": [Ref(f"security_group/{group}")],
        "instance_profile": Ref(f"instance_profile/{group}", "name"),
        "volume": {"size": machines["volume"]["size"], "type": "gp3", "encrypted": True},
        # An elastic address takes the place of the one from the pool, which would be drift as soon as it is there.
        "public_ip": machines["address"] == "public",
        "metadata": {"http_tokens": "required", "hop_limit": 1, "instance_tags": "enabled"},
        "termination_protection": machines["protect"],
    }
    if document["access"]["public_key"] is not None:
        properties["key_pair"] = Ref("key_pair/main", "name")
    if machines["user_data"] is not None:
        properties["user_data"] = machines["user_data"]
    tags = {
        "groundwork:services": " ".join(services_on(document, group)),
        "groundwork:tier": machines["subnets"],
        "groundwork:group": group,
    }
    return Wanted("instance", f"{group}-{number}", properties, tags, protected=machines["protect"])


def _outputs(document: Document) -> Iterator[tuple[str, tuple[str | Ref, ...]]]:
    url = _url(document)
    if url is not None:
        yield "url", url
    for group, machines in machine_groups(document).items():
        parts: list[str | Ref] = []
        for number in range(1, machines["count"] + 1):
            parts += [" ", _address(group, machines, number)]
        yield f"{group.replace('-', '_')}_addresses", tuple(parts[1:])


def _address(group: str, machines: Mapping[str, Any], number: int = 1) -> Ref:
    if machines["address"] == "elastic":
        return Ref(f"elastic_ip/{group}-{number}", "public_ip")
    return Ref(f"instance/{group}-{number}", f"{machines['address']}_ip")


def _url(document: Document) -> tuple[str | Ref, ...] | None:
    """The address of the load balancer, else of the proxy, else of the first service that listens on a port."""
    balancer = load_balancer(document)
    if balancer is not None:
        return _site_url(balancer, balancer["domain"] or Ref(ALB, "dns_name"))
    for group, machines in machine_groups(document).items():
        proxy = proxy_on(document, group)
        if proxy is not None:
            return _site_url(proxy, _address(group, machines))
    for name, service in services(document).items():
        if service["port"] is not None:
            group = service["on"] or name
            return ("http://", _address(group, machine_groups(document)[group]), f":{service['port']}/")
    return None


def _site_url(site: Mapping[str, Any], address: str | Ref) -> tuple[str | Ref, ...]:
    scheme, port, usual = ("https", site["tls"]["port"], 443) if site["tls"] else ("http", site["port"], 80)
    host: str | Ref = site["server_name"] if site["server_name"] and "*" not in site["server_name"] else address
    return (f"{scheme}://", host, "/" if port == usual else f":{port}/")
