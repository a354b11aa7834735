#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
version_added: 0.1.0
short_description: Read packages, users, units, paths and versions of a host
description:
  - Reads in one task what a role compares with the desired state, so that tasks that change something run only where
    something differs. Where nothing does, the connection to the host is what takes the time.
  - It reads the host itself, and remembers nothing between runs. Changes nothing.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  packages:
    description:
      - Packages, by name. What is no plain name, such as a version, a group or a URL, counts as missing, so that the
        package manager decides.
    type: list
    elements: str
    default: []
  users:
    description: Users, by name. Reading whether they are locked takes root.
    type: list
    elements: str
    default: []
  units:
    description: Units of systemd, with their suffix.
    type: list
    elements: str
    default: []
  paths:
    description: Paths. No link is followed.
    type: list
    elements: path
    default: []
  programs:
    description:
      - Commands that only print something, such as a version, by a name of your own. Each is a list of arguments.
    type: dict
    default: {}
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Read what the host has
  groundwork.aws.host_info:
    packages: [nginx]
    units: [nginx.service]
    programs: {version: [/usr/sbin/nginx, -v]}
  register: nginx_found

- name: Install nginx
  ansible.builtin.package: {name: nginx}
  when: nginx_found.missing_packages | length > 0

- name: Start nginx, now and at boot
  ansible.builtin.systemd_service: {name: nginx, state: started, enabled: true}
  when: "'nginx.service' in nginx_found.unsettled_units"
"""

RETURN = r"""
missing_packages:
  description: Those of O(packages) that are not installed, or not completely, in their order.
  type: list
  elements: str
  returned: success
users:
  description:
    - The users of O(users) by name. Each has C(home), C(shell), C(locked), whether no password opens it, and
      C(own_group), whether its group has its name.
    - A user that does not exist is null.
  type: dict
  returned: success
  sample: {app-web: {home: /nonexistent, shell: /usr/sbin/nologin, locked: true, own_group: true}}
units:
  description:
    - The units of O(units) by name. Each has C(enabled), as C(systemctl is-enabled) says it, C(active), which includes
      starting, and C(outdated), whether its file has changed since systemd has read it.
    - A unit that does not exist is none of these.
  type: dict
  returned: success
  sample: {nginx.service: {enabled: true, active: true, outdated: false}}
unsettled_units:
  description: Those of O(units) that are not enabled, not active, or outdated, in their order.
  type: list
  elements: str
  returned: success
paths:
  description:
    - The paths of O(paths). Each has C(kind), which is V(file), V(directory), V(link), V(special file) or empty,
      C(target), that of a link, and C(is_empty), whether it is a directory with nothing in it.
  type: dict
  returned: success
  sample: {/usr/local/bin/uv: {kind: link, target: /opt/uv/0.13.9/bin/uv, is_empty: false}}
programs:
  description:
    - The commands of O(programs) by name. Each has C(status), and C(output), its output or else its error output.
    - The status of a program that does not exist is 127.
  type: dict
  returned: success
  sample: {version: {status: 0, output: "nginx version: nginx/1.22.1"}}
"""

from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._host.host_state import (
    NO_PROGRAM,
    SETTLED_UNIT,
    StateError,
    find_missing_packages,
    read_paths,
    read_programs,
    read_units,
    read_users,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters


def main() -> None:
    lists = {name: {"type": "list", "elements": "str", "default": []} for name in ("packages", "users", "units")}
    module = AnsibleModule(
        argument_spec={
            **lists,
            "paths": {"type": "list", "elements": "path", "default": []},
            "programs": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    parameters = module.params
    for name, command in parameters["programs"].items():
        if not isinstance(command, list) or not command:
            module.fail_json(msg=f"programs.{name} has to be a list of arguments, like ['node', '--version']")

    def run(command: Sequence[str]) -> tuple[int, str, str]:
        arguments = [str(argument) for argument in command]
        try:
            return module.run_command(arguments, environ_update={"LC_ALL": "C.UTF-8"}, handle_exceptions=False)
        except OSError as error:
            return NO_PROGRAM, "", str(error)

    try:
        units = read_units(parameters["units"], run)
        module.exit_json(
            changed=False,
            missing_packages=find_missing_packages(parameters["packages"], run),
            users=read_users(parameters["users"]),
            units=units,
            unsettled_units=[name for name in parameters["units"] if units[name] != SETTLED_UNIT],
            paths=read_paths(parameters["paths"]),
            programs=read_programs(parameters["programs"], run),
        )
    except (StateError, OSError) as error:
        module.fail_json(msg=f"{replace_control_characters(str(error))}. Nothing was changed.")


if __name__ == "__main__":
    main()
