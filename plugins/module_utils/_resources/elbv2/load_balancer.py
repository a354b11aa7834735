# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancer: the public address of HTTP services, spread over zones. Application load balancers only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..._aws.answer import first_item
from ..._aws.tags import tags_to_list
from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import Raw, returned_members
from ..._engine.property_limits import EVERY, OneOf, PropertyProblem, a_set, display_value, one_of
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

PROTECTION = "deletion_protection.enabled"
LOGS = ("access_logs", "connection_logs", "health_check_logs")
# S3 User Guide, "General purpose bucket naming rules". Buckets of us-east-1 from before March 2018 may have longer
# names, with capitals and underscores.
OLD_BUCKET = r"[A-Za-z0-9._-]{3,255}"
OLD_BUCKETS = "us-east-1"
BUCKET = (
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)(?![0-9]+(?:\.[0-9]+){3}$)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)
# Elastic Load Balancing API Reference, LoadBalancerAttribute. For prefixes: user guide, "Access logs for your
# Application Load Balancer".
ATTRIBUTES = {
    PROTECTION: elbv2.switch(),
    **{f"{log}.s3.enabled": elbv2.switch() for log in LOGS},
    **{f"{log}.s3.bucket": elbv2.text_attribute("the name of a bucket of S3", OLD_BUCKET) for log in LOGS},
    **{
        f"{log}.s3.prefix": elbv2.text_attribute("a prefix without AWSLogs", "(?s:(?!.*AWSLogs).*)", "AWS adds it")
        for log in LOGS
    },
    "load_balancing.cross_zone.enabled": elbv2.Attribute(
        value=OneOf("true, which it always is for Application Load Balancers", values=("true",))
    ),
    "ipv6.deny_all_igw_traffic": elbv2.switch(),
    "idle_timeout.timeout_seconds": elbv2.seconds(1, 4000),
    "client_keep_alive.seconds": elbv2.seconds(60, 604800),
    "routing.http.desync_mitigation_mode": elbv2.one_of_attribute("monitor", "defensive", "strictest"),
    "routing.http.drop_invalid_header_fields.enabled": elbv2.switch(),
    "routing.http.preserve_host_header.enabled": elbv2.switch(),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": elbv2.switch(),
    "routing.http.x_amzn_tls_kx.enabled": elbv2.switch(),
    "routing.http.xff_client_port.enabled": elbv2.switch(),
    "routing.http.xff_header_processing.mode": elbv2.one_of_attribute("append", "preserve", "remove"),
    "routing.http2.enabled": elbv2.switch(),
    "waf.fail_open.enabled": elbv2.switch(),
    "zonal_shift.config.enabled": elbv2.switch(),
}
FOREIGN = dict.fromkeys(
    ("dns_record.client_routing_policy", "secondary_ips.auto_assigned.per_subnet"), "Network Load Balancers"
)
GONE = Waiter(Condition("deleted", "State.Code", (), absent_is_ready=True), timeout=600)


def check_logs(given: Properties) -> Iterator[PropertyProblem]:
    """Logs that are on have a bucket (LoadBalancerAttribute)."""
    attributes = elbv2.read_attributes(given)
    for log in LOGS:
        if attributes.get(f"{log}.s3.enabled") == "true" and not attributes.get(f"{log}.s3.bucket"):
            text = f"needs {log}.s3.bucket, which is missing (add the name of a bucket, or write false)"
            yield ("attributes", f"{log}.s3.enabled"), text


def check_buckets(given: Properties, region: str) -> Iterator[PropertyProblem]:
    attributes = elbv2.read_attributes(given)
    for name in (f"{log}.s3.bucket" for log in LOGS):
        bucket = attributes.get(name)
        if bucket is not None and region != OLD_BUCKETS and not re.fullmatch(BUCKET, bucket):
            text = f"{display_value(bucket)} is not a name that S3 allows"
            yield ("attributes", name), f"{text} (write 3 to 63 lower-case letters, digits, hyphens and dots)"


def with_defaults(desired: Properties) -> dict[str, Any]:
    return {
        "scheme": "internet-facing",
        "address_type": "ipv4",
        **desired,
        "subnets": sorted(desired["subnets"]),
        "security_groups": sorted(desired["security_groups"]),
        "attributes": elbv2.as_text(desired.get("attributes")),
    }


