# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policies of docs/permissions.md, and an evaluator for the part of IAM's policy language that they use.

Source of the rules: IAM user guide, IAM JSON policy elements (Action, Resource, Condition operators).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

# The stack of the page.
STACK = "shop"
PAGE = Path(__file__).parents[3] / "docs" / "permissions.md"
Statement = Mapping[str, Any]
Keys = Mapping[str, Sequence[str]]


@cache
def read_page() -> dict[str, list[dict[str, Any]]]:
    """The policies by the headings above them; the policy of a task may have several documents."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found: dict[str, list[dict[str, Any]]] = {}
    for section in sections:
        documents = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)]
        if documents:
            found[section.partition("\n")[0]] = documents
    return found


def read_policies(heading: str, stack: str = STACK) -> list[dict[str, Any]]:
    """The documents of the policy of a task, for a stack whose name was written in the place of the page's."""
    documents = json.dumps(read_page()[heading])
    policies: list[dict[str, Any]] = json.loads(re.sub(rf"(?<![a-z]){STACK}(?![a-z])", stack, documents))
    return policies


@cache
def statements_of(heading: str, stack: str = STACK) -> list[Statement]:
    return [statement for document in read_policies(heading, stack) for statement in document["Statement"]]


def all_statements() -> Iterator[tuple[str, Statement]]:
    for heading in read_page():
        for statement in statements_of(heading):
            yield heading, statement


def as_list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def actions_of(heading: str) -> list[str]:
    """The actions that the policy of a task allows, some of them with an asterisk."""
    return [action for statement in statements_of(heading) for action in as_list(statement["Action"])]


def is_allowed(statements: Sequence[Statement], action: str, resource: str, keys: Keys) -> bool:
    """Whether statements allow an action on one resource. ``keys`` are the condition keys of the request."""
    matching = [one for one in statements if _applies(one, action, resource, keys)]
    return any(one["Effect"] == "Allow" for one in matching) and not any(one["Effect"] == "Deny" for one in matching)


def _applies(statement: Statement, action: str, resource: str, keys: Keys) -> bool:
    unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource", "NotResource", "Condition"}
    assert not unknown, f"the evaluator does not know {unknown}"
    if not any(matches(pattern.lower(), action.lower()) for pattern in as_list(statement["Action"])):
        return False
    patterns = as_list(statement.get("Resource", statement.get("NotResource", ())))
    is_named = any(matches(_fill_in(pattern, keys), resource) for pattern in patterns)
    if is_named == ("NotResource" in statement):
        return False
    conditions = statement.get("Condition", {})
    return all(
        _is_met(operator, keys.get(key), as_list(values))
        for operator, wanted in conditions.items()
        for key, values in wanted.items()
    )


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern of IAM: an asterisk is any number of characters, a question mark one."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _fill_in(pattern: str, keys: Keys) -> str:
    """A pattern with the policy variables replaced; a variable without a value matches nothing."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: next(iter(keys.get(found[1], ())), "\0"), pattern)


def _is_met(operator: str, actual: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    """Whether one condition is met; ``actual`` is None for a key that the request does not have."""
    if operator == "Null":
        return (actual is None) == (wanted == ["true"])
    if operator.startswith("ForAllValues:"):
        name = operator.removeprefix("ForAllValues:")
        return all(_compare(name, one, wanted) for one in actual or ())
    name = operator.removesuffix("IfExists")
    if actual is None:
        return name != operator
    assert len(actual) == 1, f"{operator} compares one value, and there are {list(actual)}"
    return _compare(name, actual[0], wanted)


def _compare(operator: str, actual: str, wanted: Sequence[str]) -> bool:
    if operator in ("StringEquals", "Bool"):
        return actual in wanted
    assert operator == "StringLike", f"the evaluator does not know the operator {operator}"
    return any(matches(pattern, actual) for pattern in wanted)
