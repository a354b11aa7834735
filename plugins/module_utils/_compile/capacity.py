# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Capacity of classes and node types by their names. Thresholds of alarms are shares of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

GIB = 1024**3
SMALL_SIZES = {"micro": 1, "small": 2, "medium": 4}
# Memory of a `large`, in GiB, by the letter of the family; every larger size has a multiple of it.
LARGE_SIZES = {"t": 8, "m": 8, "r": 16, "c": 4}
# Memory that the system and RDS reserve, in GiB. With it the results match the databases of AWS: about 60 connections
# of MySQL and 80 of PostgreSQL on a db.t3.micro.
RESERVED_BY_RDS = 0.3
# Bytes for each connection, from which engines compute their default `max_connections`.
BYTES_PER_CONNECTION = {"mysql": 12582880, "postgres": 9531392}
MAX_CONNECTIONS = {"mysql": 100000, "postgres": 5000}


def find_memory(kind: str) -> float | None:
    """The memory of a class like db.t3.micro in GiB; None for families whose memory does not follow from the name."""
    family, size = kind.split(".")[1:]
    letter = re.match(r"(t|m|r|c)[2-9][a-z]*$", family)
    if letter is None:
        return None
    if letter[1] == "t" and size in SMALL_SIZES:
        return float(SMALL_SIZES[size])
    larges = _count_larges(size)
    return LARGE_SIZES[letter[1]] * larges if larges else None


def _count_larges(size: str) -> float:
    """The multiple of `large` of a size: 2 for xlarge, 8 for 4xlarge; 0 for an unknown size."""
    if size in ("medium", "large"):
        return {"medium": 0.5, "large": 1.0}[size]
    times = re.match(r"([0-9]*)xlarge$", size)
    return 2.0 * int(times[1] or 1) if times else 0.0


def find_max_connections(engine: str, kind: str, parameters: Mapping[str, str]) -> int | None:
    """The largest number of connections of a database; None where it does not follow from the name of the class."""
    stated = parameters.get("max_connections", "")
    if stated:
        return int(stated) if stated.isdigit() else None
    size = find_memory(kind)
    return (
        None
        if size is None
        else min(int((size - RESERVED_BY_RDS) * GIB / BYTES_PER_CONNECTION[engine]), MAX_CONNECTIONS[engine])
    )


def has_two_cores(kind: str) -> bool:
    """Whether a node of a cache has two cores: all sizes up to `large` do."""
    return kind.split(".")[-1] in (*SMALL_SIZES, "large")
