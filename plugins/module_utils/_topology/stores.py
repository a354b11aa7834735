# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of where services keep their data, databases and caches, and of the secrets that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .containers import ListOf, Table
from .kinds import Choice, Flag, Scalar, Text, Whole
from .record import Derived, Field, Record
from .windows import DAILY, WEEKLY
from .words import NAME

# By engine: the newest version that RDS supports for years, its port, and the logs that it can send to CloudWatch.
ENGINES: Mapping[str, Mapping[str, Any]] = {
    "mysql": {"version": "8.4", "port": 3306, "logs": ("error", "slowquery", "general", "audit")},
    "postgres": {"version": "17", "port": 5432, "logs": ("postgresql", "upgrade")},
}
REDIS_PORT = 6379
USUAL_SECRET = 48


def version_by_engine(database: Mapping[str, Any], _document: Mapping[str, Any]) -> str | None:
    return ENGINES[database["engine"]]["version"] if database["engine"] in ENGINES else None


def length_unless_it_exists(secret: Mapping[str, Any], _document: Mapping[str, Any]) -> int | None:
    return USUAL_SECRET if secret["existing"] is None else None


MAINTENANCE_WINDOW = Field(
    Text("a time like sun:04:00-sun:05:00", WEEKLY),
    "Weekly time of AWS's own maintenance (UTC): at least 30 minutes for a database, 60 for a cache, and never at the "
    "time of `backup_window`. Without it AWS chooses.",
)

LENGTH = Text("a length of time like 90m, 24h or 7d", "[1-9][0-9]{0,4}[mhd]")

OBJECTIVES = Record(
    fields={
        "rpo": Field(LENGTH, "Of how much time at most what was written may be lost.", default="24h"),
        "rto": Field(LENGTH, "How long it may take until a database serves again.", default="1h"),
    }
)

DATABASE = Record(
    fields={
        "engine": Field(Choice(*ENGINES), "What it is.", required=True),
        "version": Field(
            Text("a version like 8.4 or 17", r"[0-9]+(?:\.[0-9]+){0,2}"),
            "Version, or series of versions within which AWS keeps it up to date.",
            default=Derived(version_by_engine, "8.4 of MySQL, 17 of PostgreSQL"),
        ),
        "class": Field(
            Text("a class like db.t3.micro", r"db\.[a-z0-9-]+\.[a-z0-9-]+"), "Class.", default="db.t3.micro"
        ),
        "size": Field(
            Whole("a size in GiB", 20, 65536), "Storage (gp3, encrypted) in GiB. It never shrinks.", default=20
        ),
        "limit": Field(Whole("a size in GiB", 22, 65536), "GiB up to which AWS lets the storage grow by itself."),
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"), "The tier it stands in.", required=True
        ),
        "multi_az": Field(Flag(), "With a standby in another zone.", default=False),
        "name": Field(
            Text("a name of letters, digits and underscores", r"[A-Za-z][A-Za-z0-9_]*", longest=63),
            "Name of the database inside. Without it, that of the key, with `_` for `-`.",
        ),
        "backup_retention": Field(Whole("a number of days", 1, 35), "Days for which backups are kept.", default=7),
        "objectives": Field(
            OBJECTIVES, "What a recovery is measured by: `status` and `backup` warn, `restore` compares.", default={}
        ),
        "backup_window": Field(
            Text("a time like 03:00-04:00", DAILY),
            "Daily time of the backup (UTC), of 30 minutes or more. Without it AWS chooses.",
        ),
        "maintenance_window": MAINTENANCE_WINDOW,
        "logs": Field(
            ListOf(Text("a log", "[a-z]+")),
            "Logs that go to CloudWatch: error, slowquery, general, audit of MySQL; postgresql, upgrade of PostgreSQL.",
            default=[],
        ),
        "parameters": Field(
            Table(Text("a parameter", "[a-z][a-z0-9_.]*"), Scalar(), "<parameter>"),
            "Settings of the engine; what `logs` needs is set with it.",
            default={},
        ),
        "protect": Field(
            Flag(), "Deletion protection; only deleted or replaced when `allow_destroy` names it.", default=True
        ),
    }
)

CACHE = Record(
    fields={
        "engine": Field(Choice("redis"), "What it is.", required=True),
        "version": Field(
            Text("a version like 7.1", r"[5-7]\.[0-9]+(?:\.[0-9]+)?"),
            "Version, or series of versions within which AWS keeps it up to date. It never goes back.",
            default="7.1",
        ),
        "node_type": Field(
            Text("a type like cache.t3.micro", r"cache\.[a-z0-9-]+\.[a-z0-9-]+"),
            "Type of its nodes.",
            default="cache.t3.micro",
        ),
        "nodes": Field(
            Whole("a number of nodes", 1, 6),
            "A primary, and replicas of which one takes its place when it fails.",
            default=1,
        ),
        "multi_az": Field(Flag(), "With its nodes in different zones; takes two `nodes` at least.", default=False),
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"), "The tier it stands in.", required=True
        ),
        "snapshot_retention": Field(
            Whole("a number of days", 0, 35),
            "Days for which daily snapshots are kept; with them, a last one is kept when it is deleted. 0: none.",
            default=0,
        ),
        "maintenance_window": MAINTENANCE_WINDOW,
    }
)

SECRET = Record(
    fields={
        "length": Field(
            Whole("a number of characters", 16, 4096),
            "Letters and digits of which it is made up, once. Another length is another value.",
            default=Derived(length_unless_it_exists, "48, unless it exists"),
        ),
        "existing": Field(
            Text(
                "the name or the ARN of a secret of AWS Secrets Manager",
                r"(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@!-]+",
                longest=2048,
                private=True,
            ),
            "A secret that you keep in AWS Secrets Manager yourself, by name or ARN, instead of one that is made up.",
        ),
        "key": Field(
            Text("a key"),
            "Where `existing` is JSON, the key whose value is meant. Without it, the whole text.",
        ),
        "description": Field(Text("a description", longest=2048), "What it is for, as AWS Secrets Manager shows it."),
        "protect": Field(
            Flag(),
            "Only deleted or replaced when `allow_destroy` names it; one that exists already never is.",
            default=True,
        ),
    }
)
