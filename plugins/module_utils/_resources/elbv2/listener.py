# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listener: a port of a load balancer, and what is done with requests that no rule takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.answer import first_item
from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.model import DesiredResource
from ..._engine.property_limits import PORT, Matching, PropertyPath, PropertyProblem, is_reference, one_of
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from ..regions import arn_of_region
from . import common as elbv2
from . import listener_actions as actions

POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def check_certificate(given: Properties) -> Iterator[PropertyProblem]:
    """A listener for HTTPS has a certificate, and one for HTTP has neither certificate nor policy (CreateListener)."""
    protocol = given.get("protocol") or "HTTP"
    if is_reference(protocol):
        return
    if protocol == "HTTPS" and not given.get("certificate"):
        text = "lacks certificate, which a listener for HTTPS needs"
        yield (), f"{text} (write the ARN of one, or a reference like {{ref: certificate/site, attribute: arn}})"
    for name in ("certificate", "policy"):
        if protocol == "HTTP" and given.get(name):
            yield (name,), "goes with protocol: HTTPS only (remove it, or write protocol: HTTPS)"


def check_balancer(given: Properties) -> Iterator[PropertyProblem]:
    """A listener by the ARN of its load balancer, which may be another one than the collection creates."""
    balancer = given["load_balancer"]
    if isinstance(balancer, str) and ":loadbalancer/app/" in balancer:
        yield from _check_protocol(given, "the load balancer")


def check_own_balancer(given: Properties, _path: PropertyPath, balancer: DesiredResource) -> Iterator[PropertyProblem]:
    yield from _check_protocol(given, balancer.address)


def _check_protocol(given: Properties, balancer: str) -> Iterator[PropertyProblem]:
    """CreateListener, Protocol."""
    protocol = given.get("protocol") or "HTTP"
    if not is_reference(protocol) and protocol not in elbv2.OF_APPLICATIONS:
        text = f"{protocol} is not a protocol of {balancer}, which is an Application Load Balancer"
        yield ("protocol",), f"{text} (write {' or '.join(elbv2.OF_APPLICATIONS)})"


def check_group(given: Properties, path: PropertyPath, group: DesiredResource) -> Iterator[PropertyProblem]:
    if (given.get("protocol") or "HTTP") in elbv2.OF_APPLICATIONS:
        yield from actions.check_group(given, path, group)


def with_defaults(desired: Properties) -> dict[str, Any]:
    secure = desired.get("protocol") == "HTTPS"
    return {
        "protocol": "HTTP",
        "certificate": None,
        "policy": POLICY if secure else None,
        **desired,
        "action": actions.with_defaults(desired["action"]),
    }


def normalize(listener: Raw) -> dict[str, Any]:
    members = {"load_balancer": "LoadBalancerArn", "port": "Port", "protocol": "Protocol"}
    acts = listener.get("DefaultActions")
    return {
        **returned_members(listener, members),
        **_security(listener),
        **({} if acts is None else {"action": actions.from_aws(acts)}),
    }


def _security(listener: Raw) -> dict[str, Any]:
    """The default certificate and the policy; None for a listener that does not speak TLS.

    DescribeListeners shows the default certificate alone. Where several are shown, only the one that is marked counts.
    """
    if listener.get("Protocol") != "HTTPS":
        return {"certificate": None, "policy": None} if listener.get("Protocol") else {}
    shown = listener.get("Certificates", ())
    default = [item for item in shown if item.get("IsDefault")] or (shown if len(shown) == 1 else [{}])
    return {
        **returned_members(default[0], {"certificate": "CertificateArn"}),
        **returned_members(listener, {"policy": "SslPolicy"}),
    }


def _request(desired: Properties) -> dict[str, Any]:
    secure = {"Certificates": [{"CertificateArn": desired["certificate"]}], "SslPolicy": desired["policy"]}
    return {
        "Port": desired["port"],
        "Protocol": desired["protocol"],
        "DefaultActions": actions.to_aws(desired["action"]),
        **(secure if desired["protocol"] == "HTTPS" else {}),
    }


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    answer = client.create_listener(
        LoadBalancerArn=desired["load_balancer"], **_request(desired), Tags=tags_to_list(resource.tags)
    )
    made: Raw = first_item(answer, "Listeners")
    return made


def modify(client: Client, update: ResourceUpdate) -> None:
    client.modify_listener(ListenerArn=update.actual.id, **_request(update.desired.properties))


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_listener(ListenerArn=actual.id)


TYPE = ResourceType(
    Schema(
        name="listener",
        service="elbv2",
        id_path="ListenerArn",
        attributes={"id": "ListenerArn", "arn": "ListenerArn"},
        required=frozenset({"load_balancer", "port", "action"}),
        references={
            ("load_balancer",): ("load_balancer.arn",),
            ("certificate",): ("certificate.arn",),
            **actions.REFERENCES,
        },
        create_only=frozenset({"load_balancer"}),
        limits={
            ("port",): PORT,
            ("protocol",): one_of(*elbv2.PROTOCOLS),
            ("certificate",): Matching("the ARN of a certificate"),
            ("policy",): Matching("the name of a TLS policy"),
            **actions.LIMITS,
        },
        checks=(check_certificate, check_balancer, actions.check_action),
        region_checks=(arn_of_region(("certificate",), "the load balancer"),),
        target_checks={("load_balancer",): check_own_balancer, **dict.fromkeys(actions.FORWARDS, check_group)},
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"action": actions.same},
    ),
    Discovery(
        listing=elbv2.listing("describe_listeners", "Listeners", "ListenerArns", parent="LoadBalancerArn"),
        parent_type="load_balancer",
        tag_detail=elbv2.tags("ListenerArn"),
        tagging=elbv2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates=dict.fromkeys(("port", "protocol", "certificate", "policy", "action"), modify),
        delete=delete,
        exclusive=("load_balancer", "port"),
        name_taken_codes=frozenset({"DuplicateListener"}),
    ),
)
