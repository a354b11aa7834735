# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the smaller services hold. Each reader is given what opens a client, and gives ids and objects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Open = Callable[[str], Any]
Found = Iterator[tuple[str, Any]]


def _all(client: Any, operation: str, result: str, **arguments: Any) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[result]]


def topics(read: Open) -> Found:
    client = read("sns")
    for item in _all(client, "list_topics", "Topics"):
        arn = item["TopicArn"]
        heard = _all(client, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        yield (
            arn,
            {
                "Name": arn.rpartition(":")[2],
                "KmsKey": client.get_topic_attributes(TopicArn=arn)["Attributes"].get("KmsMasterKeyId", ""),
                "Subscriptions": sorted((one["Protocol"], one["Endpoint"]) for one in heard),
                "Tags": client.list_tags_for_resource(ResourceArn=arn)["Tags"],
            },
        )


def log_groups(read: Open) -> Found:
    client = read("logs")
    for item in _all(client, "describe_log_groups", "logGroups"):
        tags = client.list_tags_for_resource(resourceArn=item["logGroupArn"])["tags"]
        kept = {"Name": item["logGroupName"], "Retention": item.get("retentionInDays")}
        yield item["logGroupArn"], kept | {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}


def alarms(read: Open) -> Found:
    client = read("cloudwatch")
    for item in _all(client, "describe_alarms", "MetricAlarms"):
        tags = client.list_tags_for_resource(ResourceARN=item["AlarmArn"])["Tags"]
        yield item["AlarmArn"], item | {"Tags": tags}


def dashboards(read: Open) -> Found:
    client = read("cloudwatch")
    for item in _all(client, "list_dashboards", "DashboardEntries"):
        body = client.get_dashboard(DashboardName=item["DashboardName"])["DashboardBody"]
        yield item["DashboardName"], {"DashboardName": item["DashboardName"], "Body": json.loads(body)}


def caches(read: Open) -> Found:
    client = read("elasticache")
    for item in _all(client, "describe_cache_subnet_groups", "CacheSubnetGroups"):
        yield item["ARN"], item | {"Tags": client.list_tags_for_resource(ResourceName=item["ARN"])["TagList"]}
    nodes = {one.get("ReplicationGroupId"): one for one in _all(client, "describe_cache_clusters", "CacheClusters")}
    for item in _all(client, "describe_replication_groups", "ReplicationGroups"):
        if item["Status"] == "available":
            # Where it answers AWS draws.
            kept = {key: value for key, value in item.items() if key != "NodeGroups"}
            tags = client.list_tags_for_resource(ResourceName=item["ARN"])["TagList"]
            yield item["ARN"], kept | {"Node": nodes[item["ReplicationGroupId"]], "Tags": tags}
    for number, item in enumerate(_all(client, "describe_snapshots", "Snapshots")):
        # Its name tells when the cache was made.
        yield f"snapshot {number}", {"SnapshotOf": item["ReplicationGroupId"]}


def certificates(read: Open) -> Found:
    client = read("acm")
    for one in _all(client, "list_certificates", "CertificateSummaryList"):
        arn = {"CertificateArn": one["CertificateArn"]}
        content = client.describe_certificate(**arn)["Certificate"]
        kept = {key: content[key] for key in ("DomainName", "Status", "InUseBy")}
        names = sorted(content["SubjectAlternativeNames"])
        yield arn["CertificateArn"], kept | {"Names": names, "Tags": client.list_tags_for_certificate(**arn)["Tags"]}


def records(read: Open) -> Found:
    """What is in hosted zones besides what every zone has."""
    client = read("route53")
    for zone in _all(client, "list_hosted_zones", "HostedZones"):
        for one in _all(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]):
            if one["Type"] not in ("NS", "SOA"):
                # What proves a name is another in each account.
                content = re.sub(r"_[0-9a-f]{32}", "_proof", json.dumps(one))
                yield f"{zone['Name']} {one['Name']} {one['Type']}", json.loads(content)


READERS = (topics, log_groups, alarms, dashboards, caches, certificates, records)
