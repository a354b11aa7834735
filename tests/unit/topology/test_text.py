# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From text to data: what YAML means here, and that nothing odd gets a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._topology import parse
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import TopologyError, load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.parse import DEEPEST, LARGEST, parse_text

from .support import cases

CASES = cases("text")


def errors_of_file(path: Path) -> list[str]:
    with pytest.raises(TopologyError) as raised:
        load(path)
    return [error.replace(str(path), path.name) for error in raised.value.errors]


def parsed(text: str) -> Any:
    problems: list[Any] = []
    data = parse_text(text, lambda *problem: problems.append(problem))
    assert problems == []
    return data


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_text(case: Any, tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(case["text"], encoding="utf-8")
    assert errors_of_file(path) == case["errors"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("10", 10),
        ("-3", -3),
        ("0o17", "0o17"),
        ("22:30", "22:30"),
        ("2026-06-30", "2026-06-30"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        ("9" * 5000, "9" * 5000),
        ("'10'", "10"),
        ("<<", "<<"),
        ("!!str 10", "10"),
    ],
)
def test_scalars_are_read_as_editors_read_them(text: str, value: Any) -> None:
    assert parsed(f"key: {text}\n") == {"key": value}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert parsed("on: 1\ntrue: 2\n3: 4\n~: 5\n") == {"on": 1, "true": 2, "3": 4, "~": 5}


def test_anchors_and_merge_keys_work() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3}\nc: {<<: [*a, *b], z: 4}\nd: {<<: *a, x: 5}\ne: *a\n"
    data = parsed(text)
    assert data["c"] == {"x": 1, "y": 2, "z": 4}
    assert data["d"] == {"x": 5, "y": 2}
    assert data["e"] == {"x": 1, "y": 2}


def test_aliases_do_not_explode(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    path = tmp_path / "bomb.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "bomb.yml:6: too large once its aliases are expanded" in errors_of_file(path)


@pytest.mark.parametrize("depth", [DEEPEST + 5, 400, 100_000 - 10])
def test_deep_nesting_is_refused(depth: int, tmp_path: Path) -> None:
    path = tmp_path / "deep.yml"
    path.write_text("name: " + "[" * depth + "]" * depth, encoding="utf-8")
    (error,) = errors_of_file(path)
    assert error in (f"deep.yml:1: nested more than {DEEPEST} levels deep", "deep.yml: is nested too deeply")


def test_without_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module is given data; only what reads files needs PyYAML."""
    monkeypatch.setattr(parse, "yaml", None)
    path = tmp_path / "shop.yml"
    path.write_text("name: shop", encoding="utf-8")
    assert errors_of_file(path) == ["shop.yml: cannot be read without PyYAML (pip install PyYAML)"]


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yml"
    path.write_text("#" * (LARGEST + 1), encoding="utf-8")
    assert errors_of_file(path) == [f"large.yml: is larger than {LARGEST} characters (this is not a topology)"]


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(b"name: sh\xffop")
    assert errors_of_file(path) == ["shop.yml: is not UTF-8 text (save it in this encoding)"]


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(b"\xef\xbb\xbfname: 7")
    assert errors_of_file(path)[0].startswith('shop.yml:1: name: "7" is not a name')


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (error,) = errors_of_file(tmp_path / "shop.yml")
    assert error == "document: there is no such file: shop.yml (correct the path)"


def test_a_directory(tmp_path: Path) -> None:
    (error,) = errors_of_file(tmp_path)
    assert error.startswith("document: there is no such file")


def test_a_bare_name_that_the_collection_does_not_have() -> None:
    with pytest.raises(TopologyError) as raised:
        load("single")
    assert str(raised.value).startswith("single cannot be used:\n- document: no topology of this name comes with")


@pytest.mark.parametrize("name", ["single_instance", "single-instance"])
def test_a_bare_name_may_have_dashes_or_underscores(name: str) -> None:
    assert load(name)["name"] == "single-instance"


@pytest.mark.parametrize("odd", [7, None, [], b"name: shop", object()])
def test_what_is_no_source_at_all(odd: Any) -> None:
    with pytest.raises(TopologyError, match="is neither a path, a name nor a mapping"):
        load(odd)
