# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the windows in which AWS takes backups and does maintenance.

Constraints by service: RDS API Reference, CreateDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow (at
least 30 minutes, no overlap; less than 24 hours, as its error message says); ElastiCache API Reference,
CreateReplicationGroup, PreferredMaintenanceWindow (at least 60 minutes). A window of a day or more is a mistake in any
case: its ends are the wrong way round. Times are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .kinds import Place, shown
from .view import Document, caches, databases

Finding = tuple[Place, str]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = f"(?:{'|'.join(DAYS)})"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
A_DAY = 24 * 60
A_WEEK = 7 * A_DAY
DAILY = f"{TIME}-{TIME}"
WEEKLY = f"{DAY}:{TIME}-{DAY}:{TIME}"
EXAMPLES = {"backup_window": "03:00-04:00", "maintenance_window": "sun:04:00-sun:05:00"}
SHORTEST = {"db_instance": 30, "cache": 60}  # in minutes, by type of resource


def daily_window(text: str) -> tuple[int, int]:
    """Start of a window like ``23:30-00:30`` in minutes after midnight, and its length in minutes.

    A window that ends before it starts ends on the next day; one that ends when it starts has no length.
    """
    start, end = (_minutes(time) for time in text.split("-"))
    return start, (end - start) % A_DAY


def weekly_window(text: str) -> tuple[int, int]:
    """Start of a window like ``sun:23:30-mon:00:30`` in minutes after Monday's midnight, and its length in minutes."""
    start, end = (DAYS.index(moment[:3]) * A_DAY + _minutes(moment[4:]) for moment in text.split("-"))
    return start, (end - start) % A_WEEK


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def windows_overlap(daily: tuple[int, int], weekly: tuple[int, int]) -> bool:
    """Whether a daily and a weekly window share a minute. Windows that only touch do not."""
    start, length = weekly
    for day in range(len(DAYS)):
        begin = day * A_DAY + daily[0]
        if (begin - start) % A_WEEK < length or (start - begin) % A_WEEK < daily[1]:
            return True
    return False


def windows_are_long_enough(document: Document) -> Iterator[Finding]:
    for place, backup, maintenance, shortest in _windows(document):
        if backup is not None:
            length = daily_window(backup)[1]
            if length < shortest:
                yield (*place, "backup_window"), f"{backup} is {length} minutes long (make it {shortest} or more)"
        if maintenance is not None:
            length = weekly_window(maintenance)[1]
            if length < shortest:
                text = f"{maintenance} is {length} minutes long (make it {shortest} or more)"
                yield (*place, "maintenance_window"), text
            elif length >= A_DAY:
                text = (
                    f"{maintenance} is {length // 60} hours long (write the earlier time first, and less than 24 hours)"
                )
                yield (*place, "maintenance_window"), text


def windows_do_not_overlap(document: Document) -> Iterator[Finding]:
    for place, backup, maintenance, _shortest in _windows(document):
        if backup is None or maintenance is None:
            continue
        if windows_overlap(daily_window(backup), weekly_window(maintenance)):
            text = f"{maintenance} overlaps backup_window, {backup} of every day (choose another time for one of them)"
            yield (*place, "maintenance_window"), text


def raw_windows_are_windows(document: Document) -> Iterator[Finding]:
    """Those of raw resources, whose properties are of any form; others are checked with their key."""
    for address, body in document["resources"].items():
        if address.partition("/")[0] not in SHORTEST:
            continue
        for key, pattern in (("backup_window", DAILY), ("maintenance_window", WEEKLY)):
            if body.get(key) is not None and _window(body, key, pattern) is None:
                yield ("resources", address, key), f"{shown(body[key])} is not a time like {EXAMPLES[key]}"


def _windows(document: Document) -> Iterator[tuple[Place, str | None, str | None, int]]:
    """The windows of each database and cache, raw ones too: where, of backups, of maintenance, their least length."""
    for kind, found in (("db_instance", databases(document)), ("cache", caches(document))):
        section = "databases" if kind == "db_instance" else "caches"
        for name, settings in found.items():
            yield (section, name), settings.get("backup_window"), settings["maintenance_window"], SHORTEST[kind]
    for address, body in document["resources"].items():
        kind = address.partition("/")[0]
        if kind in SHORTEST:
            backup, maintenance = _window(body, "backup_window", DAILY), _window(body, "maintenance_window", WEEKLY)
            yield ("resources", address), backup, maintenance, SHORTEST[kind]


def _window(body: Mapping[str, Any], key: str, pattern: str) -> str | None:
    """A window of a raw resource, which may have days in capitals; None where there is none of the right form."""
    text = body.get(key)
    return text.lower() if isinstance(text, str) and re.fullmatch(pattern, text.lower()) else None


WINDOW_RULES = (windows_are_long_enough, windows_do_not_overlap, raw_windows_are_windows)
