# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of monitoring: recipients of alarms, thresholds, the dashboard, and log groups.

The numbers are near those that AWS recommends (Amazon CloudWatch User Guide, "Recommended alarms"; Amazon ElastiCache
User Guide, "Which metrics should I monitor"). Where AWS names none, they are shares of the capacity.
"""

from __future__ import annotations

from ..._resources.logs.retention import RETENTIONS
from .containers import ListOf
from .kinds import AnyOf, Boolean, FalseOnly, Integer, IntegerChoice, Text
from .record import Field, Record
from .shared import MAIL_ADDRESS, NAME, TOPIC


def _limit(subject: str, low: int, high: int, default: int, text: str) -> Field:
    """A threshold that can be changed, or removed with false."""
    return Field(AnyOf(FalseOnly(), Integer(subject, low, high)), text, default=default)


def _percent(default: int, text: str) -> Field:
    return _limit("a percentage", 1, 100, default, text)


INSTANCES = Record(
    fields={
        "cpu": _percent(80, "CPU of a group of instances, on average over 15 minutes, in percent."),
        "status": Field(Boolean(), "A status check of an instance fails for 10 minutes.", default=True),
    }
)
BALANCER = Record(
    fields={
        "errors": _percent(
            5, "Requests that the load balancer itself answers with 5xx, because no instance did, in percent."
        ),
        "rejected": Field(Boolean(), "It rejected connections because it had too many.", default=True),
    }
)
SERVICES = Record(
    fields={
        "errors": _percent(5, "Requests that a service answers with 5xx over 10 minutes, in percent."),
        "latency": _limit(
            "a number of seconds", 1, 3600, 2, "Seconds within which 95 of 100 requests are answered, over 15 minutes."
        ),
        "unhealthy": Field(Boolean(), "An instance fails the health check for 3 minutes.", default=True),
    }
)
DATABASES = Record(
    fields={
        "cpu": _percent(90, "CPU over 15 minutes, in percent."),
        "storage": _percent(10, "Free storage, in percent of `size`; half of it where `limit` lets the storage grow."),
        "memory": _percent(5, "Free memory, in percent of the memory of the class."),
        "connections": _percent(80, "Connections, in percent of the largest number that the engine allows."),
        "latency": _limit("a number of milliseconds", 1, 10000, 20, "Milliseconds that a read or a write may take."),
    }
)
CACHES = Record(
    fields={
        "cpu": _percent(90, "CPU of the one core that Redis can use, in percent."),
        "memory": _percent(90, "Memory in use, in percent of the limit of Redis."),
        "evictions": _limit(
            "a number of keys", 1, 1000000000, 1000, "Keys that are evicted in 5 minutes to make room for others."
        ),
    }
)
ALARMS = Record(
    fields={
        "instances": Field(INSTANCES, "Of instances.", default={}),
        "load_balancer": Field(BALANCER, "Of the load balancer.", default={}),
        "services": Field(SERVICES, "Of each service behind the load balancer.", default={}),
        "databases": Field(DATABASES, "Of each database.", default={}),
        "caches": Field(CACHES, "Of each cache.", default={}),
    }
)

MONITORING = Record(
    fields={
        "notify": Field(
            ListOf(MAIL_ADDRESS),
            "Mail addresses that receive alarms, once each has confirmed the mail that AWS sends first.",
            default=[],
        ),
        "topic": Field(
            TOPIC,
            "An SNS topic of yours that also receives alarms, for example to forward them to a chat or a pager.",
        ),
        "dashboard": Field(Boolean(), "Whether to create a dashboard.", default=True),
        "logs": Field(
            Record(
                fields={
                    "retention": Field(
                        IntegerChoice("a number of days", *RETENTIONS), "Days for which logs are kept.", default=30
                    )
                }
            ),
            "Log groups: one for each service, and those of the `logs` of databases.",
            default={},
        ),
        "alarms": Field(ALARMS, "Thresholds of alarms. `false` removes a kind of alarm.", default={}),
        "without": Field(
            ListOf(Text("the name of an alarm", NAME, longest=80)),
            "Single alarms to leave out, by name.",
            default=[],
        ),
    }
)
