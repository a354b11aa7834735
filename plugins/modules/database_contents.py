#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that a database has the expected tables."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_contents
short_description: Check that a database has the expected tables
version_added: 0.1.0
description:
  - Logs in to a database as a user, and lists its tables.
  - Fails when it has no table, or when an expected one is missing.
  - Changes nothing. Runs on a host that reaches the database, with a Python that has the driver of its engine.
options:
  expects:
    description:
      - The tables that must exist.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.database_access
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.database_login
  - module: groundwork.aws.database_restore
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Require the table of the orders
  groundwork.aws.database_contents:
    engine: "{{ login.engine }}"
    host: "{{ login.host }}"
    port: "{{ login.port }}"
    ca_cert: /etc/groundwork/databases.pem
    database: "{{ login.database }}"
    username: "{{ login.user.username }}"
    password: "{{ login.user.password }}"
    expects: [orders]
"""

RETURN = r"""
tables:
  description: The names of the tables.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import ARGUMENTS, AccessError
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_contents import (
    find_missing_tables,
    list_tables,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters


def main() -> None:
    module = AnsibleModule(
        argument_spec={**ARGUMENTS, "expects": {"type": "list", "elements": "str", "default": []}},
        supports_check_mode=True,
    )
    try:
        found = list_tables(module.params)
    except AccessError as error:
        module.fail_json(msg=replace_control_characters(str(error)))
    missing = find_missing_tables(found, module.params["expects"])
    if missing:
        message = f"{module.params['database']} at {module.params['host']}: {missing}"
        module.fail_json(msg=replace_control_characters(message), tables=found)
    module.exit_json(changed=False, tables=found)


if __name__ == "__main__":
    main()
