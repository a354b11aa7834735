# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about how the process of a service is started: its entry, its port, and its environment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .._release.environment import EnvironmentProblem, quote
from .kinds import Place, shown
from .reserved import MANAGER_VARIABLES, PM2_VARIABLES, PROCESS_VARIABLES
from .view import STORE_VARIABLES, Document, bind_address, call_variables, services, store_variables

Finding = tuple[Place, str]

MODULE = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"


def entries_can_be_started(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        entry, place = service["entry"], ("services", name, "entry")
        if entry is None:
            continue
        if entry != entry.strip():
            yield place, f"{shown(entry)} begins or ends with a space (write {shown(entry.strip())})"
        elif service["runtime"] == "gunicorn" and not is_callable(entry):
            yield place, f"{shown(entry)} is not of the form module:callable (like wsgi:app)"
        elif service["runtime"] == "pm2":
            yield from _script_fits(entry, place)


def is_callable(entry: str) -> bool:
    """Whether gunicorn can find an application by this: ``module:name``, or ``module:name(…)`` with literal arguments.

    It parses what follows the colon as we do here, and takes neither attributes nor computed arguments.
    """
    module, _colon, expression = entry.partition(":")
    if not re.fullmatch(MODULE, module) or not entry.isprintable():
        return False
    try:
        parsed = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    if isinstance(parsed, ast.Name):
        return True
    if not isinstance(parsed, ast.Call) or not isinstance(parsed.func, ast.Name):
        return False
    if any(keyword.arg is None for keyword in parsed.keywords):
        return False
    try:
        for argument in [*parsed.args, *(keyword.value for keyword in parsed.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _script_fits(entry: str, place: Place) -> Iterator[Finding]:
    if entry.startswith("/") or ".." in entry.split("/"):
        yield place, f"{shown(entry)} is not inside the release (give a path below its directory)"
    elif re.search(r"\s", entry) or entry.startswith("-") or not entry.isprintable():
        text = f"{shown(entry)} is not the path of a script (without spaces; what it is to know belongs in environment)"
        yield place, text


def sockets_are_opened_by_systemd(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["runtime"] == "gunicorn" and service["socket"] and service["process_manager"] == "pm2":
            text = "PM2's services may not write where sockets are (give a port, or process_manager: systemd)"
            yield ("services", name, "socket"), text


def variables_are_set_once(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        given = given_variables(document, name)
        for key in ("environment", "secrets"):
            for variable in service[key]:
                if variable in given:
                    yield ("services", name, key, variable), f"is made of {given[variable]} (remove it)"
        for variable in service["environment"]:
            if variable in service["secrets"]:
                yield ("services", name, "environment", variable), "is one of secrets as well (remove one)"


def variables_are_free(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key in ("environment", "secrets"):
            for variable, value in service[key].items():
                problem = problem_of_variable(document, name, variable, value if key == "environment" else None)
                if problem is not None:
                    yield ("services", name, key, variable), problem


def problem_of_variable(document: Document, name: str, variable: str, value: str | None = None) -> str | None:
    """Why a service cannot be given a variable; a ``value`` of None is one that is not known."""
    reserved = PROCESS_VARIABLES | MANAGER_VARIABLES
    if services(document)[name]["runtime"] == "pm2":
        reserved |= PM2_VARIABLES | {name}
    listens = _listening_variables(document, name)
    if variable in reserved:
        return "is set by what starts the service, whatever is written here (choose another name)"
    if variable in listens and value != listens[variable]:
        return f"the service gets {listens[variable]} as {variable}, where it is expected (remove it)"
    return None


def given_variables(document: Document, name: str) -> dict[str, str]:
    """The variables that a service gets for what it uses and calls, each with the key that says so."""
    service = services(document)[name]
    given = {variable: "uses" for kind in STORE_VARIABLES for variable in store_variables(service, kind).values()}
    return {**given, **dict.fromkeys(call_variables(document, name), "calls")}


def _listening_variables(document: Document, name: str) -> dict[str, str]:
    """The variables that tell a service where to listen. The launcher of gunicorn listens by itself at any address."""
    service = services(document)[name]
    if service["port"] is None:
        return {}
    address = {"HOST": bind_address(document, name)} if service["runtime"] == "pm2" else {}
    return {"PORT": str(service["port"]), **address}


def values_are_read_alike(document: Document) -> Iterator[Finding]:
    """By systemd, Node.js and the launcher of gunicorn, from the file that the role app writes on the hosts."""
    for name, service in services(document).items():
        for variable, value in service["environment"].items():
            try:
                quote(variable, value)
            except EnvironmentProblem as error:
                problem, _semicolon, mend = str(error).partition("; ")
                yield ("services", name, "environment", variable), f"{problem} ({mend})"


SERVICE_RULES = (
    entries_can_be_started,
    sockets_are_opened_by_systemd,
    variables_are_set_once,
    variables_are_free,
    values_are_read_alike,
)
