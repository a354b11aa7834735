# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where caches stand: subnet groups, which moto can neither change nor delete, and what of EC2 a cache holds."""

from __future__ import annotations

import copy
from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import CacheSubnetGroup, elasticache_backends
from moto.elasticache.responses import ElastiCacheResponse

from .caches import settle
from .patch import add


@add(ElastiCacheResponse, "modify_cache_subnet_group")
def modify_cache_subnet_group(response: Any) -> ActionResult:
    group = _subnet_group(response)
    text, subnets = response._get_param("CacheSubnetGroupDescription"), response._get_param("SubnetIds")
    if text is not None:
        group.cache_subnet_group_description = text
    if subnets:
        backend, name = response.elasticache_backend, group.cache_subnet_group_name
        tags = {"tags": group.tags, "cache_subnet_group_description": group.cache_subnet_group_description}
        made = CacheSubnetGroup(
            backend.account_id, backend.region_name, cache_subnet_group_name=name, subnet_ids=subnets, **tags
        )
        backend.cache_subnet_groups[name] = group = made
    return ActionResult({"CacheSubnetGroup": copy.copy(group)})


@add(ElastiCacheResponse, "delete_cache_subnet_group")
def delete_cache_subnet_group(response: Any) -> ActionResult:
    backend, group = response.elasticache_backend, _subnet_group(response)
    settle(backend)
    name = group.cache_subnet_group_name
    if any(one.cache_subnet_group_name == name for one in _users(backend)):
        error = ElastiCacheException(f"Cache subnet group {name} is currently in use by a cache cluster.")
        error.code = "CacheSubnetGroupInUse"
        raise error
    del backend.cache_subnet_groups[name]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    return ActionResult({})


def _subnet_group(response: Any) -> Any:
    name = response._get_param("CacheSubnetGroupName")
    return response.elasticache_backend.describe_cache_subnet_groups(cache_subnet_group_name=name)[0]


def _users(backend: Any) -> list[Any]:
    return [*backend.replication_groups.values(), *backend.cache_clusters.values()]


def in_subnet(account: str, region: str, subnet: str) -> bool:
    """Whether a cache may have a node in a subnet."""
    if account not in elasticache_backends or region not in elasticache_backends[account]:
        return False
    backend = elasticache_backends[account][region]
    settle(backend)
    used = {one.cache_subnet_group_name for one in _users(backend)}
    return any(subnet in group.subnet_ids for name, group in backend.cache_subnet_groups.items() if name in used)


def in_group(account: str, region: str, group: str) -> bool:
    """Whether a cache has a security group."""
    if account not in elasticache_backends or region not in elasticache_backends[account]:
        return False
    backend = elasticache_backends[account][region]
    settle(backend)
    return any(group in (one.security_group_ids or ()) for one in _users(backend))
