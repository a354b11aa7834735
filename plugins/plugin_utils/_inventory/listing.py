# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the instances: one paged DescribeInstances for each region, in parallel, and the attributes that hosts need."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection

try:
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError

    from ansible_collections.groundwork.aws.plugins.module_utils._aws.access import check_profile
    from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
    from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError, describe_error
    from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import tags_to_dict
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

Instance = dict[str, Any]
Filters = Mapping[str, Any]


class ListingError(Exception):
    """The instances of a region could not be listed; the message is for the user."""


def build_filters(stack: str | None, statuses: Sequence[str], extra: Filters) -> list[dict[str, Any]]:
    """The filters of DescribeInstances. Every instance of any stack has the tag groundwork:stack."""
    filters = {"tag:groundwork:stack": [stack]} if stack else {"tag-key": ["groundwork:stack"]}
    filters_by_name = {**extra, **filters, "instance-state-name": statuses}
    return [
        {"Name": name, "Values": [str(value) for value in (values if isinstance(values, (list, tuple)) else [values])]}
        for name, values in filters_by_name.items()
    ]


def find_default_region(connection: Connection) -> str | None:
    """The region that the environment or the profile names."""
    if os.environ.get("AWS_REGION"):
        return os.environ["AWS_REGION"]
    try:
        check_profile(connection, botocore.session.Session(profile=connection.profile))
        region = botocore.session.Session(profile=connection.profile).get_config_variable("region")
    except (BotoCoreError, StackError) as error:
        raise ListingError(f"no region is known: {describe_error(error)}") from error
    return str(region) if region else None


def compute_cache_key(connection: Connection, filters: Any) -> str:
    """The key of a cached listing: region, credentials (as far as they are visible), endpoint and filters."""
    seen = {
        "region": connection.region,
        "profile": connection.profile or os.environ.get("AWS_PROFILE"),
        "access_key": connection.access_key or os.environ.get("AWS_ACCESS_KEY_ID"),
        "endpoint": connection.endpoint_url
        or os.environ.get("AWS_ENDPOINT_URL_EC2")
        or os.environ.get("AWS_ENDPOINT_URL"),
        "role": connection.assume_role_arn,
        "account": connection.account,
        "filters": filters,
    }
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:24]


def list_regions(
    connection: Connection, regions: Sequence[str], filters: list[dict[str, Any]]
) -> dict[str, list[Instance]]:
    """The instances of each region. Raises `ListingError` with every region that failed."""
    with ThreadPoolExecutor(max_workers=min(len(regions), 16) or 1) as pool:
        answers = {
            region: pool.submit(_list_region, replace(connection, region=region), region, filters) for region in regions
        }
    failures = [str(failure) for failure in (answer.exception() for answer in answers.values()) if failure]
    if failures:
        raise ListingError("\n".join(failures))
    return {region: answer.result() for region, answer in answers.items()}


def _list_region(connection: Connection, region: str, filters: list[dict[str, Any]]) -> list[Instance]:
    try:
        clients = Clients(connection, region)
        clients.check_caller()
        ec2 = clients("ec2")
        pages = ec2.pages(
            "describe_instances",
            {"Filters": filters},
            lambda page: [trim_instance(instance, region) for instance in _list_page(page)],
        )
        return [instance for page in pages for instance in page]
    except (BotoCoreError, ClientError, StackError) as error:
        raise ListingError(f"the instances of {region} cannot be listed: {describe_error(error)}") from error


def _list_page(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for reservation in page["Reservations"]:
        yield from reservation["Instances"]


def trim_instance(instance: Mapping[str, Any], region: str) -> Instance:
    """The attributes of an instance that hosts need (`host_variables.INSTANCE_KEYS`), of about three kilobytes."""
    return {
        "id": instance["InstanceId"],
        "type": instance.get("InstanceType"),
        "state": instance.get("State", {}).get("Name"),
        "image": instance.get("ImageId"),
        "region": region,
        "zone": instance.get("Placement", {}).get("AvailabilityZone"),
        "private_ip": instance.get("PrivateIpAddress") or None,
        "public_ip": instance.get("PublicIpAddress") or None,
        "private_dns": instance.get("PrivateDnsName") or None,
        "public_dns": instance.get("PublicDnsName") or None,
        "tags": tags_to_dict(instance.get("Tags")),
    }
