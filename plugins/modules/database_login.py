#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell how a service gets into a database of its stack."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_login
short_description: Tell how a service gets into a database of its stack
version_added: 0.1.0
description:
  - Reads where a database is, and from AWS Secrets Manager the name and password that the stack made up for a service.
  - What it returns is secret. Give the task C(no_log).
options:
  stack:
    description:
      - The name of the stack.
    type: str
    required: true
  database:
    description:
      - The name of the database in the document.
    type: str
    required: true
  service:
    description:
      - The name of the service in the document.
    type: str
    required: true
  master:
    description:
      - Whether the name and password of the master user are wanted, too.
    type: bool
    default: false
  instance:
    description:
      - An instance that stands beside the database, as M(groundwork.aws.database_restore) makes it.
      - Without it, that which serves is meant.
    type: str
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.service_environment
  - module: groundwork.aws.database_user
  - module: groundwork.aws.stack
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Read how the API gets into its database
  groundwork.aws.database_login:
    stack: shop
    region: eu-central-1
    database: main
    service: api
  delegate_to: localhost
  no_log: true
  register: login
"""

RETURN = r"""
engine:
  description: What it is, V(mysql) or V(postgres).
  returned: success
  type: str
host:
  description: Where it answers.
  returned: success
  type: str
port:
  description: At which port.
  returned: success
  type: int
database:
  description: What the database inside is called.
  returned: success
  type: str
user:
  description: The C(username) and C(password) of the service.
  returned: success
  type: dict
master:
  description: The C(username) and C(password) of the master user.
  returned: when O(master) is true
  type: dict
url:
  description: All of that for the service, in one line.
  returned: success
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._database.login import login

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "stack": {"type": "str", "required": True},
    "database": {"type": "str", "required": True},
    "service": {"type": "str", "required": True},
    "master": {"type": "bool", "default": False},
    "instance": {"type": "str"},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Do the work of the module and return its result."""
    return login(options)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    answer(module, run)


if __name__ == "__main__":
    main()
