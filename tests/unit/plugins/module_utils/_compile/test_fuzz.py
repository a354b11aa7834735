# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every input gives a document or a list of errors, never a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from support.documents import CHECKOUT, base_of, cases, read

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import parse_text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError, split_fix
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.document import DOCUMENT, json_schema
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.kinds import INVALID, Kind, Text

EDITOR = jsonschema.Draft202012Validator(json_schema())
GOOD = [read(CHECKOUT / "topologies" / "single_instance.yml")] + [
    load(base_of(case), [case["change"]]) for case in cases("compile").values() if "change" in case
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.dates()
words = st.sampled_from(
    [*DOCUMENT.fields, *DOCUMENT.fields["services"].kind.value.fields, "app", "api", "ref", "0.0.0.0/0", "vpc/main"]
)
data = st.recursive(
    scalars | words,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=8) | scalars, inner, max_size=5)
    ),
    max_leaves=25,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid document with up to three values replaced, removed or added."""
    document = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _change in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document))))
        parent = document
        for step in path[:-1]:
            parent = parent[step]
        action = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if action == "remove":
            del parent[path[-1]]
        elif action == "add" and isinstance(parent, dict):
            parent[draw(words | st.text(max_size=8))] = draw(data)
        else:
            parent[path[-1]] = draw(data)
        if not document:
            break
    return document


def answer(source: Any, overrides: Any = ()) -> Any:
    """The effective document, or the errors; anything else raised is a failure of the test."""
    try:
        return load(source, overrides)
    except TopologyError as error:
        return readable(error)


def readable(error: TopologyError) -> TopologyError:
    assert error.errors
    assert all(isinstance(item, str) and len(item.splitlines()) == 1 for item in error.errors)
    assert [problem.text for problem in error.problems if not split_fix(problem.text)[1]] == []
    return error


relaxed = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@relaxed
@given(data)
def test_any_data(value: Any) -> None:
    if not isinstance(value, str):
        answer(value)
    answer(base_of({}), [value])


@relaxed
@given(mutated())
def test_mutated_documents(value: Any) -> None:
    found = answer(value)
    if isinstance(found, dict):
        assert load(found) == found
        assert compile_stack(found).resources
        yaml.safe_dump(found)


@relaxed
@given(mutated(), mutated())
def test_mutated_overrides(value: Any, over: Any) -> None:
    answer(value, [over])


@relaxed
@given(mutated(), mutated())
def test_validation_of_mutated_documents(value: Any, over: Any) -> None:
    inventory = {"variables": {"app_database_authorities": "/nonexistent"}, "directory": "/"}
    layer = {"name": "x", "values": over, "files": [__file__]}
    outcome = validate({"topology": value, "layers": [layer], "inventory": inventory})
    assert all(len(line.splitlines()) == 1 for line in outcome["report"])
    assert all(item["message"] and not item["fix"].startswith("see ") for item in outcome["errors"])


def as_written(kind: Any, value: Any) -> Any:
    """A document as a file would spell it: text where text is expected.

    An editor takes 12 for an account, since the number of 000000000012 is the same. Such values are no examples.
    """
    if isinstance(value, dict):
        inner = {key: getattr(kind, "value", Kind()) for key in value}
        fields = {key: field.kind for key, field in getattr(kind, "fields", {}).items()}
        return {key: as_written(fields.get(key, inner[key]), item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_written(getattr(kind, "item", Kind()), item) for item in value]
    if isinstance(kind, Text) and isinstance(value, (bool, int, float)):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        assume(kind.check(text, (), lambda *_problem: None) is not INVALID)
        return text
    return value


def has_text_keys(value: Any) -> bool:
    """Whether a document is JSON, as the schema expects: in YAML any scalar may be a key."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and has_text_keys(item) for key, item in value.items())
    return all(map(has_text_keys, value)) if isinstance(value, list) else True


@relaxed
@given(mutated())
def test_a_document_that_an_editor_accepts_has_no_errors_of_form(value: Any) -> None:
    """The opposite direction is in test_document.py."""
    problems: list[Any] = []
    if has_text_keys(value) and EDITOR.is_valid(value):
        DOCUMENT.check(as_written(DOCUMENT, value), (), lambda *problem: problems.append(problem))
    # An address inside a network takes arithmetic to see; a line end at the end of a text is where patterns differ.
    assert [text for _place, text in problems if "names an address inside" not in text and "\\n" not in text] == []


@relaxed
@example("0\n\n0")
@example("a\x85b")
@given(
    st.text(alphabet=st.sampled_from(" \n\t:-[]{}#&*!|>'\"%@`,?<~=aon01.\x07é\u2028\ufeff"), max_size=60)
    | st.text(max_size=40)
)
def test_any_text(text: str) -> None:
    problems: list[Any] = []
    value = parse_text(text, lambda *problem: problems.append(problem)).data
    assert problems or value is None or answer(value) is not None


@relaxed
@given(mutated(), st.randoms(use_true_random=False))
def test_damaged_text(value: Any, random: Any) -> None:
    text = list(yaml.safe_dump(value, allow_unicode=True))
    for _damage in range(random.randint(1, 4)):
        text[random.randrange(len(text))] = random.choice("\t\n:{}[]&*!-'\"#%x ")
    problems: list[Any] = []
    parse_text("".join(text), lambda *problem: problems.append(problem))
    assert all("\n" not in message for _path, message in problems)
