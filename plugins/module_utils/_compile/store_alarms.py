# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarms of databases and caches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.view import Document, caches, databases, find_store_users
from .alarms import build_alarm, combine_metrics
from .capacity import GIB, find_max_connections, find_memory, has_two_cores

RDS, ELASTICACHE = "AWS/RDS", "AWS/ElastiCache"
NODE = "0001"  # the id of the only node of a Redis cluster
# How to list the running statements of a database, by engine.
STATEMENTS = {"mysql": "SHOW FULL PROCESSLIST, the slow query log", "postgres": "SELECT * FROM pg_stat_activity"}


def database_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[DesiredResource]:
    for name, database in databases(document).items():
        if limits["cpu"]:
            yield _build_database_cpu_alarm(name, database, limits["cpu"])
        if limits["storage"]:
            yield _build_storage_alarm(name, database, limits["storage"])
        if limits["memory"]:
            yield from _build_memory_alarm(name, database, limits["memory"])
        if limits["connections"]:
            yield from _build_connection_alarm(document, name, database, limits["connections"])
        if limits["latency"]:
            yield from (_build_latency_alarm(name, database, side, limits["latency"]) for side in ("Read", "Write"))


def _database_metric(name: str, metric: str, statistic: str = "Average") -> dict[str, Any]:
    return {
        "namespace": RDS,
        "metric": metric,
        "statistic": statistic,
        "dimensions": {"DBInstanceIdentifier": Ref(f"db_instance/{name}")},
    }


def _build_database_cpu_alarm(name: str, database: Mapping[str, Any], limit: int) -> DesiredResource:
    text = (
        f"Database {name} has used more than {limit} % of its CPU for 15 minutes: whatever asks it gets slow. Find the "
        f"statement that does it ({STATEMENTS[database['engine']]}) and stop it, or give it an index. If it is all of "
        f"them, take a larger class (databases.{name}.class)."
    )
    return build_alarm(f"database-{name}-cpu", ">", limit, 3, text, _database_metric(name, "CPUUtilization"))


def _build_storage_alarm(name: str, database: Mapping[str, Any], limit: int) -> DesiredResource:
    """Half the limit where storage grows: AWS grows it when a tenth is left, which needs no person."""
    percent = limit / 2 if database["limit"] else limit
    left = database["size"] * percent / 100
    grow = "It should have grown by itself up to limit: raise that" if database["limit"] else "Raise size"
    text = (
        f"Database {name} has less than {left:g} GiB of its storage left ({percent:g} % of {database['size']}). When "
        f"it is full it stops, and what uses it fails. {grow} (databases.{name}) and run site.yml: it takes effect "
        "while the database works, and not again for six hours. Then find what fills it; the dashboard shows since "
        "when: tables, logs, temporary tables, a replica that does not fetch."
    )
    watched = _database_metric(name, "FreeStorageSpace", "Minimum")
    return build_alarm(f"database-{name}-storage", "<", int(left * GIB), 2, text, watched)


def _build_memory_alarm(name: str, database: Mapping[str, Any], limit: int) -> Iterator[DesiredResource]:
    size = find_memory(database["class"])
    if size is None:
        return
    left = size * limit / 100
    text = (
        f"Database {name} has had less than {left * 1024:.0f} MiB of memory left for 15 minutes ({limit} % of "
        f"{size:g} GiB); soon it swaps and gets slow, or is started anew. See on the dashboard whether it has more "
        f"connections than usual, which all take memory, and look for large sorts and joins "
        f"({STATEMENTS[database['engine']]}). Take a larger class (databases.{name}.class) if it is the usual load."
    )
    yield build_alarm(
        f"database-{name}-memory", "<", int(left * GIB), 3, text, _database_metric(name, "FreeableMemory")
    )


