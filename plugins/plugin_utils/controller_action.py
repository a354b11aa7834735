# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action plugin bases for the modules that work through AWS's API.

ansible-core packs a module with everything it imports, starts a Python for it and compiles it there, for every task.
These modules nearly always run on the controller, so their action plugins run them in the same process.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.groundwork.aws.plugins.module_utils._aws.process import Parent
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.locate import find_document


class ControllerModule(Protocol):
    """A module file that an action plugin can run: its options and the function that does the work."""

    ARGUMENT_SPEC: dict[str, dict[str, Any]]
    # The other arguments of AnsibleModule that restrict options, such as ``mutually_exclusive``.
    RESTRICTIONS: dict[str, Any]

    def run(self, options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]: ...


class ControllerAction(ActionBase):  # type: ignore[misc]
    """Runs ``module`` in the process that ansible-core has forked for the task.

    A task whose connection is not local, or that becomes another user, runs the module remotely like any module. A
    controller whose Python has no botocore does too, because the interpreter of the task may have it.
    """

    module: ClassVar[ControllerModule]
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self.prepare_arguments(dict(self._task.args), task_vars or {})
        if self._runs_here():
            result.update(self._run_here(arguments))
        else:
            result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result

    def prepare_arguments(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments for the module from those of the task and its variables, or raise AnsibleActionFail."""
        return arguments

    def call_module(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Run the module in this process with validated options and return its result."""
        return self.module.run(options, self._task.check_mode)

    def _runs_here(self) -> bool:
        # macOS kills a forked process that looks up the proxies of the system, as botocore does.
        return (
            self._connection.transport == "local"
            and not self._connection.become
            and sys.platform != "darwin"
            and importlib.util.find_spec("botocore") is not None
        )

    def _run_here(self, arguments: dict[str, Any]) -> dict[str, Any]:
        spec = self.module.ARGUMENT_SPEC
        validation = ArgumentSpecValidator(spec, **self.module.RESTRICTIONS).validate(_to_plain(arguments))
        if validation.error_messages:
            raise AnsibleActionFail(". ".join(validation.error_messages))
        options = validation.validated_parameters
        parent = Parent()
        with _environment(self._task.environment):
            outcome = self.call_module(options)
        if parent.has_ended():
            # No process reads the result any more: sending it would block without end.
            os._exit(1)
        hidden = [name for name, option in spec.items() if option.get("no_log")]
        secrets = [str(options[name]) for name in hidden if options.get(name)]
        result: dict[str, Any] = remove_values(outcome, secrets)
        return result


class DocumentAction(ControllerAction):
    """Replaces the name of a topology document with its absolute path before the module runs.

    A remote module knows neither where its collection is installed nor the directory of relative paths.
    """

    # Whether a document that does not exist is reported by the module itself.
    module_reports_missing: ClassVar[bool] = False

    def prepare_arguments(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        source = arguments.get("topology")
        if not isinstance(source, str):
            return {**arguments, "overrides": {}} if _is_applied(arguments, variables) else arguments
        problems: list[str] = []
        path = find_document(source, lambda _place, text: problems.append(text), Path(self._loader.get_basedir()))
        if problems and not self.module_reports_missing:
            raise AnsibleActionFail(f"{source}: {'; '.join(problems)}. Nothing was changed.")
        return {**arguments, "topology": str(path.absolute()) if path else source}


def _is_applied(arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
    """Whether the document is that of the inventory, which has merged these overrides already.

    The inventory read them with their files, so numbers kept their spelling and paths are absolute.
    """
    overrides = arguments.get("overrides")
    applied = [layer["values"] for layer in variables.get("stack_layers") or ()]
    return bool(overrides) and overrides in applied and arguments.get("topology") == variables.get("stack_document")


def _to_plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Convert ansible's own types of text, and dates, to JSON types, as a remote module gets them."""
    plain: dict[str, Any] = json.loads(json.dumps(arguments, default=_to_text))
    return plain


def _to_text(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


@contextmanager
def _environment(layers: list[Mapping[str, Any]] | Mapping[str, Any] | None) -> Iterator[None]:
    """Apply the task's keyword ``environment``, which ansible-core has templated, while the module runs."""
    before = dict(os.environ)
    for layer in [layers] if isinstance(layers, Mapping) else layers or []:
        os.environ.update({name: str(value) for name, value in layer.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
