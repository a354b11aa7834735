#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set up the database user of a service."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_user
short_description: Set up the database user of a service
version_added: 0.1.0
description:
  - Checks whether a user can log in to a database with its password, and has what a service needs there.
  - If not, creates the user or sets its password, and gives it the database together with the users of all other
    services of that database. Each can use and change what another has created.
  - In PostgreSQL an owner role without a login, C(<database>_owner), owns the database and its objects. The users are
    members of it, and their sessions act as this role. What users of earlier versions own is given to it while they use
    it. An object that a transaction locks for long keeps its owner until the next run, with a warning.
  - In MySQL and MariaDB each user has all privileges on the database. New users can only connect over TLS.
  - In check mode it only checks, and needs no master user.
  - Runs on a host that reaches the database, with a Python that has the driver of its engine.
options:
  state:
    description:
      - With V(present), the user can log in and use the database.
      - With V(disabled), it cannot log in. Nothing that it created is deleted, and other users keep their access.
    type: str
    choices: [present, disabled]
    default: present
  stack:
    description:
      - The name of the stack. PostgreSQL keeps it in the comment of the user, so that a stack does not change the
        password of a user of another one.
    type: str
  members:
    description:
      - The users of all services that use the database. In PostgreSQL the module warns of other users of O(stack),
        which are those of services that were renamed or removed. By default it does not.
    type: list
    elements: str
    default: []
  require_tls:
    description:
      - Whether a user of MySQL that exists already can only connect over TLS from now on.
      - Without it the module warns of a user that an earlier version created without this requirement.
    type: bool
    default: false
  password:
    description:
      - The password of the user. Required unless O(state=disabled).
    type: str
    required: false
  login_user:
    description:
      - The master user. Needed unless the user is set up already, or in check mode.
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
    ca_cert: /etc/groundwork/databases.pem
    database: "{{ login.database }}"
    username: "{{ login.user.username }}"
    password: "{{ login.user.password }}"
    login_user: "{{ login.master.username }}"
    login_password: "{{ login.master.password }}"
"""

RETURN = r"""
got_in:
  description: Whether the user could log in before and had all it needs.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import ARGUMENTS, AccessError
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_users import disable_user, ensure_user
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ARGUMENTS,
            "state": {"type": "str", "choices": ["present", "disabled"], "default": "present"},
            "stack": {"type": "str"},
            "members": {"type": "list", "elements": "str", "default": []},
            "require_tls": {"type": "bool", "default": False},
            "password": {"type": "str", "no_log": True},
            "login_user": {"type": "str"},
            "login_password": {"type": "str", "no_log": True},
        },
        required_together=[("login_user", "login_password")],
        required_if=[("state", "present", ["password"]), ("state", "disabled", ["login_user"])],
        supports_check_mode=True,
    )
    change = disable_user if module.params["state"] == "disabled" else ensure_user
    try:
        outcome = change(module.params, module.check_mode)
    except AccessError as error:
        module.fail_json(msg=replace_control_characters(str(error)))
    for warning in outcome.warnings:
        module.warn(replace_control_characters(warning))
    module.exit_json(changed=outcome.changed, got_in=not outcome.changed)


if __name__ == "__main__":
    main()
