# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that work through botocore have in common around what each of them does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .sdk import MISSING


def answer(module: AnsibleModule, work: Callable[[], dict[str, Any]]) -> None:
    """Do the work and end the module with its result.

    What it has under ``warnings`` (texts) is said as such, and with ``failed`` the module fails; so it does without
    botocore, before anything is done.
    """
    if MISSING:
        module.fail_json(msg=missing_required_lib("botocore"), exception=str(MISSING))
    result = work()
    for text in result.pop("warnings", ()):
        module.warn(text)
    (module.fail_json if result.get("failed") else module.exit_json)(**result)
