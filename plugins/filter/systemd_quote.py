# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quote a text for a command of a unit of systemd."""

from __future__ import annotations

import unicodedata
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
---
name: systemd_quote
short_description: A text as one argument of a command in a unit of systemd
version_added: 0.1.0
description:
  - Returns the text in double quotes for C(ExecStart=), C(ExecReload=) and the like, so that the program gets exactly
    this text as one argument.
  - Quotes, backslashes, specifiers (C(%)) and variables (C($)) are escaped, as systemd.service(5) says under "Command
    lines".
  - Control characters and code points that are no characters are rejected. systemd ignores a line that has these.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show a command
  ansible.builtin.debug:
    msg: "ExecStart=/usr/bin/echo {{ 'costs 5 $, 10 % off' | groundwork.aws.systemd_quote }}"
"""

RETURN = r"""
_value:
  description: The quoted text.
  type: str
  sample: '"costs 5 $$, 10 %% off"'
"""

# Control characters, surrogates, and code points that are no characters.
REJECTED = ("Cc", "Cs", "Cn")


def systemd_quote(text: Any) -> str:
    """The text in double quotes. Raises `AnsibleFilterError` for what a unit cannot have."""
    value = str(text)
    if any(unicodedata.category(character) in REJECTED for character in value):
        raise AnsibleFilterError(f"{value!r} has a control character, which a unit cannot have there (remove it)")
    for character, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        value = value.replace(character, escaped)
    return f'"{value}"'


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"systemd_quote": systemd_quote}
