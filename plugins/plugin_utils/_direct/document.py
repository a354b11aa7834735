# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same for modules with a topology document. A file of its own: every task loads its plugin anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._topology.locate import find_document

from .action import ControllerAction


class DocumentAction(ControllerAction):
    """The controller's part of a module with a topology document: it finds the document.

    A module that is packed runs in a directory of its own and knows no collection: it can find no document by name.
    """

    # The module itself says that there is no document.
    reports_missing = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._stack_variables = task_vars or {}
        return super().run(tmp, task_vars)

    def _is_applied(self, arguments: dict[str, Any]) -> bool:
        """Whether the document is the inventory's, which these overrides are in already.

        There they were read with their files, so that numbers kept their spelling and paths are absolute.
        """
        overrides = arguments.get("overrides")
        applied = [layer["values"] for layer in self._stack_variables.get("stack_layers") or ()]
        if not overrides or overrides not in applied:
            return False
        return bool(arguments.get("topology") == self._stack_variables.get("stack_document"))

    def arguments(self) -> tuple[dict[str, Any], str | None]:
        arguments = dict(self._task.args)
        source = arguments.get("topology")
        problems: list[str] = []
        if isinstance(source, str):
            path = find_document(source, lambda _place, text: problems.append(text), Path(self._loader.get_basedir()))
            if path is None and self.reports_missing:
                return arguments, None
            arguments["topology"] = str(path.absolute()) if path else source
        elif self._is_applied(arguments):
            arguments["overrides"] = {}
        return arguments, f"{source}: {'; '.join(problems)}. Nothing was changed." if problems else None
