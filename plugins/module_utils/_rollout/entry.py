# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules `target` and `target_info` do with their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.client import Clients
from .._stack.asking import ask
from .._stack.resource import Scope
from . import targets


def target(options: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """The result, with ``failed`` and ``msg`` in it when it went wrong."""
    wish = targets.Wish(options["state"], options["instance"], options["minimum_healthy"], options["timeout"])

    def bring(clients: Clients, scope: Scope) -> dict[str, Any]:
        group = targets.find(clients, scope.stack, scope.region, options["service"])
        changed, now, why = targets.bring(group, wish, check)
        return {"changed": changed, "target_group": group.name, "target": {"state": now.state, "why": why or now.why}}

    return ask(options, bring)


def target_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """The states of all targets of a stack, with ``failed`` and ``msg`` in the result when they could not be read."""

    def read(clients: Clients, scope: Scope) -> dict[str, Any]:
        found = targets.read_health(clients, scope.stack, scope.region)
        states = {
            service: {id: {"state": one.state, "why": one.why} for id, one in members.items()}
            for service, members in found.items()
        }
        return {"targets": states}

    return ask(options, read)
