# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person changes in a document: `stack_overrides` of the inventory, then of the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_path

from ansible_collections.groundwork.aws.plugins.module_utils._release.environment import (
    NAME,
    EnvironmentProblem,
    quote,
    text,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.inventory_checks import VARIABLES

OVERRIDES = "stack_overrides"
APP_SECRETS = "app_secrets"
Variables = Mapping[str, Any]
LONGEST_REASON = 300
_FAILED = object()


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


def layers(templar: Any, loader: Any, found: Variables, extra: Variables, source: str) -> list[dict[str, Any]]:
    """The overrides, weakest first: the inventory's (``found``), then the command line's.

    Each is what `_topology.layers.read_layer` takes: plain data that a variable can hold, with the files that may
    set it and the templates that could not be rendered.
    """
    directory = _directory(source)
    variables = _variables(found, extra, source)
    parts = [
        (f"{OVERRIDES} of {directory}", found, directory, group_files(loader, directory)),
        (f"{OVERRIDES} of the extra variables", extra, None, extra_files()),
    ]
    described = []
    for name, part, base, files in parts:
        if part.get(OVERRIDES):
            problems: list[Any] = []
            templar.available_variables = variables
            values = _render(templar, part[OVERRIDES], [], problems)
            described.append({"name": name, "directory": base, "files": files, "values": values, "problems": problems})
    return described


def describe_inventory(templar: Any, loader: Any, found: Variables, extra: Variables, source: str) -> dict[str, Any]:
    """What validation looks at of the variables of all hosts (`_topology.inventory_checks`).

    One that only a host can render is left out.
    """
    directory = _directory(source)
    templar.available_variables = variables = _variables(found, extra, source)
    rendered = {name: _render(templar, variables[name], [name], []) for name in VARIABLES if name in variables}
    described = {
        "directory": directory,
        "files": [*group_files(loader, directory), *extra_files()],
        "variables": {name: value for name, value in rendered.items() if value is not _FAILED},
    }
    app_secrets = _describe_app_secrets(templar, variables.get(APP_SECRETS))
    return {**described, "app_secrets": app_secrets} if app_secrets is not None else described


def _describe_app_secrets(templar: Any, value: Any) -> Any:
    """The variables of each service without their values: ``{service: {NAME: problem of its value or None}}``.

    False stands for what is not a mapping, and None for what cannot be rendered here, or is not set.
    """
    found = _render_secret(templar, value)
    if not isinstance(found, Mapping):
        return None if found is _FAILED or found is None else False
    described: dict[str, Any] = {}
    for service, variables in found.items():
        rendered = _render_secret(templar, variables)
        if isinstance(rendered, Mapping):
            described[str(service)] = {
                str(name): _problem_of_value(str(name), _render_secret(templar, item))
                for name, item in rendered.items()
            }
        else:
            described[str(service)] = {} if rendered is _FAILED or rendered is None else False
    return described


def _render_secret(templar: Any, value: Any) -> Any:
    """A value with its template rendered, a mapping as it is; `_FAILED` where a vault or template cannot be read."""
    if value is None or isinstance(value, Mapping):
        return value
    try:
        rendered = templar.template(value)
        if isinstance(rendered, (bool, int, float, Mapping, list, tuple)) or rendered is None:
            return rendered
        return str(rendered)  # an inline vault is decrypted only now
    except (AnsibleError, ValueError, TypeError):
        return _FAILED


def _problem_of_value(name: str, value: Any) -> str | None:
    """Why no host would take the value of a variable; the text does not repeat it."""
    if value is _FAILED:
        return None
    if isinstance(value, (Mapping, list, tuple)):
        return "its value is a list or mapping (write text, for example as JSON in quotes)"
    try:
        quote(name if NAME.match(name) else "X", text(value))
    except EnvironmentProblem as error:
        problem, _semicolon, fix = str(error).partition("; ")
        return f"{problem} ({fix})"
    return None


def read_variable(templar: Any, found: Variables, extra: Variables, source: str, name: str) -> Any:
    """The value of a variable of the inventory or, before that, of the command line; None where neither has it."""
    value = extra.get(name, found.get(name))
    if value is None:
        return None
    templar.available_variables = _variables(found, extra, source)
    try:
        return templar.template(value)
    except AnsibleError as error:
        raise AnsibleParserError(f"{name} cannot be templated: {error}") from error


def _variables(found: Variables, extra: Variables, source: str) -> dict[str, Any]:
    """What templates can use: the plugin runs before any play."""
    place = {"inventory_dir": _directory(source), "inventory_file": os.path.abspath(source)}
    variables: dict[str, Any] = combine_vars(combine_vars(place, dict(found)), dict(extra))
    return variables


def group_files(loader: Any, directory: str) -> list[str]:
    """The files of the group `all` beside an inventory source, in the order in which ansible reads them."""
    found = loader.find_vars_files(os.path.join(directory, "group_vars"), "all")
    return [os.fsdecode(file) for file in found]


def extra_files() -> list[str]:
    """The files of extra variables that the command line names (`-e @file`)."""
    said = context.CLIARGS.get("extra_vars") or ()
    files = [text[1:] for text in map(str, said) if text.startswith("@")]
    return [os.path.abspath(os.path.expanduser(file)) for file in files]


def _render(templar: Any, value: Any, place: list[Any], problems: list[Any]) -> Any:
    """The value with its templates rendered. One that cannot be is left out, and reported with its place."""
    if isinstance(value, Mapping):
        rendered = {key: _render(templar, item, [*place, key], problems) for key, item in value.items()}
        return {key: item for key, item in rendered.items() if item is not _FAILED}
    if isinstance(value, (list, tuple)):
        items = [_render(templar, item, [*place, number], problems) for number, item in enumerate(value)]
        return [item for item in items if item is not _FAILED]
    try:
        return templar.template(value)
    except AnsibleError as error:
        reason = " ".join(str(error).split()).removesuffix(" Use -vvvvv to see paths searched.")
        if len(reason) > LONGEST_REASON:
            reason = reason[:LONGEST_REASON] + "…"
        fix = "correct it, or the variables that it uses"
        if re.search(r"\.pub\b", reason):
            fix = "make a key pair with ssh-keygen -t ed25519, or name yours in ansible_ssh_private_key_file"
        problems.append([place, f"its template cannot be rendered: {reason} ({fix})"])
        return _FAILED if place else {}
