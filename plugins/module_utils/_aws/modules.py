# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that work through botocore have in common around what each of them does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .sdk import MISSING


def answer(module: AnsibleModule, run: Callable[[Mapping[str, Any], bool], dict[str, Any]]) -> None:
    """Call ``run`` with the module's options and check mode, and end the module with its result.

    The texts under ``warnings`` become warnings, and with ``failed`` the module fails; so it does without botocore,
    before anything is done.
    """
    if MISSING:
        module.fail_json(msg=missing_required_lib("botocore"), exception=str(MISSING))
    result = run(module.params, module.check_mode)
    for text in result.pop("warnings", ()):
        module.warn(text)
    (module.fail_json if result.get("failed") else module.exit_json)(**result)
