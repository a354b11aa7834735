# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about gates of rollouts: the keys of each kind, regular expressions, addresses, limits and metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..._host.http_client import RequestError, parse_url
from ..._resources.cloudwatch.alarm import check_brackets, check_expression
from ..._resources.cloudwatch.expressions import find_promql_problem
from ..cloudwatch_metrics import find_query_problems, needs_dimensions_of_service
from ..schema.kinds import DependentFinding, DocumentPath, Finding, display
from ..view import Document, balanced_services, has_url, load_balancer, services

KINDS = ("url", "path", "promql", "cloudwatch")
# Labels of 63 characters at most (RFC 1123, 2.1), also with the underscores that private names have. `parse_url` checks
# IPv6 addresses.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = rf"(?=.{{1,254}}$){_LABEL}(?:\.{_LABEL})*\.?"
# The keys that only some kinds have, and their values where a document does not set them.
OF_PROBES: Mapping[str, Any] = {"status": [200], "body": None, "headers": {}, "latency": None}
OF_METRICS: Mapping[str, Any] = {"above": None, "below": None}
OF_PROMETHEUS: Mapping[str, Any] = {
    "prometheus_url": None,
    "prometheus_user": None,
    "prometheus_password": None,
    "prometheus_token": None,
}
KEYS_OF_KINDS = {
    "url": OF_PROBES,
    "path": OF_PROBES,
    "promql": {**OF_METRICS, **OF_PROMETHEUS},
    "cloudwatch": OF_METRICS,
}

NO_URL = "the stack has no URL, because it has no load balancer, no proxy and no service with a port (write url)"
# What may give a stack its URL (`has_url`).
SOURCES_OF_URL: tuple[DocumentPath, ...] = (("load_balancer",), ("proxy",), ("services", "*", "port"))


def list_gates(document: Document) -> Iterator[tuple[DocumentPath, str | None, Mapping[str, Any]]]:
    """Every gate of a document: its path, its service (None for one of all services), and its settings."""
    for name, gate in document["rollout"]["gates"].items():
        yield ("rollout", "gates", name), None, gate
    for service, settings in services(document).items():
        for name, gate in settings["rollout"]["gates"].items():
            yield ("services", service, "rollout", "gates", name), service, gate


def gates_have_the_keys_of_their_kind(document: Document) -> Iterator[Finding]:
    for path, _service, gate in list_gates(document):
        kind = find_kind(gate)
        if kind is None:
            continue
        for key, unset in {**OF_PROBES, **OF_METRICS, **OF_PROMETHEUS}.items():
            if key not in KEYS_OF_KINDS[kind] and gate[key] != unset:
                yield (*path, key), f"a gate with {kind} has no {key} (remove it)"
        if kind in ("promql", "cloudwatch"):
            yield from _check_limit(path, gate)
        if kind == "promql":
            yield from _check_prometheus(path, gate)


def addresses_of_gates_can_be_asked(document: Document) -> Iterator[Finding]:
    for path, _service, gate in list_gates(document):
        yield from check_answer(path, gate)
        if gate["path"] and not has_url(document):
            yield DependentFinding((*path, "path"), NO_URL, *SOURCES_OF_URL)
        yield from _check_address((*path, "prometheus_url"), gate["prometheus_url"])
        if gate["prometheus_url"] and re.search(r"/api/v1(?:/query(?:_range)?)?/?$", gate["prometheus_url"]):
            yield (
                (*path, "prometheus_url"),
                "has the path of the API (write the address of the server, without /api/v1…)",
            )
        if gate["prometheus_url"] and "?" in gate["prometheus_url"]:
            yield (*path, "prometheus_url"), "has a query (write the address of the server, without /api/v1/query)"


def check_answer(path: DocumentPath, probe: Mapping[str, Any]) -> Iterator[Finding]:
    """The problems of the address of a request, and of its expected answer."""
    yield from _check_address((*path, "url"), probe["url"])
    yield from _check_pattern((*path, "body"), probe["body"])
    for name, pattern in probe["headers"].items():
        yield from _check_pattern((*path, "headers", name), pattern)


def metrics_of_gates_exist(document: Document) -> Iterator[Finding]:
    balanced = balanced_services(document)
    for path, service, gate in list_gates(document):
        query = gate["cloudwatch"]
        if query is None:
            continue
        here = (*path, "cloudwatch")
        problems = list(find_query_problems(drop_unset_metrics(query)))
        for problem in problems:
            where, text = _locate_problem(here, problem.text)
            yield DependentFinding(where, text, *((*here, *one) for one in problem.depends))
        if not problems and query["expression"]:
            for _path, text in (*check_brackets(query), *check_expression(query)):
                yield DependentFinding((*here, "expression"), text, (*here, "metrics"))
        if needs_dimensions_of_service(query) and (service not in balanced if service else not balanced):
            subject = f"services.{service} has no routes of a load balancer" if service else "no service has routes"
            if load_balancer(document) is None:
                subject = "the stack has no load balancer"
            text = f"{subject}, so there is no target group whose dimensions the metric could have"
            depends = ((*here, "dimensions"), (*here, "metrics"), ("load_balancer",), ("services", "*", "routes"))
            yield DependentFinding(here, f"{text} (write dimensions)", *depends)


