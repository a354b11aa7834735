# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about hooks of rollouts: their requests can be sent, and their commands hold no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..schema.hooks import HOST_MOMENTS
from ..schema.kinds import DependentFinding, DocumentPath, Finding
from ..secret_patterns import command_has_a_secret
from ..view import Document, has_url, listens, services
from .gates import NO_URL, SOURCES_OF_URL, check_answer


def list_steps(document: Document) -> Iterator[tuple[DocumentPath, str, str | None, Mapping[str, Any]]]:
    """Every step of every hook: its path, its moment, its service (None for all services), and its settings."""
    owners: list[tuple[DocumentPath, str | None, Mapping[str, Any]]] = [(("rollout",), None, document["rollout"])]
    owners += [
        (("services", name, "rollout"), name, service["rollout"]) for name, service in services(document).items()
    ]
    for path, owner, rollout in owners:
        for moment, steps in rollout["hooks"].items():
            for number, step in enumerate(steps):
                yield (*path, "hooks", moment, number), moment, owner, step


def requests_of_hooks_can_be_sent(document: Document) -> Iterator[Finding]:
    for path, moment, owner, step in list_steps(document):
        request = step["request"]
        if request is None:
            continue
        yield from check_answer((*path, "request"), request)
        if request["method"] == "HEAD" and request["body"]:
            yield (*path, "request", "body"), "a response to HEAD has no body (write the method GET, or remove body)"
        if request["path"] and moment in HOST_MOMENTS:
            if owner and not listens(services(document)[owner]):
                text = f"services.{owner} has no port at which a path could be asked"
                depends = (("services", owner, "port"), ("services", owner, "socket"))
                yield DependentFinding((*path, "request", "path"), f"{text} (write url, or a command)", *depends)
        elif request["path"] and not has_url(document):
            yield DependentFinding((*path, "request", "path"), NO_URL, *SOURCES_OF_URL)


def commands_of_hooks_can_be_run(document: Document) -> Iterator[Finding]:
    for path, _moment, _owner, step in list_steps(document):
        command = step["command"]
        if command and not command[0].strip():
            yield (*path, "command", 0), "is empty (write the program)"
        if command and command_has_a_secret(" ".join(command)):
            text = "has a password or token, which does not belong in a document"
            yield (*path, "command"), f"{text} (have the program read it from the environment)"


HOOK_RULES = (requests_of_hooks_can_be_sent, commands_of_hooks_can_be_run)
