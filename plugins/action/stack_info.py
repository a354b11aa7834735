# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module `stack_info`: it finds the document."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.groundwork.aws.plugins.action.stack import located


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs the module with the absolute path of the document."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments, problem = located(self)
        if problem:
            return {**result, "failed": True, "changed": False, "msg": problem}
        return {**result, **self._execute_module(module_args=arguments, task_vars=task_vars)}
