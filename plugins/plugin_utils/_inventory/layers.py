# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person changes in a document: `stack_overrides` of the inventory, then of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_path

OVERRIDES = "stack_overrides"
Variables = Mapping[str, Any]


def inventory_variables(loader: Any, all_group: Any, source: str) -> dict[str, Any]:
    """The variables of the group `all` that stand beside an inventory source, by ansible's own vars plugins.

    A vars plugin runs in one stage or in both; whichever the user configured, it is asked here.
    """
    variables: dict[str, Any] = {}
    for stage in ("inventory", "task"):
        variables = combine_vars(variables, get_vars_from_path(loader, _directory(source), [all_group], stage))
    return variables


def _directory(source: str) -> str:
    return os.path.dirname(os.path.abspath(source))


def layers(templar: Any, found: Variables, extra: Variables, source: str) -> dict[str, Any]:
    """The overrides by what to call them, weakest first: the inventory's (``found``), then the command line's."""
    variables = _variables(found, extra, source)
    said = {f"{OVERRIDES} of {_directory(source)}": found, f"{OVERRIDES} of the extra variables": extra}
    return {
        name: _templated(templar, variables, part[OVERRIDES], name)
        for name, part in said.items()
        if part.get(OVERRIDES)
    }


def read_variable(templar: Any, found: Variables, extra: Variables, source: str, name: str) -> Any:
    """The value of a variable of the inventory or, before that, of the command line; None where neither has it."""
    value = extra.get(name, found.get(name))
    return None if value is None else _templated(templar, _variables(found, extra, source), value, name)


def _variables(found: Variables, extra: Variables, source: str) -> dict[str, Any]:
    """What templates can use: the plugin runs before any play."""
    place = {"inventory_dir": _directory(source), "inventory_file": os.path.abspath(source)}
    variables: dict[str, Any] = combine_vars(combine_vars(place, dict(found)), dict(extra))
    return variables


def _templated(templar: Any, variables: Mapping[str, Any], value: Any, name: str) -> Any:
    templar.available_variables = variables
    try:
        return templar.template(value)
    except AnsibleError as error:
        raise AnsibleParserError(f"{name} cannot be templated: {error}") from error
