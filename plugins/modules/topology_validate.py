#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a topology before anything is made."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: topology_validate
short_description: Check a topology before anything is made
version_added: 0.1.0
description:
  - Checks everything that can be known of a stack without AWS. That is the document, what is laid over it, the
    variables of the inventory, and the sources of the services as far as they are on the controller.
  - Reports all errors at once, each with its file, line, key and a fix, and fails when there are any.
  - Takes no credentials and no network. Changes nothing.
  - Values that look like secrets are never repeated in a message.
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.topology
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
options:
  layers:
    description:
      - What is laid over the document, weakest first, as the inventory plugin P(groundwork.aws.ec2_services#inventory)
        says it in C(stack_layers). O(overrides) come on top.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What errors call it.
        type: str
        required: true
      values:
        description: The keys of the document that it sets.
        type: raw
      directory:
        description: What relative paths in it count from where no file is known that sets them.
        type: path
      files:
        description: YAML files on the controller that may set it, as C(stack_overrides). They give errors their lines.
        type: list
        elements: path
        default: []
      problems:
        description: Problems that were found while it was rendered, each as a list of its place and its text.
        type: list
        elements: list
        default: []
  directory:
    description: What relative paths in a document count from that is given as a mapping.
    type: path
  inventory:
    description:
      - What the inventory says of all hosts. Without it nothing is checked of how hosts are reached.
    type: dict
    suboptions:
      directory:
        description: The directory of the inventory, from which paths in its variables count.
        type: path
      files:
        description: YAML files on the controller that may set the variables. They give errors their lines.
        type: list
        elements: path
        default: []
      address:
        description: The address that ansible connects to, as the inventory plugin has it.
        type: str
      variables:
        description:
          - Variables of all hosts. Those that are looked at are C(ansible_connection), C(ansible_ssh_private_key_file),
            C(ansible_private_key_file), C(app_database_authorities), C(app_cache_authorities) and C(app_exclude).
        type: dict
        default: {}
      app_secrets:
        description:
          - The names in the variable C(app_secrets), for each service a dictionary. The values are not those of the
            variable but what is wrong with them, or null.
        type: raw
seealso:
  - module: groundwork.aws.stack
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Check a document
  groundwork.aws.topology_validate:
    topology: /home/me/shop/topology.yml

- name: Check it with what the inventory says
  groundwork.aws.topology_validate:
    topology: "{{ stack_source.topology }}"
    layers: "{{ stack_layers }}"
    inventory: "{{ stack_inventory }}"
"""

RETURN = r"""
stack:
  description: The name of the stack.
  returned: always
  type: str
  sample: shop
summary:
  description: One line about the outcome.
  returned: always
  type: str
  sample: "shop is valid: 2 services, 2 local sources checked"
report:
  description: The errors and warnings as people read them, and the summary at the end, one line each.
  returned: always
  type: list
  elements: str
errors:
  description: All that is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    file:
      description: The file that sets the value, null where it is not known.
      type: str
    line:
      description: The line, from 1, null where it is not known.
      type: int
    column:
      description: The column, from 1, null where it is not known.
      type: int
    path:
      description: The key.
      type: str
      sample: services.api.port
    source:
      description: The layer that sets the value, null for the document itself.
      type: str
      sample: stack_overrides of the extra variables
    message:
      description: What is wrong.
      type: str
    fix:
      description: What to do.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._topology.validate import validate

FILES = {"type": "list", "elements": "path", "default": []}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "layers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "values": {"type": "raw"},
            "directory": {"type": "path"},
            "files": FILES,
            "problems": {"type": "list", "elements": "list", "default": []},
        },
    },
    "directory": {"type": "path"},
    "inventory": {
        "type": "dict",
        "options": {
            "directory": {"type": "path"},
            "files": FILES,
            "address": {"type": "str"},
            "variables": {"type": "dict", "default": {}},
            "app_secrets": {"type": "raw", "no_log": False},
        },
    },
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Do the work of the module and return its result."""
    return validate(options)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    result = run(module.params, module.check_mode)
    for text in result.pop("warnings"):
        module.warn(text)
    (module.fail_json if result.get("failed") else module.exit_json)(**result)


if __name__ == "__main__":
    main()
