#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: pm2_app
version_added: 0.1.0
short_description: Manage an application under PM2
description:
  - Changes the processes of PM2 to match a process file, and returns the action.
  - It compares the running processes, with the directory of their release. PM2 itself knows only the symbolic link
    with which an application was started, and would consider an old release up to date.
  - Waits until all processes are online and stable. When they are not, it fails with the last lines of their log.
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
      - V(present) starts the application, and reloads, scales or recreates it when something differs.
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
    description: V(false) does not start an application that PM2 does not have yet.
    type: bool
    default: true
  file:
    description: Process file in JSON, with the application among its C(apps). Needed unless O(state=absent).
    type: path
  reload_command:
    description:
      - Command, run as O(user), that switches the application to the current release, instead of C(pm2 reload).
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
  sandbox:
    description:
      - Properties of a systemd unit, such as V(ProtectSystem=strict), in which every command to PM2 runs. They include
        C(User) and C(Group), and what PM2 has to write to. Only root can use them.
      - PM2 reads files that the service can write, such as those in O(home), so without them a service can reach
        everything that O(user) can.
    type: list
    elements: str
    default: []
  path:
    description: Search path that PM2 and the processes get.
    type: str
    default: /usr/local/bin:/usr/bin:/bin
  unit:
    description:
      - Unit of systemd that runs PM2's daemon. V(reloaded) and V(restarted) restart it when it runs another Node.js
        than the first in O(path), because PM2 starts processes with the Node.js of its daemon.
      - V(present), V(reloaded), V(restarted) and V(absent) also restart it when its list of processes is not one of
        PM2, and V(restarted) and V(absent) when it does not list its processes at all. That interrupts the service.
    type: str
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
- name: Run the current release
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
    - The action that was done, or would be in check mode.
    - One of V(none), V(start), V(recreate), V(restart), V(scale), V(reload), V(delete) and V(update).
    - V(restart) stops the application and starts it, V(recreate) does so because an option differs.
    - V(update) restarts PM2's daemon, and with it the application, with another Node.js.
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

from ansible_collections.groundwork.aws.plugins.module_utils._host.pm2_control import (
    Pm2,
    Pm2AnswerError,
    Pm2Error,
    read_last_lines,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.pm2_process import (
    Plan,
    Target,
    count_restarts,
    expect_restarts,
    is_reloadable,
    plan_process,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters


def read_process(file: str, name: str) -> dict[str, Any]:
    try:
        with open(file, encoding="utf-8") as content:
            found = [app for app in json.load(content)["apps"] if app.get("name") == name]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Pm2Error(f"the process file {file} cannot be read: {error}; configure the host again") from error
    if not found:
        raise Pm2Error(f"the process file {file} has no application {name}")
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
            "sandbox": {"type": "list", "elements": "str", "default": []},
            "path": {"type": "str", "default": "/usr/local/bin:/usr/bin:/bin"},
            "unit": {"type": "str"},
            "timeout": {"type": "int", "default": 60},
            "settle": {"type": "int", "default": 2},
        },
        required_if=[("state", state, ["file"]) for state in ("present", "reloaded", "restarted", "stable")],
        supports_check_mode=True,
    )
    options = module.params
    act = {"absent": remove_app, "stable": require_stable}.get(options["state"], apply_state)
    try:
        module.exit_json(**act(options, module.check_mode))
    except (Pm2Error, OSError) as error:
        problem = replace_control_characters(str(error))
        module.fail_json(msg=f"{options['name']} has not reached the state {options['state']} under PM2: {problem}.")


def connect_daemon(options: Mapping[str, Any]) -> Pm2:
    return Pm2(
        options["executable"], options["user"], options["home"], options["path"], sandbox=options["sandbox"] or ()
    )


