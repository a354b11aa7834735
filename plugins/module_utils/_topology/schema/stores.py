# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the data of services: databases, caches, and shared secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .containers import ListOf, MappingOf
from .kinds import Boolean, Choice, Integer, Scalar, Text
from .record import Derived, Field, Record
from .shared import NAME
from .windows import DAILY, WEEKLY

# By engine: the default version, the port, and the logs that RDS can send to CloudWatch.
ENGINES: Mapping[str, Mapping[str, Any]] = {
    "mysql": {"version": "8.4", "port": 3306, "logs": ("error", "slowquery", "general", "audit")},
    "postgres": {"version": "17", "port": 5432, "logs": ("postgresql", "upgrade")},
}
REDIS_PORT = 6379
LARGEST_STORAGE = 65536  # GiB; RDS user guide, "Amazon RDS DB instance storage"
DEFAULT_SECRET_LENGTH = 48


def derive_version(database: Mapping[str, Any], _document: Mapping[str, Any]) -> str | None:
    return ENGINES[database["engine"]]["version"] if database["engine"] in ENGINES else None


def derive_length(secret: Mapping[str, Any], _document: Mapping[str, Any]) -> int | None:
    return DEFAULT_SECRET_LENGTH if secret["existing"] is None else None


MAINTENANCE_WINDOW = Field(
    Text("a time like sun:04:00-sun:05:00", WEEKLY),
    "Weekly time of AWS's maintenance (UTC): at least 30 minutes for a database, 60 for a cache, outside "
    "`backup_window`. Without it AWS chooses.",
)

LENGTH = Text("a length of time like 90m, 24h or 7d", "[1-9][0-9]{0,4}[mhd]")

OBJECTIVES = Record(
    fields={
        "rpo": Field(LENGTH, "Longest period before a failure whose writes may be lost.", default="24h"),
        "rto": Field(LENGTH, "Longest time until a database serves again.", default="1h"),
    }
)

DATABASE = Record(
    fields={
        "engine": Field(Choice(*ENGINES), "The engine.", required=True),
        "version": Field(
            Text("a version like 8.4 or 17", r"[0-9]+(?:\.[0-9]+){0,2}"),
            "Version, or a series of versions within which AWS updates it.",
            default=Derived(derive_version, "8.4 of MySQL, 17 of PostgreSQL"),
        ),
        "class": Field(
            Text("a class like db.t3.micro", r"db\.[a-z0-9-]+\.[a-z0-9-]+"), "Instance class.", default="db.t3.micro"
        ),
        "size": Field(
            Integer("a size in GiB", 20, LARGEST_STORAGE),
            "Storage (gp3, encrypted) in GiB. It never shrinks.",
            default=20,
        ),
        "limit": Field(
            Integer("a size in GiB", 22, LARGEST_STORAGE), "GiB up to which AWS lets the storage grow by itself."
        ),
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"), "The tier of its subnets.", required=True
        ),
        "multi_az": Field(Boolean(), "Whether it has a standby in another zone.", default=False),
        "name": Field(
            Text(
                "a name of letters, digits and underscores that begins with a letter",
                r"[A-Za-z][A-Za-z0-9_]*",
                longest=63,
            ),
            "Name of the database inside the instance. Without it, the key with `_` for `-`.",
        ),
        "backup_retention": Field(Integer("a number of days", 1, 35), "Days for which backups are kept.", default=7),
        "objectives": Field(
            OBJECTIVES, "Objectives of a recovery: `status` and `backup` warn, `restore` compares.", default={}
        ),
        "backup_window": Field(
            Text("a time like 03:00-04:00", DAILY),
            "Daily time of the backup (UTC), of 30 minutes or more. Without it AWS chooses.",
        ),
        "maintenance_window": MAINTENANCE_WINDOW,
        "logs": Field(
            ListOf(Text("a log like error", "[a-z]+")),
            "Logs that go to CloudWatch: error, slowquery, general, audit of MySQL; postgresql, upgrade of PostgreSQL.",
            default=[],
        ),
        "parameters": Field(
            MappingOf(Text("a parameter like max_connections", "[a-z][a-z0-9_.]*"), Scalar(), "<parameter>"),
            "Parameters of the engine. Those that `logs` needs are added.",
            default={},
        ),
        "protect": Field(
            Boolean(), "Deletion protection; only deleted or replaced when `allow_destroy` names it.", default=True
        ),
    }
)

CACHE = Record(
    fields={
        "engine": Field(Choice("redis"), "The engine.", required=True),
        "version": Field(
            Text("a version like 7.1", r"[5-7]\.[0-9]+(?:\.[0-9]+)?"),
            "Version, such as 7.1 or 6.2; before 6 with its last number, 5.0.6. It cannot be lowered.",
            default="7.1",
        ),
        "node_type": Field(
            Text("a type like cache.t3.micro", r"cache\.[a-z0-9-]+\.[a-z0-9-]+"),
            "Type of its nodes.",
            default="cache.t3.micro",
        ),
        "nodes": Field(
            Integer("a number of nodes", 1, 6),
            "A primary, and replicas of which one replaces it when it fails.",
            default=1,
        ),
        "multi_az": Field(
            Boolean(), "Whether nodes are in different zones; needs at least two `nodes`.", default=False
        ),
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"), "The tier of its subnets.", required=True
        ),
        "snapshot_retention": Field(
            Integer("a number of days", 0, 35),
            "Days for which daily snapshots are kept; with them, a final snapshot is taken on deletion. 0: none.",
            default=0,
        ),
        "maintenance_window": MAINTENANCE_WINDOW,
    }
)

SECRET = Record(
    fields={
        "length": Field(
            Integer("a number of characters", 16, 4096),
            "Number of letters and digits of the generated value. Another length generates another value.",
            default=Derived(derive_length, "48, unless `existing` is set"),
        ),
        "existing": Field(
            Text(
                "the name or the ARN of a secret of AWS Secrets Manager",
                # Secrets Manager API Reference, CreateSecret, Name: 512 characters, to which an ARN adds seven.
                r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]{1,519}"
                r"|[A-Za-z0-9/_+=.@!-]{1,512}",
                longest=2048,
                private=True,
                hint="write its name, like shop/api-key, of at most 512 characters, or copy its ARN",
            ),
            "A secret of your own in AWS Secrets Manager, by name or ARN, instead of a generated one.",
        ),
        "key": Field(
            Text("a key"),
            "Where `existing` is JSON, the key of the value. Without it, the whole text.",
        ),
        "description": Field(Text("a description", longest=2048), "Its purpose, as AWS Secrets Manager shows it."),
        "protect": Field(
            Boolean(),
            "Only deleted or replaced when `allow_destroy` names it; an existing secret never is.",
            default=True,
        ),
    }
)
