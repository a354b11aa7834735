# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import shutil
import subprocess
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._release.environment import (
    EnvironmentProblem,
    changes,
    parse,
    render,
)


def test_variables_are_sorted_and_quoted_only_where_needed() -> None:
    assert render({"PORT": 5000, "DEBUG": False, "EMPTY": None, "GREETING": "hello world"}) == (
        "DEBUG=false\nEMPTY=\nGREETING='hello world'\nPORT=5000\n"
    )


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ("sqlite:////var/lib/groundwork/api/api.db", "sqlite:////var/lib/groundwork/api/api.db"),
        ("a#b", "'a#b'"),
        ('say "hi"', "'say \"hi\"'"),
        ("back\\slash", "'back\\slash'"),
        ("it's", '"it\'s"'),
        ("-----BEGIN KEY-----\nabc\n", "'-----BEGIN KEY-----\nabc\n'"),
    ],
)
def test_spelling(value: str, spelled: str) -> None:
    assert render({"A": value}) == f"A={spelled}\n"


@pytest.mark.parametrize(
    "value", ['it\'s "both"', "it's $HOME", "it's a \\ backslash", "bell\x07", "carriage\rreturn", "\ufffe", "\ud800"]
)
def test_what_the_readers_would_read_differently_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        render({"SECRET": value})
    assert "SECRET" in str(caught.value)
    assert value not in str(caught.value)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(EnvironmentProblem, match="MY-NAME"):
        render({"MY-NAME": "x"})


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=20), max_size=5))
def test_what_is_written_is_what_is_read_or_it_is_refused(variables: dict[str, str]) -> None:
    try:
        content = render(variables)
    except EnvironmentProblem:
        return
    assert parse(content) == variables


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_a_shell_reads_the_same(value: str) -> None:
    try:
        content = render({"A": value})
    except EnvironmentProblem:
        return
    script = f"set -a\n{content}exec env -0"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, env={})
    assert f"A={value}" in done.stdout.split("\0")


NODE = shutil.which("node")
SPECIAL = [
    "'",
    '"',
    "`",
    "\\",
    "$",
    "#",
    "\n",
    "\t",
    " ",
    "\\n",
    "${A}",
    "%n",
    "=",
    "é",
    "😀",
    "\u0085",
    "\u2028",
    "\ufeff",
]


@pytest.mark.skipif(NODE is None, reason="the lab's guests have Node.js, this machine has none")
@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.from_regex(r"V[0-9]{1,3}", fullmatch=True), st.lists(st.sampled_from([*SPECIAL, "a", "x"]))))
def test_node_reads_the_same(drawn: dict[str, list[str]]) -> None:
    variables = {}
    for name, parts in drawn.items():
        try:
            render({name: "".join(parts)})
        except EnvironmentProblem:
            continue
        variables[name] = "".join(parts)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(render(variables))
        file.flush()
        script = "process.stdout.write(JSON.stringify(process.env))"
        command = [str(NODE), f"--env-file={file.name}", "--eval", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={})
    assert json.loads(done.stdout) == variables


def test_a_diff_names_variables_and_shows_no_value() -> None:
    assert changes("A=1\nB=2\n", "A=1\nB=secret\nC=3\n") == ("A=(set)\nB=(set)\n", "A=(set)\nB=(changed)\nC=(set)\n")
