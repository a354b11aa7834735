# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of what watches a stack: who is told, of what, and what is kept to look at.

The numbers are near those that AWS recommends (Amazon CloudWatch User Guide, "Recommended alarms"; Amazon ElastiCache
User Guide, "Which metrics should I monitor"); where it leaves them open, they are shares of what there is.
"""

from __future__ import annotations

from .._stack.logs import RETENTIONS
from .containers import ListOf
from .kinds import Either, Flag, Never, Numbers, Text, Whole
from .record import Field, Record
from .words import NAME


def _limit(thing: str, low: int, high: int, usual: int, text: str) -> Field:
    """A threshold that can be moved, or taken away with false."""
    return Field(Either(Never(), Whole(thing, low, high)), text, default=usual)


def _percent(usual: int, text: str) -> Field:
    return _limit("a percentage", 1, 100, usual, text)


INSTANCES = Record(
    fields={
        "cpu": _percent(80, "CPU of a group of instances, on average over 15 minutes, in percent."),
        "status": Field(Flag(), "A status check of an instance fails for 10 minutes.", default=True),
    }
)
BALANCER = Record(
    fields={
        "errors": _percent(
            5, "Requests that the load balancer itself answers with 5xx, because no instance did, in percent."
        ),
        "rejected": Field(Flag(), "It turned connections away, having too many.", default=True),
    }
)
SERVICES = Record(
    fields={
        "errors": _percent(5, "Requests that a service answers with 5xx over 10 minutes, in percent."),
        "latency": _limit(
            "a number of seconds", 1, 3600, 2, "Seconds within which 95 of 100 requests are answered, over 15 minutes."
        ),
        "unhealthy": Field(Flag(), "An instance fails the health check for 3 minutes.", default=True),
    }
)
DATABASES = Record(
    fields={
        "cpu": _percent(90, "CPU over 15 minutes, in percent."),
        "storage": _percent(10, "Free storage, in percent of `size`; half of it where `limit` lets the storage grow."),
        "memory": _percent(5, "Free memory, in percent of what the class has."),
        "connections": _percent(80, "Connections, in percent of the most that the engine takes."),
        "latency": _limit("a number of milliseconds", 1, 10000, 20, "Milliseconds that a read or a write may take."),
    }
)
CACHES = Record(
    fields={
        "cpu": _percent(90, "CPU that Redis uses of the one core that it can use, in percent."),
        "memory": _percent(90, "Memory in use, in percent of what Redis may take."),
        "evictions": _limit(
            "a number of keys", 1, 1000000000, 1000, "Keys that are thrown away in 5 minutes to make room for others."
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
            ListOf(Text("a mail address", r'[^\s@<>",;]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+', longest=254)),
            "Mail addresses that are told of alarms, once each has agreed to the mail that AWS sends first.",
            default=[],
        ),
        "topic": Field(
            Text("the ARN of an SNS topic", r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+"),
            "An SNS topic of yours that is told as well, by way of which alarms reach a chat or a pager.",
        ),
        "dashboard": Field(Flag(), "A dashboard of all of it.", default=True),
        "logs": Field(
            Record(
                fields={
                    "retention": Field(
                        Numbers("a number of days", *RETENTIONS), "Days for which logs are kept.", default=30
                    )
                }
            ),
            "Log groups: one for each service, and those of the `logs` of databases.",
            default={},
        ),
        "alarms": Field(ALARMS, "What raises an alarm. `false` does away with a kind of alarm.", default={}),
        "without": Field(
            ListOf(Text("the name of an alarm", NAME, longest=80)),
            "Single alarms that are not wanted, by name.",
            default=[],
        ),
    }
)
