# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask a URL until it gave enough good answers in a row: the work of the module `http_gate`. Python 3.9.

`judge_response`, `judge_no_response`, `Tally` and `decide` are pure. No part of a body, and no value of a request
header, is in a result: both may hold secrets.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Deque, Mapping, Optional, Pattern, Sequence

from .http_client import HttpClient, NoResponseError, Request, RequestError, Response, check_headers, parse_url
from .polling import SYSTEM_CLOCK, Clock, poll
from .printable_text import replace_control_characters

ARGUMENTS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "unix_socket": {"type": "path"},
    "method": {"type": "str", "choices": ["GET", "HEAD"], "default": "GET"},
    # All values are hidden: a module cannot know in time which of them is a token.
    "request_headers": {"type": "dict", "default": {}, "no_log": True},
    "host": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "follow_redirects": {"type": "int", "default": 0},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "body": {"type": "str"},
    "headers": {"type": "dict", "default": {}},
    "latency": {"type": "int"},
    "read_limit": {"type": "int", "default": 65536},
    "consecutive": {"type": "int", "default": 1},
    "timeout": {"type": "float", "default": 60.0},
    "interval": {"type": "float", "default": 2.0},
    "request_timeout": {"type": "float", "default": 10.0},
    "unmeasured": {"type": "str", "choices": ["fail", "pass"], "default": "fail"},
}
LEAST = {
    "consecutive": 1,
    "follow_redirects": 0,
    "interval": 0.1,
    "latency": 1,
    "read_limit": 1,
    "request_timeout": 0.1,
    "timeout": 0,
}
KEPT_MEASUREMENTS = 10
# Characters of a header value in a message.
LONGEST_VALUE = 100
# Response headers whose values are credentials.
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "set-cookie", "set-cookie2"})
PASSED, FAILED, UNMEASURED, NOT_ASKED = "passed", "failed", "unmeasured", "not_asked"


@dataclass(frozen=True)
class Expectation:
    """What a good answer is. ``latency`` is in milliseconds; None means any."""

    status: Sequence[int] = (200,)
    body: Optional[Pattern[str]] = None
    headers: Mapping[str, Pattern[str]] = field(default_factory=dict)
    latency: Optional[int] = None

    def describe(self) -> str:
        parts = [f"status {' or '.join(str(code) for code in self.status)}"]
        parts += [f"header {name} with {_quote(pattern)}" for name, pattern in self.headers.items()]
        if self.body is not None:
            parts.append(f"body with {_quote(self.body)}")
        if self.latency is not None:
            parts.append(f"at most {self.latency} ms")
        return ", ".join(parts)


@dataclass(frozen=True)
class Measurement:
    """One request: ``measured`` is False where there was no response to judge, ``why`` is empty for a good answer."""

    passed: bool
    measured: bool
    latency_ms: int
    status: Optional[int] = None
    why: str = ""

    def as_result(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "measured": self.measured,
            "status": self.status,
            "latency_ms": self.latency_ms,
            "why": self.why,
        }


@dataclass
class Tally:
    """How many requests were good, bad and without a response, and how many good ones came in a row."""

    good: int = 0
    bad: int = 0
    unmeasured: int = 0
    streak: int = 0
    longest: int = 0

    @property
    def requests(self) -> int:
        return self.good + self.bad + self.unmeasured

    def count(self, measurement: Measurement) -> None:
        if measurement.passed:
            self.good += 1
            self.streak += 1
            self.longest = max(self.longest, self.streak)
            return
        # A service that cannot be reached is not known to be good, so the count starts again.
        self.streak = 0
        if measurement.measured:
            self.bad += 1
        else:
            self.unmeasured += 1


def judge_response(expectation: Expectation, response: Response) -> Measurement:
    """Compare a response with what is expected; every difference is named."""
    latency = round(response.seconds * 1000)
    problems = []
    if response.status not in expectation.status:
        problems.append(f"status {response.status}")
    for name, pattern in expectation.headers.items():
        problems += _judge_header(name, pattern, response.headers.get(name.lower(), ()))
    if expectation.body is not None and not expectation.body.search(_decode(response)):
        size = f"{len(response.body)} bytes" if response.is_whole else f"the first {len(response.body)} bytes"
        problems.append(f"body ({size}) without {_quote(expectation.body)}")
    if expectation.latency is not None and response.seconds * 1000 > expectation.latency:
        problems.append(f"took {latency} ms")
    why = replace_control_characters(", ".join(problems))
    return Measurement(not problems, True, latency, response.status, why)


