#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a stack to what its topology says."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: stack
short_description: Apply a topology document to the AWS resources of its stack
version_added: 0.1.0
description:
  - Creates, updates, replaces and deletes the resources of one topology in one account and region, all in one run.
  - There is no state file. The resources of the stack have the tags C(groundwork:stack) and C(groundwork:resource) from
    their creation on. Resources without these tags are never changed.
  - The next run continues one that was killed. It creates no duplicates and leaves nothing behind.
  - One run at a time changes a stack, with an expiring lock in SSM parameters. A run without changes does not take it.
  - Resources that hold data are deleted or replaced only when O(allow_destroy) names them.
options:
  state:
    description:
      - V(present) applies the document, V(absent) deletes all resources of the stack.
    type: str
    choices: [present, absent]
    default: present
  allow_destroy:
    description:
      - The addresses of protected resources that may be deleted or replaced, such as V(instance/app-1).
      - Resources that hold data get a final snapshot.
    type: list
    elements: str
    default: []
  adopt:
    description:
      - Existing objects to take into the stack, as ids by address, such as C(vpc/main) with V(vpc-0123456789abcdef0).
      - An object that belongs to another stack, or that would have to be replaced at once, is rejected.
    type: dict
    default: {}
  require_auth:
    description:
      - The addresses of caches that accept only their AUTH token from now on, such as V(cache/redis). All services that
        use them must have been deployed since the token was given to the cache.
      - A cache that got a token, or another one, while it existed also accepts what it accepted before, so that no
        service is refused before it has the new token. Each run warns about such a cache.
    type: list
    elements: str
    default: []
  prune:
    description:
      - Whether to delete resources of the stack that the document no longer has.
    type: bool
    default: true
  only:
    description:
      - The addresses of the resources to change. All others are not changed and are listed in RV(left).
      - An address that is neither in the topology nor in the account is rejected, and so is a change that depends on
        another one that is not selected.
      - With an instance that is replaced comes what exists only because of that, such as its address and alarms. It is
        not registered, and not replaced while it is.
    type: list
    elements: str
  traffic:
    description:
      - Whether to change which instances get requests.
      - With V(false), new instances are not registered with their target groups, and serving instances are neither
        deleted, when the count of their group was lowered, nor stopped for another type, nor replaced. RV(left) lists
        these changes. Everything else is changed as if an instance that is left stays.
      - The playbooks C(groundwork.aws.scale) and C(groundwork.aws.replace) do it host by host, without dropping a
        request. With V(true) and without O(only) all instances are replaced at once.
    type: bool
    default: true
  refresh:
    description:
      - The addresses of instances to compare with the newest image of their alias or SSM parameter, such as
        V(instance/app-1). An instance with another image is replaced.
      - Without it, an instance keeps the image that it was created with. An image that the document gives by its id is
        compared always.
    type: list
    elements: str
    default: []
  parallel:
    description:
      - How many resources to change at the same time.
    type: int
    default: 10
  lock:
    description:
      - The lock of a rollout of which this run is a part, as C(token) of RV(groundwork.aws.rollout#module:rollout).
      - Without it the run takes the lock of the stack itself.
    type: dict
    suboptions:
      number:
        description: The number in the name of the lock.
        type: int
        required: true
      nonce:
        description: The text by which the rollout knows its lock.
        type: str
        required: true
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

- name: Create everything
  groundwork.aws.stack:
    topology: "{{ playbook_dir }}/shop.yml"
    overrides:
      access:
        ssh_from: [203.0.113.0/24]
  register: shop

- name: Show its URL
  ansible.builtin.debug:
    var: shop.outputs.url

- name: Take an existing network into the stack
  groundwork.aws.stack:
    topology: single_instance
    adopt:
      vpc/main: vpc-0123456789abcdef0

- name: Create one more instance, and change nothing else
  groundwork.aws.stack:
    topology: three_tier
    overrides:
      services:
        frontend:
          instances:
            count: 3
    only: [instance/frontend-3]

- name: Delete everything, with the instance that holds data
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
  description: The changes, in the order of the addresses.
  returned: when the account could be read
  type: list
  elements: dict
  contains:
    address:
      description: The type and the name of the resource. A duplicate has its id as well.
      type: str
      sample: security_group/app
    action:
      description: The action, one of C(create), C(update), C(replace) and C(delete).
      type: str
    reason:
      description: The reason.
      type: str
      sample: "differs: ingress"
    part:
      description:
        - The role of this change in moving traffic. C(join) registers a new instance, C(resize) stops one for another
          type, C(replace) belongs to an instance that is replaced, C(retire) deletes one because the count was lowered.
        - Empty for everything else.
      type: str
      sample: ""
    before:
      description: The actual properties that differ; all of them when it is deleted.
      type: dict
    after:
      description: The desired properties that differ; all of them when it is created.
      type: dict
left:
  description: The changes that were left out because of O(only) or O(traffic), in the form of RV(plan).
  returned: when the account could be read
  type: list
  elements: dict
outputs:
  description: The results of the stack by name. Those that are not known yet are missing.
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

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, LOCK, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import Report, discard_event
from ansible_collections.groundwork.aws.plugins.module_utils._provision.operations import apply_stack

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow_destroy": {"type": "list", "elements": "str", "default": []},
    "adopt": {"type": "dict", "default": {}},
    "require_auth": {"type": "list", "elements": "str", "default": []},
    "prune": {"type": "bool", "default": True},
    "only": {"type": "list", "elements": "str"},
    "traffic": {"type": "bool", "default": True},
    "refresh": {"type": "list", "elements": "str", "default": []},
    "parallel": {"type": "int", "default": 10},
    "lock": {
        "type": "dict",
        "options": {"number": {"type": "int", "required": True}, "nonce": {"type": "str", "required": True}},
    },
    **LOCK,
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], check_mode: bool, report: Report = discard_event) -> dict[str, Any]:
    """Run the module and return its result; ``report`` gets an event at the start and end of each change."""
    return apply_stack(options, check_mode, report)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
