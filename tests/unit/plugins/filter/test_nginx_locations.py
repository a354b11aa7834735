# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nginx sends requests to services by their routes and static directories."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.documents import CHECKOUT, HERE, read

from ansible_collections.groundwork.aws.plugins.filter.nginx_locations import nginx_locations
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError
from ansible_collections.groundwork.aws.plugins.module_utils._topology.rules import reserved

PATHS = [
    "/",
    "/api",
    "/api/",
    "/api/v1",
    "/api/v1/",
    "/apix",
    "/a",
    "/static/",
    "/static",
    "/nginx-health",
    "/.well-known/",
]


def service(name: str, *routes: str, static: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "routes": list(routes), "static": static or {}}


def answer(locations: list[dict[str, str]], path: str) -> str:
    """The location that nginx chooses for a path: an exact one, else the longest prefix (its documentation)."""
    by_match = {location["match"]: location for location in locations}
    assert len(by_match) == len(locations), "nginx takes no location twice"
    found = by_match.get(f"= {path}")
    if found is None:
        found = by_match[max((match for match in by_match if path.startswith(match)), key=len)]
    return found.get("service") or found.get("directory") or "404"


@pytest.mark.parametrize(
    ("services", "answers"),
    [
        ([service("api", "/api", "/api/*")], {"/api": "api", "/api/x": "api", "/": "404"}),
        ([service("api", "/api/*", "/api")], {"/api": "api", "/api/x": "api"}),
        ([service("api", "/api/*")], {"/api": "404", "/api/": "api"}),
        ([service("api", "/api/*"), service("web", "/*")], {"/api": "web", "/api/x": "api", "/apix": "web"}),
        ([service("api", "/api/*"), service("old", "/api")], {"/api": "old", "/api/x": "api"}),
        (
            [service("api", "/api/*"), service("v1", "/api/v1/*"), service("web", "/*")],
            {"/api/v1": "api", "/api/v1/x": "v1", "/api": "web"},
        ),
        ([service("api", "/api*"), service("v1", "/api/*")], {"/api": "api", "/api/x": "v1", "/apix": "api"}),
        ([service("web", static={"/static/": "public"})], {"/static/x": "/srv/web/current/public/", "/": "404"}),
        ([service("web", static={"/": "public"})], {"/": "/srv/web/current/public/"}),
        ([service("web", "/api/*", static={"/": "dist"})], {"/x": "/srv/web/current/dist/", "/api": "404"}),
        (
            [service("web", "/static/", static={"/static/": "a"})],
            {"/static/": "web", "/static/x": "/srv/web/current/a/"},
        ),
        ([service("web", "/nginx-health/*", "/*")], {"/nginx-health/x": "web"}),
        ([service("web", static={"/my/": "my files/"})], {"/my/x": "/srv/web/current/my files/"}),
        ([], {"/": "404"}),
    ],
)
def test_requests_reach_the_service_with_the_route(services: list[dict[str, Any]], answers: dict[str, str]) -> None:
    locations = nginx_locations(services)
    assert {path: answer(locations, path) for path in answers} == answers


def test_the_path_of_the_health_of_nginx_is_no_location_of_a_service() -> None:
    for routes in (["/nginx-health"], ["/nginx-health/*"], ["/nginx-health", "/nginx-health/*"]):
        assert "= /nginx-health" not in [one["match"] for one in nginx_locations([service("web", *routes)])]
    assert "= /up" not in [one["match"] for one in nginx_locations([service("web", "/up/*")], "/up")]


def test_routes_with_a_wildcard_in_the_middle_are_expressions() -> None:
    assert nginx_locations([service("web", "/a.b/*/c-?")])[0]["match"] == r"~ ^/a\.b/.*/c\-.$"


@pytest.mark.parametrize("directory", ["public", "my files/today/", "."])
def test_static_files_are_in_the_release_that_serves(directory: str) -> None:
    """nginx checks no link before the end of `release`, so `current` may be one (disable_symlinks)."""
    location = nginx_locations([service("web", static={"/files/": directory})])[0]
    assert location["release"] == "/srv/web/current"
    assert location["directory"].startswith("/srv/web/current/")


@pytest.mark.parametrize(
    ("path", "is_hidden"),
    [
        ("/.well-known/security.txt", False),
        ("/.well-known/acme-challenge/token", False),
        ("/.well-known/.hidden", True),
        ("/.well-known/a/.b/c", True),
        ("/.well-known", True),
        ("/.well-knownx/a", True),
        ("/a/.well-known/b", True),
        ("/.git/config", True),
    ],
)
def test_well_known_files_are_served_at_the_root(path: str, is_hidden: bool) -> None:
    location = nginx_locations([service("web", static={"/": "public"})])[0]
    assert bool(re.search(location["hidden"], path)) is is_hidden


@pytest.mark.parametrize("prefix", ["/static/", "/.well-known/", "/", "/a.b/"])
def test_hidden_files_are_not_served_and_others_are(prefix: str) -> None:
    (location,) = (one for one in nginx_locations([service("web", static={prefix: "x"})]) if "hidden" in one)
    assert not re.search(location["hidden"], f"{prefix}security.txt")
    assert not re.search(location["hidden"], f"{prefix}a/b.css")
    for path in (".env", "a/.git/config", "a/.env"):
        assert re.search(location["hidden"], prefix + path)


def test_the_document_knows_what_nginx_answers_itself() -> None:
    defaults = yaml.safe_load((CHECKOUT / "roles/nginx/defaults/main.yml").read_text(encoding="utf-8"))
    assert defaults["nginx_health_path"] == reserved.NGINX_HEALTH_PATH
    assert defaults["nginx_status_port"] == reserved.NGINX_STATUS_PORT


routes = st.sampled_from(PATHS).flatmap(lambda path: st.sampled_from([path, f"{path}*"]))
prefixes = st.sampled_from([path for path in PATHS if path.endswith("/")])


@given(st.lists(st.tuples(st.lists(routes, unique=True), st.dictionaries(prefixes, st.just("public"))), max_size=3))
def test_every_good_document_gives_each_location_once(drawn: list[tuple[list[str], dict[str, str]]]) -> None:
    services: dict[str, Any] = {
        f"s{number}": {
            **{"runtime": "gunicorn", "on": "app", "port": 5001 + number, "entry": "wsgi:app", "source": {"git": "x"}},
            **{"routes": own, "static": static},
        }
        for number, (own, static) in enumerate(drawn)
    }
    try:
        document = load({**read(HERE / "small.yml"), "services": services, "proxy": {"on": "app"}})
    except TopologyError:
        return
    locations = nginx_locations({"name": name, **one} for name, one in document["services"].items())
    owners = {route: name for name, one in document["services"].items() for route in one["routes"]}
    for path in PATHS:
        assert answer(locations, path)
        if path in owners:
            assert answer(locations, path) == owners[path]
        if f"{path}*" in owners and path not in owners:
            assert answer(locations, f"{path}9") == owners[f"{path}*"]
