# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever is given as a document, the answer is a document or a list of errors."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._topology.compile import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import TopologyError, load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.parse import parse_text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema import DOCUMENT, json_schema
from ansible_collections.groundwork.aws.plugins.module_utils._topology.validate import validate

from .support import CHECKOUT, base_of, cases, read

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
    """A good document with up to three places replaced, removed or added to."""
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
    assert all(isinstance(item, str) and item and "\n" not in item for item in error.errors)
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
    assert all("\n" not in line for line in outcome["report"])
    assert all(item["message"] and item["fix"] for item in outcome["errors"])


@relaxed
@given(mutated())
def test_what_an_editor_accepts_has_no_errors_of_form(value: Any) -> None:
    """The other way round need not hold: the validator takes nulls, and text of digits for numbers."""
    problems: list[Any] = []
    if EDITOR.is_valid(value):
        DOCUMENT.check(value, (), lambda *problem: problems.append(problem))
    # An address inside a network takes arithmetic to see; a line end at the end of a text is where patterns differ.
    assert [text for _place, text in problems if "names an address inside" not in text and "\\n" not in text] == []


@relaxed
@given(
    st.text(alphabet=st.sampled_from(" \n\t:-[]{}#&*!|>'\"%@`,?<~=aon01.\x07é\u2028\ufeff"), max_size=60)
    | st.text(max_size=40)
)
def test_any_text(text: str) -> None:
    problems: list[Any] = []
    value = parse_text(text, lambda *problem: problems.append(problem))
    assert problems or value is None or answer(value) is not None


@relaxed
@given(mutated(), st.randoms(use_true_random=False))
def test_damaged_text(value: Any, random: Any) -> None:
    text = list(yaml.safe_dump(value, allow_unicode=True))
    for _damage in range(random.randint(1, 4)):
        text[random.randrange(len(text))] = random.choice("\t\n:{}[]&*!-'\"#%x ")
    problems: list[Any] = []
    parse_text("".join(text), lambda *problem: problems.append(problem))
    assert all("\n" not in message for _place, message in problems)
