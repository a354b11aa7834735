# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listener: a port of a load balancer, and what is done with requests that no rule takes."""

from __future__ import annotations

from typing import Any

from ..._aws.answer import first
from ..._aws.tags import as_list
from .. import actions, elbv2
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, returned

POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def desired(wanted: Properties) -> dict[str, Any]:
    secure = wanted.get("protocol") == "HTTPS"
    return {
        "protocol": "HTTP",
        "certificate": None,
        "policy": POLICY if secure else None,
        **wanted,
        "action": actions.desired(wanted["action"]),
    }


def normalize(listener: Raw) -> dict[str, Any]:
    members = {"load_balancer": "LoadBalancerArn", "port": "Port", "protocol": "Protocol"}
    acts = listener.get("DefaultActions")
    return {
        **returned(listener, members),
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
    return {**returned(default[0], {"certificate": "CertificateArn"}), **returned(listener, {"policy": "SslPolicy"})}


def _request(wanted: Properties) -> dict[str, Any]:
    secure = {"Certificates": [{"CertificateArn": wanted["certificate"]}], "SslPolicy": wanted["policy"]}
    return {
        "Port": wanted["port"],
        "Protocol": wanted["protocol"],
        "DefaultActions": actions.to_aws(wanted["action"]),
        **(secure if wanted["protocol"] == "HTTPS" else {}),
    }


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    answer = client.create_listener(
        LoadBalancerArn=wanted["load_balancer"], **_request(wanted), Tags=as_list(order.tags)
    )
    made: Raw = first(answer, "Listeners")
    return made


def modify(client: Client, edit: Edit) -> None:
    client.modify_listener(ListenerArn=edit.live.id, **_request(edit.order.properties))


def delete(client: Client, live: Live) -> None:
    client.delete_listener(ListenerArn=live.id)


TYPE = ResourceType(
    name="listener",
    service="elbv2",
    under="load_balancer",
    listing=elbv2.listing("describe_listeners", "Listeners", "ListenerArns", parent="LoadBalancerArn"),
    id="ListenerArn",
    tags=elbv2.tags("ListenerArn"),
    tagging=elbv2.TAGGING,
    attributes={"id": "ListenerArn", "arn": "ListenerArn"},
    required=frozenset({"load_balancer", "port", "action"}),
    create_only=frozenset({"load_balancer"}),
    exclusive=("load_balancer", "port"),
    same={"action": actions.same},
    desired=desired,
    normalize=normalize,
    create=create,
    updates=dict.fromkeys(("port", "protocol", "certificate", "policy", "action"), modify),
    delete=delete,
    exists=frozenset({"DuplicateListener"}),
)
