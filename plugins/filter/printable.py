# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make text of hosts safe to print on a terminal."""

from __future__ import annotations

from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters

DOCUMENTATION = r"""
---
name: printable
short_description: Text without control characters
version_added: 0.1.0
description:
  - Replaces each control character but tabs and line ends by U+FFFD, and characters that are invisible or change the
    order of others.
  - Use it for text that a host wrote, such as lines of a log, before a task prints it. A terminal would obey the escape
    sequences in it.
positional: _input
options:
  _input:
    description:
      - The text, or another value, which is shown as text.
    type: raw
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the last lines of the log
  ansible.builtin.fail:
    msg: "The service has ended: {{ log.stdout | groundwork.aws.printable }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""


def printable(value: Any) -> str:
    """The text of the value without control characters."""
    return replace_control_characters(str(value))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"printable": printable}
