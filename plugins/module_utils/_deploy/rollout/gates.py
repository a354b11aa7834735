# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gates of the document: which a batch has, and how each is asked. `verdict.py` judges what they measure.

The modules `http_gate` and `metric_gate` ask in the same way. Values of secrets are in no measurement and no message.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..._aws.backoff import Clock
from ..._aws.client import Clients
from ..._aws.errors import StackError, describe_error
from ..._aws.sdk import FAILURES
from ..._compile.load_balancer import ALB
from ..._engine.scope import Scope
from ..._host import http_gate
from ..._host.http_client import RequestError
from ..._resources.lookup import require_resources
from ..._topology.cloudwatch_metrics import add_dimensions_of_service, needs_dimensions_of_service
from ..service_environment import RequestedEnvironment, read_environment
from .cloudwatch_query import CloudWatchQuery
from .metric_query import Limit, QueryRejectedError, Reading, judge_reading
from .prometheus_query import PrometheusQuery
from .verdict import GatePolicy, Measurement

# Seconds of one request or query, so that one server that hangs does not keep the other gates from being asked.
REQUEST_TIMEOUT = 10.0
# Measurements of each gate that the ledger gets: the newest of those that passed, and of the others.
KEPT_MEASUREMENTS = 5
SECRETS = ("prometheus_password", "prometheus_token")
# The failures after which a gate could not be asked.
ERRORS = (StackError, RequestError, *FAILURES)


# What is asked. Pure functions.


def collect_gates(moves: Iterable[Mapping[str, Any]], url: str) -> list[dict[str, Any]]:
    """The gates of the services that move, as playbooks pass them on. One that is the same for several is there once.

    ``url`` is that of the stack. A gate about the target group of its service has its name in ``service``.
    """
    found: dict[str, dict[str, Any]] = {}
    services: dict[str, list[str]] = {}
    for move in moves:
        for name, settings in (move["rollout"].get("gates") or {}).items():
            is_of_service = "cloudwatch" in settings and needs_dimensions_of_service(_as_query(settings))
            gate = {
                "name": name,
                "service": move["service"] if is_of_service else "",
                "settings": locate_path(settings, url),
            }
            key = json.dumps(gate, sort_keys=True)
            found.setdefault(key, gate)
            if move["service"] not in services.setdefault(key, []):
                services[key].append(move["service"])
    counts = Counter(gate["name"] for gate in found.values())
    for key, gate in found.items():
        if counts[gate["name"]] > 1:
            gate["name"] = f"{gate['name']} of {', '.join(services[key])}"
    return list(found.values())


