# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what the API's objects say about a load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import acm_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends

from ..hooks import targets
from .model import (
    Action,
    Balancer,
    Check,
    Condition,
    FixedResponse,
    Forward,
    Group,
    Listener,
    Redirect,
    Rule,
    Target,
)

CONFIGURATIONS = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


def all_balancers() -> Iterator[Any]:
    """Every application load balancer of every account and region."""
    for account in list(elbv2_backends.values()):
        for backend in list(account.values()):
            yield from (one for one in list(backend.load_balancers.values()) if one.type == "application")


def describe(balancer: Any) -> Balancer:
    """Take the snapshot; the lock of the API is held."""
    backend = _backend(balancer)
    listeners = tuple(_listener(backend, one) for one in balancer.listeners.values())
    return Balancer(
        listeners=tuple(sorted(listeners, key=lambda one: one.port)),
        groups=tuple(group(backend.target_groups[arn]) for arn in _groups(backend, balancer)),
        idle_timeout=int(balancer.attrs.get("idle_timeout.timeout_seconds", 60)),
        http2=balancer.attrs.get("routing.http2.enabled", "true") == "true",
        forwarded_for=balancer.attrs.get("routing.http.xff_header_processing.mode", "append"),
        client_port=balancer.attrs.get("routing.http.xff_client_port.enabled", "false") == "true",
    )


def _groups(backend: Any, balancer: Any) -> list[str]:
    return sorted(targets.groups_of(balancer) & backend.target_groups.keys())


def _listener(backend: Any, listener: Any) -> Listener:
    rules = sorted(
        listener.rules.values(), key=lambda rule: (rule.is_default, 0 if rule.is_default else int(rule.priority))
    )
    return Listener(
        port=int(listener.port),
        protocol=listener.protocol,
        rules=tuple(
            Rule(str(rule.priority), tuple(map(_condition, rule.conditions)), action(rule.actions)) for rule in rules
        ),
        certificates=tuple(_certificate(backend, arn) for arn in listener.certificates),
    )


def _condition(actual: dict[str, Any]) -> Condition:
    kind = actual["Field"]
    config = actual.get(CONFIGURATIONS[kind]) or {}
    values = config.get("Values") or actual.get("Values") or ()
    if kind == "query-string":
        pairs = tuple((str(one.get("Key") or ""), str(one["Value"])) for one in values)
        return Condition(kind, parameters=pairs)
    return Condition(kind, tuple(map(str, values)), str(config.get("HttpHeaderName") or ""))


def action(actions: list[Any]) -> Action:
    """The final action of a rule; actions that authenticate are skipped, because the lab has no logins."""
    data = max((one.data for one in actions), key=lambda one: int(one.get("Order") or 1))
    if data["Type"] == "redirect":
        return _redirect(data["RedirectConfig"])
    if data["Type"] == "fixed-response":
        config = data["FixedResponseConfig"]
        kind = str(config.get("ContentType") or "text/plain")
        return FixedResponse(int(config["StatusCode"]), kind, str(config.get("MessageBody") or ""))
    return Forward(tuple((group_id(arn), weight) for arn, weight in targets.list_forwarded(data)))


def _redirect(config: dict[str, Any]) -> Redirect:
    return Redirect(
        protocol=str(config.get("Protocol") or "#{protocol}"),
        port=str(config.get("Port") or "#{port}"),
        host=str(config.get("Host") or "#{host}"),
        path=str(config.get("Path") or "/#{path}"),
        query=str(config.get("Query", "#{query}")),
        status=int(str(config["StatusCode"]).removeprefix("HTTP_")),
    )


def group_id(arn: str) -> str:
    """A target group's name in the data plane."""
    return arn.partition(":targetgroup/")[2].replace("/", "-")


def group(actual: Any) -> Group:
    """A target group, with those of its targets that may get requests."""
    port = actual.health_check_port
    cookie = actual.attributes.get("stickiness.enabled") == "true" and actual.attributes.get("stickiness.type")
    return Group(
        id=group_id(actual.arn),
        protocol=actual.protocol,
        check=Check(
            protocol=actual.health_check_protocol,
            port=0 if port in (None, "traffic-port") else int(port),
            path=actual.health_check_path or "/",
            interval=int(actual.health_check_interval_seconds),
            timeout=int(actual.health_check_timeout_seconds),
            healthy=int(actual.healthy_threshold_count),
            unhealthy=int(actual.unhealthy_threshold_count),
            codes=str(actual.matcher.get("HttpCode", "200")),
        ),
        targets=tuple(
            Target(one.server, _address(actual, one.id), one.port)
            for one in targets.list_registered(actual).values()
            if targets.find_unused_reason(actual, one) is None
        )
        if actual.target_type in targets.FORWARDED
        else (),
        leaving={one.server: one.until for one in targets.list_draining(actual).values()},
        algorithm=actual.attributes["load_balancing.algorithm.type"],
        cookie_seconds=int(actual.attributes.get("stickiness.lb_cookie.duration_seconds", 86400))
        if cookie == "lb_cookie"
        else 0,
    )


def _address(actual: Any, id: str) -> str:
    if actual.target_type == "ip":
        return id
    return str(actual.ec2_backend.get_instance_by_id(id).nics[0].private_ip_address)


def _certificate(backend: Any, arn: str) -> bytes:
    """A certificate with its chain and key, from ACM or IAM."""
    try:
        bundle = acm_backends[backend.account_id][backend.region_name].get_certificate(arn)
        parts: list[Any] = [bundle.cert, bundle.chain, bundle.key]
    except CertificateNotFound:
        server = iam_backends[backend.account_id][backend.partition].get_certificate_by_arn(arn)
        parts = [server.cert_body, server.cert_chain, server.private_key] if server else []
    texts = [part.encode() if isinstance(part, str) else part for part in parts if part]
    return b"\n".join(text.strip() for text in texts) + b"\n"


def find_group(balancer: Any, id: str) -> Any:
    """The target group of that name in the data plane; None when it is gone."""
    backend = _backend(balancer)
    return next((one for one in backend.target_groups.values() if group_id(one.arn) == id), None)


def _backend(balancer: Any) -> Any:
    region, account = balancer.arn.split(":")[3:5]
    return elbv2_backends[account][region]
