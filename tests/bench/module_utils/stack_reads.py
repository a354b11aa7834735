# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The least that any program could do to know a stack: the list calls, in threads, and nothing with the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import botocore.session
from botocore.config import Config

Call = Callable[[], Any]

BY_TAG = (
    "describe_subnets",
    "describe_internet_gateways",
    "describe_route_tables",
    "describe_security_groups",
    "describe_key_pairs",
    "describe_instances",
    "describe_volumes",
)


def read_stack(stack: str, region: str) -> None:
    """Read all that a stack owns; single objects are asked for only where AWS has no list that tells."""
    session = botocore.session.Session()
    config = Config(max_pool_connections=20)
    services = ("ec2", "iam", "ssm", "resourcegroupstaggingapi", "cloudwatch")
    clients = (_untyped(session.create_client(name, region_name=region, config=config)) for name in services)
    ec2, iam, ssm, tags, watch = clients
    filters = [{"Name": "tag:groundwork:stack", "Values": [stack]}]
    elsewhere = {
        "TagFilters": [{"Key": "groundwork:stack", "Values": [stack]}],
        "ResourceTypeFilters": [
            *("cloudwatch", "ec2:elastic-ip", "ec2:natgateway", "elasticache", "elasticloadbalancing", "logs", "rds"),
            *("secretsmanager", "sns"),
        ],
    }
    path = f"/groundwork/{stack}/{region}/"

    def networks() -> Iterable[Call]:
        for vpc in _pages(ec2, "describe_vpcs", Filters=filters)["Vpcs"]:
            for name in ("enableDnsHostnames", "enableDnsSupport"):
                yield partial(ec2.describe_vpc_attribute, VpcId=vpc["VpcId"], Attribute=name)

    def roles() -> Iterable[Call]:
        for role in _pages(iam, "list_roles", PathPrefix=path)["Roles"]:
            for operation in (iam.get_role, iam.list_attached_role_policies, iam.list_role_policies):
                yield partial(operation, RoleName=role["RoleName"])

    def profiles() -> Iterable[Call]:
        for profile in _pages(iam, "list_instance_profiles", PathPrefix=path)["InstanceProfiles"]:
            yield partial(iam.get_instance_profile, InstanceProfileName=profile["InstanceProfileName"])

    with ThreadPoolExecutor(20) as calls:
        lists = [calls.submit(_pages, ec2, name, Filters=filters) for name in BY_TAG]
        lists.append(calls.submit(_pages, tags, "get_resources", **elsewhere))
        dashboards = f"groundwork_{stack}_{region}_"
        lists.append(calls.submit(_pages, watch, "list_dashboards", DashboardNamePrefix=dashboards))
        lists.append(calls.submit(_pages, ssm, "get_parameters_by_path", Path=f"/groundwork/{stack}/lock"))
        with ThreadPoolExecutor(3) as first:
            found = first.map(lambda read: [calls.submit(call) for call in read()], (networks, roles, profiles))
            lists += [future for futures in found for future in futures]
        for future in lists:
            future.result()


def _untyped(client: Any) -> Any:
    return client


def _pages(client: Any, operation: str, **arguments: Any) -> Any:
    if client.can_paginate(operation):
        # The largest page that AWS gives, where there may be many items.
        size = {"PageSize": 1000} if operation in ("describe_instances", "describe_volumes") else {}
        return client.get_paginator(operation).paginate(**arguments, PaginationConfig=size).build_full_result()
    return getattr(client, operation)(**arguments)
