#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: pm2_app
version_added: 0.1.0
short_description: Manage an application under PM2
description:
  - Brings what PM2 runs to what a process file says, and says what that took.
  - It compares with what really runs, directory of the release included. PM2 itself only knows the symbolic link that
    an application was started with and would call an old release up to date.
  - Waits until all processes are online and stay so. When they do not, it fails with the last lines of their log.
  - PM2's daemon must run already, under systemd. The module never starts one.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  name:
    description: Name of the application in PM2.
    type: str
    required: true
  state:
    description:
      - V(present) starts the application, and reloads, scales or makes it anew when something differs.
      - V(reloaded) does the same, and reloads when nothing differs.
      - V(absent) removes it from PM2.
    type: str
    choices: [present, reloaded, absent]
    default: present
  start:
    description: V(false) leaves an application alone that PM2 does not have yet.
    type: bool
    default: true
  file:
    description: Process file in JSON, with the application among its C(apps). Needed unless O(state=absent).
    type: path
  reload_command:
    description:
      - Command, run as O(user), that makes the application go over to the current release, instead of C(pm2 reload).
    type: list
    elements: str
  user:
    description: User that PM2 runs under.
    type: str
    default: app
  home:
    description: PM2's directory. By default C(.pm2) in the home directory of O(user).
    type: path
  executable:
    description: The C(pm2) command.
    type: path
    default: /usr/local/bin/pm2
  path:
    description: Search path that PM2 and the processes get.
    type: str
    default: /usr/local/bin:/usr/bin:/bin
  timeout:
    description: How many seconds the processes may take to come online.
    type: int
    default: 60
  settle:
    description: For how many seconds they must have been online.
    type: int
    default: 2
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode. Values of variables are not shown.
    support: full
"""

EXAMPLES = r"""
- name: Have the current release served
  groundwork.aws.pm2_app:
    name: web
    file: /etc/groundwork/pm2/web.json

- name: Remove an application
  groundwork.aws.pm2_app:
    name: web
    state: absent
"""

RETURN = r"""
action:
  description: What was done (or would be, in check mode).
  type: str
  returned: always
  sample: reload
processes:
  description: Process ids.
  type: list
  elements: int
  returned: always
release:
  description: The directory that the processes work in.
  type: str
  returned: when O(state) is not V(absent)
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._pm2.control import Pm2, Pm2Problem, last_lines
from ansible_collections.groundwork.aws.plugins.module_utils._pm2.process import Plan, plan


def process_of(file: str, name: str) -> dict[str, Any]:
    try:
        with open(file, encoding="utf-8") as content:
            apps = json.load(content)["apps"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Pm2Problem(f"the process file {file} cannot be read: {problem}") from problem
    found = [app for app in apps if app.get("name") == name]
    if not found:
        raise Pm2Problem(f"the process file {file} has no application {name}")
    return dict(found[0])


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"choices": ["present", "reloaded", "absent"], "default": "present"},
            "start": {"type": "bool", "default": True},
            "file": {"type": "path"},
            "reload_command": {"type": "list", "elements": "str"},
            "user": {"type": "str", "default": "app"},
            "home": {"type": "path"},
            "executable": {"type": "path", "default": "/usr/local/bin/pm2"},
            "path": {"type": "str", "default": "/usr/local/bin:/usr/bin:/bin"},
            "timeout": {"type": "int", "default": 60},
            "settle": {"type": "int", "default": 2},
        },
        required_if=[("state", "present", ["file"]), ("state", "reloaded", ["file"])],
        supports_check_mode=True,
    )
    options = module.params
    try:
        module.exit_json(**(remove(options, module.check_mode) if options["state"] == "absent" else bring(module)))
    except (Pm2Problem, OSError) as problem:
        module.fail_json(msg=f"{options['name']} is not as wanted under PM2: {problem}.")


def daemon(options: Mapping[str, Any]) -> Pm2:
    return Pm2(options["executable"], options["user"], options["home"], options["path"])


def remove(options: Mapping[str, Any], pretend: bool) -> dict[str, Any]:
    pm2 = daemon(options)
    running = pm2.processes(options["name"]) if pm2.alive() else []
    if running and not pretend:
        pm2.run("delete", options["name"])
        pm2.run("save", "--force")
    return {"changed": bool(running), "action": "delete" if running else "none", "processes": []}


def bring(module: AnsibleModule) -> dict[str, Any]:
    options = module.params
    wanted = process_of(options["file"], options["name"])
    release = os.path.realpath(wanted.get("cwd", "/"))
    pm2 = daemon(options)
    if not pm2.alive() and not module.check_mode:
        raise Pm2Problem(f"its daemon does not answer in {pm2.home} (systemctl start pm2)")
    running = pm2.processes(options["name"]) if pm2.alive() else []
    what = plan(wanted, running, pm2.directories(running), release)
    if what.action == "start" and not options["start"]:
        what = Plan("none")
    elif what.action == "none" and options["state"] == "reloaded":
        what = Plan("reload", (("reload", "", "asked for"),))
    if what.action != "none" and not module.check_mode:
        running = carry_out(pm2, what, wanted, release, options)
    return {
        "changed": what.action != "none",
        "action": what.action,
        "processes": [process["pid"] for process in running],
        "release": release,
        "diff": {side: side_of(what, place) for side, place in (("before", 1), ("after", 2))},
    }


def carry_out(
    pm2: Pm2, what: Plan, wanted: Mapping[str, Any], release: str, options: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    name, number = options["name"], wanted.get("instances", 1)
    try:
        pm2.carry_out(what, name, options["file"], number, options["reload_command"])
        running = pm2.wait(name, number, release, options["timeout"], options["settle"])
    except Pm2Problem as problem:
        log = wanted.get("error_file", "")
        raise Pm2Problem(f"{problem}. The last lines of {log}:\n{last_lines(log)}\n") from problem
    pm2.run("save", "--force")
    return running


def side_of(what: Plan, place: int) -> str:
    return "".join(f"{reason[0]}: {reason[place]}\n" for reason in what.reasons)


if __name__ == "__main__":
    main()
