#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give a service a user of its own in a database."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_user
short_description: Give a service a user of its own in a database
version_added: 0.1.0
description:
  - Sees whether a user gets into a database with its password.
  - If it does not, makes it or gives it the password, and lets it do everything inside of that one database.
  - In check mode it sees, and does not need the master user for that.
  - Runs on a host that reaches the database, with a Python that has the driver of its engine.
options:
  login_user:
    description:
      - The master user. Needed unless the user gets in already, or in check mode.
    type: str
  login_password:
    description:
      - The password of the master user.
    type: str
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
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Give the API its user
  groundwork.aws.database_user:
    engine: "{{ login.engine }}"
    host: "{{ login.host }}"
    port: "{{ login.port }}"
    database: "{{ login.database }}"
    username: "{{ login.user.username }}"
    password: "{{ login.user.password }}"
    login_user: "{{ login.master.username }}"
    login_password: "{{ login.master.password }}"
"""

RETURN = r"""
got_in:
  description: Whether the user got in before anything was done.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._database.users import ARGUMENTS, AccessError, ensure


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "login_user": {"type": "str"},
            "login_password": {"type": "str", "no_log": True},
        },
        required_together=[("login_user", "login_password")],
        supports_check_mode=True,
    )
    try:
        changed = ensure(module.params, module.check_mode)
        module.exit_json(changed=changed, got_in=not changed)
    except AccessError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
