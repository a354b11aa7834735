# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a class of machines has, as far as its name tells it: thresholds are shares of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

GIB = 1024**3
SMALL = {"micro": 1, "small": 2, "medium": 4}
# Memory of a `large`, in GiB, by the letter of the family; every larger size has a multiple of it.
LARGE = {"t": 8, "m": 8, "r": 16, "c": 4}
# What the system and RDS itself keep of a machine's memory, in GiB: engines do not reckon with it. Without it come out
# the connections that databases of AWS show: about 60 of MySQL and 80 of PostgreSQL on a db.t3.micro.
KEPT_BY_RDS = 0.3
# Memory for each connection, of which engines make their `max_connections`, in bytes.
A_CONNECTION = {"mysql": 12582880, "postgres": 9531392}
MOST_CONNECTIONS = {"mysql": 100000, "postgres": 5000}


def memory(kind: str) -> float | None:
    """Memory of a class like db.t3.micro, in GiB; None for families whose memory does not follow from the name."""
    family, size = kind.split(".")[1:]
    letter = re.match(r"(t|m|r|c)[2-9][a-z]*$", family)
    if letter is None:
        return None
    if letter[1] == "t" and size in SMALL:
        return float(SMALL[size])
    return LARGE[letter[1]] * _larges(size) if _larges(size) else None


def _larges(size: str) -> float:
    """How many times a `large` a size is: 2 for xlarge, 8 for 4xlarge; 0 for what is none of these."""
    if size in ("medium", "large"):
        return {"medium": 0.5, "large": 1.0}[size]
    times = re.match(r"([0-9]*)xlarge$", size)
    return 2.0 * int(times[1] or 1) if times else 0.0


def connections(engine: str, kind: str, parameters: Mapping[str, str]) -> int | None:
    """The most connections that a database takes, None where its name does not tell."""
    stated = parameters.get("max_connections", "")
    if stated:
        return int(stated) if stated.isdigit() else None
    size = memory(kind)
    return (
        None if size is None else min(int((size - KEPT_BY_RDS) * GIB / A_CONNECTION[engine]), MOST_CONNECTIONS[engine])
    )


def has_two_cores(kind: str) -> bool:
    """Whether a node of a cache has two cores: all up to `large` have."""
    return kind.split(".")[-1] in (*SMALL, "large")
