# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module `target` does with its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, tell
from .._aws.options import Connection
from .._aws.sdk import FAILURES
from . import targets


def target(options: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """The result, with ``failed`` and ``msg`` in it when it went wrong."""
    wish = targets.Wish(options["state"], options["instance"], options["minimum_healthy"], options["timeout"])
    try:
        connection = Connection.of(options)
        if connection.region is None:
            raise StackError("region: missing; name the region of the stack")
        clients = Clients(connection, connection.region)
        group = targets.find(clients, options["stack"], connection.region, options["service"])
        changed, now, why = targets.bring(group, wish, check)
    except (StackError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": tell(error)}
    return {"changed": changed, "target_group": group.name, "target": {"state": now.state, "why": why or now.why}}
