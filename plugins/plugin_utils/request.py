# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the request of a run: its extra variables, each rendered by itself.

ansible renders the arguments of a task together, so that one template that fails hides all other errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleUndefinedVariable
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars

from ansible_collections.groundwork.aws.plugins.module_utils._provision.requests import UNDEFINED
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.layers import (
    OVERRIDES,
    describe_layer,
    describe_template_error,
    find_extra_files,
    render,
)

VARIABLES = ("services", "ref", "to")
BARE_NAME = re.compile(r"[A-Za-z0-9_-]*")


def read_request(arguments: Mapping[str, Any], variables: Mapping[str, Any], loader: Any) -> dict[str, Any]:
    """The options of `topology_validate` that the variables of a run set, where the arguments of its task do not.

    Without the inventory plugin, which reports the document that it read, a path is relative to the current directory.
    """
    templar = Templar(loader=loader, variables=dict(variables))
    problems: list[Any] = []
    read: dict[str, Any] = {"extra_variables": sorted(map(str, load_extra_vars(loader)))}
    for name in VARIABLES:
        if name in variables:
            read[name] = _render_variable(templar, name, variables[name], problems)
    if not arguments.get("topology"):
        given = _render_variable(templar, "topology", variables.get("topology"), problems)
        named = given or os.environ.get("GROUNDWORK_TOPOLOGY", "")
        is_path = isinstance(named, str) and not BARE_NAME.fullmatch(named)
        is_known = not any(name == "topology" for name, _text in problems)
        read["topology"] = (os.path.realpath(os.path.expanduser(named)) if is_path else named) if is_known else ""
    if "layers" not in arguments and variables.get(OVERRIDES):
        read["layers"] = [describe_layer(templar, OVERRIDES, variables[OVERRIDES], None, find_extra_files())]
    return {**read, "variable_problems": problems}


def _render_variable(templar: Templar, name: str, value: Any, problems: list[Any]) -> Any:
    """The value of a variable; None after its problem was added, once and with its name."""
    found: list[Any] = []
    rendered = render(templar, value, [name], found, _describe_error)
    if found:
        problems.append([name, found[0][1]])
        return None
    return rendered


def _describe_error(error: Exception) -> str:
    if isinstance(error, AnsibleUndefinedVariable):
        return UNDEFINED
    return describe_template_error(error)
