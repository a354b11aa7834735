# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the commands `build` and `migrate` of services, which hosts run in bash. Nothing of them is executed."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator

from .._topology.schema.kinds import Finding, display_path
from .._topology.view import Document, services

COMMANDS = ("build", "migrate")
# Text in quotes of a shell.
QUOTED = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*\"""")
# Hosts have bash 5. An older one, as on macOS, does not read all that they do.
OLDEST_BASH = 5
SECONDS = 10
# Without the variables of the user, of which BASH_ENV names a file that bash would run.
BASH_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def find_command_errors(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key in COMMANDS:
            problem = find_syntax_problem(service[key]) if service[key] else None
            if problem is not None:
                yield ("services", name, key), f"bash cannot read it: {problem} (correct it, or put it in quotes)"


def find_command_warnings(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key in COMMANDS:
            text = service[key]
            if text and (not text.strip() or text.strip().startswith("#")):
                yield ("services", name, key), "runs nothing (write a command, or remove it)"
            elif text:
                hidden = _find_hidden_failure(text)
                if hidden is not None:
                    problem = f"a failure of {display_path(hidden)} is a condition here and does not fail the command"
                    yield ("services", name, key), f"{problem} (write ; instead of &&)"


def _find_hidden_failure(command: str) -> str | None:
    """The part whose failure no shell reports: that of `a` in `a && b; c`, where `a` is a condition."""
    for part in QUOTED.sub("_", command).split(";")[:-1]:
        is_condition = re.match(r"\s*(?:if|elif|while|until|test|!|\[)\s", part)
        if "&&" in part and "||" not in part and ")" not in part and not is_condition:
            return part.strip().partition("&&")[0].strip()
    return None


def find_syntax_problem(command: str) -> str | None:
    """Why bash cannot read a command, None where it can, and where this machine has no bash to ask.

    The message has no words of the command, which may be secrets.
    """
    program = _find_bash()
    if program is None:
        return None
    answer = _run([program, "--norc", "-n"], f"{command}\n")
    if answer is None or answer.returncode == 0:
        return None
    quote = re.search(r"looking for matching [`']([^\w\s])'", answer.stderr)
    token = re.search(r"unexpected token [`']([^\w\s]{1,3})'", answer.stderr)
    if quote is not None:
        return f"a {quote[1]} is missing"
    if token is not None:
        return f"there is a {token[1]} at the wrong place"
    if "unexpected end of file" in answer.stderr:
        return "its end is missing"
    return "it has an error of syntax"


@functools.cache
def _find_bash() -> str | None:
    program = shutil.which("bash")
    answer = None if program is None else _run([program, "--norc", "--version"], "")
    version = None if answer is None else re.search(r"version ([0-9]+)\.", answer.stdout)
    return program if version is not None and int(version[1]) >= OLDEST_BASH else None


def _run(command: list[str], text: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=BASH_ENVIRONMENT,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
