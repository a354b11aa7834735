#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a stack to what its topology says."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: stack
short_description: Bring the AWS resources of a topology to what its document says
version_added: 0.1.0
description:
  - Creates, updates, replaces and deletes the resources of one topology in one account and region, all in one run.
  - There is no state file. What the stack owns carries the tags C(groundwork:stack) and C(groundwork:resource) from the
    call on that creates it. What does not carry them is never touched.
  - A run that was killed is continued by the next one. Nothing is doubled and nothing is left behind.
  - Only one run at a time changes a stack. An expiring lock in SSM parameters sees to that. It is taken only when there
    is something to change.
  - Resources that hold data are deleted or replaced only when O(allow_destroy) names them.
options:
  state:
    description:
      - V(present) brings the stack to what the document says, V(absent) deletes all that it owns.
    type: str
    choices: [present, absent]
    default: present
  allow_destroy:
    description:
      - The addresses of protected resources that may be deleted or replaced, such as V(instance/app-1).
      - A final snapshot is taken of what holds data.
    type: list
    elements: str
    default: []
  adopt:
    description:
      - Existing objects to take into the stack, as ids by address, such as C(vpc/main) with V(vpc-0123456789abcdef0).
      - An object that belongs to another stack, or that would have to be replaced at once, is refused.
    type: dict
    default: {}
  prune:
    description:
      - Whether to delete what the stack owns and the document no longer has.
    type: bool
    default: true
  only:
    description:
      - The addresses of the resources to do something about. All others stay as they are and are told in RV(left).
      - An address that is neither in the topology nor in the account is refused. So is one that cannot be brought in
        before something else is made, or that goes while something else stands on it.
    type: list
    elements: str
  traffic:
    description:
      - Whether to change which instances get requests.
      - With V(false), instances that are new are not registered with their target groups, and those that serve neither
        go, when the count of their group was lowered, nor stop to get another type. All that is told in RV(left).
      - The playbook C(groundwork.aws.scale) does it host by host, without dropping a request.
    type: bool
    default: true
  parallel:
    description:
      - How many resources are worked on at the same time.
    type: int
    default: 10
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
  - groundwork.aws.lock
  - groundwork.aws.topology
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: groundwork.aws.stack_info
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show what would change
  groundwork.aws.stack:
    topology: single_instance
  check_mode: true
  diff: true

- name: Bring everything up
  groundwork.aws.stack:
    topology: "{{ playbook_dir }}/shop.yml"
    overrides:
      access:
        ssh_from: [203.0.113.0/24]
  register: shop

- name: Say where it is
  ansible.builtin.debug:
    var: shop.outputs.url

- name: Take an existing network into the stack
  groundwork.aws.stack:
    topology: single_instance
    adopt:
      vpc/main: vpc-0123456789abcdef0

- name: Make one more machine, and leave everything else as it is
  groundwork.aws.stack:
    topology: three_tier
    overrides:
      services:
        frontend:
          instances:
            count: 3
    only: [instance/frontend-3]

- name: Take everything down, the machine with the data too
  groundwork.aws.stack:
    topology: single_instance
    state: absent
    allow_destroy: [instance/app-1]
"""

RETURN = r"""
stack:
  description: The name of the stack.
  returned: success
  type: str
  sample: single-instance
plan:
  description: What had to change, in the order of the addresses.
  returned: when the account could be read
  type: list
  elements: dict
  contains:
    address:
      description: The type and the name of the resource. For a duplicate its id comes on top.
      type: str
      sample: security_group/app
    action:
      description: What is done to it, one of C(create), C(update), C(replace) and C(delete).
      type: str
    reason:
      description: Why.
      type: str
      sample: "differs: ingress"
    part:
      description:
        - What it is of moving requests from one instance to another. C(join) where one gets requests that is new,
          C(resize) where one stops to get another type, C(retire) where one goes because there are to be fewer.
        - Empty for everything else.
      type: str
      sample: ""
    before:
      description: The properties as they are. Those that differ only, unless it is deleted.
      type: dict
    after:
      description: The properties as they will be. Those that differ only, unless it is created.
      type: dict
left:
  description: What differs and was left as it is, because of O(only) or O(traffic). As in RV(plan).
  returned: when the account could be read
  type: list
  elements: dict
outputs:
  description: The results of the stack by name. Those that are not known yet are left out.
  returned: when the account could be read
  type: dict
  sample: {url: "http://198.51.100.7/"}
resources:
  description: The attributes of every resource that exists, by address.
  returned: when the account could be read
  type: dict
  sample: {vpc/main: {id: vpc-0123456789abcdef0}}
calls:
  description: How often each operation of the API was called.
  returned: when the account could be read
  type: dict
  sample: {"ec2:DescribeVpcs": 1}
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, LOCK, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._stack.entry import bring
from ansible_collections.groundwork.aws.plugins.module_utils._stack.progress import Report, discard

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow_destroy": {"type": "list", "elements": "str", "default": []},
    "adopt": {"type": "dict", "default": {}},
    "prune": {"type": "bool", "default": True},
    "only": {"type": "list", "elements": "str"},
    "traffic": {"type": "bool", "default": True},
    "parallel": {"type": "int", "default": 10},
    **LOCK,
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], check_mode: bool, report: Report = discard) -> dict[str, Any]:
    """Do the work of the module and return its result; ``report`` gets an event as each change starts and ends."""
    return bring(options, check_mode, report)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    answer(module, run)


if __name__ == "__main__":
    main()
