# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From services, with their routes and directories of files, to the locations of an nginx server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
---
name: nginx_locations
short_description: Locations of an nginx server for the routes of services
version_added: 0.1.0
description:
  - Gives each route and each directory of static files of the services one C(location), and none twice, which nginx
    would not take.
  - A route that ends with C(/*) does not hold the path before it, which nginx would redirect there.
    That path goes to the service with the longest other route that holds it, as behind a load balancer.
  - Paths that nobody has are answered with 404.
positional: _input
options:
  _input:
    description:
      - Services with C(name), C(routes) and C(static), as C(nginx_services) of the role P(groundwork.aws.nginx#role).
    type: list
    elements: dict
    required: true
  health_path:
    description:
      - The path that nginx answers itself, and no service gets.
    type: str
    default: /nginx-health
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show where requests go
  ansible.builtin.debug:
    msg: "{{ nginx_services | groundwork.aws.nginx_locations(nginx_health_path) }}"
"""

RETURN = r"""
_value:
  description:
    - The locations. Each has C(match), what follows the word C(location).
    - C(service) is the name of the service that gets its requests, C(directory) the one with its files and C(hidden)
      an expression for what of them is not served. Without either, the answer is 404.
  type: list
  elements: dict
  sample: [{match: "/api/", service: api}, {match: "= /api", service: web}, {match: "/"}]
"""

Service = Mapping[str, Any]
Location = dict[str, str]


def nginx_locations(services: Iterable[Service], health_path: str = "/nginx-health") -> list[Location]:
    """The locations of these services, each ``match`` once; the path of nginx's own health is left out."""
    listed = list(services)
    found: dict[str, Location] = {}
    for service in listed:
        for prefix, directory in (service.get("static") or {}).items():
            found.setdefault(prefix, _static(service["name"], prefix, directory))
    for service in listed:
        for route in service.get("routes") or ():
            match = _match(route)
            found.setdefault(match, {"match": match, "service": service["name"]})
    for prefix in [match for match in found if match.startswith("/")]:
        path = prefix.rstrip("/")
        if path and path != prefix and "service" in found[prefix]:
            found.setdefault(f"= {path}", {**_longest_prefix(found, path), "match": f"= {path}"})
    found.setdefault("/", {"match": "/"})
    found.pop(f"= {health_path}", None)
    return list(found.values())


def _static(service: str, prefix: str, directory: str) -> Location:
    inside = directory.strip("/")
    return {
        "match": prefix,
        "directory": f"/srv/{service}/current/{inside}/",
        "hidden": rf"^{re.escape(prefix)}(?:.*/)?\.",
    }


def _match(route: str) -> str:
    """A route as nginx has it: exact, a prefix, or an expression where a wildcard is not at its end."""
    prefix = route[:-1] if route.endswith("*") else route
    if "*" in prefix or "?" in route:
        expression = re.escape(route).replace(r"\*", ".*").replace(r"\?", ".")
        return f"~ ^{expression}$"
    return prefix if route.endswith("*") else f"= {route}"


def _longest_prefix(found: Mapping[str, Location], path: str) -> Location:
    """Who gets a path, of the routes that end with a wildcard. A file cannot be where a directory of routes is."""
    prefixes = [match for match in found if match.startswith("/") and path.startswith(match)]
    longest = found[max(prefixes, key=len)] if prefixes else {}
    return {"service": longest["service"]} if "service" in longest else {}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"nginx_locations": nginx_locations}
