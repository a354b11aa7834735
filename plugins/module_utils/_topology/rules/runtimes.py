# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the keys of a service that depend on its runtime, and on whether it listens."""

from __future__ import annotations

from collections.abc import Iterator

from ..runtimes import RUNTIMES, Runtime, is_worker, runtime_of
from ..schema.applications import RUNTIME_OPTIONS, SERVICE
from ..schema.kinds import DependentFinding, DocumentPath, Finding
from ..schema.record import Derived
from ..view import Document, services

# What only a service that listens can have, and what it is for.
_KEYS_OF_LISTENERS = {
    "routes": "no request can be sent to it",
    "static": "no request can be sent to it",
    "allow_from": "there is no port to open",
    "websocket": "no request can be sent to it",
    "priority": "it has no rule in the load balancer",
    "drain": "it is not drained; its `timeout` is the time that it gets to end",
    "health": "it has no health check, and is watched by the state of its processes",
}


def options_fit_the_runtime(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        runtime = runtime_of(service)
        if runtime is not None:
            yield from _check_options(("services", name), service, runtime)


def _check_options(path: DocumentPath, service: Document, runtime: Runtime) -> Iterator[Finding]:
    for key in RUNTIME_OPTIONS:
        if key not in runtime.options and service[key] != SERVICE.fields[key].fill_default():
            owners = [one.name for one in RUNTIMES.values() if key in one.options]
            yield (*path, key), f"{runtime.name} has no {key}, only {' and '.join(owners)} (remove it)"
    if service["process_manager"] not in runtime.roles:
        managers = " or ".join(runtime.roles)
        yield (*path, "process_manager"), f"the runtime {runtime.name} works under {managers} (remove it)"
    if service["interface"] == "asgi" and service["threads"] != 1:
        yield (*path, "threads"), "a worker of an ASGI application has one thread (remove it, or set workers)"


def sockets_are_opened_by_systemd(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["runtime"] == "gunicorn" and service["socket"] and service["process_manager"] == "pm2":
            text = "PM2 cannot write to the directory of sockets (give a port, or process_manager: systemd)"
            yield ("services", name, "socket"), text


def services_listen_once(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        runtime = runtime_of(service)
        if service["socket"] and service["port"] is not None:
            yield ("services", name), "has port and socket: true, which exclude each other (keep one)"
        elif runtime is not None and runtime.serves == "always" and is_worker(service):
            text = "missing; it takes a port (1-65535)"
            yield DependentFinding(("services", name, "port"), text, ("services", name, "socket"))
        elif runtime is not None and runtime.serves == "never" and service["port"] is not None:
            servers = " or ".join(one.name for one in RUNTIMES.values() if one.serves != "never")
            text = f"a service of the runtime {runtime.name} serves no requests (remove it, or choose {servers})"
            yield ("services", name, "port"), text


def commands_have_no_requests(document: Document) -> Iterator[Finding]:
    """Services of a runtime that never serves requests."""
    for name, service in services(document).items():
        runtime = runtime_of(service)
        if runtime is not None and runtime.serves == "never":
            yield from _check_worker(("services", name), service, document, "remove it")


def workers_have_no_requests(document: Document) -> Iterator[Finding]:
    """Services without port and socket, of a runtime that allows it."""
    for name, service in services(document).items():
        if _is_optional_worker(service):
            yield from _check_worker(("services", name), service, document, "give it a port, or remove this")


def _is_optional_worker(service: Document) -> bool:
    runtime = runtime_of(service)
    return runtime is not None and runtime.serves == "optional" and is_worker(service)


def _check_worker(path: DocumentPath, service: Document, document: Document, fix: str) -> Iterator[Finding]:
    for key, reason in _KEYS_OF_LISTENERS.items():
        field = SERVICE.fields[key]
        is_derived = isinstance(field.default, Derived)
        usual = field.default.rule(service, document) if is_derived else field.fill_default()
        if service[key] != usual:
            text = f"the service has no port, so {reason} ({fix})"
            yield DependentFinding((*path, key), text, (*path, "port"), (*path, "socket"))


def commands_are_not_called(document: Document) -> Iterator[Finding]:
    for name, called in _list_calls(document):
        runtime = runtime_of(services(document)[called])
        if runtime is not None and runtime.serves == "never":
            number = services(document)[name]["calls"].index(called)
            yield ("services", name, "calls", number), f"services.{called} serves no requests (remove it)"


def workers_are_not_called(document: Document) -> Iterator[Finding]:
    for name, called in _list_calls(document):
        if _is_optional_worker(services(document)[called]):
            number = services(document)[name]["calls"].index(called)
            text = f"services.{called} has no port to call (remove it, or give that service a port)"
            path = ("services", called)
            yield DependentFinding(("services", name, "calls", number), text, (*path, "port"), (*path, "socket"))


def _list_calls(document: Document) -> Iterator[tuple[str, str]]:
    """Each service with each service that it calls."""
    for name, service in services(document).items():
        for called in service["calls"]:
            if called in services(document):
                yield name, called


RUNTIME_RULES = (
    options_fit_the_runtime,
    sockets_are_opened_by_systemd,
    services_listen_once,
    commands_have_no_requests,
    workers_have_no_requests,
    commands_are_not_called,
    workers_are_not_called,
)
