# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Placements: where a service runs, which instances exist there, how they are reached, and what may replace them.

Rules, compiler and inventory ask here, so that only this file reads ``on`` and ``instances`` of a service. Every
placement is a fixed group of instances so far; an auto scaling group or a cluster becomes another class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .view import Document, balanced_services, services

PRIVATE = "private"


@dataclass(frozen=True)
class InstanceGroup:
    """A fixed group of instances, shared by services or owned by one.

    ``path`` is the path of its settings in the document. ``services`` are those that run on it, in the document's
    order. ``proxy`` is the proxy of the document, if it runs there.
    """

    name: str
    path: tuple[Any, ...]
    settings: Mapping[str, Any]
    services: Mapping[str, Mapping[str, Any]]
    proxy: Mapping[str, Any] | None

    @property
    def count(self) -> int:
        return int(self.settings["count"])

    @property
    def max_count(self) -> int:
        """The largest number of instances that scaling may give the group."""
        return max(self.count, self.settings["max"] or 0)

    @property
    def member_names(self) -> list[str]:
        """The names of its instances: ``app-1``, ``app-2`` …"""
        return [f"{self.name}-{number}" for number in range(1, self.count + 1)]

    @property
    def tier(self) -> str:
        """The tier of subnets of its instances; in a document with errors it may be undeclared."""
        return str(self.settings["subnets"])

    @property
    def address(self) -> str:
        """How its instances are reached: at an ``elastic``, ``public`` or ``private`` address."""
        return str(self.settings["address"])

    @property
    def has_public_addresses(self) -> bool:
        return self.address != PRIVATE

    def needs_resize(self, instance_type: str) -> bool:
        """Whether an instance of this type gets the type of the group."""
        return bool(instance_type != self.settings["type"])

    def is_surplus(self, member: str) -> bool:
        """Whether an instance that exists has a number above the count of the group."""
        start, number = member[: len(self.name) + 1], member[len(self.name) + 1 :]
        return start == f"{self.name}-" and number.isdigit() and int(number) > self.count


Placement = InstanceGroup


def find_placements(document: Document) -> dict[str, Placement]:
    """The placements of a document by name: the shared groups of instances, then those that a service owns."""
    shared = document.get("instances") or {}
    declared: dict[str, tuple[tuple[Any, ...], Mapping[str, Any]]] = {}
    for name, settings in shared.items():
        declared[name] = (("instances", name), settings)
    for name, service in services(document).items():
        if service.get("instances") is not None:
            declared.setdefault(name, (("services", name, "instances"), service["instances"]))
    running: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in declared}
    for name, service in services(document).items():
        home = placement_name(name, service)
        if home in running:
            running[home][name] = service
    proxy = document.get("proxy")
    placements = {}
    for name, (path, settings) in declared.items():
        own_proxy = proxy if proxy is not None and proxy["on"] == name else None
        placements[name] = InstanceGroup(name, path, settings, running[name], own_proxy)
    return placements


def placement_name(name: str, service: Mapping[str, Any]) -> str | None:
    """The name of the placement of a service; in a document with errors it may be undeclared."""
    return name if service.get("instances") is not None else service.get("on")


def find_placement(document: Document, name: str) -> Placement:
    """The placement of a service of a valid document."""
    return find_placements(document)[str(placement_name(name, services(document)[name]))]


def is_proxied(document: Document, name: str) -> bool:
    """Whether the proxy of the document runs on the placement of a service."""
    proxy = document.get("proxy")
    home = placement_name(name, services(document)[name])
    return proxy is not None and home is not None and proxy["on"] == home


def calling_placements(document: Document, called: str) -> list[str]:
    """The names of the other placements from which a service is called, in the document's order.

    Services of the same group reach each other on the loopback of their host, to which no security group applies.
    """
    home = placement_name(called, services(document)[called])
    callers: dict[str, None] = {}
    for name, service in services(document).items():
        caller = placement_name(name, service)
        if called in service["calls"] and caller is not None and caller != home:
            callers[caller] = None
    return list(callers)


def bind_address(document: Document, name: str) -> str:
    """The address that a service listens on: the loopback, unless something outside its instances may connect.

    From outside, the security group admits only the sources that the document names.
    """
    service = services(document)[name]
    is_reached = bool(
        service["allow_from"] or calling_placements(document, name) or name in balanced_services(document)
    )
    return "0.0.0.0" if is_reached else "127.0.0.1"
