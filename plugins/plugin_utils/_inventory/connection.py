# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Choose the connection to AWS, once for the inventory and for the playbooks that use it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import (
    ARGUMENTS,
    KEYS,
    Connection,
    find_connection_problems,
    find_repeated_names,
)
from ansible_collections.groundwork.aws.plugins.module_utils._aws.similar_names import suggest

# The variable with the options of the AWS modules of playbooks.
VARIABLE = "groundwork_connection"
# Without region: that of the document applies, or the option regions of the plugin.
NAMES = {
    name: option
    for option, specification in ARGUMENTS.items()
    if option != "region"
    for name in (option, *specification.get("aliases", ()))
}


def find_option_problems(config: Mapping[Any, Any], options: Collection[str]) -> Iterator[tuple[str, str]]:
    """The keys of an inventory source that are no options of the plugin, or repeat one; each with its problem.

    ``options`` has the names of all options without their aliases.
    """
    known = [*options, *(name for name in NAMES if name not in options)]
    for name in config:
        if name not in known:
            yield str(name), f"unknown option of the inventory source; {suggest(str(name), known)}"
    yield from find_repeated_names(config)


def choose_connection(options: Mapping[str, Any], variable: Any) -> Connection:
    """The connection that the options of the source or the variable describe. Raises `StackError` for both at once."""
    given = select_set_options(options)
    if isinstance(variable, str) and not variable.strip():
        variable = {}  # an empty answer to a survey
    if variable is None or (variable == {} and not given):
        return Connection.of(given)
    if given:
        raise StackError(
            f"{VARIABLE} and options of the inventory source ({', '.join(given)}) are both given "
            "(keep them in one place, so that inventory and playbooks use the same account)"
        )
    return Connection.of(_read_variable(variable))


def select_set_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a source that are set to a value other than the default."""
    named = {name: options[name] for name in ARGUMENTS if name != "region" and options.get(name) not in (None, "", {})}
    if named.get("validate_certs") is True:
        del named["validate_certs"]
    return named


def select_public_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a source without keys, which every listing of the inventory would show."""
    return {name: value for name, value in select_set_options(options).items() if name not in KEYS}


def find_type_problem(variable: Any) -> str | None:
    """Why a value of the variable is not a mapping, or None; the text does not repeat the value.

    Empty text is an empty answer to a survey, and valid.
    """
    if isinstance(variable, Mapping) or variable is None or (isinstance(variable, str) and not variable.strip()):
        return None
    kind = {str: "text", list: "a list", tuple: "a list", bool: "a boolean"}
    what = next((text for one, text in kind.items() if isinstance(variable, one)), "a number")
    return (
        f"is {what}, and a mapping is expected (in a file of variables write `{VARIABLE}: {{profile: shop}}`, on the "
        f'command line -e \'{{"{VARIABLE}": {{"profile": "shop"}}}}\')'
    )


def _read_variable(variable: Any) -> dict[str, Any]:
    """The options in the variable. Raises `StackError` with a line for each problem."""
    problem = find_type_problem(variable)
    if problem is not None:
        raise StackError(f"{VARIABLE}: {problem}")
    problems: list[str] = []
    unknown = [str(name) for name in variable if name not in NAMES]
    if unknown:
        problems.append(f"{VARIABLE}: unknown {', '.join(unknown)} (known: {', '.join(sorted(NAMES))})")
    problems += [f"{VARIABLE}.{name}: {text}" for name, text in find_repeated_names(variable)]
    read = {NAMES[name]: value for name, value in variable.items() if name in NAMES and value is not None}
    if "validate_certs" in read:
        try:
            read["validate_certs"] = boolean(read["validate_certs"])
        except TypeError:
            problems.append(f"{VARIABLE}.validate_certs: is neither true nor false (write one of them)")
    config = read.get("aws_config")
    if config is not None and not isinstance(config, Mapping):
        problems.append(
            f"{VARIABLE}.aws_config: is not a mapping (write the settings of botocore's Config as key: value)"
        )
    texts = {name: value for name, value in read.items() if name not in ("validate_certs", "aws_config")}
    for name, value in texts.items():
        if isinstance(value, (Mapping, list, tuple)):
            problems.append(f"{VARIABLE}.{name}: is a mapping or list, and text is expected (write one text)")
        elif isinstance(value, (int, float, date)) and name != "account":  # which has a form of its own
            kind = "a boolean" if isinstance(value, bool) else "a date" if isinstance(value, date) else "a number"
            problems.append(f"{VARIABLE}.{name}: is {kind}, and text is expected (put it in quotes)")
    texts = {name: str(value) for name, value in texts.items() if not isinstance(value, (Mapping, list, tuple))}
    problems += find_connection_problems(texts)
    if problems:
        raise StackError("\n".join(problems))
    return {**read, **texts}
