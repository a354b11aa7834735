# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules have in common that work on a stack by its name and region, without its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, tell
from .._aws.options import Connection
from .._aws.sdk import FAILURES
from .resource import Scope


def ask(options: Mapping[str, Any], answer: Callable[[Clients, Scope], dict[str, Any]]) -> dict[str, Any]:
    """The result of such a module, with ``failed`` and ``msg`` in it when it went wrong."""
    try:
        connection = Connection.of(options)
        if connection.region is None:
            raise StackError("region: missing; name the region of the stack")
        clients, scope = Clients(connection, connection.region), Scope(options["stack"], connection.region)
        clients.check_caller()
        return {"changed": False, **answer(clients, scope)}
    except (StackError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": tell(error)}
