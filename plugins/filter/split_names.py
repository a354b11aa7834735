# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Split the names in a variable that is a list, or text as surveys and the command line give it."""

from __future__ import annotations

from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._provision.requests import unique_names

DOCUMENTATION = r"""
---
name: split_names
short_description: The names in a list or a text
version_added: 0.1.0
description:
  - Splits text at commas, line ends and spaces, as answers to the questions of a survey have them.
  - The items of a list are not split. Empty and repeated names are left out.
positional: _input
options:
  _input:
    description:
      - The names, as a list or as text. A null gives an empty list.
    type: raw
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the names
  ansible.builtin.debug:
    msg: "{{ 'web, api' | groundwork.aws.split_names }}"
"""

RETURN = r"""
_value:
  description: The names in their order.
  type: list
  elements: str
  sample: [web, api]
"""


def split_names(names: Any) -> list[str]:
    """The names in a text or list, in their order."""
    return unique_names(names)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"split_names": split_names}
