# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module `topology_validate` on the controller, and prints every error on a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ansible_collections.groundwork.aws.plugins.modules import topology_validate
from ansible_collections.groundwork.aws.plugins.plugin_utils.controller_action import ControllerModule, DocumentAction
from ansible_collections.groundwork.aws.plugins.plugin_utils.request import read_request

display = Display()


class ActionModule(DocumentAction):
    """Callbacks print a failure as data; errors of a document are to be read, and clicked."""

    module: ClassVar[ControllerModule] = topology_validate
    module_reports_missing = True

    def prepare_arguments(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        if boolean(arguments.get("request", False), strict=False):
            arguments = {**arguments, **read_request(arguments, variables, self._loader)}
        return super().prepare_arguments(arguments, variables)

    def call_module(self, options: Mapping[str, Any]) -> dict[str, Any]:
        result = super().call_module(options)
        for line in str(result.get("msg") or "").splitlines() if result.get("errors") else ():
            display.display(line)
        return result
