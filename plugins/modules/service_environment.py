#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the environment variables that a stack gives to a service."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: service_environment
short_description: Read the environment variables that a stack gives to a service
version_added: 0.1.0
description:
  - Reads the URLs of the databases and caches of a service, with its logins, and its secrets.
  - The result is secret. Give the task C(no_log), and show the message of a failure in a C(rescue), because it never
    contains a value.
options:
  stack:
    description:
      - The name of the stack.
    type: str
    required: true
  service:
    description:
      - The name of the service in the document.
    type: str
    required: true
  databases:
    description:
      - The databases of the service, each with the C(name) in the document and the C(variable) for its URL.
      - As C(databases) of a service in C(groundwork_services) of the inventory.
    type: list
    elements: dict
    default: []
  caches:
    description:
      - The caches of the service, each with the C(name) in the document and the C(variable) for its URL.
    type: list
    elements: dict
    default: []
  secrets:
    description:
      - The secrets of the service, each with the C(name) in the document and the C(variable) for its value.
      - For a secret that the stack did not create, C(existing) is its name or ARN, and C(key) selects a part of a
        secret in JSON.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.database_login
  - module: groundwork.aws.stack
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Read the environment of the API
  groundwork.aws.service_environment:
    stack: shop
    region: eu-central-1
    service: api
    databases:
      - {name: main, variable: DATABASE_URL}
    caches:
      - {name: redis, variable: REDIS_URL}
    secrets:
      - {name: jwt, variable: JWT_SECRET}
      - {name: payment, variable: PAYMENT_KEY, existing: payment-provider, key: api_key}
  delegate_to: localhost
  no_log: true
  register: given
"""

RETURN = r"""
environment:
  description: The variables by name.
  returned: success
  type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.service_environment import read_service_environment

RECORDS: dict[str, Any] = {"type": "list", "elements": "dict", "default": []}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "stack": {"type": "str", "required": True},
    "service": {"type": "str", "required": True},
    "databases": RECORDS,
    "caches": RECORDS,
    # The option has names of secrets, not their values.
    "secrets": {**RECORDS, "no_log": False},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return read_service_environment(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