def metrics_of_gates_are_measured_while_a_batch_bakes(document: Document) -> Iterator[Finding]:
    """A period that began before the batch had moved does not count, so the first may end two periods later."""
    for path, service, gate in list_gates(document):
        if gate["cloudwatch"] is None or gate["unmeasured"] == "go_on":
            continue
        period = gate["cloudwatch"]["period"]
        settings = services(document)[service]["rollout"] if service else document["rollout"]
        if 0 < settings["bake"] < 2 * period:
            text = f"the first {period} s after a batch has moved may end after the bake time, {settings['bake']} s"
            text = f"{text} (write a bake time of {2 * period} or more, or a shorter period)"
            bakes = (("rollout", "bake"), ("services", service or "*", "rollout", "bake"))
            yield DependentFinding((*path, "cloudwatch"), text, (*path, "cloudwatch", "period"), *bakes)


def drop_unset_metrics(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query whose metrics have only the keys that the document sets, as the module `metric_gate` has them."""
    metrics = {
        name: {key: value for key, value in metric.items() if value is not None}
        for name, metric in query["metrics"].items()
    }
    return {**query, "metrics": metrics}


def find_kind(gate: Mapping[str, Any]) -> str | None:
    """The kind of a gate; None where a document gives none, or several."""
    given = [kind for kind in KINDS if gate[kind] is not None]
    return given[0] if len(given) == 1 else None


def _check_limit(path: DocumentPath, gate: Mapping[str, Any]) -> Iterator[Finding]:
    above, below = gate["above"], gate["below"]
    if above is None and below is None:
        yield DependentFinding(
            path, "a metric needs a limit (add below, above or both)", (*path, "above"), (*path, "below")
        )
    elif above is not None and below is not None and below <= above:
        yield (*path, "below"), f"{below:g} is not more than above, {above:g}, so no value is good (raise it)"


def _check_prometheus(path: DocumentPath, gate: Mapping[str, Any]) -> Iterator[Finding]:
    if gate["prometheus_url"] is None:
        text = "promql needs the address of the server (add prometheus_url)"
        yield DependentFinding(path, text, (*path, "prometheus_url"))
    problem = find_promql_problem(gate["promql"])
    if problem is not None:
        yield (*path, "promql"), problem
    if gate["prometheus_token"] and (gate["prometheus_user"] or gate["prometheus_password"]):
        yield (*path, "prometheus_token"), "a token is sent instead of user and password (keep one of the two)"
    if bool(gate["prometheus_user"]) != bool(gate["prometheus_password"]):
        missing = "prometheus_password" if gate["prometheus_user"] else "prometheus_user"
        yield DependentFinding(path, f"user and password go together (add {missing})", (*path, missing))


def _check_address(path: DocumentPath, url: str | None) -> Iterator[Finding]:
    if url is None:
        return
    try:
        address = parse_url(url)
    except RequestError as error:
        if re.match(r"[a-z]+://[^/?#]*@", url, re.IGNORECASE) and "user or a password" in str(error):
            fix = (
                "write prometheus_user and prometheus_password"
                if path[-1] == "prometheus_url"
                else "ask an address that needs none: this request has no headers of its own"
            )
            yield path, f"the URL has a user or a password ({fix})"
            return
        yield path, f"{error} (correct it)"
        return
    if ":" not in address.host and not re.fullmatch(HOST, address.host):
        yield path, f"{display(address.host)} is not the name or address of a host (correct it)"
    elif address.port == 0:
        yield path, "has the port 0, at which nothing can be asked (write the port of the service, or leave it out)"


def _check_pattern(path: DocumentPath, pattern: str | None) -> Iterator[Finding]:
    try:
        re.compile(pattern or "")
    except re.error as error:
        yield path, f"is not a regular expression of Python: {error} (correct it)"
    except (OverflowError, RecursionError, MemoryError):
        text = "is not a regular expression that Python can compile"
        yield path, f"{text} (write one with smaller numbers in braces, and fewer levels of brackets)"


def _locate_problem(path: DocumentPath, problem: str) -> Finding:
    """The key that a problem names first, and the problem."""
    key, _colon, text = problem.partition(": ")
    return ((*path, key), f"{text} (correct it)") if " " not in key else (path, f"{problem} (correct it)")


GATE_RULES = (
    gates_have_the_keys_of_their_kind,
    addresses_of_gates_can_be_asked,
    metrics_of_gates_exist,
    metrics_of_gates_are_measured_while_a_batch_bakes,
)
