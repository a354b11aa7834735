# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows of backups and maintenance, minute by minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.documents import errors_of

from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.windows import (
    DAYS,
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    parse_daily_window,
    parse_weekly_window,
    windows_overlap,
)

days = st.integers(0, MINUTES_PER_DAY - 1)
moments = st.integers(0, MINUTES_PER_WEEK - 1)


def time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def moment(minutes: int) -> str:
    return f"{DAYS[minutes // MINUTES_PER_DAY]}:{time(minutes % MINUTES_PER_DAY)}"


@given(days, days, moments, moments)
def test_windows_overlap_when_they_share_a_minute_of_the_week(start: int, end: int, first: int, last: int) -> None:
    daily, weekly = (
        parse_daily_window(f"{time(start)}-{time(end)}"),
        parse_weekly_window(f"{moment(first)}-{moment(last)}"),
    )
    backup = {
        (day * MINUTES_PER_DAY + start + minute) % MINUTES_PER_WEEK
        for day in range(7)
        for minute in range((end - start) % MINUTES_PER_DAY)
    }
    maintenance = {(first + minute) % MINUTES_PER_WEEK for minute in range((last - first) % MINUTES_PER_WEEK)}
    assert (daily[1], weekly[1]) == ((end - start) % MINUTES_PER_DAY, (last - first) % MINUTES_PER_WEEK)
    # A window of no length is reported as too short; whether it overlaps does not matter then.
    if backup and maintenance:
        assert windows_overlap(daily, weekly) is bool(backup & maintenance)


@pytest.mark.parametrize(
    ("backup", "maintenance", "problem"),
    [
        ("03:00-04:00", "sun:04:00-sun:05:00", ""),
        ("05:00-05:30", "sun:04:00-sun:05:00", ""),
        ("23:45-00:15", "tue:00:15-tue:00:45", ""),
        ("03:00-04:00", "sun:03:59-sun:05:00", "overlaps"),
        ("23:45-00:15", "sun:23:00-mon:00:00", "overlaps"),
        ("00:00-00:30", "sun:23:45-mon:00:15", "overlaps"),
        ("03:00-03:29", None, "29 minutes"),
        ("03:00-03:00", None, " 0 minutes"),
        ("23:50-00:20", None, ""),
        (None, "sun:23:45-mon:00:14", "29 minutes"),
        (None, "sun:05:00-sun:04:00", "167 hours"),
        (None, "sun:05:00-mon:05:00", "24 hours"),
        (None, "sun:05:00-mon:04:59", ""),
        ("24:00-01:00", None, "not a time"),
        ("3:00-4:00", None, "not a time"),
        (None, "sun:24:00-mon:01:00", "not a time"),
        (None, "Sun:04:00-Sun:05:00", "not a time"),
        (None, "04:00-05:00", "not a time"),
    ],
)
def test_windows_of_a_database(backup: str | None, maintenance: str | None, problem: str) -> None:
    window = {"backup_window": backup, "maintenance_window": maintenance}
    errors = errors_of({"change": {"databases": {"main": {"engine": "mysql", "subnets": "private", **window}}}})
    assert len(errors) == (1 if problem else 0), errors
    assert problem in "".join(errors)


@pytest.mark.parametrize(
    ("maintenance", "problem"),
    [("sun:04:00-sun:04:59", "59 minutes"), ("sun:23:30-mon:00:30", ""), ("sun:04:00-mon:05:00", "25 hours")],
)
def test_windows_of_a_cache(maintenance: str, problem: str) -> None:
    cache = {"engine": "redis", "subnets": "private", "maintenance_window": maintenance}
    errors = errors_of({"change": {"caches": {"redis": cache}}})
    assert len(errors) == (1 if problem else 0), errors
    assert problem in "".join(errors)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"backup_window": "03:00-03:10"}, "resources.db_instance/x.backup_window: 03:00-03:10 is 10 minutes long"),
        ({"backup_window": "3-4"}, 'resources.db_instance/x.backup_window: "3-4" is not a time like 03:00-04:00'),
        (
            {"maintenance_window": 4},
            "resources.db_instance/x.maintenance_window: 4 is not a time like sun:04:00-sun:05:00",
        ),
        ({"backup_window": "03:00-04:00", "maintenance_window": "Sun:03:30-Sun:04:30"}, "overlaps backup_window"),
        ({"backup_window": "03:00-04:00", "maintenance_window": "Sun:04:00-Sun:04:30"}, ""),
    ],
)
def test_windows_of_a_raw_database(body: dict[str, str], problem: str) -> None:
    whole = {
        "engine": "mysql",
        "class": "db.t3.micro",
        "storage": {"size": 20},
        "subnet_group": "x",
        "security_groups": [],
    }
    errors = errors_of({"change": {"resources": {"db_instance/x": {**whole, **body}}}})
    assert len(errors) == (1 if problem else 0), errors
    assert problem in "".join(errors)
