#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a topology before anything is created."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: topology_validate
short_description: Check a topology before anything is created
version_added: 0.1.0
description:
  - Checks all that can be known of a stack without AWS, which is the document with its layers, the variables of the
    inventory, and the sources of the services as far as they are on the controller.
  - Reports all errors at once, each with its file, line, key and a fix, and fails when there are any.
  - Needs no credentials and no network. Changes nothing.
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
      - The layers over the document, weakest first, from C(stack_layers) of the inventory plugin
        P(groundwork.aws.ec2_services#inventory). O(overrides) come on top.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name in errors.
        type: str
        required: true
      values:
        description: The keys of the document that it sets.
        type: raw
      directory:
        description: The base of relative paths in it, unless the file that sets them is known.
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
  services:
    description:
      - Names that have to be those of services of the document, from the extra variable C(services). A list, or text
        that separates them.
    type: raw
  ref:
    description: The extra variable C(ref). It is an error, because validation deploys nothing.
    type: raw
  to:
    description: The extra variable C(to). It is an error, because validation returns to no release.
    type: raw
  request:
    description:
      - Whether the variables C(topology), C(stack_overrides), C(services), C(ref) and C(to) of the run are read, and
        the names of all variables of the command line. A template that fails is an error like any other, and so is
        a name that is one character away from that of a variable of the playbooks.
      - The action plugin of this module reads them. O(topology) and O(layers), if they are set, are not replaced.
    type: bool
    default: false
  extra_variables:
    description: The names of the variables of the command line, which O(request) sets.
    type: list
    elements: str
    default: []
  variable_problems:
    description: Extra variables whose templates fail, each as a list of its name and the text, which O(request) sets.
    type: list
    elements: list
    default: []
  directory:
    description: The base of relative paths in a document that is given as a mapping.
    type: path
  inventory:
    description:
      - The settings of the inventory for all hosts. Without it the connection to hosts is not checked.
    type: dict
    suboptions:
      directory:
        description: The directory of the inventory, the base of relative paths in its variables.
        type: path
      source:
        description: The inventory source, whose options are checked.
        type: path
      files:
        description: YAML files on the controller that may set the variables. They give errors their lines.
        type: list
        elements: path
        default: []
      extra_variables:
        description: The variables that the command line sets.
        type: list
        elements: str
        default: []
      extra_files:
        description: YAML files that the command line names (C(-e @file)). They may set these variables.
        type: list
        elements: path
        default: []
      address:
        description: The address that ansible connects to, as the inventory plugin has it.
        type: str
      variables:
        description:
          - Variables of all hosts. Checked are C(ansible_connection), C(ansible_ssh_private_key_file),
            C(ansible_private_key_file), C(app_database_authorities), C(app_cache_authorities) and C(app_exclude).
        type: dict
        default: {}
      app_secrets:
        description:
          - The names in the variable C(app_secrets), for each service a dictionary. The values are not those of the
            variable but their problems, or null.
        type: raw
      secrets_of_files:
        description:
          - The same of C(app_secrets) in the variables of other groups than C(all) and of hosts, one entry for each
            file.
        type: list
        elements: dict
        default: []
        suboptions:
          file:
            description: The file.
            type: path
            required: true
          name:
            description: Its name in errors, such as V(group_vars/web.yml).
            type: str
            required: true
          group:
            description: The group, where it is not a host that has the variables.
            type: str
          app_secrets:
            description: The names, as in O(inventory.app_secrets).
            type: raw
      unreadable_files:
        description:
          - The files of variables of other groups than C(all) and of hosts that ansible cannot read.
        type: list
        elements: dict
        default: []
        suboptions:
          file:
            description: The file.
            type: path
            required: true
          line:
            description: The line of the problem, from 1.
            type: int
            required: true
          column:
            description: Its column, from 1.
            type: int
            required: true
          text:
            description: The problem.
            type: str
            required: true
          group:
            description: The group, where it is not a host that has the variables.
            type: str
      connection_problem:
        description:
          - Why the options or the variable for the connection to AWS cannot be used. Each problem is a line.
        type: str
      option_problems:
        description: Problems of options of the inventory source, each as a list of its name and its text.
        type: list
        elements: list
        default: []
      has_connection_variable:
        description: Whether the variable C(groundwork_connection) sets the connection.
        type: bool
        default: false
seealso:
  - module: groundwork.aws.stack
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Check a document
  groundwork.aws.topology_validate:
    topology: /home/me/shop/topology.yml

- name: Check it with the settings of the inventory
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
  description: The result in one line.
  returned: always
  type: str
  sample: "shop is valid: 2 services, 2 local sources checked"
report:
  description: The errors and warnings as people read them, and the summary at the end, one line each.
  returned: always
  type: list
  elements: str
errors:
  description: The errors.
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
      description: The problem.
      type: str
    fix:
      description: What to do.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate

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
    "services": {"type": "raw"},
    "ref": {"type": "raw"},
    "to": {"type": "raw"},
    "request": {"type": "bool", "default": False},
    "extra_variables": {"type": "list", "elements": "str", "default": []},
    "variable_problems": {"type": "list", "elements": "list", "default": []},
    "directory": {"type": "path"},
    "inventory": {
        "type": "dict",
        "options": {
            "directory": {"type": "path"},
            "source": {"type": "path"},
            "files": FILES,
            "extra_variables": {"type": "list", "elements": "str", "default": []},
            "extra_files": FILES,
            "address": {"type": "str"},
            "variables": {"type": "dict", "default": {}},
            "app_secrets": {"type": "raw", "no_log": False},
            "secrets_of_files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": False,
                "options": {
                    "file": {"type": "path", "required": True},
                    "name": {"type": "str", "required": True},
                    "group": {"type": "str"},
                    "app_secrets": {"type": "raw", "no_log": False},
                },
            },
            "unreadable_files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "file": {"type": "path", "required": True},
                    "line": {"type": "int", "required": True},
                    "column": {"type": "int", "required": True},
                    "text": {"type": "str", "required": True},
                    "group": {"type": "str"},
                },
            },
            "connection_problem": {"type": "str"},
            "option_problems": {"type": "list", "elements": "list", "default": []},
            "has_connection_variable": {"type": "bool", "default": False},
        },
    },
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return validate(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run, needs_botocore=False)


if __name__ == "__main__":
    main()
