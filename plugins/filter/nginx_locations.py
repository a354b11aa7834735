# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the locations of an nginx server from the routes and static directories of services."""

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
  - Gives each route and each directory of static files of the services one C(location). None is repeated, because
    nginx rejects that.
  - A route that ends with C(/*) does not hold the path before it, which nginx would redirect there.
    That path goes to the service with the longest other route that holds it, as behind a load balancer.
  - All other paths are answered with 404.
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
      - The path that nginx answers itself; no service gets its requests.
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
    - The locations. Each has C(match), the text after the word C(location).
    - C(service) is the name of the service that gets its requests. Without it and C(directory), the answer is 404.
    - C(directory) is the one with its files, in the directory C(release) of the release that serves, and C(hidden) an
      expression for the files that are not served.
  type: list
  elements: dict
  sample: [{match: "/api/", service: api}, {match: "= /api", service: web}, {match: "/"}]
"""

# RFC 8615 defines paths below /.well-known/ that clients read. Hidden files in there stay hidden.
WELL_KNOWN = r"(?!\.well-known/(?!(?:.*/)?\.))"

Service = Mapping[str, Any]
Location = dict[str, str]


def nginx_locations(services: Iterable[Service], health_path: str = "/nginx-health") -> list[Location]:
    """The locations of these services, each ``match`` once; the health path of nginx is left out."""
    every_service = list(services)
    found: dict[str, Location] = {}
    for service in every_service:
        for prefix, directory in (service.get("static") or {}).items():
            found.setdefault(prefix, _build_static_location(service["name"], prefix, directory))
    for service in every_service:
        for route in service.get("routes") or ():
            match = _convert_route(route)
            found.setdefault(match, {"match": match, "service": service["name"]})
    for prefix in [match for match in found if match.startswith("/")]:
        path = prefix.rstrip("/")
        if path and path != prefix and "service" in found[prefix]:
            found.setdefault(f"= {path}", {**_find_longest_prefix(found, path), "match": f"= {path}"})
    found.setdefault("/", {"match": "/"})
    found.pop(f"= {health_path}", None)
    return list(found.values())


def _build_static_location(service: str, prefix: str, directory: str) -> Location:
    release, inside = f"/srv/{service}/current", directory.strip("/")
    return {
        "match": prefix,
        "release": release,
        "directory": f"{release}/{inside}/",
        "hidden": rf"^{re.escape(prefix)}{WELL_KNOWN if prefix == '/' else ''}(?:.*/)?\.",
    }


def _convert_route(route: str) -> str:
    """Convert a route to nginx's form: exact, a prefix, or an expression for a wildcard that is not at the end."""
    prefix = route[:-1] if route.endswith("*") else route
    if "*" in prefix or "?" in route:
        expression = re.escape(route).replace(r"\*", ".*").replace(r"\?", ".")
        return f"~ ^{expression}$"
    return prefix if route.endswith("*") else f"= {route}"


def _find_longest_prefix(found: Mapping[str, Location], path: str) -> Location:
    """The service of the longest wildcard route that matches a path; empty for a static directory or no route."""
    prefixes = [match for match in found if match.startswith("/") and path.startswith(match)]
    longest = found[max(prefixes, key=len)] if prefixes else {}
    return {"service": longest["service"]} if "service" in longest else {}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"nginx_locations": nginx_locations}
