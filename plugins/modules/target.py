#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take an instance out of the target group of a service, or back in."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: target
short_description: Drain an instance from a target group, or register it
version_added: 0.1.0
description:
  - Drains an instance from the target group of a service before it is changed, and registers it again afterwards.
  - Returns when the load balancer reports the state.
options:
  stack:
    description:
      - The name of the stack.
    type: str
    required: true
  service:
    description:
      - The service whose target group it is.
    type: str
    required: true
  instance:
    description:
      - The id of the instance.
    type: str
    required: true
  state:
    description:
      - With V(drained), the instance gets no new requests, and has answered all others.
        It stays registered when it gets no requests anyway, and when too few other targets would be left.
      - With V(absent), it is not in the target group, whatever the health of the others.
      - With V(healthy), it is in the target group and healthy.
    type: str
    choices: [drained, absent, healthy]
    default: healthy
  minimum_healthy:
    description:
      - How many other targets must be healthy for the instance to be drained.
    type: int
    default: 1
  leaving:
    description:
      - Ids of instances that are drained at the same time, which do not count as healthy.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - Seconds to wait for the state.
      - Draining takes as long as the deregistration delay of the target group.
    type: int
    default: 300
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
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
- name: Drain the host
  groundwork.aws.target:
    stack: shop
    service: api
    instance: "{{ ec2_instance_id }}"
    state: drained
  delegate_to: localhost

- name: Register it again
  groundwork.aws.target:
    stack: shop
    service: api
    instance: "{{ ec2_instance_id }}"
  delegate_to: localhost
"""

RETURN = r"""
target:
  description: The health of the instance.
  returned: success
  type: dict
  contains:
    state:
      description: The state of the target, or V(absent).
      type: str
      sample: healthy
    why:
      description: AWS's reason for it, or why the instance stays registered.
      type: str
      sample: "Target.ResponseCodeMismatch: Health checks failed with these codes: [500]"
target_group:
  description: The name of the target group.
  returned: success
  type: str
  sample: shop-api
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.target_operations import change_target

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "stack": {"type": "str", "required": True},
    "service": {"type": "str", "required": True},
    "instance": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["drained", "absent", "healthy"], "default": "healthy"},
    "minimum_healthy": {"type": "int", "default": 1},
    "leaving": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 300},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return change_target(options, check_mode)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
