# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The syntax of commands, which bash itself reads without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._provision import command_checks


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ('echo "', 'a " is missing'),
        ("echo 'hunter2", "a ' is missing"),
        ("echo )", "there is a ) at the wrong place"),
        ("if true", "its end is missing"),
        ("fi", "it has an error of syntax"),
        ("npm ci && npm run build", None),
        ("case a in a) echo;;& esac", None),
        ("[[ a =~ (b) ]] && a=(1 2)", None),
        ("flask --app shop db upgrade", None),
        ("# a comment", None),
    ],
)
def test_bash_reads_a_command_or_says_where_it_ends(command: str, problem: str | None) -> None:
    assert command_checks.find_syntax_problem(command) == problem


def test_nothing_of_a_command_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, start = tmp_path / "made", tmp_path / "start"
    start.write_text(f"touch {made}\n", encoding="utf-8")
    monkeypatch.setenv("BASH_ENV", str(start))
    for command in (f"touch {made}", f"echo $(touch {made})", f"a=`touch {made}`; echo $a"):
        assert command_checks.find_syntax_problem(command) is None
    assert not made.exists()


def test_without_bash_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_checks, "_find_bash", lambda: None)
    assert command_checks.find_syntax_problem('echo "') is None
