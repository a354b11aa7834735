# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The caches that accept only their AUTH token from a run on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.errors import StackError
from .._aws.similar_names import suggest
from .._engine.model import DesiredStack


def require_tokens(stack: DesiredStack, addresses: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The properties by which the caches with these addresses accept only their token, by address.

    Raises `StackError` with every address that is not a cache with a token.
    """
    tokens = {
        resource.address: resource.properties["auth_token"]
        for resource in stack.resources
        if resource.type == "cache" and "auth_token" in resource.properties
    }
    problems = [
        f"require_auth: {address}: is not a cache of the topology with an AUTH token; {suggest(address, list(tokens))}"
        for address in addresses
        if address not in tokens
    ]
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return {address: {"auth_token": {**tokens[address], "exclusive": True}} for address in addresses}