def _build_connection_alarm(
    document: Document, name: str, database: Mapping[str, Any], limit: int
) -> Iterator[DesiredResource]:
    most = find_max_connections(database["engine"], database["class"], database["parameters"])
    if most is None:
        return
    bound = most * limit // 100
    users = ", ".join(find_store_users(document, f"database/{name}")) or "no service of this stack"
    text = (
        f"Database {name} has had more than {bound} connections for 15 minutes; it takes about {most} and turns away "
        f"what comes after. Who uses it: {users}. Find who opens more than it closes "
        f"({STATEMENTS[database['engine']]}) and restart that for now. Instances times workers times pool must stay "
        f"below {most}: make pools smaller, or take a larger class (databases.{name}.class)."
    )
    watched = _database_metric(name, "DatabaseConnections", "Maximum")
    yield build_alarm(f"database-{name}-connections", ">", bound, 3, text, watched)


def _build_latency_alarm(name: str, database: Mapping[str, Any], side: str, limit: int) -> DesiredResource:
    text = (
        f"A {side.lower()} of database {name} has taken its storage more than {limit} ms for 15 minutes; less than 10 "
        "are usual. See on the dashboard whether it reads and writes more than ever (a small gp3 volume does 3000 a "
        f"second): a statement without an index, a large import ({STATEMENTS[database['engine']]}). Stop it, or wait "
        f"for its end. If it is the usual load, take a larger class or more storage (databases.{name})."
    )
    watched = _database_metric(name, f"{side}Latency", "p90")
    return build_alarm(f"database-{name}-{side.lower()}-latency", ">", limit / 1000, 3, text, watched)


def cache_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[DesiredResource]:
    """One alarm for all nodes of a cache, raised by the node with the highest value."""
    for name, cache in caches(document).items():
        if limits["cpu"]:
            yield _build_cache_cpu_alarm(name, cache, limits["cpu"])
        if limits["memory"]:
            yield _build_cache_memory_alarm(name, cache, limits["memory"])
        if limits["evictions"]:
            yield _build_eviction_alarm(name, cache, limits["evictions"])


def _cache_metric(name: str, cache: Mapping[str, Any], metric: str, statistic: str = "Average") -> dict[str, Any]:
    nodes = [
        {"CacheClusterId": Ref(f"cache/{name}", f"node_{number}"), "CacheNodeId": NODE}
        for number in range(1, cache["nodes"] + 1)
    ]
    return {"namespace": ELASTICACHE, "metric": metric, "statistic": statistic, **combine_metrics("MAX", nodes)}


def _build_cache_cpu_alarm(name: str, cache: Mapping[str, Any], limit: int) -> DesiredResource:
    """Redis uses one core. On a node with two, the CPU of the host is measured, of which one core is half."""
    small = has_two_cores(cache["node_type"])
    text = (
        f"Cache {name} has used more than {limit} % of the one core that Redis can use for 15 minutes: what asks it "
        "waits. Look for commands that go over everything (SLOWLOG GET 20) and for clients that connect anew each time "
        f"(connections on the dashboard). If it is the usual load, take a larger type (caches.{name}.node_type)."
    )
    metric = "CPUUtilization" if small else "EngineCPUUtilization"
    return build_alarm(
        f"cache-{name}-cpu", ">", limit / 2 if small else limit, 3, text, _cache_metric(name, cache, metric)
    )


def _build_cache_memory_alarm(name: str, cache: Mapping[str, Any], limit: int) -> DesiredResource:
    text = (
        f"Cache {name} has filled more than {limit} % of its memory for 15 minutes. When it is full it throws out keys "
        "that expire, and refuses writes when none does. See on the dashboard since when it grows: is something kept "
        f"without a time to live? If it is all needed, take a larger type (caches.{name}.node_type)."
    )
    watched = _cache_metric(name, cache, "DatabaseMemoryUsagePercentage", "Maximum")
    return build_alarm(f"cache-{name}-memory", ">", limit, 3, text, watched)


def _build_eviction_alarm(name: str, cache: Mapping[str, Any], limit: int) -> DesiredResource:
    text = (
        f"Cache {name} has thrown out more than {limit} keys in 5 minutes to make room for others, for 15 minutes: "
        "they are looked up again, and databases have more to do. Look at the alarms of those first. Then take a "
        f"larger type (caches.{name}.node_type), or let keys live for a shorter time."
    )
    return build_alarm(f"cache-{name}-evictions", ">", limit, 3, text, _cache_metric(name, cache, "Evictions", "Sum"))
