# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the entry of a service, by the form that its runtime expects."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterator, Mapping

from ..runtimes import runtime_of
from ..schema.kinds import Finding, display
from ..view import Document, services

MODULE = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
SHELL_OPERATORS = "();<>|&"
SUBSTITUTION = "runs another command (put it into a script of the release, and start that)"
# Words that are no programs. After `exec`, which starts the entry, the shell would not find them.
SHELL_WORDS = frozenset(
    [
        "!",
        ".",
        ":",
        "{",
        "}",
        "case",
        "cd",
        "eval",
        "exec",
        "exit",
        "export",
        "for",
        "if",
        "return",
        "set",
        "shift",
        "source",
        "trap",
        "ulimit",
        "umask",
        "unset",
        "until",
        "while",
    ]
)


def entries_can_be_started(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        entry, runtime, path = service["entry"], runtime_of(service), ("services", name, "entry")
        if entry is None or runtime is None:
            continue
        if entry != entry.strip():
            yield path, f"{display(entry)} begins or ends with a space (write {display(entry.strip())})"
            continue
        problem = ENTRY_FORMS[runtime.entry](entry)
        if problem is not None:
            yield path, problem


def find_callable_problem(entry: str) -> str | None:
    """Why an entry is not of the form ``module:callable``, or None."""
    return None if is_callable(entry) else f"{display(entry)} is not of the form module:callable (like wsgi:app)"


def is_callable(entry: str) -> bool:
    """Whether gunicorn can load an entry: ``module:name``, or ``module:name(…)`` with literal arguments.

    Like gunicorn, this parses the text after the colon, and rejects attributes and computed arguments.
    """
    module, _colon, expression = entry.partition(":")
    if not re.fullmatch(MODULE, module) or not entry.isprintable():
        return False
    try:
        parsed = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    if isinstance(parsed, ast.Name):
        return True
    if not isinstance(parsed, ast.Call) or not isinstance(parsed.func, ast.Name):
        return False
    if any(keyword.arg is None for keyword in parsed.keywords):
        return False
    try:
        for argument in [*parsed.args, *(keyword.value for keyword in parsed.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def find_script_problem(entry: str) -> str | None:
    """Why an entry is not the path of a script in the release, or None."""
    if entry.startswith("/") or ".." in entry.split("/"):
        return f"{display(entry)} is not inside the release (give a path below its directory)"
    if re.search(r"\s", entry) or entry.startswith("-") or not entry.isprintable():
        return f"{display(entry)} is not the path of a script (without spaces; pass settings in environment)"
    return None


def find_command_problem(entry: str) -> str | None:
    """Why an entry is not one command with its arguments, or None. The process manager has to signal this process."""
    shown = display(entry)
    if not entry.isprintable():
        return f"{shown} is not a command on one line (remove the characters that cannot be printed)"
    problem = find_shell_problem(entry)
    if problem is not None:
        return f"{shown} {problem}"
    words = shlex.split(entry)
    first = words[0]
    if not first:
        return f"{shown} begins with an empty word (name the command first, like celery -A tasks worker)"
    if re.match(r"[A-Za-z_]\w*=", first):
        return f"{shown} begins with a variable (put {first.partition('=')[0]} into environment)"
    if first.startswith("-"):
        return f"{shown} begins with an option (name the command first, like celery -A tasks worker)"
    if first in SHELL_WORDS:
        return f"{shown} begins with {first}, a word of the shell (name the command first)"
    if first.endswith(".py") and "/" not in first:
        return f"{display(first)} is not a command (write {display('python ' + entry)})"
    return None


def find_shell_problem(entry: str) -> str | None:
    """What the shell would do with a text other than to start one command with its words, or None.

    Quotes and backslashes are read as the shell reads them (POSIX, Shell Command Language, 2.2 Quoting).
    """
    quote, is_escaped, at_start = "", False, True
    for position, character in enumerate(entry):
        if is_escaped:
            is_escaped = False
        elif character == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            quote = "" if character == quote else quote
            if quote == '"' and (character == "`" or entry.startswith("$(", position)):
                return SUBSTITUTION
        elif character in "'\"":
            quote = character
        elif character == "`" or entry.startswith("$(", position):
            return SUBSTITUTION
        elif character in SHELL_OPERATORS:
            return "is more than one command (put it into a script of the release, and start that)"
        elif character == "#" and at_start:
            return "has a comment (remove it, or put the # in quotes)"
        at_start = character == " " and not quote
    if quote:
        return "has a quote that does not end (close it)"
    return "ends with a backslash (remove it)" if is_escaped else None


ENTRY_FORMS: Mapping[str, Callable[[str], str | None]] = {
    "callable": find_callable_problem,
    "script": find_script_problem,
    "command": find_command_problem,
}
