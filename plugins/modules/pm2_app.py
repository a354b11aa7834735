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
  - A process that crashes in a loop is never reloaded, which PM2 cannot do. It is stopped, and started when it is gone.
  - PM2's daemon must run already, under systemd. The module never starts one; it waits 15 seconds for one that died.
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
      - V(restarted) stops the application, waits until its processes are gone, and starts it. Where O(reload_command)
        is given and the application is online, it tries that first, because it interrupts nothing.
      - V(stable) changes nothing, and fails when a process ends again and again, or exceeds its memory limit, before
        all of them have been online for O(settle) seconds.
      - V(absent) removes it from PM2.
    type: str
    choices: [present, reloaded, restarted, stable, absent]
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
    description: For how many seconds they must have been online without a crash.
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

- name: Fail unless it runs for ten seconds without a crash
  groundwork.aws.pm2_app:
    name: web
    state: stable
    file: /etc/groundwork/pm2/web.json
    settle: 10

- name: Remove an application
  groundwork.aws.pm2_app:
    name: web
    state: absent
"""

RETURN = r"""
action:
  description:
    - What was done (or would be, in check mode).
    - One of V(none), V(start), V(recreate), V(restart), V(scale), V(reload) and V(delete).
    - V(restart) stops the application and starts it, V(recreate) does so because an option differs.
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
from ansible_collections.groundwork.aws.plugins.module_utils._pm2.process import (
    Plan,
    Target,
    count_restarts,
    expect_restarts,
    is_reloadable,
    plan,
)


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
            "state": {"choices": ["present", "reloaded", "restarted", "stable", "absent"], "default": "present"},
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
        required_if=[("state", state, ["file"]) for state in ("present", "reloaded", "restarted", "stable")],
        supports_check_mode=True,
    )
    options = module.params
    acts = {"absent": remove, "stable": watch}
    try:
        module.exit_json(**acts.get(options["state"], bring)(options, module.check_mode))
    except (Pm2Problem, OSError) as problem:
        module.fail_json(msg=f"{options['name']} is not as wanted under PM2: {problem}.")


def daemon(options: Mapping[str, Any]) -> Pm2:
    return Pm2(options["executable"], options["user"], options["home"], options["path"])


def remove(options: Mapping[str, Any], pretend: bool) -> dict[str, Any]:
    pm2 = daemon(options)
    running = pm2.processes(options["name"]) if pm2.alive() else []
    if running and not pretend:
        pm2.stop(options["name"])
        pm2.run("save", "--force")
    return {"changed": bool(running), "action": "delete" if running else "none", "processes": []}


def watch(options: Mapping[str, Any], pretend: bool) -> dict[str, Any]:
    """See whether what runs stays up. In check mode nothing was started that could be watched."""
    process_file = process_of(options["file"], options["name"])
    pm2 = daemon(options)
    running: list[Mapping[str, Any]] = []
    if not pretend:
        running = pm2.processes(options["name"])
        if not running:
            raise Pm2Problem("PM2 has no process of it")
        running = wait(pm2, process_file, count_restarts(running), options)
    return result("none", running, release_of(process_file), Plan("none"))


def bring(options: Mapping[str, Any], pretend: bool) -> dict[str, Any]:
    process_file = process_of(options["file"], options["name"])
    release = release_of(process_file)
    pm2 = daemon(options)
    # In check mode PM2 may not be installed yet.
    running = [] if pretend and not pm2.alive() else pm2.processes(options["name"])
    what = choose(plan(process_file, running, pm2.directories(running), release), running, options)
    action = what.action
    if action != "none" and not pretend:
        before = count_restarts(running)
        try:
            action, running = act(pm2, action, process_file, before, options)
        except Pm2Problem:
            if action != "reload" or options["state"] != "restarted":
                raise
            action, running = act(pm2, "restart", process_file, before, options)
        pm2.run("save", "--force")
    return result(action, running, release, what)


def choose(found: Plan, running: list[Mapping[str, Any]], options: Mapping[str, Any]) -> Plan:
    """What the state asks for beyond what differs."""
    if found.action == "start":
        return found if options["start"] else Plan("none")
    if options["state"] == "restarted":
        seamless = options["reload_command"] and all(is_reloadable(process) for process in running)
        return Plan("reload" if seamless else "restart", found.reasons or (("restart", "", "asked for"),))
    if found.action == "none" and options["state"] == "reloaded":
        return Plan("reload", (("reload", "", "asked for"),))
    return found


def act(
    pm2: Pm2, action: str, process_file: Mapping[str, Any], before: Mapping[Any, int], options: Mapping[str, Any]
) -> tuple[str, list[Mapping[str, Any]]]:
    """Do it, and wait until the processes are stable: the action that was really done, and the processes."""
    number = process_file.get("instances", 1)
    try:
        done = pm2.carry_out(action, options["name"], options["file"], number, options["reload_command"])
    except Pm2Problem as problem:
        raise with_log(problem, process_file) from problem
    # An application that goes over to the release itself is not restarted by PM2.
    seamless = done == "reload" and options["reload_command"]
    return done, wait(pm2, process_file, expect_restarts("none" if seamless else done, before), options)


def wait(
    pm2: Pm2, process_file: Mapping[str, Any], expected: Mapping[Any, int], options: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    target = Target(process_file.get("instances", 1), release_of(process_file), options["settle"])
    try:
        return pm2.wait(options["name"], target, expected, options["timeout"])
    except Pm2Problem as problem:
        raise with_log(problem, process_file) from problem


def with_log(problem: Pm2Problem, process_file: Mapping[str, Any]) -> Pm2Problem:
    log = process_file.get("error_file", "")
    return Pm2Problem(f"{problem}. The last lines of {log}:\n{last_lines(log)}\n")


def release_of(process_file: Mapping[str, Any]) -> str:
    return os.path.realpath(process_file.get("cwd", "/"))


def result(action: str, running: list[Mapping[str, Any]], release: str, what: Plan) -> dict[str, Any]:
    return {
        "changed": action != "none",
        "action": action,
        "processes": [process["pid"] for process in running],
        "release": release,
        "diff": {side: side_of(what, place) for side, place in (("before", 1), ("after", 2))},
    }


def side_of(what: Plan, place: int) -> str:
    return "".join(f"{reason[0]}: {reason[place]}\n" for reason in what.reasons)


if __name__ == "__main__":
    main()
