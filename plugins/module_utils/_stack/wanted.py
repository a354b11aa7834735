# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a stack should consist of, as data: the hand-over from the compiler of documents to the stack engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ref:
    """An attribute of another resource of the stack, known once that resource exists.

    It may stand anywhere inside the properties of a resource, and in the parts of an output. ``address`` is
    ``type/name``; ``attribute`` is one that the resource type offers (``id``, ``arn``, ``name``, ``public_ip``, …).
    """

    address: str
    attribute: str = "id"


@dataclass(frozen=True)
class Wanted:
    """One resource as the document wants it.

    ``name`` is its name inside the stack, ``properties`` hold what its type declares (references as `Ref`), ``tags``
    come on top of those that every resource of the stack gets. A ``protected`` resource holds data: it is deleted or
    replaced only when ``allow_destroy`` names it. ``adopt`` is the id of what AWS itself may have made in its place:
    if it is there and belongs to no stack, it becomes this resource.
    """

    type: str
    name: str
    properties: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    adopt: str | None = None

    @property
    def address(self) -> str:
        return f"{self.type}/{self.name}"


@dataclass(frozen=True)
class WantedStack:
    """A whole topology, compiled.

    ``known`` are resources that are not wanted but may be there: those of the document of a stack that is to be absent.
    ``outputs`` are named results, each a sequence of literal text and `Ref`, joined when everything is in place:
    ``{"url": ("http://", Ref("elastic_ip/app-1", "public_ip"), "/")}``.
    """

    name: str
    region: str
    resources: tuple[Wanted, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str | Ref, ...]] = field(default_factory=dict)
    known: tuple[Wanted, ...] = ()
