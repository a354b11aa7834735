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

from ansible_collections.groundwork.aws.plugins.module_utils._host.environment_file import (
    EnvironmentFileError,
    describe_changes,
    parse_environment,
    render_environment,
)


def test_variables_are_sorted_and_quoted_only_where_needed() -> None:
    assert render_environment({"PORT": 5000, "DEBUG": False, "EMPTY": None, "GREETING": "hello world"}) == (
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
def test_values_are_quoted_where_needed(value: str, spelled: str) -> None:
    assert render_environment({"A": value}) == f"A={spelled}\n"


@pytest.mark.parametrize(
    "value", ['it\'s "both"', "it's $HOME", "it's a \\ backslash", "bell\x07", "carriage\rreturn", "\ufffe", "\ud800"]
)
def test_a_value_that_readers_read_differently_is_rejected_without_showing_it(value: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        render_environment({"SECRET": value})
    assert "SECRET" in str(caught.value)
    assert value not in str(caught.value)


def test_an_invalid_name_is_rejected() -> None:
    with pytest.raises(EnvironmentFileError, match="MY-NAME"):
        render_environment({"MY-NAME": "x"})


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=20), max_size=5))
def test_a_rendered_file_is_parsed_to_the_same_variables(variables: dict[str, str]) -> None:
    try:
        content = render_environment(variables)
    except EnvironmentFileError:
        return
    assert parse_environment(content) == variables


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_a_shell_reads_the_same(value: str) -> None:
    try:
        content = render_environment({"A": value})
    except EnvironmentFileError:
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
            render_environment({name: "".join(parts)})
        except EnvironmentFileError:
            continue
        variables[name] = "".join(parts)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(render_environment(variables))
        file.flush()
        script = "process.stdout.write(JSON.stringify(process.env))"
        command = [str(NODE), f"--env-file={file.name}", "--eval", script]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={})
    assert json.loads(done.stdout) == variables


def test_a_diff_names_variables_without_values() -> None:
    assert describe_changes("A=1\nB=2\n", "A=1\nB=secret\nC=3\n") == (
        "A=(set)\nB=(set)\n",
        "A=(set)\nB=(changed)\nC=(set)\n",
    )
