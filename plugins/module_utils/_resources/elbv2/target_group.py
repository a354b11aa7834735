# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Target group: the instances that requests are forwarded to, and their health check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._aws.answer import first_item
from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.property_limits import (
    PORT,
    Limit,
    Matching,
    PropertyProblem,
    WholeNumber,
    display_value,
    is_reference,
    keys,
    one_of,
    whole_number,
)
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from . import common as elbv2

# By property of the health check: the member, and AWS's default.
HEALTH: dict[str, tuple[str, Any]] = {
    "protocol": ("HealthCheckProtocol", "HTTP"),
    "port": ("HealthCheckPort", "traffic-port"),
    "path": ("HealthCheckPath", "/"),
    "interval": ("HealthCheckIntervalSeconds", 30),
    "timeout": ("HealthCheckTimeoutSeconds", 5),
    "healthy": ("HealthyThresholdCount", 5),
    "unhealthy": ("UnhealthyThresholdCount", 2),
}
DEFAULTS = {name: default for name, (_member, default) in HEALTH.items()} | {"codes": "200"}


def _at_least_one(what: str, most: int = 0, is_off: bool = False) -> elbv2.Attribute:
    """A number from 1, or "off" where AWS allows that. The largest number of targets is a quota that can be raised."""
    text = f"{what} (1-{most})" if most else f"{what} (1 or more)"
    value = WholeNumber(
        f"{text}, or off" if is_off else text,
        low=1,
        high=most or 10**9,
        other=("off",) if is_off else (),
        is_text=True,
    )
    return elbv2.Attribute(value=value)


PERCENTAGE = _at_least_one("a percentage", most=100, is_off=True)