def judge_no_response(expectation: Expectation, error: NoResponseError) -> Measurement:
    """A request without a response is not measured, unless the time limit shows that the answer was too slow."""
    latency = round(error.seconds * 1000)
    why = replace_control_characters(error.why)
    is_slow = error.timed_out and error.has_connected
    if is_slow and expectation.latency is not None and latency > expectation.latency:
        return Measurement(False, True, latency, None, why)
    return Measurement(False, False, latency, None, why)


def decide(tally: Tally, consecutive: int, is_over: bool) -> Optional[str]:
    """The verdict; None as long as the URL is to be asked again."""
    if tally.streak >= consecutive:
        return PASSED
    if not is_over:
        return None
    return FAILED if tally.good or tally.bad else UNMEASURED


def _judge_header(name: str, pattern: Pattern[str], values: Sequence[str]) -> list[str]:
    if any(pattern.search(value) for value in values):
        return []
    if not values:
        return [f"no header {name}"]
    if name.lower() in SECRET_HEADERS:
        return [f"header {name} without {_quote(pattern)}"]
    return [f'header {name} "{_shorten(", ".join(values))}" without {_quote(pattern)}']


def _decode(response: Response) -> str:
    """The body as text: in the charset of its type, if Python knows that, else as UTF-8."""
    kind = ", ".join(response.headers.get("content-type", ()))
    found = re.search(r"charset=\"?([\w.:-]+)", kind, re.IGNORECASE)
    try:
        return response.body.decode(found.group(1) if found else "utf-8", "replace")
    except (LookupError, UnicodeError):
        # Some codecs of Python, such as idna, replace nothing.
        return response.body.decode("utf-8", "replace")


def _quote(pattern: Pattern[str]) -> str:
    return f'"{pattern.pattern}"'


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


@dataclass(frozen=True)
class HttpProbe:
    """One request, and what a good answer to it is."""

    request: Request
    expectation: Expectation
    client: HttpClient

    @classmethod
    def of(cls, options: Mapping[str, Any], clock: Clock = SYSTEM_CLOCK) -> HttpProbe:
        """The probe of the options in `ARGUMENTS`. Raises `RequestError` for those that cannot be sent."""
        _check_options(options)
        client = HttpClient(options["validate_certs"], options["ca_path"] or "", clock)
        return cls(_build_request(options), _build_expectation(options), client)

    def measure(self) -> Measurement:
        """Ask once."""
        try:
            return judge_response(self.expectation, self.client.send(self.request))
        except NoResponseError as error:
            return judge_no_response(self.expectation, error)

    def describe(self) -> str:
        """What is asked, as messages show it."""
        return _describe_request(self.request)


def run_http_gate(options: Mapping[str, Any], check_mode: bool, clock: Clock = SYSTEM_CLOCK) -> dict[str, Any]:
    """Run the module `http_gate` and return its result; a gate that is closed is in ``failed`` and ``msg``.

    Raises `RequestError` for options with which no request can be sent.
    """
    probe = HttpProbe.of(options, clock)
    basis = {"changed": False, "request": probe.describe(), "expected": probe.expectation.describe()}
    if check_mode:
        return {**basis, **_report(NOT_ASKED, None, Tally(), ())}
    tally = Tally()
    kept: Deque[Measurement] = deque(maxlen=KEPT_MEASUREMENTS)
    for _request in poll(options["timeout"], options["interval"], clock):
        measurement = probe.measure()
        tally.count(measurement)
        kept.append(measurement)
        if decide(tally, options["consecutive"], is_over=False):
            break
    verdict = decide(tally, options["consecutive"], is_over=True) or FAILED
    passed = verdict == PASSED or (verdict == UNMEASURED and options["unmeasured"] == "pass")
    result = {**basis, **_report(verdict, passed, tally, tuple(kept))}
    if not passed:
        result.update(failed=True, msg=_describe_failure(options, probe, tally, kept[-1]))
    return result


