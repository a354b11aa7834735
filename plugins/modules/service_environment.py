#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell the environment variables that a stack gives to a service."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: service_environment
short_description: Tell the environment variables that a stack gives to a service
version_added: 0.1.0
description:
  - Reads where the databases and caches of a service are, how it gets into them, and the secrets that it is given.
  - What it returns is secret. Give the task C(no_log), and show what it says of a failure in a C(rescue), for no value
    is ever in that.
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
      - The databases that it uses, each with the C(name) in the document and the C(variable) for its URL.
      - As C(databases) of a service in C(groundwork_services) of the inventory.
    type: list
    elements: dict
    default: []
  caches:
    description:
      - The caches that it uses, each with the C(name) in the document and the C(variable) for its URL.
    type: list
    elements: dict
    default: []
  secrets:
    description:
      - The secrets that it is given, each with the C(name) in the document and the C(variable) for its value.
      - Of one that the stack has not made up, C(existing) is the name or ARN, and C(key) says which part of it is
        meant where it is JSON.
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
- name: Read what the stack gives to the API
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._service.environment import environment

SOME: dict[str, Any] = {"type": "list", "elements": "dict", "default": []}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "stack": {"type": "str", "required": True},
    "service": {"type": "str", "required": True},
    "databases": SOME,
    "caches": SOME,
    # Names of secrets, which are none.
    "secrets": {**SOME, "no_log": False},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Do the work of the module and return its result."""
    return environment(options)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    answer(module, run)


if __name__ == "__main__":
    main()
