# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML text is read as data by the rules of YAML 1.2, and no text causes a traceback."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from support.documents import HERE, cases

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import parse
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import (
    DEEPEST,
    LARGEST_TEXT,
    TAB,
    compose_node,
    parse_text,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError, split_fix
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.kinds import display_path

CASES = cases("text")


def errors_of_file(path: Path) -> list[str]:
    with pytest.raises(TopologyError) as raised:
        load(path)
    return [error.replace(str(path), path.name) for error in raised.value.errors]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_error_has_a_fix_of_its_own(case: Any, tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(case["text"], encoding="utf-8")
    with pytest.raises(TopologyError) as raised:
        load(tmp_path / "shop.yml")
    assert [problem.text for problem in raised.value.problems if not split_fix(problem.text)[1]] == []


def parsed(text: str) -> Any:
    problems: list[Any] = []
    data = parse_text(text, lambda *problem: problems.append(problem)).data
    assert problems == []
    return data


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_errors_of_yaml_have_their_line(case: Any, tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(case["text"], encoding="utf-8")
    found = errors_of_file(path)
    assert found[: len(case["errors"])] == case["errors"]
    # What these few lines leave out of a document is all that may be wrong besides.
    assert all(
        re.search(r": missing; it takes |: needs at least one of: ", error) for error in found[len(case["errors"]) :]
    )


SMALL = (HERE / "small.yml").read_text(encoding="utf-8")
TWICE = 'the key "{}" is in line {} already (remove one)'
VAULT = "!vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162\n"
ENCRYPTED = "is encrypted by ansible-vault, which is not read in a topology"


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "port: 5000",
            "port: 5000\n    port: 99999",
            ["port: 99999| TWICE", "port: 99999|services.api.port: 99999 is not"],
        ),
        ("region:", "region: eu-west-9\nregion:", ["region: eu-central-1| TWICE"]),
        (
            "    port: 5000",
            "    port: 5000\n    environment:\n      TOKEN: VAULT    threads: 0",
            ["TOKEN: !vault| VAULT", "threads: 0|services.api.threads: 0 is not a number of threads"],
        ),
        (
            "on: app",
            "on: !vault app\n    threads: 0",
            ["on: !vault| VAULT", "threads: 0|services.api.threads: 0 is not"],
        ),
        (
            "port: 5000",
            "port: !vault 5000\n    threads: 0",
            ["port: !vault| VAULT", "threads: 0|services.api.threads: 0"],
        ),
        (
            "port: 5000",
            "port: 5000\n    allow_from: [10.0.0.0/8, !vault x]\n    prot: x",
            ["allow_from: [| VAULT", "prot: x|services.api.prot: unknown key"],
        ),
        (
            "source: {git",
            "threads: 0\n    source: !mine {git",
            ["source: !mine| a tag, which means", "threads: 0|services.api.threads: 0 is not"],
        ),
    ],
    ids=["key", "whole", "environment", "reference", "number", "item", "mapping"],
)
def test_an_unreadable_value_hides_no_other_error(old: str, new: str, expected: list[str], tmp_path: Path) -> None:
    text = SMALL.replace(old, new.replace("VAULT", VAULT), 1)
    path = tmp_path / "shop.yml"
    path.write_text(text, encoding="utf-8")
    found = errors_of_file(path)
    assert len(found) == len(expected), found
    for error, (part, _bar, start) in zip(found, (one.partition("|") for one in expected), strict=True):
        words = {" TWICE": ' the key "', " VAULT": f" {ENCRYPTED}"}
        assert error.startswith(f"shop.yml:{line_of(text, part)}: {words.get(start, start).lstrip()}"), found


def test_both_values_of_a_duplicate_section_are_checked(tmp_path: Path) -> None:
    other = SMALL[SMALL.index("  api:") :].replace("api:", "web:").replace("port: 5000", "port: 70000")
    text = SMALL.replace("port: 5000", "port: 80000") + "services:\n" + other
    path = tmp_path / "shop.yml"
    path.write_text(text, encoding="utf-8")
    assert [error.partition(" is not")[0] for error in errors_of_file(path)] == [
        f"shop.yml:{line_of(text[text.index('services:') + 9 :], 'services:') + line_of(text, 'services:') - 1}: "
        + TWICE.format("services", line_of(text, "services:")),
        f"shop.yml:{line_of(text, 'port: 80000')}: services.api.port: 80000",
        f"shop.yml:{line_of(text, 'port: 70000')}: services.web.port: 70000",
    ]