def locate_path(settings: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The settings of a request with the URL of its path; without a URL of the stack they keep the path."""
    if not settings.get("path") or not url:
        return dict(settings)
    others = {key: value for key, value in settings.items() if key != "path"}
    return {**others, "url": f"{url.rstrip('/')}{settings['path']}"}


def make_policy(gate: Mapping[str, Any]) -> GatePolicy:
    settings = gate["settings"]
    return GatePolicy(gate["name"], settings["unmeasured"], settings["failures_allowed"])


def select_kept(measurements: Sequence[Measurement]) -> list[Measurement]:
    """The measurements of all gates that the ledger gets, in the order of time."""
    kept: list[Measurement] = []
    counts: Counter[tuple[str, bool]] = Counter()
    for measurement in reversed(measurements):
        group = (measurement.gate, measurement.passed is True)
        counts[group] += 1
        if counts[group] <= KEPT_MEASUREMENTS:
            kept.append(measurement)
    return kept[::-1]


def _as_query(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of CloudWatch with all keys, which a document or a playbook may have left out."""
    unset = {"metric": None, "namespace": None, "dimensions": None, "expression": None, "metrics": None}
    return {**unset, **settings["cloudwatch"]}


# Asking


@dataclass(frozen=True)
class Asker:
    """What it takes to ask the gates of a stack. ``moved`` is when the batch had moved, in seconds since 1970."""

    clients: Clients
    scope: Scope
    clock: Clock
    moved: float = 0.0

    def prepare(self, gate: Mapping[str, Any]) -> Callable[[], Measurement]:
        """The function that asks a gate once. Raises one of `ERRORS` for a gate that cannot be asked.

        The function raises `QueryRejectedError` for a query that no repetition can answer.
        """
        settings = gate["settings"]
        if "promql" in settings:
            prometheus = PrometheusQuery.of(self._make_prometheus_options(settings))
            return self._compare(gate, prometheus.read)
        if "cloudwatch" in settings:
            cloudwatch = CloudWatchQuery.of(self._add_dimensions(gate))
            return self._compare(
                gate, lambda: cloudwatch.read(self.clients("cloudwatch"), self.clock.time(), self.moved)
            )
        return self._probe(gate, make_probe(settings))

    def _probe(self, gate: Mapping[str, Any], probe: http_gate.HttpProbe) -> Callable[[], Measurement]:
        def ask() -> Measurement:
            at = self.clock.time()
            answer = probe.measure()
            passed = answer.passed if answer.measured else None
            result = f"status {answer.status} after {answer.latency_ms} ms" if passed else answer.why
            return Measurement(gate["name"], passed, f"{probe.describe()}: {result}", at)

        return ask

    def _compare(self, gate: Mapping[str, Any], read: Callable[[], Reading]) -> Callable[[], Measurement]:
        limit = Limit(gate["settings"].get("below"), gate["settings"].get("above"))

        def ask() -> Measurement:
            at = self.clock.time()
            measured = judge_reading(limit, read())
            detail = measured.why or f"{measured.value:g}, {limit.describe()}"
            return Measurement(gate["name"], measured.passed, detail, at, measured.sample)

        return ask

    def _make_prometheus_options(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "promql": settings["promql"],
            "prometheus_url": settings["prometheus_url"],
            "prometheus_user": settings.get("prometheus_user"),
            "prometheus_validate_certs": True,
            "prometheus_ca_path": None,
            "query_timeout": REQUEST_TIMEOUT,
            **{name: None for name in SECRETS},
            **self._read_secrets(settings),
        }

    def _read_secrets(self, settings: Mapping[str, Any]) -> dict[str, str]:
        records = [{"variable": name, **settings[name]} for name in SECRETS if name in settings]
        return read_secrets(self.clients, self.scope, records)

    def _add_dimensions(self, gate: Mapping[str, Any]) -> dict[str, Any]:
        query = _as_query(gate["settings"])
        if not gate["service"]:
            return query
        group = f"target_group/{gate['service']}"
        found = require_resources(self.clients, self.scope, [group, ALB])
        names = [str(found[address].attributes["full_name"]) for address in (group, ALB)]
        return add_dimensions_of_service(query, *names)


def make_probe(settings: Mapping[str, Any]) -> http_gate.HttpProbe:
    """The probe of a gate or a hook with a URL. Raises `RequestError`."""
    if "url" not in settings:
        raise RequestError(f"the stack has no URL yet at which {settings.get('path')} could be asked")
    options = {name: argument.get("default") for name, argument in http_gate.ARGUMENTS.items()}
    return http_gate.HttpProbe.of({**options, **_list_probe_options(settings)})


def _list_probe_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    names = ("url", "method", "status", "body", "headers", "latency")
    return {name: settings[name] for name in names if settings.get(name) is not None}


def read_secrets(clients: Clients, scope: Scope, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The values of secrets of the document by ``variable`` of each record. Raises `StackError`."""
    return read_environment(clients, scope, RequestedEnvironment("", (), (), records)) if records else {}


@dataclass(frozen=True)
class Problem:
    """Why a gate or a hook cannot be asked. A ``pending`` one may be solved by resources that do not exist yet."""

    text: str
    pending: bool = True


def find_problems(asker: Asker, gates: Iterable[Mapping[str, Any]]) -> Iterator[Problem]:
    """Why gates can never be measured, before anything has moved. A server that does not answer now is no problem."""
    for gate in gates:
        try:
            ask = asker.prepare(gate)
            if "url" not in gate["settings"]:
                ask()
        except QueryRejectedError as error:
            yield Problem(f"gate {gate['name']}: {error}", pending=False)
        except ERRORS as error:
            yield Problem(f"gate {gate['name']}: {_describe(error)}")


@dataclass
class AskedGate:
    """A gate while a batch bakes: when it is due, and what it has measured so far."""

    policy: GatePolicy
    interval: float
    prepare: Callable[[], Callable[[], Measurement]]
    clock: Clock
    measurements: list[Measurement] = field(default_factory=list)
    _asked: float | None = None
    _ask: Callable[[], Measurement] | None = None

    def is_due(self, elapsed: float, bake: float) -> bool:
        """Whether to ask it, ``elapsed`` seconds after the batch has moved; also once the bake time has ended."""
        if self._asked is None:
            return True
        return elapsed - self._asked >= self.interval or self._asked < bake <= elapsed

    def ask(self, elapsed: float) -> None:
        """Ask once, and keep what was measured. What cannot be asked is not measured."""
        self._asked = elapsed
        at = self.clock.time()
        try:
            self._ask = self._ask or self.prepare()
            measurement = self._ask()
        except QueryRejectedError as error:
            measurement = Measurement(self.policy.name, None, str(error), at)
            if self.policy.unmeasured == "wait" and not any(one.passed is not None for one in self.measurements):
                # No later query would be answered either.
                self.policy = replace(self.policy, unmeasured="abort")
        except ERRORS as error:
            measurement = Measurement(self.policy.name, None, _describe(error), at)
        self.measurements.append(measurement)


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, RequestError) else describe_error(error)
