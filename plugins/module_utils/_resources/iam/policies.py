# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What IAM accepts as an inline policy of a role: IAM User Guide, "Grammar of the IAM JSON policy language"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._aws.partition import PARTITIONS, find_partition_problem, read_partition
from ..._aws.similar_names import suggest
from ..._engine.model import Ref
from ..._engine.property_limits import (
    EVERY,
    JsonObject,
    Limit,
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


@dataclass(frozen=True)
class PolicyResource(Limit):
    """The resource of a statement. IAM completes one with fewer than six parts (IAM User Guide, "IAM ARNs")."""

    what: str = 'an ARN, or "*"'

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if value == "*":
            return
        parts = value.split(":") if isinstance(value, str) else []
        if len(parts) < 3 or parts[0] != "arn" or not parts[2]:
            yield (), f"{display_value(value)} is not {self.what}"
            return
        partition, service, region, account, *_name = [*parts[1:], "", "", ""]
        shown = display_value(value)
        # PutRolePolicy: 'Partition "x" is not valid for resource'.
        if partition not in PARTITIONS and not re.search(r"[*?$]", partition):
            yield (), f"{shown} has no partition of AWS after arn: (write one of {', '.join(PARTITIONS[:3])})"
        # PutRolePolicy: "IAM resource … cannot contain region information", and the same of the buckets of S3.
        elif len(parts) >= 6 and region and (service == "iam" or (service == "s3" and not account)):
            what = "IAM" if service == "iam" else "a bucket of S3"
            fixed = ":".join([*parts[:3], "", *parts[4:]])
            yield (), f"{shown} has a region, and an ARN of {what} has none (write {fixed})"


# IAM User Guide, "IAM JSON policy elements": Action is a service with its action, Resource an ARN, and the operators of
# Condition are these, which IAM also takes with a prefix for keys of several values, and with IfExists (not for Null).
NAMES: dict[str, Limit] = {
    "Action": Matching("an action like s3:GetObject, or *", pattern=r"\*|[^:\s]+:[^:\s]+"),
    "Resource": PolicyResource(),
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
# Where the statements of inline policies have ARNs and conditions: a policy may have one statement, or a list of them.
_STATEMENTS: tuple[PropertyPath, ...] = (
    ("inline_policies", EVERY, "Statement"),
    ("inline_policies", EVERY, "Statement", EVERY),
)
RESOURCE_PATHS: tuple[PropertyPath, ...] = tuple(
    (*statement, name, *item)
    for statement in _STATEMENTS
    for name in ("Resource", "NotResource")
    for item in ((), (EVERY,))
)
CONDITION_PATHS = frozenset((*statement, "Condition", EVERY, EVERY) for statement in _STATEMENTS)
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
    for name, words in (("Effect", EFFECT), ("Sid", SID)):
        if statement.get(name) is not None and not is_reference(statement[name]):
            yield from (((name,), text) for _path, text in words.find_problems(statement[name]))
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
    for name, compared in condition.items():
        plain = re.sub("(?i)^(?:ForAllValues|ForAnyValue):|(?<!^null)IfExists$", "", str(name))
        if plain.lower() not in _KNOWN_OPERATORS:
            yield ("Condition", name), f"unknown operator; {suggest(plain, OPERATORS)}"
        if isinstance(compared, Mapping):
            for key, value in compared.items():
                yield from _find_value_problems(("Condition", name, key), value)
        elif not is_reference(compared):
            text = f"{display_value(compared)} is not a mapping of condition keys"
            yield ("Condition", name), f"{text} (write each as key: value, like aws:PrincipalTag/team: web)"


def _find_value_problems(path: PropertyPath, value: Any) -> Iterator[PropertyProblem]:
    """Grammar of the IAM JSON policy language, condition_value: texts, numbers and booleans, alone or in a list."""
    values = enumerate(value) if isinstance(value, (list, tuple)) else [(None, value)]
    for number, item in values:
        if not isinstance(item, (str, int, float)) and not is_reference(item):
            where = path if number is None else (*path, number)
            yield where, f"{display_value(item)} is not a value of a condition (write text, a number, true or false)"


def _find_name_problems(name: str, given: Any, limit: Limit) -> Iterator[PropertyProblem]:
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


def check_partitions(given: Mapping[str, Any], region: str) -> Iterator[PropertyProblem]:
    """IAM answers 'Partition "aws" is not valid for resource' to ARNs of another partition than that of the account."""
    for name, policy in (given.get("inline_policies") or {}).items():
        is_text = isinstance(policy, str)
        document = json.loads(policy) if is_text else policy
        for path, arn in _list_resources(document):
            problem = None if re.search(r"[*?$]", str(read_partition(arn))) else find_partition_problem(arn, region)
            if problem is not None:
                where = () if is_text else path
                prefix = f"{'.'.join(map(str, path))}: " if is_text else ""
                yield ("inline_policies", name, *where), f"{prefix}{problem}"


def _list_resources(document: Any) -> Iterator[tuple[PropertyPath, str]]:
    """The ARNs in the statements of a policy, with their paths."""
    given = document.get("Statement") if isinstance(document, Mapping) else None
    is_list = isinstance(given, (list, tuple))
    statements: Any = given if is_list else [given]
    for number, statement in enumerate(statements):
        path: PropertyPath = ("Statement", number) if is_list else ("Statement",)
        for key in ("Resource", "NotResource"):
            value = statement.get(key) if isinstance(statement, Mapping) else None
            if isinstance(value, str):
                yield (*path, key), value
            elif isinstance(value, (list, tuple)):
                yield from (((*path, key, index), one) for index, one in enumerate(value) if isinstance(one, str))


def check_size(given: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    """References count as one character each: their values are not known."""
    policies = given.get("inline_policies") or {}
    plain = resolve_references(policies, lambda _ref: "x") if any(find_references(policies)) else policies
    texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in plain.values()]
    size = sum(len(re.sub(r"\s", "", text)) for text in texts)
    if size > LARGEST:
        text = f"have {size} characters without spaces, and IAM allows {LARGEST} in a role"
        yield ("inline_policies",), f"{text} (shorten them, or use managed_policies)"
