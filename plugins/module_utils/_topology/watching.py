# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What watches a document's stack: log groups, a topic, alarms and a dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._stack import rds
from .._stack.resource import Scope, shortened
from .._stack.wanted import Wanted
from .alarms import TOPIC, with_actions
from .dashboard import dashboard
from .databases import log_group
from .partition import partition
from .service_alarms import balancer_alarms, instance_alarms, service_alarms
from .store_alarms import cache_alarms, database_alarms
from .view import Document, databases, monitoring, services, services_on

LONGEST_DATABASE = 63  # characters that RDS takes in the name of a database


def watching(document: Document) -> Iterator[Wanted]:
    watched = monitoring(document)
    if watched is None:
        return
    yield from _log_groups(document)
    if watched["notify"]:
        kind, name = TOPIC.split("/")
        subscriptions = [{"protocol": "email", "endpoint": address} for address in watched["notify"]]
        yield Wanted(kind, name, {"subscriptions": subscriptions})
    alarms = [with_actions(document, one) for one in every_alarm(document) if one.name not in watched["without"]]
    yield from alarms
    if watched["dashboard"]:
        yield dashboard(document, [alarm.address for alarm in alarms])


def every_alarm(document: Document) -> Iterator[Wanted]:
    """All that the document has reason for, also those that it does without."""
    limits = (monitoring(document) or {})["alarms"]
    yield from balancer_alarms(document, limits["load_balancer"])
    yield from service_alarms(document, limits["services"])
    yield from instance_alarms(document, limits["instances"])
    yield from database_alarms(document, limits["databases"])
    yield from cache_alarms(document, limits["caches"])


def _log_groups(document: Document) -> Iterator[Wanted]:
    """Those of databases RDS would make itself, to keep everything for ever; what it has made already is taken over."""
    days = (monitoring(document) or {})["logs"]["retention"]
    for name in services(document):
        yield Wanted("log_group", name, {"retention_days": days})
    for name, database in databases(document).items():
        for log in database["logs"]:
            (title,) = rds.log_groups(_called(document, name), [log])
            properties = {"name": title, "retention_days": days}
            yield Wanted("log_group", log_group(name, log), properties, adopt=title)


def _called(document: Document, database: str) -> str:
    """What RDS calls a database. The name of a log group is needed before there is one that could be asked."""
    return shortened(Scope(document["name"], document["region"]).physical(database), LONGEST_DATABASE)


def log_policies(document: Document, group: str) -> dict[str, Any]:
    """What the instances of a group may do to have the logs of their services in CloudWatch, by name."""
    names = services_on(document, group)
    if monitoring(document) is None or not names:
        return {}
    start = f"arn:{partition(document['region'])}:logs:{document['region']}:*:log-group:/groundwork/{document['name']}"
    allowed = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": [f"{start}/{name}:*" for name in names],
    }
    return {"logs": {"Version": "2012-10-17", "Statement": [allowed]}}
