# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The routes of a document as rules of the load balancer, in the order of their priorities."""

from __future__ import annotations

from dataclasses import dataclass

from .view import Document, balanced_services

CATCH_ALL = "/*"
MAX_PRIORITY = 50000  # Elastic Load Balancing API Reference, CreateRule, Priority


@dataclass(frozen=True)
class Route:
    """A path of a service with the priority of its rule; ``number`` is its index in the routes of the service."""

    priority: int
    path: str
    service: str
    number: int


def list_rules(document: Document) -> list[Route]:
    """The rules of the listener by priority. Services without a ``priority`` get the next free ones."""
    balanced = balanced_services(document)
    reserved: set[int] = set()
    for service in balanced.values():
        first = service["priority"]
        if first is not None:
            reserved.update(range(first, first + len(service["routes"])))
    free = (priority for priority in range(1, MAX_PRIORITY + 1) if priority not in reserved)
    rules = []
    for name, service in balanced.items():
        first, used = service["priority"], 0
        for number, path in enumerate(service["routes"]):
            if path == CATCH_ALL:
                continue
            priority = next(free) if first is None else first + used
            used += 1
            rules.append(Route(priority, path, name, number))
    return sorted(rules, key=lambda rule: rule.priority)
