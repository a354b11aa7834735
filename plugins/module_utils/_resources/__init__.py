# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every resource type, imported by name: ansible packs only imports that it can see."""

from __future__ import annotations

from collections.abc import Mapping

from .._engine.resource_type import ResourceType
from .acm import certificate
from .cloudwatch import alarm, dashboard
from .ec2 import (
    elastic_ip,
    instance,
    internet_gateway,
    key_pair,
    nat_gateway,
    route_table,
    security_group,
    subnet,
    vpc,
)
from .elasticache import cache, cache_subnet_group
from .elbv2 import listener, listener_rule, load_balancer, target, target_group
from .iam import iam_role, instance_profile
from .logs import log_group
from .rds import db_instance, db_parameter_group, db_subnet_group
from .route53 import dns_record
from .secretsmanager import secret
from .sns import sns_topic

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
