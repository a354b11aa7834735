# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the monitoring of a stack: log groups, a topic, alarms and a dashboard."""

from __future__ import annotations

from collections.abc import Iterator

from .._engine.model import DesiredResource
from .._engine.scope import Scope, shorten_name
from .._resources.rds import common as rds
from .._topology.view import Document, databases, monitoring, services
from .alarms import TOPIC, add_actions
from .dashboard import compile_dashboard
from .databases import log_group_name
from .service_alarms import instance_alarms, load_balancer_alarms, service_alarms
from .store_alarms import cache_alarms, database_alarms

MAX_DATABASE_NAME = 63  # characters (RDS API Reference, CreateDBInstance, DBInstanceIdentifier)


def compile_monitoring(document: Document) -> Iterator[DesiredResource]:
    settings = monitoring(document)
    if settings is None:
        return
    yield from _compile_log_groups(document)
    if settings["notify"]:
        kind, name = TOPIC.split("/")
        subscriptions = [{"protocol": "email", "endpoint": address} for address in settings["notify"]]
        yield DesiredResource(kind, name, {"subscriptions": subscriptions})
    alarms = []
    for alarm in compile_alarms(document):
        if alarm.name not in settings["without"]:
            alarms.append(add_actions(document, alarm))
    yield from alarms
    if settings["dashboard"]:
        yield compile_dashboard(document, [alarm.address for alarm in alarms])


def compile_alarms(document: Document) -> Iterator[DesiredResource]:
    """All alarms of the document, including the excluded ones."""
    limits = (monitoring(document) or {})["alarms"]
    yield from load_balancer_alarms(document, limits["load_balancer"])
    yield from service_alarms(document, limits["services"])
    yield from instance_alarms(document, limits["instances"])
    yield from database_alarms(document, limits["databases"])
    yield from cache_alarms(document, limits["caches"])


def _compile_log_groups(document: Document) -> Iterator[DesiredResource]:
    """The log groups of services and databases. Those that RDS created, without a retention, are adopted."""
    days = (monitoring(document) or {})["logs"]["retention"]
    for name in services(document):
        yield DesiredResource("log_group", name, {"retention_days": days})
    for name, database in databases(document).items():
        for log in database["logs"]:
            (title,) = rds.log_groups(_database_identifier(document, name), [log])
            properties = {"name": title, "retention_days": days}
            yield DesiredResource("log_group", log_group_name(name, log), properties, adopt=title)


def _database_identifier(document: Document, database: str) -> str:
    """The identifier of a database in RDS, which names its log groups before the database exists."""
    return shorten_name(Scope(document["name"], document["region"]).physical_name(database), MAX_DATABASE_NAME)