def test_an_alias_of_a_value_that_cannot_be_read_is_reported_once(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(SMALL.replace("port: 5000", "port: &p !vault 5000\n    threads: *p"), encoding="utf-8")
    (error,) = errors_of_file(path)
    assert ENCRYPTED in error


def test_a_document_that_is_encrypted_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n", encoding="utf-8")
    assert errors_of_file(path) == [
        f"shop.yml: {ENCRYPTED} (decrypt it; secrets belong in app_secrets of the inventory)"
    ]


def test_a_document_from_a_variable_is_checked_with_its_keys() -> None:
    with pytest.raises(TopologyError) as raised:
        load({**parsed(SMALL), 5: "x", "regoin": "x"})
    assert [error.partition(" ")[2] for error in raised.value.errors] == [
        "the key 5 is not text (put it in quotes)",
        'unknown key; did you mean "region"?',
    ]


def test_an_unreadable_value_does_not_hide_errors_of_a_text_override() -> None:
    with pytest.raises(TopologyError) as raised:
        load(parsed(SMALL), ["region: !vault x\nservices: {api: {port: 0}}"])
    first, second = raised.value.errors
    assert ENCRYPTED in first
    assert second.startswith("services.api.port: 0 is not a port")


@pytest.mark.parametrize(
    "override",
    [
        "network: !vault x",
        "services: {api: !vault x}",
        "services: {api: {environment: !vault x}}",
        "network: {zones: !vault x}",
        "tags: {team: !vault x}",
        "services: {api: {allow_from: [10.0.0.0/8, !vault x]}}",
    ],
)
def test_an_unreadable_value_of_a_text_override_leaves_the_document_unchanged(override: str) -> None:
    with pytest.raises(TopologyError) as raised:
        load(parsed(SMALL), [override])
    (error,) = raised.value.errors
    assert ENCRYPTED in error


def test_an_unreadable_value_of_a_text_override_does_not_hide_an_error_of_the_document() -> None:
    with pytest.raises(TopologyError) as raised:
        load({**parsed(SMALL), "region": "nowhere"}, ["region: !vault x"])
    unreadable, error = raised.value.errors
    assert ENCRYPTED in unreadable
    assert error.startswith('region: "nowhere" is not a region')


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
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", "0b101"),
        ("0o18", "0o18"),
        ("0x", "0x"),
        ("-0x1F", "-0x1F"),
        ("0x" + "F" * 5000, "0x" + "F" * 5000),
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
    found = errors_of_file(path)
    assert "bomb.yml:6: too large once its aliases are expanded (use fewer aliases)" in found
    assert not any(error.startswith("bomb.yml:7:") for error in found), "what contains it is not reported again"


@pytest.mark.parametrize("depth", [DEEPEST + 5, 400, 100_000 - 10])
def test_deep_nesting_is_rejected(depth: int, tmp_path: Path) -> None:
    path = tmp_path / "deep.yml"
    path.write_text("name: " + "[" * depth + "]" * depth, encoding="utf-8")
    (error,) = errors_of_file(path)
    assert error.partition(" (")[0] in (
        f"deep.yml:1: nested more than {DEEPEST} levels deep",
        "deep.yml:1: is nested too deeply",
    )


def test_without_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module gets data; only reading files needs PyYAML."""
    monkeypatch.setattr(parse, "yaml", None)
    path = tmp_path / "shop.yml"
    path.write_text("name: shop", encoding="utf-8")
    assert errors_of_file(path) == ["shop.yml: cannot be read without PyYAML (pip install PyYAML)"]


def test_a_large_file_is_rejected_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.yml"
    path.write_text("#" * (LARGEST_TEXT + 1), encoding="utf-8")
    assert errors_of_file(path) == [
        f"large.yml: has more than {LARGEST_TEXT} characters (name a topology, or have user_data load files)"
    ]


def test_many_groups_with_the_largest_user_data_are_read() -> None:
    script = "".join(f"      echo {'x' * 93}\n" for _line in range(160))
    groups = "".join(f"  group-{number}:\n    user_data: |\n{script}" for number in range(50))
    assert len(parsed(f"instances:\n{groups}")["instances"]) == 50


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("port:\t5000", {"port": 5000}),
        ("port\t: 5000", {"port": 5000}),
        ("port: 5000\t\nname: shop", {"port": 5000, "name": "shop"}),
        ("port: 5000\t# a comment\n\t# another\n\t\nname: shop", {"port": 5000, "name": "shop"}),
        ("api:\t\n  port:\t5000\n  \t\n  on: app", {"api": {"port": 5000, "on": "app"}}),
        ("zones: [a,\tb,\n\tc]", {"zones": ["a", "b", "c"]}),
        ('{\n\t"name": "shop",\n\t"zones": [1]\n}', {"name": "shop", "zones": [1]}),
        ("-\ta\n-\tb\t\n- c", ["a", "b", "c"]),
        ("note: two\twords \t more\t\nname: shop", {"note": "two\twords \t more", "name": "shop"}),
        ("note: two\t# words", {"note": "two"}),
        ('note: "two\twords"\t\nscript: |\n  a\tb\n', {"note": "two\twords", "script": "a\tb\n"}),
        ("a: &x 1\nb: [*x]\t\n", {"a": 1, "b": [1]}),
        ("---\tshop\t", "shop"),
    ],
)
def test_tabs_separate_values(text: str, data: Any) -> None:
    assert parsed(text) == data


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\tname: shop", 1),
        ("network:\n\tcidr: x", 2),
        ("network:\n  cidr: x\n\tzones: x", 3),
        ("zones:\n  - a\n\t- b", 3),
        ("name: shop\n\tregion: x", 2),
    ],
)
def test_tabs_indent_nothing(text: str, line: int) -> None:
    problems: list[Any] = []
    assert parse_text(text, lambda *problem: problems.append(problem)).data is None
    assert [(path[0].line, message) for path, message in problems] == [(line, TAB)]


@pytest.mark.parametrize("text", ["-\tname: shop", "-\t- a", "a: 1\tb: 2"])
def test_a_block_after_a_tab_is_rejected(text: str) -> None:
    problems: list[Any] = []
    assert parse_text(text, lambda *problem: problems.append(problem)).data is None
    assert len(problems) == 1


def test_an_alias_is_of_the_last_node_with_its_anchor() -> None:
    text = "a: &x 1\nb: *x\nc: &x {d: &x 2, e: *x}\nf: *x\n"
    assert parsed(text) == {"a": 1, "b": 1, "c": {"d": 2, "e": 2}, "f": 2}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name: shop\ntags: {a: "\\U00110000"}', 2),
        ('name: "\\UFFFFFFFF"', 1),
        ("%YAML 1." + "1" * 5000 + "\n---\nname: shop", 1),
    ],
)
def test_what_pyyaml_cannot_convert_has_a_line_and_a_fix(text: str, line: int) -> None:
    problems: list[Any] = []
    assert parse_text(text, lambda *problem: problems.append(problem)).data is None
    ((path, message),) = problems
    assert path[0].line == line
    assert "out of range" in message
    assert split_fix(message)[1]
    assert compose_node(text) is None


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(b"name: sh\xffop")
    assert errors_of_file(path) == ["shop.yml:1: is not UTF-8 text (save the file in this encoding)"]


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(b"\xef\xbb\xbfname: 7")
    assert errors_of_file(path)[0].startswith('shop.yml:1: name: "7" is not a name')


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (error,) = errors_of_file(tmp_path / "shop.yml")
    assert error == "document: there is no such file: shop.yml (correct the path)"


def test_a_directory(tmp_path: Path) -> None:
    (error,) = errors_of_file(tmp_path)
    name = tmp_path.name
    assert error == f"document: {name} is a directory (name the file in it, like {name}/topology.yml)"


def test_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").symlink_to("gone.yml")
    (error,) = errors_of_file(tmp_path / "shop.yml")
    assert error.startswith("document: shop.yml is a symbolic link to gone.yml, which does not exist (correct the link")


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").symlink_to("shop.yml")
    (error,) = errors_of_file(tmp_path / "shop.yml")
    assert error.startswith("document: shop.yml cannot be reached: Too many levels of symbolic links (correct the path")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "shop.yml")
    (error,) = errors_of_file(tmp_path / "shop.yml")
    assert error.startswith("document: shop.yml is a FIFO, a socket or a device (write the document to a file")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: Path, **_options: Any) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "shop.yml").touch()
    monkeypatch.setattr(Path, "read_text", deny)
    (error,) = errors_of_file(tmp_path / "shop.yml")
    assert error == "shop.yml: cannot be read: Permission denied (allow this user to read it)"


@pytest.mark.parametrize("name", ["", " "])
def test_a_document_without_a_name(name: str) -> None:
    with pytest.raises(TopologyError) as raised:
        load(name)
    (error,) = raised.value.errors
    assert error.startswith("document: no topology is named (name one of the collection or the path of a document")


@pytest.mark.parametrize("control", ["\n", "\r", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\ud800"])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_path_with_control_characters_is_quoted(control: str, is_there: bool, tmp_path: Path) -> None:
    path = tmp_path / f"a{control}b"
    if is_there and control != "\ud800":  # no name of a file has it
        path.write_text("name: 7\n", encoding="utf-8")
    with pytest.raises(TopologyError) as raised:
        load(str(path))
    assert control not in "".join(raised.value.errors)
    assert "\n".join(str(raised.value).splitlines()) == "\n- ".join(
        [f"{display_path(path)} cannot be used:", *raised.value.errors]
    )
    assert f"{display_path(path)}" in raised.value.errors[0]
    assert display_path(path).startswith('"')


def test_a_bare_name_that_the_collection_does_not_have() -> None:
    with pytest.raises(TopologyError) as raised:
        load("single")
    assert str(raised.value).startswith("single cannot be used:\n- document: no topology of this name comes with")


@pytest.mark.parametrize("name", ["single_instance", "single-instance"])
def test_a_bare_name_may_have_dashes_or_underscores(name: str) -> None:
    assert load(name)["name"] == "single-instance"


@pytest.mark.parametrize("odd", [7, None, [], b"name: shop", object()])
def test_other_types_are_no_source(odd: Any) -> None:
    with pytest.raises(TopologyError, match="is neither a path, a name nor a mapping"):
        load(odd)
