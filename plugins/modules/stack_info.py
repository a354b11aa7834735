#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the resources of a stack and their drift from its topology."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: stack_info
short_description: Read the resources of a stack and their drift from its topology
version_added: 0.1.0
description:
  - Reads the resources of one topology and compares them with its document.
  - Changes nothing.
options:
  refresh:
    description:
      - The addresses of instances to compare with the newest image of their alias or SSM parameter, such as
        V(instance/app-1). An instance with another image is in RV(plan) as replaced, and in RV(drift).
      - Without it, an instance keeps the image that it was created with. An image that the document gives by its id is
        compared always.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
  - groundwork.aws.topology
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.stack
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Read the stack
  groundwork.aws.stack_info:
    topology: single_instance
  register: found

- name: Read which instances of a group have an older image
  groundwork.aws.stack_info:
    topology: three_tier
    refresh: [instance/frontend-1, instance/frontend-2]
  register: images

- name: Require that there is no drift
  ansible.builtin.assert:
    that:
      - not found.drift.missing
      - not found.drift.changed
      - not found.drift.unexpected
"""

RETURN = r"""
stack:
  description: The name of the stack.
  returned: success
  type: str
  sample: single-instance
exists:
  description: Whether AWS has any resource that belongs to the stack.
  returned: success
  type: bool
outputs:
  description: The results of the stack by name. Those whose resources do not exist are missing.
  returned: success
  type: dict
  sample: {url: "http://198.51.100.7/"}
resources:
  description: The attributes of every resource that exists, by address.
  returned: success
  type: dict
  sample: {vpc/main: {id: vpc-0123456789abcdef0}}
drift:
  description: The drift of the account from the document.
  returned: success
  type: dict
  contains:
    missing:
      description: The addresses of missing resources.
      type: list
      elements: str
    changed:
      description: The properties that differ.
      type: list
      elements: dict
      contains:
        address:
          description: The type and the name of the resource.
          type: str
        property:
          description: The name of the property.
          type: str
        wanted:
          description: The desired value.
          type: raw
        live:
          description: The actual value.
          type: raw
    unexpected:
      description: The resources of the stack that the document does not have.
      type: list
      elements: dict
      contains:
        address:
          description: The type and the name that its tags give it.
          type: str
        id:
          description: Its id.
          type: str
plan:
  description: The changes that M(groundwork.aws.stack) would make, as it returns them.
  returned: success
  type: list
  elements: dict
calls:
  description: How often each operation of the API was called.
  returned: success
  type: dict
  sample: {"ec2:DescribeVpcs": 1}
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._provision.operations import read_stack_info

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "refresh": {"type": "list", "elements": "str", "default": []},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return read_stack_info(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
