# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account as lines that are equal when the accounts are: ids become names by what the object is and refers to."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

Objects = dict[str, Any]

IDENTIFIER = re.compile(
    r"\b(?:[a-z]{1,14}-)+[0-9a-f]{8,17}\b|\b\d{12}\b"
    # The ends of ARNs of Elastic Load Balancing, and of names that tell two objects apart, one of which goes.
    r"|(?<=/)(?:[0-9a-f]{16}|\d{15})\b|(?<=-)[0-9a-f]{6}\b"
)
IAM_IDENTIFIER = re.compile(r"\bA[A-Z]{3}[A-Z0-9]{12,17}\b")
# What RDS and Secrets Manager draw, or make of the account, in the midst of other texts; and how the name ends of what
# came before its predecessor went: that is made of the id of the predecessor.
DRAWN = (
    (re.compile(r'(:secret:[^"]*?)(-[0-9a-f]{6})?-[A-Za-z]{6}(?="|$)'), r"\1"),
    (re.compile(r'("Name": "[^"]*)-[0-9a-f]{6}(?=")'), r"\1"),
    (re.compile(r"rds!db-[0-9a-f-]{36}"), "rds!db"),
    (re.compile(r"\bdb-[A-Za-z0-9]{26}\b"), "db"),
    (re.compile(r"\.c[0-9a-f]{11}\."), "."),
    (re.compile(r":certificate/[0-9a-f-]{36}"), ":certificate"),
    (re.compile(r"\b_[0-9a-f]{32}\."), "_proof."),
    # When a database was restored, or had its time; and what it is called since.
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<moment>"),
    (re.compile(r"-before-\d{8}-\d{6}\b"), "-before"),
    (re.compile(r"-restored-[0-9a-f]{8}\b"), "-restored"),
)
ADDRESS = re.compile(r"ec2(-\d{1,3}){4}|(?<![\d./])(\d{1,3}[.-]){3}\d{1,3}(?![\d/])")
# Different each time by nature, or about the call and not about the object.
VOLATILE = frozenset(
    {
        "ClientToken",
        "ReservationId",
        "StateTransitionReason",
        "MacAddress",
        "RequestId",
        "InstanceProfileId",
        "KmsKeyId",
    }
)
ROUNDS = 4


def canonical(objects: Objects, account: str, blank: str = "") -> list[str]:
    """One line of JSON an object, sorted. The same resources give the same lines, whatever ids and account."""
    plain = {identifier: _plain(item) for identifier, item in objects.items()}
    if blank:
        plain = {identifier: json.loads(re.sub(blank, "", json.dumps(item))) for identifier, item in plain.items()}
    labels = {identifier: _first(identifier, item) for identifier, item in plain.items()} | {account: "account"}
    for _ in range(ROUNDS):
        labels |= {identifier: _refined(labels[identifier], item, labels) for identifier, item in plain.items()}
    lines = ({"is": _base(labels[key]), "has": _named(item, labels)} for key, item in plain.items())
    return sorted(json.dumps(line, sort_keys=True) for line in lines)


def _plain(item: Any) -> Any:
    """Without moments and without what is volatile; lists in a steady order, for AWS promises none."""
    if isinstance(item, dict):
        kept = {key: _plain(value) for key, value in item.items() if key not in VOLATILE}
        return {key: value for key, value in kept.items() if value is not None}
    if isinstance(item, list):
        return sorted((_plain(value) for value in item), key=_order)
    if isinstance(item, datetime):
        return None
    return item


def _order(value: Any) -> str:
    return _scrub(json.dumps(value, sort_keys=True), {})


def _first(identifier: str, item: Any) -> str:
    tags = item.get("Tags") or item.get("TagSet") or ()
    scrubbed = {tag["Key"]: tag["Value"] for tag in tags}.get("groundwork:resource")
    if scrubbed:
        return str(scrubbed)
    return identifier.rpartition("-")[0] if IDENTIFIER.fullmatch(identifier) else _scrub(identifier, {})


def _refined(label: str, item: Any, labels: dict[str, str]) -> str:
    """A name by content: that of the resource where there is one, made distinct by all that it refers to."""
    scrubbed = _sorted(json.loads(_scrub(json.dumps(item), labels)))
    digest = hashlib.sha256(json.dumps(scrubbed, sort_keys=True).encode()).hexdigest()
    return f"{_base(label)}~{digest[:10]}"


def _base(label: str) -> str:
    return label.partition("~")[0]


def _named(item: Any, labels: dict[str, str]) -> Any:
    """An item with names instead of ids; an item without a name is identified by its content."""
    scrubbed = {key: _base(label) if "/" in label else label for key, label in labels.items()}
    return _sorted(json.loads(_scrub(json.dumps(item), scrubbed)))


def _sorted(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _sorted(value) for key, value in item.items()}
    if isinstance(item, list):
        return sorted((_sorted(value) for value in item), key=lambda value: json.dumps(value, sort_keys=True))
    return item


def _scrub(text: str, labels: dict[str, str]) -> str:
    """Ids of known objects become their labels, other ids, addresses and numbers that AWS draws become blanks."""

    def replace(match: re.Match[str]) -> str:
        found = match.group(0)
        # Images are not part of the account, so their ids stay.
        return found if found.startswith("ami-") else f"<{labels.get(found, 'id')}>"

    return ADDRESS.sub("<address>", IAM_IDENTIFIER.sub("<id>", IDENTIFIER.sub(replace, _undrawn(text))))


def _undrawn(text: str) -> str:
    for pattern, rest in DRAWN:
        text = pattern.sub(rest, text)
    return text
