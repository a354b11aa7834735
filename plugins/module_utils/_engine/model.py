# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The desired stack as data: the compiler of documents makes it for the stack engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ref:
    """An attribute of another resource of the stack, known once that resource exists.

    It may be anywhere inside the properties of a resource, and in the parts of an output. ``address`` is
    ``type/name``; ``attribute`` is one that the resource type offers (``id``, ``arn``, ``name``, ``public_ip``, …).
    """

    address: str
    attribute: str = "id"


@dataclass(frozen=True)
class Spread:
    """One of several references, as the value of a property: resources of one ``group`` are spread evenly over them.

    A resource that exists keeps the option that it uses, so that a further option (a third zone) replaces nothing.
    """

    group: str
    options: tuple[Ref, ...]


@dataclass(frozen=True)
class DesiredResource:
    """One resource of a document.

    ``name`` is its name inside the stack. ``properties`` are those of its type, with references as `Ref`, and as
    `Spread` where one of several is chosen. ``tags`` are added to those of every resource of the stack. A ``protected``
    resource is deleted or replaced only when ``allow_destroy`` names it. ``adopt`` is the id of an object that AWS
    itself may have created in its place: if that exists and belongs to no stack, it becomes this resource.
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
class DesiredStack:
    """A whole topology, compiled.

    ``known`` are resources that may exist although the stack has none: those of the document of a stack to delete.
    ``outputs`` are named results, each a sequence of literal text and `Ref`, joined after the run:
    ``{"url": ("http://", Ref("elastic_ip/app-1", "public_ip"), "/")}``.
    """

    name: str
    region: str
    resources: tuple[DesiredResource, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str | Ref, ...]] = field(default_factory=dict)
    known: tuple[DesiredResource, ...] = ()
