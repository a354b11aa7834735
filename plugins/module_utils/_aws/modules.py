# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The entry point of the modules that run on the controller; their action plugins call ``run`` of a module instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .sdk import MISSING


def run_module(
    argument_spec: Mapping[str, Any],
    restrictions: Mapping[str, Any],
    run: Callable[[Mapping[str, Any], bool], dict[str, Any]],
    needs_botocore: bool = True,
) -> None:
    """Parse the options, call ``run`` with them and check mode, and end the module with its result.

    ``restrictions`` are the other arguments of AnsibleModule, such as ``mutually_exclusive``. The texts under
    ``warnings`` in the result become warnings, and ``failed`` makes the module fail.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, **restrictions)
    if needs_botocore and MISSING:
        module.fail_json(msg=missing_required_lib("botocore"), exception=str(MISSING))
    result = run(module.params, module.check_mode)
    for text in result.pop("warnings", ()):
        module.warn(text)
    (module.fail_json if result.get("failed") else module.exit_json)(**result)
