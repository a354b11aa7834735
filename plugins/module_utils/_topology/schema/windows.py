# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The windows of AWS for backups and maintenance: their form, start and length. Times are UTC."""

from __future__ import annotations

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = f"(?:{'|'.join(DAYS)})"
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
MINUTES_PER_DAY = 24 * 60
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
DAILY = f"{TIME}-{TIME}"
WEEKLY = f"{DAY}:{TIME}-{DAY}:{TIME}"


def parse_daily_window(text: str) -> tuple[int, int]:
    """Start of a window like ``23:30-00:30`` in minutes after midnight, and its length in minutes.

    A window that ends before it starts ends on the next day; one that ends when it starts has no length.
    """
    start, end = (_to_minutes(time) for time in text.split("-"))
    return start, (end - start) % MINUTES_PER_DAY


def parse_weekly_window(text: str) -> tuple[int, int]:
    """Start of a window like ``sun:23:30-mon:00:30`` in minutes after Monday's midnight, and its length in minutes."""
    start, end = (DAYS.index(moment[:3]) * MINUTES_PER_DAY + _to_minutes(moment[4:]) for moment in text.split("-"))
    return start, (end - start) % MINUTES_PER_WEEK


def _to_minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


def windows_overlap(daily: tuple[int, int], weekly: tuple[int, int]) -> bool:
    """Whether a daily and a weekly window share a minute. Windows that only touch do not."""
    start, length = weekly
    for day in range(len(DAYS)):
        begin = day * MINUTES_PER_DAY + daily[0]
        if (begin - start) % MINUTES_PER_WEEK < length or (start - begin) % MINUTES_PER_WEEK < daily[1]:
            return True
    return False
