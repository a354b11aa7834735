# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the environment of a service."""

from __future__ import annotations

from collections.abc import Iterator

from ..._host.environment_file import EnvironmentFileError, quote
from ..placement import bind_address
from ..runtimes import runtime_of
from ..schema.kinds import Finding
from ..view import (
    STORE_VARIABLES,
    Document,
    find_authority_variables,
    find_call_variables,
    find_store_variables,
    keep_alive_timeout,
    services,
    stop_timeout,
)
from .reserved import MANAGER_VARIABLES, PROCESS_VARIABLES


def variables_are_set_once(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        given = derived_variables(document, name)
        for key in ("environment", "secrets"):
            for variable in service[key]:
                if variable in given:
                    yield ("services", name, key, variable), f"is derived from {given[variable]} (remove it)"
        for variable in service["environment"]:
            if variable in service["secrets"]:
                yield ("services", name, "environment", variable), "is one of secrets as well (remove one)"


def variables_are_not_reserved(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key in ("environment", "secrets"):
            for variable, value in service[key].items():
                problem = find_variable_problem(document, name, variable, value if key == "environment" else None)
                if problem is not None:
                    yield ("services", name, key, variable), problem


def find_variable_problem(document: Document, name: str, variable: str, value: str | None = None) -> str | None:
    """Why a service cannot have a variable, or None; a ``value`` of None is unknown."""
    reserved = PROCESS_VARIABLES | MANAGER_VARIABLES
    runtime = runtime_of(services(document)[name])
    if runtime is not None and runtime.variables:
        # PM2 also has the name of the application as a variable.
        reserved |= runtime.variables | {name}
    given = _given_variables(document, name)
    if variable in reserved:
        return "is set by the process manager of the service (choose another name)"
    if runtime is not None and variable in runtime.overriding:
        return (
            f"would replace settings of {runtime.name} that deploys rely on (use workers, threads and timeout of the "
            f"service, or the variables of the role {runtime.name})"
        )
    if variable in given and value != given[variable]:
        return f"the service gets {given[variable]} as {variable} already (remove it)"
    return None


def derived_variables(document: Document, name: str) -> dict[str, str]:
    """The variables for the stores that a service uses and the services that it calls, each with its key."""
    service = services(document)[name]
    given = {variable: "uses" for kind in STORE_VARIABLES for variable in find_store_variables(service, kind).values()}
    given |= dict.fromkeys(find_authority_variables(document, service), "uses")
    return {**given, **dict.fromkeys(find_call_variables(document, name), "calls")}


def _given_variables(document: Document, name: str) -> dict[str, str]:
    """The variables with port, address and timeouts of a service, as the role app sets them.

    gunicorn opens the address and keeps connections itself.
    """
    service = services(document)[name]
    given = {"STOP_TIMEOUT": str(stop_timeout(service))}
    if service["port"] is not None:
        given["PORT"] = str(service["port"])
        runtime = runtime_of(service)
        if runtime is not None and runtime.binds_itself:
            given["HOST"] = bind_address(document, name)
            kept = keep_alive_timeout(document, name)
            given |= {} if kept is None else {"KEEP_ALIVE_TIMEOUT": str(kept)}
    return given


def values_can_be_written_to_the_environment_file(document: Document) -> Iterator[Finding]:
    """systemd, Node.js and the launcher of gunicorn must read the same value from the file of the role app."""
    for name, service in services(document).items():
        for variable, value in service["environment"].items():
            try:
                quote(variable, value)
            except EnvironmentFileError as error:
                problem, _semicolon, fix = str(error).partition("; ")
                yield ("services", name, "environment", variable), f"{problem} ({fix})"


SERVICE_RULES = (
    variables_are_set_once,
    variables_are_not_reserved,
    values_can_be_written_to_the_environment_file,
)