def _report(verdict: str, passed: Optional[bool], tally: Tally, measurements: Sequence[Measurement]) -> dict[str, Any]:
    return {
        "passed": passed,
        "measured": bool(tally.good or tally.bad),
        "verdict": verdict,
        "requests": tally.requests,
        "good": tally.good,
        "bad": tally.bad,
        "unmeasured": tally.unmeasured,
        "consecutive": tally.longest,
        "measurements": [measurement.as_result() for measurement in measurements],
    }


def _describe_failure(options: Mapping[str, Any], probe: HttpProbe, tally: Tally, last: Measurement) -> str:
    answers = "a good answer" if options["consecutive"] == 1 else f"{options['consecutive']} good answers in a row"
    period = f" within {options['timeout']:g} s" if options["timeout"] else ""
    count = f"{tally.requests} requests" if tally.requests > 1 else "1 request"
    if tally.good or tally.bad:
        numbers = f"{count}: {tally.good} good (at most {tally.longest} in a row), {tally.bad} bad"
        numbers += f", {tally.unmeasured} without a response" if tally.unmeasured else ""
        advice = "Look at the log of the service that answers there"
    else:
        numbers = f"It could not be measured: {count}, none with a response"
        advice = "Check that the service listens there, and that this host reaches it"
    outcome = "good" if last.passed else last.why
    return (
        f"{probe.describe()} has not given {answers}{period}. Expected: {probe.expectation.describe()}. "
        f"{numbers}. The last one: {outcome}, after {last.latency_ms} ms. {advice}."
    )


def _describe_request(request: Request) -> str:
    parts = [f"{request.method} {request.url}"]
    if request.host:
        parts.append(f"for the host {request.host}")
    if request.unix_socket:
        parts.append(f"through {request.unix_socket}")
    return " ".join(parts)


def _check_options(options: Mapping[str, Any]) -> None:
    for name, least in LEAST.items():
        # Also rejects what is not a number.
        if options[name] is not None and not least <= options[name] < float("inf"):
            raise RequestError(f"{name}: {options[name]} is not a number from {least:g}")
    shortest = (options["consecutive"] - 1) * options["interval"]
    if shortest > options["timeout"]:
        raise RequestError(
            f"timeout: {options['consecutive']} answers every {options['interval']:g} s take {shortest:g} s, and "
            f"timeout is {options['timeout']:g} s: raise timeout, or lower consecutive or interval"
        )
    if options["latency"] is not None and options["latency"] >= options["request_timeout"] * 1000:
        raise RequestError(
            f"latency: {options['latency']} ms is not shorter than request_timeout ({options['request_timeout']:g} s), "
            "after which a request is given up: raise request_timeout"
        )
    if not options["status"]:
        raise RequestError("status: name at least one status")
    if options["method"] == "HEAD" and options["body"]:
        raise RequestError("body: a response to HEAD has no body: use the method GET")


def _build_expectation(options: Mapping[str, Any]) -> Expectation:
    return Expectation(
        status=tuple(options["status"]),
        body=_compile("body", options["body"]) if options["body"] else None,
        headers={name: _compile(f"headers: {name}", _as_text(text)) for name, text in options["headers"].items()},
        latency=options["latency"],
    )


def _as_text(value: Any) -> str:
    """A value of a dictionary of YAML, which may be a number, or nothing."""
    return "" if value is None else str(value)


def _compile(name: str, text: str) -> Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise RequestError(f"{name}: {text} is not a regular expression: {error}") from error
    except (OverflowError, RecursionError, MemoryError) as error:
        raise RequestError(f"{name}: is not a regular expression that Python can compile") from error


def _build_request(options: Mapping[str, Any]) -> Request:
    headers = {name: _as_text(value) for name, value in options["request_headers"].items()}
    if any(name.lower() == "host" for name in headers):
        raise RequestError("request_headers: write the header Host into the option host")
    check_headers({**headers, "Host": options["host"] or ""})
    parse_url(options["url"])
    return Request(
        url=options["url"],
        method=options["method"],
        headers=headers,
        host=options["host"] or "",
        unix_socket=options["unix_socket"] or "",
        redirects=options["follow_redirects"],
        timeout=options["request_timeout"],
        read_limit=options["read_limit"],
    )
