# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quote a text for the configuration of nginx."""

from __future__ import annotations

import re
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
---
name: nginx_quote
short_description: A text as a quoted string of the configuration of nginx
version_added: 0.1.0
description:
  - Returns the text in double quotes, so that nginx reads exactly this text. Quotes and backslashes are escaped.
  - nginx has no escape for a dollar sign, which begins a variable. It is written as the variable O(dollar), which the
    configuration has to define with C(geo $name { default "$"; }), because values of C(geo) have no variables.
  - Control characters are rejected. nginx would end a header there.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
  dollar:
    description: Name of the variable that is a dollar sign. Without a name, dollar signs are left as they are, for a
      directive without variables.
    type: str
    default: ''
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show a header
  ansible.builtin.debug:
    msg: "add_header X-Price {{ '5 $' | groundwork.aws.nginx_quote('dollar_sign') }};"
"""

RETURN = r"""
_value:
  description: The quoted text.
  type: str
  sample: '"5 ${dollar_sign}"'
"""


def nginx_quote(text: Any, dollar: str = "") -> str:
    """The text in double quotes. Raises `AnsibleFilterError` for control characters."""
    value = str(text)
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise AnsibleFilterError(f"{value!r} has a control character, which nginx cannot have there (remove it)")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    if dollar:
        escaped = escaped.replace("$", "${" + dollar + "}")
    return f'"{escaped}"'


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"nginx_quote": nginx_quote}
