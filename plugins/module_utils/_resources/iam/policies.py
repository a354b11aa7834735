# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What IAM accepts as an inline policy of a role: IAM User Guide, "Grammar of the IAM JSON policy language"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._aws.similar_names import suggest
from ..._engine.model import Ref
from ..._engine.property_limits import (
    JsonObject,
    Matching,
    PropertyPath,
    PropertyProblem,
    display_value,
    is_reference,
    keys,
    one_of,
)
from ..._engine.references import find_references, resolve_references

# IAM API Reference, PutRolePolicy, PolicyName.
NAME = Matching("the name of a policy, of letters, digits and _+=,.@-", pattern=r"[A-Za-z0-9_+=,.@-]+", longest=128)
VERSION = one_of("2012-10-17", "2008-10-17")
EFFECT = one_of("Allow", "Deny")
SID = Matching("the id of a statement, of letters and digits", pattern="[A-Za-z0-9]*")
DOCUMENT = keys("Version", "Id", "Statement", required=("Statement",))
STATEMENT_KEYS = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
STATEMENT = keys(*STATEMENT_KEYS, required=("Effect",))
# IAM User Guide, "IAM JSON policy elements": Action is a service with its action, Resource an ARN, and the operators of
# Condition are these, which IAM also takes with a prefix for keys of several values, and with IfExists (not for Null).
NAMES = {
    "Action": Matching("an action like s3:GetObject, or *", pattern=r"\*|[^:\s]+:\S+"),
    "Resource": Matching('an ARN, or "*"', pattern=r"(?s:\*|arn:.+)"),
}
NAMES |= {f"Not{name}": limit for name, limit in NAMES.items()}
_EQUALITY = ("Equals", "NotEquals")
_ORDERED = (*_EQUALITY, "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
OPERATORS = (
    *(f"String{end}" for end in (*_EQUALITY, "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")),
    *(f"{start}{end}" for start in ("Numeric", "Date") for end in _ORDERED),
    *(f"Arn{end}" for end in (*_EQUALITY, "Like", "NotLike")),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
)
_KNOWN_OPERATORS = frozenset(name.lower() for name in OPERATORS)
# A policy of a role is for that role, and names no other (IAM User Guide, "AWS JSON policy elements: Principal").
OF_RESOURCES = ("Principal", "NotPrincipal")
ONE_OF = (("Action", "NotAction"), ("Resource", "NotResource"))
LARGEST = 10240  # characters of all inline policies of a role, without white space (IAM User Guide, "IAM quotas")


@dataclass(frozen=True)
class PolicyDocument(JsonObject):
    """A policy of a role, as a mapping or as JSON. Problems inside of JSON have the path of the whole text."""

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        problems = list(super().find_problems(value))
        if problems:
            yield from problems
            return
        is_text = isinstance(value, str)
        for path, text in _find_document_problems(json.loads(value) if is_text else value):
            yield ((), f"{'.'.join(map(str, path))}: {text}") if is_text and path else (path, text)


def _find_document_problems(document: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    yield from DOCUMENT.find_problems(document)
    version = document.get("Version")
    if version is not None and not is_reference(version):
        yield from ((("Version",), text) for _path, text in VERSION.find_problems(version))
    given = document.get("Statement")
    if given is None or is_reference(given):
        return
    if isinstance(given, (list, tuple)) and not given:
        yield ("Statement",), "is empty (add a statement, or remove the policy)"
    statements = given if isinstance(given, (list, tuple)) else [given]
    seen: set[str] = set()
    for number, statement in enumerate(statements):
        path: PropertyPath = ("Statement", number) if statements is given else ("Statement",)
        if is_reference(statement):
            continue
        yield from (((*path, *inner), text) for inner, text in _find_statement_problems(statement))
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        if isinstance(sid, str) and sid and sid in seen:
            yield (*path, "Sid"), f"{display_value(sid)} is the Sid of another statement as well (choose another one)"
        seen.add(str(sid))


def _find_statement_problems(statement: Any) -> Iterator[PropertyProblem]:
    foreign = [name for name in OF_RESOURCES if isinstance(statement, Mapping) and name in statement]
    for name in foreign:
        yield (name,), "a policy of a role has none: it is for the role (remove it)"
    own = {name: item for name, item in statement.items() if name not in foreign} if foreign else statement
    yield from STATEMENT.find_problems(own)
    if not isinstance(statement, Mapping):
        return
    for name, limit in (("Effect", EFFECT), ("Sid", SID)):
        if statement.get(name) is not None and not is_reference(statement[name]):
            yield from (((name,), text) for _path, text in limit.find_problems(statement[name]))
    for names in ONE_OF:
        found = [name for name in names if statement.get(name) is not None]
        if len(found) != 1:
            fix = "keep one" if found else "add one"
            yield (), f"has {' and '.join(found) or 'neither'}, and takes one of {' and '.join(names)} ({fix})"
    condition = statement.get("Condition")
    if condition is not None and not isinstance(condition, (Mapping, Ref)):
        yield ("Condition",), f"{display_value(condition)} is not a mapping of operators (write them as YAML)"
    elif isinstance(condition, Mapping):
        yield from _find_operator_problems(condition)
    for name, limit in NAMES.items():
        yield from _find_name_problems(name, statement.get(name), limit)


def _find_operator_problems(condition: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    for name in condition:
        plain = re.sub("(?i)^(?:ForAllValues|ForAnyValue):|(?<!^null)IfExists$", "", str(name))
        if plain.lower() not in _KNOWN_OPERATORS:
            yield ("Condition", name), f"unknown operator; {suggest(plain, OPERATORS)}"


def _find_name_problems(name: str, given: Any, limit: Matching) -> Iterator[PropertyProblem]:
    if given is None or is_reference(given):
        return
    if not isinstance(given, (list, tuple)):
        yield from (((name,), text) for _path, text in limit.find_problems(given))
        return
    if not given:
        yield (name,), "is empty (add one, or remove the statement)"
    for number, item in enumerate(given):
        if not is_reference(item):
            yield from (((name, number), text) for _path, text in limit.find_problems(item))


def check_size(given: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    """References count as one character each: their values are not known."""
    policies = given.get("inline_policies") or {}
    plain = resolve_references(policies, lambda _ref: "x") if any(find_references(policies)) else policies
    texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in plain.values()]
    size = sum(len(re.sub(r"\s", "", text)) for text in texts)
    if size > LARGEST:
        text = f"have {size} characters without spaces, and IAM allows {LARGEST} in a role"
        yield ("inline_policies",), f"{text} (shorten them, or use managed_policies)"
