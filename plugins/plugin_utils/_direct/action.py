# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules that run on the controller, run there as they are installed.

Ansible packs a module and all that it imports for every task, and unpacks and compiles it on the other side. That is
what it takes to run somewhere else; here it takes several times as long as most of these modules work.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()

CHILD = Path(__file__).absolute().with_name("child.py")
# Whoever chose no interpreter gets the one that ansible has.
UNCHOSEN = ("", "auto", "auto_silent", "auto_legacy", "auto_legacy_silent")
# What ansible-core 2.17 and 2.19 call what it is given. With any other, modules are packed as always.
READERS = (["res"], ["res", "profile"])
PROFILE = "legacy"


class ControllerAction(ActionBase):  # type: ignore[misc]
    """The controller's part of a module that works through AWS's API.

    On a local connection, without another user and with ansible's own interpreter, the module is a child of this
    process. Everywhere else ansible runs it, as it runs any other.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments, problem = self.arguments()
        if problem:
            return {**result, "failed": True, "changed": False, "msg": problem}
        return {**result, **self.module(arguments, task_vars or {})}

    def arguments(self) -> tuple[dict[str, Any], str | None]:
        """What the module is given, or why it is not run."""
        return dict(self._task.args), None

    def module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The result of the module of this task, wherever it runs."""
        readers = list(inspect.signature(self._parse_returned_data).parameters)
        if readers in READERS and self._is_here(task_vars):
            ended = self._child(arguments, task_vars)
            result: dict[str, Any] = self._parse_returned_data(ended, *[PROFILE][: len(readers) - 1])
        else:
            result = self._execute_module(module_args=arguments, task_vars=task_vars)
        return result

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        if self._connection.transport != "local" or self._connection.become:
            return False
        told = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, task_vars)
        chosen = str(self._templar.template(told.get("ansible_python_interpreter") or ""))
        return chosen == sys.executable or (chosen in UNCHOSEN and importlib.util.find_spec("botocore") is not None)

    def _child(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What the module prints and how it ends, as ansible has it of any command.

        The parameters go to its standard input, where no list of processes shows them.
        """
        name = self._task.action.rpartition(".")[2]
        self._update_module_args(self._task.action, arguments, task_vars)
        more: dict[str, str] = {}
        self._compute_environment_string(more)
        command = [sys.executable, str(CHILD), name]
        display.vvv(f"Running {' '.join(command)}", host=self._task.delegate_to or task_vars.get("inventory_hostname"))
        ended = subprocess.run(
            command,
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, default=_plain),
            capture_output=True,
            text=True,
            env={**os.environ, **{key: str(value) for key, value in more.items()}},
            cwd=getattr(self._connection, "cwd", None),
            check=False,
        )
        return {"rc": ended.returncode, "stdout": ended.stdout, "stderr": ended.stderr}


def _plain(value: Any) -> Any:
    """What JSON does not know: dates of a document, and texts that are kept in a vault until they are used."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
