# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every resource type, imported by name: ansible packs only imports that it can see."""

from __future__ import annotations

from collections.abc import Mapping

from ..resource import ResourceType
from . import (
    alarm,
    cache,
    cache_subnet_group,
    certificate,
    dashboard,
    db_instance,
    db_parameter_group,
    db_subnet_group,
    dns_record,
    elastic_ip,
    iam_role,
    instance,
    instance_profile,
    internet_gateway,
    key_pair,
    listener,
    listener_rule,
    load_balancer,
    log_group,
    nat_gateway,
    route_table,
    secret,
    security_group,
    sns_topic,
    subnet,
    target,
    target_group,
    vpc,
)

MODULES = (
    alarm,
    cache,
    cache_subnet_group,
    certificate,
    dashboard,
    db_instance,
    db_parameter_group,
    db_subnet_group,
    dns_record,
    elastic_ip,
    iam_role,
    instance,
    instance_profile,
    internet_gateway,
    key_pair,
    listener,
    listener_rule,
    load_balancer,
    log_group,
    nat_gateway,
    route_table,
    secret,
    security_group,
    sns_topic,
    subnet,
    target,
    target_group,
    vpc,
)
REGISTRY: Mapping[str, ResourceType] = {module.TYPE.name: module.TYPE for module in MODULES}