def normalize(balancer: Raw) -> dict[str, Any]:
    zones, groups = balancer.get("AvailabilityZones"), balancer.get("SecurityGroups")
    return {
        **returned_members(balancer, {"scheme": "Scheme", "address_type": "IpAddressType"}),
        **({} if zones is None else {"subnets": sorted(zone["SubnetId"] for zone in zones)}),
        **({} if groups is None else {"security_groups": sorted(groups)}),
        "attributes": balancer["Attributes"],
    }


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    made: Raw = first_item(
        client.create_load_balancer(
            Name=resource.name,
            Type="application",
            Scheme=desired["scheme"],
            IpAddressType=desired["address_type"],
            Subnets=desired["subnets"],
            SecurityGroups=desired["security_groups"],
            Tags=tags_to_list(resource.tags),
        ),
        "LoadBalancers",
    )
    return made | {"Attributes": {}, "FullName": elbv2.full_name(made["LoadBalancerArn"])}


def set_subnets(client: Client, update: ResourceUpdate) -> None:
    client.set_subnets(LoadBalancerArn=update.actual.id, Subnets=update.desired.properties["subnets"])


def set_groups(client: Client, update: ResourceUpdate) -> None:
    groups = update.desired.properties["security_groups"]
    client.set_security_groups(LoadBalancerArn=update.actual.id, SecurityGroups=groups)


def set_address_type(client: Client, update: ResourceUpdate) -> None:
    kind = update.desired.properties["address_type"]
    client.set_ip_address_type(LoadBalancerArn=update.actual.id, IpAddressType=kind)


def delete(client: Client, actual: ActualResource) -> Iterator[Wait]:
    if actual.properties["attributes"].get(PROTECTION) == "true":
        off = [{"Key": PROTECTION, "Value": "false"}]
        client.modify_load_balancer_attributes(LoadBalancerArn=actual.id, Attributes=off)
    client.delete_load_balancer(LoadBalancerArn=actual.id)
    yield Wait(GONE, actual.id)


TYPE = elbv2.FullNameType(
    Schema(
        name="load_balancer",
        service="elbv2",
        id_path="LoadBalancerArn",
        attributes={
            "id": "LoadBalancerArn",
            "arn": "LoadBalancerArn",
            "name": "LoadBalancerName",
            "full_name": "FullName",
            "dns_name": "DNSName",
            "zone_id": "CanonicalHostedZoneId",
        },
        required=frozenset({"subnets", "security_groups"}),
        references={("subnets", EVERY): ("subnet.id",), ("security_groups", EVERY): ("security_group.id",)},
        create_only=frozenset({"scheme"}),
        limits={
            ("subnets",): a_set(least=2),
            ("security_groups",): a_set(),
            ("scheme",): one_of("internet-facing", "internal"),
            ("address_type",): one_of("ipv4", "dualstack", "dualstack-without-public-ipv4"),
            ("attributes",): elbv2.Attributes(names=ATTRIBUTES, foreign=FOREIGN),
        },
        checks=(check_logs,),
        region_checks=(check_buckets,),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"attributes": elbv2.same_attributes},
        name_attributes=frozenset({"name"}),
        # A record with its name is deleted first: it must not lead to the next owner of the name.
        reference_attributes=("id", "dns_name"),
        max_name_length=32,
    ),
    Discovery(
        listing=elbv2.listing("describe_load_balancers", "LoadBalancers", "LoadBalancerArns"),
        tag_detail=elbv2.tags("LoadBalancerArn"),
        details=(elbv2.attributes("describe_load_balancer_attributes", "LoadBalancerArn"),),
        tagging=elbv2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={
            "subnets": set_subnets,
            "security_groups": set_groups,
            "address_type": set_address_type,
            "attributes": elbv2.set_attributes("modify_load_balancer_attributes", "LoadBalancerArn"),
        },
        delete=delete,
        ready=Waiter(
            Condition(
                "active",
                "State.Code",
                ("active", "active_impaired"),
                ("failed",),
                pending=("provisioning",),
                reason_path="State.Reason",
            )
        ),
        name_taken_codes=frozenset({"DuplicateLoadBalancerName"}),
        in_use_codes=frozenset({"ResourceInUse"}),
    ),
)
