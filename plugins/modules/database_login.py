#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the login of a service to a database of its stack."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_login
short_description: Read the login of a service to a database of its stack
version_added: 0.1.0
description:
  - Reads the endpoint of a database, and from AWS Secrets Manager the user and password that the stack generated for a
    service.
  - The result is secret. Give the task C(no_log).
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
      - Whether to return the name and password of the master user as well.
    type: bool
    default: false
  instance:
    description:
      - A standby of the database, which M(groundwork.aws.database_restore) has created.
      - By default the serving instance.
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
- name: Read the login of the API to its database
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
  description: The engine, V(mysql) or V(postgres).
  returned: success
  type: str
host:
  description: The host name of the endpoint.
  returned: success
  type: str
port:
  description: The port of the endpoint.
  returned: success
  type: int
database:
  description: The name of the database in the instance.
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
  description: The URL of the database with the user and password of the service.
  returned: success
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.database_login import read_database_login

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
    """Run the module and return its result."""
    return read_database_login(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
