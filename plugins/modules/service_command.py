#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: service_command
version_added: 0.1.0
short_description: Run a command that prints what a service has written
description:
  - Like M(ansible.builtin.command), for commands whose output is that of a service, such as a build, a migration or a
    log. A service may print without end, bytes that are not UTF-8, which Ansible does not accept of a module, and
    sequences that a terminal obeys.
  - It keeps the end of the output only, replaces control characters and bytes that are not UTF-8, and ends in time.
  - It does not fail when the command does. Look at RV(rc).
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  argv:
    description: The command and its arguments. No shell reads them, and no variable in them is replaced.
    type: list
    elements: str
    required: true
  timeout:
    description:
      - Seconds after which the command is killed, with the processes of its group. A unit of systemd that it has
        started needs a limit of its own.
    type: int
    required: true
  keep:
    description: Bytes of the end of each stream that are kept.
    type: int
    default: 65536
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: partial
    details: The command is not run. A task that only reads says C(check_mode=false).
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Read the last lines of the log
  groundwork.aws.service_command:
    argv: [tail, --bytes=65536, /var/log/shop/web.log]
    timeout: 10
  changed_when: false
  check_mode: false
  register: web_log
"""

RETURN = r"""
rc:
  description:
    - Status of the command. As in shells, V(124) says that its time was over, and V(127) that there is no such program.
  type: int
  returned: when it was run
stdout:
  description: The end of its output, without control characters but tabs and line ends.
  type: str
  returned: when it was run
stderr:
  description: The end of its error output, in the same way; why it could not be run, or that its time was over.
  type: str
  returned: when it was run
truncated:
  description: Whether it printed more than is returned.
  type: bool
  returned: when it was run
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._host.bounded_process import run_bounded
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters

TIMED_OUT = 124
NO_PROGRAM = 127


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "argv": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "required": True},
            "keep": {"type": "int", "default": 65536},
        },
        supports_check_mode=True,
    )
    command, timeout, keep = (module.params[name] for name in ("argv", "timeout", "keep"))
    if not command or timeout < 1 or keep < 1:
        module.fail_json(msg="argv needs a program, and timeout and keep have to be 1 or more. Nothing was run.")
    if module.check_mode:
        module.exit_json(changed=False, skipped=True, msg="not run in check mode")
    try:
        ended = run_bounded(command, timeout, keep)
    except OSError as error:
        problem = replace_control_characters(f"{command[0]} cannot be run: {error}")
        module.exit_json(changed=False, rc=NO_PROGRAM, stdout="", stderr=problem, truncated=False)
    status, errors = ended.status, ended.errors
    if status is None:
        status, errors = TIMED_OUT, f"{errors}\n{command[0]} did not end within {timeout} s, and was killed"
    module.exit_json(
        changed=True,
        rc=status,
        stdout=replace_control_characters(ended.output),
        stderr=replace_control_characters(errors.lstrip("\n")),
        truncated=ended.is_cut,
    )


if __name__ == "__main__":
    main()
