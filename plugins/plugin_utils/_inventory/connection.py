# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an inventory reaches AWS, said once for the inventory and for the playbooks that run on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, KEYS, Connection

# The variable that playbooks take the options of their AWS modules from.
VARIABLE = "groundwork_connection"
# The region is that of the document, and the plugin has an option for others.
NAMES = {
    name: option
    for option, specification in ARGUMENTS.items()
    if option != "region"
    for name in (option, *specification.get("aliases", ()))
}


def choose_connection(options: Mapping[str, Any], variable: Any) -> Connection:
    """The connection that the options of the source or the variable describe. Raises `StackError` for both at once."""
    given = given_options(options)
    if variable is None:
        return Connection.of(given)
    if given:
        raise StackError(
            f"{VARIABLE} and options of the inventory source ({', '.join(given)}) are both given: keep them in one "
            "place, so that inventory and playbooks use the same account"
        )
    return Connection.of(_read_variable(variable))


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a source that say something."""
    named = {name: options[name] for name in ARGUMENTS if name != "region" and options.get(name) not in (None, "", {})}
    if named.get("validate_certs") is True:
        del named["validate_certs"]
    return named


def published_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """What playbooks may know of the options of a source: keys would show in every listing of the inventory."""
    return {name: value for name, value in given_options(options).items() if name not in KEYS}


def _read_variable(variable: Any) -> dict[str, Any]:
    if not isinstance(variable, Mapping):
        raise StackError(f"{VARIABLE}: a mapping is expected, with keys of {', '.join(sorted(NAMES))}")
    unknown = [str(name) for name in variable if name not in NAMES]
    if unknown:
        raise StackError(f"{VARIABLE}: unknown {', '.join(unknown)} (known: {', '.join(sorted(NAMES))})")
    read = {NAMES[name]: value for name, value in variable.items() if value is not None}
    if "validate_certs" in read:
        try:
            read["validate_certs"] = boolean(read["validate_certs"])
        except TypeError as error:
            raise StackError(f"{VARIABLE}.validate_certs: {error}") from error
    config = read.get("aws_config")
    if config is not None and not isinstance(config, Mapping):
        raise StackError(f"{VARIABLE}.aws_config: a mapping is expected")
    return {name: value if name in ("validate_certs", "aws_config") else str(value) for name, value in read.items()}
