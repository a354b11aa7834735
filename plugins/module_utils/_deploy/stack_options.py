# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the modules that work on a stack by its name and region, without its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, describe_error
from .._aws.options import Connection
from .._aws.permissions import DEPLOY
from .._aws.sdk import FAILURES
from .._engine.scope import Scope


def run_stack_query(options: Mapping[str, Any], answer: Callable[[Clients, Scope], dict[str, Any]]) -> dict[str, Any]:
    """Return the result of ``answer``; a failure is in ``failed`` and ``msg`` of the result."""
    try:
        connection = Connection.of(options)
        if connection.region is None:
            raise StackError("region: missing; name the region of the stack")
        clients = Clients(connection, connection.region, task=DEPLOY)
        scope = Scope(options["stack"], connection.region)
        clients.check_caller()
        return {"changed": False, **answer(clients, scope)}
    except (StackError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": describe_error(error)}
