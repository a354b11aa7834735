# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module `topology_validate`: it finds the document, and prints every error on a line."""

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display

from ansible_collections.groundwork.aws.plugins.plugin_utils._direct.document import DocumentAction

display = Display()


class ActionModule(DocumentAction):
    """Runs the module. Callbacks print a failure as data; errors of a document are to be read, and clicked."""

    # Validation reports a document that is missing like any other error.
    reports_missing = True

    def module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        result = super().module(arguments, task_vars)
        for line in str(result.get("msg") or "").splitlines() if result.get("errors") else ():
            display.display(line)
        return result
