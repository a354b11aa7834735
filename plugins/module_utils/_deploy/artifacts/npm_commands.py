# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scripts of package.json that a command on one line runs with certainty. Controller only.

What may not run, or in another directory, is left out: after `cd`, in `a || npm run b`, in a condition or a subshell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

SEPARATORS = (";", "&&")
# Programs whose failure before && would end the command as well, so that what follows is not a condition. None of them
# writes package.json.
STEPS = frozenset(["npm", "echo", "mkdir", "rm", "export", "set", "touch"])
# Commands of npm that change package.json, and variables with its options, such as --if-present.
CHANGES = ("pkg", "init", "create", "set-script", "version", "install", "i", "add", "uninstall", "remove")
SETTING = re.compile(r"npm_config_.*", re.DOTALL | re.IGNORECASE)
ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
# Options of npm that change neither the directory nor what a missing script means, and take no value.
HARMLESS = re.compile(r"-s|-q|-d{1,3}|--(?:silent|quiet|verbose|loglevel=\w+|no-audit|no-fund|no-progress)")
RUN = ("run", "run-script")
TEST = ("test", "t", "tst")
SCRIPT = re.compile(r"[A-Za-z0-9:_./@+-]+")
# npm runs these without a script as well: it prints the environment, stops and starts, and starts server.js.
BUILT_IN = ("env", "restart", "start")


def find_npm_scripts(command: str) -> list[str]:
    """The names of the scripts, without those that npm has itself."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return []
    return [script for script in map(_read_script, _list_commands(words)) if script and script not in BUILT_IN]


def _list_commands(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands that run one after the other, up to the first word that may change which of them run."""
    current: list[str] = []
    for position, word in enumerate([*words, ";"]):
        if word in SEPARATORS:
            plain = _without_assignments(current)
            if any(map(SETTING.fullmatch, current)) or (plain[:1] == ["npm"] and plain[1:2] and plain[1] in CHANGES):
                return
            is_end = position == len(words)
            if plain and plain[0] not in STEPS and not (is_end or word == ";"):
                return
            yield plain
            if plain and plain[0] not in STEPS:
                return
            current = []
        elif re.fullmatch(r"[();<>|&]+", word) or word.startswith("#"):
            return
        else:
            current.append(word)


def _without_assignments(words: Sequence[str]) -> list[str]:
    start = next((number for number, word in enumerate(words) if not ASSIGNMENT.fullmatch(word)), len(words))
    return list(words[start:])


def _read_script(words: Sequence[str]) -> str | None:
    """The script that a command of npm runs, None where it runs none, and where an option may change that."""
    if not words or words[0] != "npm":
        return None
    arguments = list(words[1 : words.index("--")]) if "--" in words else list(words[1:])
    plain = [word for word in arguments if not word.startswith("-")]
    if any(word.startswith("-") and not HARMLESS.fullmatch(word) for word in arguments) or not plain:
        return None
    if plain[0] in TEST:
        return "test"
    script = plain[1] if plain[0] in RUN and len(plain) > 1 else None
    return script if script is not None and SCRIPT.fullmatch(script) else None
