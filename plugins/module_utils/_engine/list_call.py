# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declaration of a list call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .items import Raw
from .scope import Scope


@dataclass(frozen=True)
class Listing:
    """A list call; ``result`` is the dotted path of the items in its answer (nested lists are flattened).

    ``by_stack``, ``by_ids`` and ``by_parent`` give the request for a stack, for some ids, and for one parent object.
    ``by_ids_fails_whole``: a call for several ids fails when one does not exist, or AWS takes only one.
    ``filters_by_tag``: ``by_stack`` asks for the stack's tag, so that every item must have tags.
    """

    operation: str
    result: str
    by_stack: Callable[[Scope], Mapping[str, Any]] = lambda _scope: {}
    by_ids: Callable[[Sequence[str]], Mapping[str, Any]] | None = None
    by_parent: Callable[[str], Mapping[str, Any]] | None = None
    by_ids_fails_whole: bool = False
    filters_by_tag: bool = False

    def complete_item(self, _request: Mapping[str, Any], item: Raw) -> Raw:
        """The item with what only the request says."""
        return item

    def parent_of(self, _identifier: str) -> str | None:
        """The parent inside which ``by_ids`` looks; None where one call finds the objects of all parents."""
        return None
