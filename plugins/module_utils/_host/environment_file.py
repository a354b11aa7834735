# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment file of a service, in the one spelling that systemd, Node.js and a POSIX shell read alike.

systemd's ``EnvironmentFile=``, Node's ``--env-file`` and the launcher of the pm2 role each have their own rules for
quotes and backslashes. They agree on bare words of certain characters, and on single quotes around a value without a
single quote. Any other value is rejected, because one of the readers would get another value.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]*\Z")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Surrogates are not UTF-8, and systemd does not accept noncharacters of Unicode: it would not start the unit.
NOT_TEXT = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(end + plane * 0x10000) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)


class EnvironmentFileError(ValueError):
    """A variable that the readers would read differently; the message names the variable, never its value."""


def render_environment(variables: Mapping[str, Any]) -> str:
    """The content of the file, sorted by name."""
    return "".join(f"{name}={quote(name, format_value(variables[name]))}\n" for name in sorted(variables))


def format_value(value: Any) -> str:
    """A value as a process reads it: booleans in lower case, an empty text for null."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def quote(name: str, value: str) -> str:
    """A value in quotes where it needs them. Raises `EnvironmentFileError`."""
    if not NAME.match(name):
        raise EnvironmentFileError(f"{name!r} is not a name for an environment variable (letters, digits, underscores)")
    if CONTROL.search(value):
        raise EnvironmentFileError(f"the value of {name} holds a control character; encode it, for example as base64")
    if NOT_TEXT.search(value):
        raise EnvironmentFileError(f"the value of {name} is not Unicode text; encode it, for example as base64")
    if BARE.match(value):
        return value
    if "'" not in value:
        return f"'{value}'"
    if not re.search(r'["\\$`\n]', value):
        return f'"{value}"'
    raise EnvironmentFileError(
        f"the value of {name} mixes a single quote with a double quote, backslash, dollar, backtick or line break, "
        "which systemd and Node.js read differently; encode it, for example as base64"
    )


def parse_environment(content: str) -> dict[str, str]:
    """The variables of a file that `render_environment` wrote."""
    found = re.findall(r"^([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|[^\n]*)$", content, re.MULTILINE)
    return {name: value[1:-1] if value[:1] in ("'", '"') else value for name, value in found}


def describe_changes(before: str, after: str) -> tuple[str, str]:
    """Both sides of a diff that shows which variables differ, without their values."""
    old, new = parse_environment(before), parse_environment(after)
    marks = {name: "(changed)" if name in old and old[name] != value else "(set)" for name, value in new.items()}
    return (
        "".join(f"{name}=(set)\n" for name in sorted(old)),
        "".join(f"{name}={marks[name]}\n" for name in sorted(new)),
    )
