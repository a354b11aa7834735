# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the windows in which AWS takes backups and does maintenance.

Constraints by service: RDS API Reference, CreateDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow (at
least 30 minutes, no overlap; less than 24 hours, as its error message says); ElastiCache API Reference,
CreateReplicationGroup, PreferredMaintenanceWindow (at least 60 minutes). A window of a day or more is a mistake in any
case: its ends are the wrong way round. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator

from .kinds import Place
from .view import Document, caches, databases

Finding = tuple[Place, str]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = f"(?:{'|'.join(DAYS)})"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
A_DAY = 24 * 60
A_WEEK = 7 * A_DAY
SHORTEST_OF_DATABASES = 30
SHORTEST_OF_CACHES = 60


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
    for name, database in databases(document).items():
        if database["backup_window"] is not None:
            length = daily_window(database["backup_window"])[1]
            if length < SHORTEST_OF_DATABASES:
                text = (
                    f"{database['backup_window']} is {length} minutes long (AWS takes {SHORTEST_OF_DATABASES} or more)"
                )
                yield ("databases", name, "backup_window"), text
        yield from _maintenance(("databases", name), database["maintenance_window"], SHORTEST_OF_DATABASES)
    for name, cache in caches(document).items():
        yield from _maintenance(("caches", name), cache["maintenance_window"], SHORTEST_OF_CACHES)


def _maintenance(place: Place, window: str | None, shortest: int) -> Iterator[Finding]:
    if window is None:
        return
    length = weekly_window(window)[1]
    if length < shortest:
        yield (*place, "maintenance_window"), f"{window} is {length} minutes long (make it {shortest} or more)"
    elif length >= A_DAY:
        text = f"{window} is {length // 60} hours long (write the earlier time first, and less than 24 hours)"
        yield (*place, "maintenance_window"), text


def windows_do_not_overlap(document: Document) -> Iterator[Finding]:
    for name, database in databases(document).items():
        backup, maintenance = database["backup_window"], database["maintenance_window"]
        if backup is None or maintenance is None:
            continue
        if windows_overlap(daily_window(backup), weekly_window(maintenance)):
            text = f"{maintenance} overlaps backup_window, {backup} of every day (choose another time for one of them)"
            yield ("databases", name, "maintenance_window"), text


WINDOW_RULES = (windows_are_long_enough, windows_do_not_overlap)