# Elastic Load Balancing API Reference, TargetGroupAttribute.
ATTRIBUTES = {
    "deregistration_delay.timeout_seconds": elbv2.seconds(0, 3600),
    "slow_start.duration_seconds": elbv2.Attribute(
        value=WholeNumber("a number of seconds (30-900, or 0)", low=30, high=900, other=(0,), is_text=True)
    ),
    "stickiness.enabled": elbv2.switch(),
    "stickiness.type": elbv2.one_of_attribute(
        "lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"
    ),
    "stickiness.app_cookie.cookie_name": elbv2.text_attribute(
        "the name of a cookie", "(?!AWSALB).+", "names that begin with AWSALB are those of the load balancer"
    ),
    "stickiness.lb_cookie.duration_seconds": elbv2.seconds(1, 604800),
    "stickiness.app_cookie.duration_seconds": elbv2.seconds(1, 604800),
    "load_balancing.cross_zone.enabled": elbv2.one_of_attribute("true", "false", "use_load_balancer_configuration"),
    "load_balancing.algorithm.type": elbv2.one_of_attribute(
        "round_robin", "least_outstanding_requests", "weighted_random"
    ),
    "load_balancing.algorithm.anomaly_mitigation": elbv2.one_of_attribute("on", "off"),
    "target_group_health.dns_failover.minimum_healthy_targets.count": _at_least_one("a number of targets", is_off=True),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": PERCENTAGE,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": _at_least_one("a number of targets"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": PERCENTAGE,
    "waf.http2.traffic_inspection_behavior": elbv2.one_of_attribute(
        "inspect_immediately", "inspect_after_sufficient_data"
    ),
    "routing.http2.rst_stream_error_forwarding.enabled": elbv2.switch(),
    "lambda.multi_value_headers.enabled": elbv2.switch(),
    "deregistration_delay.connection_termination.enabled": elbv2.switch(),
    "preserve_client_ip.enabled": elbv2.switch(),
    "proxy_protocol_v2.enabled": elbv2.switch(),
    "target_health_state.unhealthy.connection_termination.enabled": elbv2.switch(),
    "target_health_state.unhealthy.draining_interval_seconds": elbv2.seconds(0, 360000),
    "target_failover.on_deregistration": elbv2.one_of_attribute("rebalance", "no_rebalance"),
    "target_failover.on_unhealthy": elbv2.one_of_attribute("rebalance", "no_rebalance"),
    "send_tcp_reset.on_unhealthy.enabled": elbv2.switch(),
    "send_tcp_reset.on_deregistration.enabled": elbv2.switch(),
}
# By the protocol of a group, which kind of load balancer can use it (CreateTargetGroup, Protocol).
ALB, NLB, GWLB = "Application Load Balancers", "Network Load Balancers", "Gateway Load Balancers"
BALANCERS = {
    **dict.fromkeys(elbv2.OF_APPLICATIONS, ALB),
    **dict.fromkeys(("TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"), NLB),
    "GENEVE": GWLB,
}
# The load balancers that have an attribute, by the start of its name; all others have every kind.
SUPPORT = {
    "load_balancing.algorithm.": (ALB,),
    "slow_start.": (ALB,),
    "stickiness.app_cookie.": (ALB,),
    "stickiness.lb_cookie.": (ALB,),
    "waf.": (ALB,),
    "routing.": (ALB,),
    "lambda.": (ALB,),
    "load_balancing.cross_zone.": (ALB, NLB),
    "target_group_health.": (ALB, NLB),
    "deregistration_delay.connection_termination.": (NLB,),
    "preserve_client_ip.": (NLB,),
    "proxy_protocol_v2.": (NLB,),
    "target_health_state.": (NLB,),
    "target_failover.": (GWLB,),
    "send_tcp_reset.": (GWLB,),
}
STICKINESS = {
    ALB: ("lb_cookie", "app_cookie"),
    NLB: ("source_ip",),
    GWLB: ("source_ip_dest_ip", "source_ip_dest_ip_proto"),
}
ALGORITHM = "load_balancing.algorithm.type"
ANOMALIES = "load_balancing.algorithm.anomaly_mitigation"
SLOW_START = "slow_start.duration_seconds"
COOKIE = "stickiness.app_cookie.cookie_name"
FAILOVER = ("target_failover.on_deregistration", "target_failover.on_unhealthy")
DRAINING = "target_health_state.unhealthy.draining_interval_seconds"
TERMINATION = "target_health_state.unhealthy.connection_termination.enabled"
FIXED_FOR_DATAGRAMS = {"preserve_client_ip.enabled": "true", TERMINATION: "false"}
LOWEST_CODE, HIGHEST_CODE = 200, 599
HIGHEST_CODES = {ALB: 499, GWLB: 399}


@dataclass(frozen=True)
class StatusCodes(Limit):
    """Matcher, HttpCode: a code, several of them with commas, or ranges of them."""

    what: str = "a list of status codes like 200, 200,204 or 200-299"

    def accepts(self, value: Any) -> bool:
        parts = [] if isinstance(value, (bool, float)) else str(value).split(",")
        return bool(parts) and all(map(self._accepts_part, parts))

    @staticmethod
    def _accepts_part(part: str) -> bool:
        first, dash, last = part.partition("-")
        codes = [first, last] if dash else [first]
        if not all(re.fullmatch(r"[0-9]{1,9}", code) for code in codes):
            return False
        return LOWEST_CODE <= int(codes[0]) <= int(codes[-1]) <= HIGHEST_CODE


def check_attributes(given: Properties) -> Iterator[PropertyProblem]:
    """The attributes that the load balancers of a protocol have, and those that exclude others.

    Source: Elastic Load Balancing API Reference, TargetGroupAttribute.
    """
    protocol = given.get("protocol") or "HTTP"
    attributes = elbv2.read_attributes(given)
    if is_reference(protocol):
        return
    kind = BALANCERS[protocol]
    for name in attributes:
        others = next((kinds for start, kinds in SUPPORT.items() if name.startswith(start)), (kind,))
        if kind not in others:
            text = f"is an attribute of groups for {' and '.join(others)}, and {protocol} is for {kind}"
            yield ("attributes", name), f"{text} (remove it)"
        elif name.startswith("lambda."):
            yield ("attributes", name), "is an attribute of groups of Lambda functions (remove it)"
    sticky = attributes.get("stickiness.type")
    if sticky is not None and sticky not in STICKINESS[kind]:
        text = f"{display_value(sticky)} is not for {kind}"
        yield ("attributes", "stickiness.type"), f"{text} (write {' or '.join(STICKINESS[kind])})"
    elif sticky == "app_cookie" and attributes.get("stickiness.enabled") == "true" and COOKIE not in attributes:
        yield ("attributes", "stickiness.type"), f"app_cookie needs {COOKIE} (add the name of your cookie)"
    for name, value in FIXED_FOR_DATAGRAMS.items() if protocol in ("UDP", "TCP_UDP") else ():
        if attributes.get(name, value) != value:
            yield ("attributes", name), f"cannot be {attributes[name]} for {protocol} (write {value})"
    yield from _check_algorithm(attributes)
    if DRAINING in attributes and attributes.get(TERMINATION) != "false":
        yield ("attributes", DRAINING), f"needs {TERMINATION}: false (add it, or remove this)"
    if kind == GWLB and len({attributes.get(name) for name in FAILOVER}) > 1:
        yield ("attributes",), f"has different values for {' and '.join(FAILOVER)} (write the same for both)"


def _check_algorithm(attributes: Mapping[str, str]) -> Iterator[PropertyProblem]:
    """User guide, "Edit target group attributes for your Application Load Balancer", sections on routing algorithms."""
    algorithm = attributes.get(ALGORITHM, "round_robin")
    if algorithm != "round_robin" and attributes.get(SLOW_START, "0") != "0":
        text = f"slow start does not work with {algorithm}"
        yield ("attributes", SLOW_START), f"{text} (write 0, or {ALGORITHM}: round_robin)"
    if algorithm != "weighted_random" and attributes.get(ANOMALIES) == "on":
        yield ("attributes", ANOMALIES), f"needs {ALGORITHM}: weighted_random (add it, or write off)"


def check_codes(given: Properties) -> Iterator[PropertyProblem]:
    """Elastic Load Balancing API Reference, Matcher, HttpCode: by the kind of load balancer."""
    protocol, codes = given.get("protocol") or "HTTP", (given.get("health") or {}).get("codes")
    if codes is None or is_reference(codes) or is_reference(protocol):
        return
    highest = HIGHEST_CODES.get(BALANCERS[protocol], HIGHEST_CODE)
    if max(int(code) for code in re.findall("[0-9]+", str(codes))) > highest:
        text = f"{display_value(codes)} has codes above {highest}, the highest for {BALANCERS[protocol]}"
        yield ("health", "codes"), f"{text} (write lower ones)"


def check_target_type(given: Properties) -> Iterator[PropertyProblem]:
    """CreateTargetGroup, TargetType, VpcId and Port: groups of functions have neither, and this type sends both."""
    if given.get("target_type") == "lambda":
        text = "a group of Lambda functions has no vpc and no port, which groups of this collection have"
        yield ("target_type",), f"{text} (write instance or ip)"


def check_health(given: Properties) -> Iterator[PropertyProblem]:
    """The timeout is below the interval (Elastic Load Balancing user guide, "Health checks for your target groups").

    For the protocol: API Reference, CreateTargetGroup, HealthCheckProtocol.
    """
    health = given.get("health") or {}
    if health.get("protocol") == "TCP" and (given.get("protocol") or "HTTP") in ("HTTP", "HTTPS"):
        text = "TCP is no protocol of health checks where the targets speak HTTP"
        yield ("health", "protocol"), f"{text} (write HTTP or HTTPS)"
    timeout = DEFAULTS["timeout"] if health.get("timeout") is None else health["timeout"]
    interval = DEFAULTS["interval"] if health.get("interval") is None else health["interval"]
    if is_reference(timeout) or is_reference(interval) or timeout < interval:
        return
    if health.get("timeout") is None:
        text = f"{interval} is not more than the timeout, which is {timeout} by default"
        yield ("health", "interval"), f"{text} (raise it, or write a lower timeout)"
    else:
        yield ("health", "timeout"), f"{timeout} is not less than the interval, {interval} (lower it)"


def with_defaults(desired: Properties) -> dict[str, Any]:
    given = desired.get("health") or {}
    health = {**DEFAULTS, **{name: value for name, value in given.items() if value is not None}}
    return {
        "protocol": "HTTP",
        "target_type": "instance",
        **desired,
        "health": {**health, "port": str(health["port"]), "codes": str(health["codes"])},
        "attributes": elbv2.as_text(desired.get("attributes")),
    }


def normalize(group: Raw) -> dict[str, Any]:
    checks = {name: member for name, (member, _default) in HEALTH.items()}
    members = {"vpc": "VpcId", "protocol": "Protocol", "port": "Port", "target_type": "TargetType"}
    return {
        **returned_members(group, members),
        "health": returned_members(group, {**checks, "codes": "Matcher.HttpCode"}),
        "attributes": group["Attributes"],
    }


def same_health(desired: Properties, actual: Properties) -> bool:
    """Whether the health check is as desired, as far as AWS returned it."""
    return all(desired[name] == value for name, value in actual.items())


def _checks(health: Properties) -> dict[str, Any]:
    members = {member: health[name] for name, (member, _default) in HEALTH.items()}
    return {**members, "HealthCheckEnabled": True, "Matcher": {"HttpCode": health["codes"]}}


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    made: Raw = first_item(
        client.create_target_group(
            Name=resource.name,
            VpcId=desired["vpc"],
            Protocol=desired["protocol"],
            Port=desired["port"],
            TargetType=desired["target_type"],
            **_checks(desired["health"]),
            Tags=tags_to_list(resource.tags),
        ),
        "TargetGroups",
    )
    return made | {"Attributes": {}, "FullName": elbv2.full_name(made["TargetGroupArn"])}


def set_health(client: Client, update: ResourceUpdate) -> None:
    client.modify_target_group(TargetGroupArn=update.actual.id, **_checks(update.desired.properties["health"]))


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_target_group(TargetGroupArn=actual.id)


TYPE = elbv2.FullNameType(
    Schema(
        name="target_group",
        service="elbv2",
        id_path="TargetGroupArn",
        attributes={
            "id": "TargetGroupArn",
            "arn": "TargetGroupArn",
            "name": "TargetGroupName",
            "full_name": "FullName",
        },
        required=frozenset({"vpc", "port"}),
        references={("vpc",): ("vpc.id",)},
        create_only=frozenset({"vpc", "protocol", "port", "target_type"}),
        limits={
            ("port",): PORT,
            ("protocol",): one_of(*elbv2.PROTOCOLS),
            ("target_type",): one_of("instance", "ip", "lambda", "alb"),
            ("health",): keys(*DEFAULTS),
            ("health", "protocol"): one_of("HTTP", "HTTPS", "TCP"),
            ("health", "port"): WholeNumber(
                "a port (1-65535), or traffic-port", low=1, high=65535, other=("traffic-port",), is_text=True
            ),
            ("health", "path"): Matching("a path like /health", "begin it with /", pattern="/.*", longest=1024),
            ("health", "interval"): whole_number("a number of seconds", 5, 300),
            ("health", "timeout"): whole_number("a number of seconds", 2, 120),
            ("health", "healthy"): whole_number("a number of checks", 2, 10),
            ("health", "unhealthy"): whole_number("a number of checks", 2, 10),
            ("health", "codes"): StatusCodes(),
            ("attributes",): elbv2.Attributes(names=ATTRIBUTES),
        },
        checks=(check_health, check_codes, check_target_type, check_attributes),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"attributes": elbv2.same_attributes, "health": same_health},
        max_name_length=32,
    ),
    Discovery(
        listing=elbv2.listing("describe_target_groups", "TargetGroups", "TargetGroupArns"),
        tag_detail=elbv2.tags("TargetGroupArn"),
        details=(elbv2.attributes("describe_target_group_attributes", "TargetGroupArn"),),
        tagging=elbv2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={
            "health": set_health,
            "attributes": elbv2.set_attributes("modify_target_group_attributes", "TargetGroupArn"),
        },
        delete=delete,
        # A listener forwards to the old group until it is changed to the new one.
        create_before_destroy=True,
        name_taken_codes=frozenset({"DuplicateTargetGroupName"}),
        in_use_codes=frozenset({"ResourceInUse"}),
    ),
)
