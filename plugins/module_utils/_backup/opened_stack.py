# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Open a stack for a module: its document, its desired resources, and the clients of its account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError
from .._aws.options import Connection
from .._compile.load import load
from .._compile.stack import compile_stack
from .._engine.model import DesiredStack


@dataclass(frozen=True)
class OpenedStack:
    """A document, what it compiles to, and the clients of its account and region."""

    document: Mapping[str, Any]
    desired: DesiredStack
    clients: Clients


def open_stack(options: Mapping[str, Any], task: str = "") -> OpenedStack:
    """Load and compile the document of a module's options, and check the access to its account.

    ``task`` is the policy that the module needs (permissions.py). Raises `StackError`, `TopologyError` or botocore's
    errors.
    """
    document = load(options["topology"], [options["overrides"]] if options["overrides"] else [])
    stack, connection = compile_stack(document), Connection.of(options)
    if connection.region not in (None, stack.region):
        raise StackError(
            f"region: {connection.region} is not the region of the topology ({stack.region}). Nothing was changed. "
            f"Set it with an override: {{region: {connection.region}}}, the network's zones with it"
        )
    clients = Clients(connection.for_account(document["account"]), stack.region, task=task)
    clients.check_caller()
    return OpenedStack(document, stack, clients)
