# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment file of a service, in the one spelling that systemd, Node.js and a POSIX shell read alike.

systemd's ``EnvironmentFile=``, Node's ``--env-file`` and the launcher of the pm2 role each have their own rules for
quotes and backslashes. What they agree on: a bare word of harmless characters, and single quotes around everything
that holds no single quote. A value outside that is refused, because one of the readers would get another value.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]*\Z")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Surrogates are not UTF-8, and systemd takes no noncharacters of Unicode for UTF-8: it would not start the unit.
NOT_TEXT = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(end + plane * 0x10000) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)


class EnvironmentProblem(ValueError):
    """A variable that no reader would get right; the message names the variable, never its value."""


def render(variables: Mapping[str, Any]) -> str:
    """The file for these variables, sorted by name."""
    return "".join(f"{name}={quote(name, text(variables[name]))}\n" for name in sorted(variables))


def text(value: Any) -> str:
    """A value as a process sees it: booleans in lower case, nothing for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def quote(name: str, value: str) -> str:
    if not NAME.match(name):
        raise EnvironmentProblem(f"{name!r} is not a name for an environment variable (letters, digits, underscores)")
    if CONTROL.search(value):
        raise EnvironmentProblem(f"the value of {name} holds a control character; encode it, for example as base64")
    if NOT_TEXT.search(value):
        raise EnvironmentProblem(f"the value of {name} is not Unicode text; encode it, for example as base64")
    if BARE.match(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    if not re.search(r'["\\$`\n]', value):
        return f'"{value}"'
    raise EnvironmentProblem(
        f"the value of {name} mixes a single quote with a double quote, backslash, dollar, backtick or line break, "
        "which systemd and Node.js read differently; encode it, for example as base64"
    )


def parse(content: str) -> dict[str, str]:
    """What `render` wrote, read back."""
    found = re.findall(r"^([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|[^\n]*)$", content, re.MULTILINE)
    return {name: value[1:-1] if value[:1] in ("'", '"') else value for name, value in found}


def changes(before: str, after: str) -> tuple[str, str]:
    """Both sides of a diff that shows which variables differ and no value."""
    old, new = parse(before), parse(after)
    marks = {name: "(changed)" if name in old and old[name] != value else "(set)" for name, value in new.items()}
    return (
        "".join(f"{name}=(set)\n" for name in sorted(old)),
        "".join(f"{name}={marks[name]}\n" for name in sorted(new)),
    )
