# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the windows of AWS for backups and maintenance.

Constraints by service: RDS API Reference, CreateDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow (at
least 30 minutes, no overlap; less than 24 hours, as its error message says); ElastiCache API Reference,
CreateReplicationGroup, PreferredMaintenanceWindow (at least 60 minutes). A window of a day or more is always
a mistake: its ends are swapped. Times are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..schema.kinds import DocumentPath, Finding, display
from ..schema.windows import DAILY, MINUTES_PER_DAY, WEEKLY, parse_daily_window, parse_weekly_window, windows_overlap
from ..view import Document, caches, databases

EXAMPLES = {"backup_window": "03:00-04:00", "maintenance_window": "sun:04:00-sun:05:00"}
SHORTEST = {"db_instance": 30, "cache": 60}  # in minutes, by type of resource


def windows_are_long_enough(document: Document) -> Iterator[Finding]:
    for path, backup, maintenance, shortest in _list_windows(document):
        if backup is not None:
            length = parse_daily_window(backup)[1]
            if length < shortest:
                yield (*path, "backup_window"), f"{backup} is {length} minutes long (make it {shortest} or more)"
        if maintenance is not None:
            length = parse_weekly_window(maintenance)[1]
            if length < shortest:
                text = f"{maintenance} is {length} minutes long (make it {shortest} or more)"
                yield (*path, "maintenance_window"), text
            elif length >= MINUTES_PER_DAY:
                text = (
                    f"{maintenance} is {length // 60} hours long (write the earlier time first, and less than 24 hours)"
                )
                yield (*path, "maintenance_window"), text


def windows_do_not_overlap(document: Document) -> Iterator[Finding]:
    for path, backup, maintenance, _shortest in _list_windows(document):
        if backup is None or maintenance is None:
            continue
        if windows_overlap(parse_daily_window(backup), parse_weekly_window(maintenance)):
            text = f"{maintenance} overlaps backup_window, {backup} of every day (choose another time for one of them)"
            yield (*path, "maintenance_window"), text


def raw_windows_are_valid(document: Document) -> Iterator[Finding]:
    """Checks the form of windows of raw resources; the schema checks that of others."""
    for address, body in document["resources"].items():
        if address.partition("/")[0] not in SHORTEST:
            continue
        for key, pattern in (("backup_window", DAILY), ("maintenance_window", WEEKLY)):
            if body.get(key) is not None and _read_raw_window(body, key, pattern) is None:
                yield ("resources", address, key), f"{display(body[key])} is not a time like {EXAMPLES[key]}"


def _list_windows(document: Document) -> Iterator[tuple[DocumentPath, str | None, str | None, int]]:
    """The path, backup window, maintenance window and shortest length of each database and cache, raw ones too."""
    for kind, found in (("db_instance", databases(document)), ("cache", caches(document))):
        section = "databases" if kind == "db_instance" else "caches"
        for name, settings in found.items():
            yield (section, name), settings.get("backup_window"), settings["maintenance_window"], SHORTEST[kind]
    for address, body in document["resources"].items():
        kind = address.partition("/")[0]
        if kind in SHORTEST:
            backup, maintenance = (
                _read_raw_window(body, "backup_window", DAILY),
                _read_raw_window(body, "maintenance_window", WEEKLY),
            )
            yield ("resources", address), backup, maintenance, SHORTEST[kind]


def _read_raw_window(body: Mapping[str, Any], key: str, pattern: str) -> str | None:
    """A window of a raw resource in lower case; None if it is missing or has another form."""
    text = body.get(key)
    return text.lower() if isinstance(text, str) and re.fullmatch(pattern, text.lower()) else None


WINDOW_RULES = (windows_are_long_enough, windows_do_not_overlap, raw_windows_are_valid)