def remove_app(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    pm2 = connect_daemon(options)
    running, is_restarted = list_or_restart(pm2, options, check_mode) if pm2.is_alive() else ([], False)
    if running and not check_mode:
        pm2.stop(options["name"])
        pm2.run("save", "--force")
    return {"changed": bool(running) or is_restarted, "action": "delete" if running else "none", "processes": []}


def list_or_restart(pm2: Pm2, options: Mapping[str, Any], check_mode: bool) -> tuple[list[Mapping[str, Any]], bool]:
    """The processes of the application, and whether the daemon was restarted.

    A daemon without a proper list is restarted, because no command reaches it. One that fails for another reason may
    serve, so it is restarted only where the state interrupts the service anyway.
    """
    try:
        return pm2.list_processes(options["name"]), False
    except Pm2Error as error:
        is_allowed = isinstance(error, Pm2AnswerError) or options["state"] in ("restarted", "absent")
        if check_mode or not options["unit"] or not is_allowed:
            raise
    pm2.restart_daemon(options["unit"])
    return pm2.list_processes(options["name"]), True


def require_stable(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Wait until the processes are stable. In check mode none was started."""
    process_file = read_process(options["file"], options["name"])
    pm2 = connect_daemon(options)
    running: list[Mapping[str, Any]] = []
    if not check_mode:
        running = pm2.list_processes(options["name"])
        if not running:
            raise Pm2Error("PM2 has no process of this application")
        running = wait_until_stable(pm2, process_file, count_restarts(running), options)
    return build_result("none", running, find_release(process_file), Plan("none"))


def apply_state(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    process_file = read_process(options["file"], options["name"])
    release = find_release(process_file)
    pm2 = connect_daemon(options)
    # In check mode PM2 may not be installed yet.
    missing = check_mode and not pm2.is_alive()
    running, is_restarted = ([], False) if missing else list_or_restart(pm2, options, check_mode)
    found = plan_process(process_file, running, pm2.read_directories(running), release)
    if is_restarted and running:
        # A daemon starts the processes of a list that the service may have written.
        found = Plan("restart", (("daemon", "without a proper list", "restarted"),))
    plan = extend_plan(found, running, options)
    if options["unit"] and options["state"] in ("reloaded", "restarted"):
        plan = plan_node(plan, pm2, running)
    action = plan.action
    if action != "none" and not check_mode:
        before = count_restarts(running)
        try:
            action, running = carry_out(pm2, action, process_file, before, options)
        except Pm2Error:
            if action != "reload" or options["state"] != "restarted":
                raise
            action, running = carry_out(pm2, "restart", process_file, before, options)
        pm2.run("save", "--force")
    return build_result(action, running, release, plan)


def extend_plan(found: Plan, running: list[Mapping[str, Any]], options: Mapping[str, Any]) -> Plan:
    """Add to the differences the action that the state asks for."""
    if found.action == "start":
        return found if options["start"] else Plan("none")
    if options["state"] == "restarted":
        seamless = options["reload_command"] and all(is_reloadable(process) for process in running)
        return Plan("reload" if seamless else "restart", found.reasons or (("restart", "", "asked for"),))
    if found.action == "none" and options["state"] == "reloaded":
        return Plan("reload", (("reload", "", "asked for"),))
    return found


def plan_node(plan: Plan, pm2: Pm2, running: list[Mapping[str, Any]]) -> Plan:
    """Restart the daemon, and with it the application, when the daemon runs another Node.js than it would get now."""
    before, after = pm2.read_daemon_program(), pm2.find_node()
    if not running or not before or not after or before == after:
        return plan
    return Plan("update", (*plan.reasons, ("node", before, after)))


def carry_out(
    pm2: Pm2, action: str, process_file: Mapping[str, Any], before: Mapping[Any, int], options: Mapping[str, Any]
) -> tuple[str, list[Mapping[str, Any]]]:
    """Carry out the action and wait until the processes are stable; returns the action that was done, and them."""
    number = process_file.get("instances", 1)
    try:
        if action == "update":
            pm2.stop(options["name"])
            pm2.run("save", "--force")
            pm2.restart_daemon(options["unit"])
        needed = "start" if action == "update" else action
        done = pm2.carry_out(needed, options["name"], options["file"], number, options["reload_command"])
    except Pm2Error as error:
        raise add_log(error, process_file) from error
    # PM2 does not restart an application that changes to the release itself.
    seamless = done == "reload" and options["reload_command"]
    running = wait_until_stable(pm2, process_file, expect_restarts("none" if seamless else done, before), options)
    return action if action == "update" else done, running


def wait_until_stable(
    pm2: Pm2, process_file: Mapping[str, Any], expected: Mapping[Any, int], options: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    target = Target(process_file.get("instances", 1), find_release(process_file), options["settle"])
    try:
        return pm2.wait_until_stable(options["name"], target, expected, options["timeout"])
    except Pm2Error as error:
        raise add_log(error, process_file) from error


def add_log(error: Pm2Error, process_file: Mapping[str, Any]) -> Pm2Error:
    log = process_file.get("error_file", "")
    return Pm2Error(f"{error}. The last lines of {log}:\n{read_last_lines(log)}\n")


def find_release(process_file: Mapping[str, Any]) -> str:
    return os.path.realpath(process_file.get("cwd", "/"))


def build_result(action: str, running: list[Mapping[str, Any]], release: str, plan: Plan) -> dict[str, Any]:
    return {
        "changed": action != "none",
        "action": action,
        "processes": [process["pid"] for process in running],
        "release": release,
        "diff": {side: format_side(plan, column) for side, column in (("before", 1), ("after", 2))},
    }


def format_side(plan: Plan, column: int) -> str:
    return replace_control_characters("".join(f"{reason[0]}: {reason[column]}\n" for reason in plan.reasons))


if __name__ == "__main__":
    main()
