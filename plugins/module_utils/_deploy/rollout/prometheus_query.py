# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instant queries of Prometheus's HTTP API.

Its documentation ("HTTP API") gives the codes: 400 for wrong parameters, 422 for an expression that cannot be
executed, 503 for a query that took too long; any other code comes from something in front of the API.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ..._aws.errors import StackError
from ..._host.http_client import HttpClient, NoResponseError, Request, RequestError, Response, check_headers, parse_url
from .metric_query import QueryRejectedError, Reading, Series, name_series

PATH = "/api/v1/query"
# An answer with more is one with thousands of series.
READ_LIMIT = 1024 * 1024
# Codes that the next query may not have: it may be executed, or be in time.
TEMPORARY = frozenset({408, 422, 425, 429})
LONGEST_TEXT = 300
MOST_WARNINGS = 3


@dataclass(frozen=True)
class PrometheusQuery:
    """A PromQL expression and the server that evaluates it. ``timeout`` is in seconds for each query."""

    url: str
    expression: str
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    validate_certs: bool = True
    ca_path: str = ""
    timeout: float = 30.0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> PrometheusQuery:
        """The query of the options of `metric_gate`. Raises `StackError` for those that cannot be sent."""
        url = options["prometheus_url"].rstrip("/")
        login = _build_login(options)
        try:
            if parse_url(url).target.partition("?")[1]:
                raise RequestError(f"{url} has a query: give the address of the server, without {PATH}")
            check_headers(login)
        except RequestError as error:
            raise StackError(f"prometheus_url: {error}") from error
        return cls(
            url=url,
            expression=options["promql"],
            login=login,
            validate_certs=options["prometheus_validate_certs"],
            ca_path=options["prometheus_ca_path"] or "",
            timeout=options["query_timeout"],
        )

    def describe(self) -> str:
        return f"{self.expression} at {self.url}"

    def read(self) -> Reading:
        """Query once. Raises `QueryRejectedError` for what no repetition can answer."""
        try:
            client = HttpClient(self.validate_certs, self.ca_path)
            response = client.send(self._build_request())
        except NoResponseError as error:
            return Reading(why=f"Prometheus does not answer: {error.why}")
        except RequestError as error:
            raise QueryRejectedError(str(error)) from error
        return parse_response(response)

    def _build_request(self) -> Request:
        # The server gives up at the same time as this client does. POST has no limit for the length of an expression.
        parameters = {"query": self.expression, "timeout": f"{self.timeout:g}s"}
        return Request(
            url=f"{self.url}{PATH}",
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **self.login},
            body=urlencode(parameters).encode("ascii"),
            timeout=self.timeout,
            read_limit=READ_LIMIT,
        )


def parse_response(response: Response) -> Reading:
    """What a response says. Raises `QueryRejectedError` for one that any repetition would get as well."""
    answer = _parse_json(response)
    if not 200 <= response.status < 300:
        return _explain_status(response.status, answer)
    if not response.is_whole:
        raise QueryRejectedError(
            f"the answer has more than {READ_LIMIT} bytes. Aggregate the series, as with sum by () or max by ()"
        )
    if answer.get("status") == "error":
        return Reading(why=_describe_answer(answer))
    warnings = tuple(_shorten(str(text)) for text in (answer.get("warnings") or ())[:MOST_WARNINGS])
    series = _parse_data(answer)
    why = "" if series else "the query returns no data"
    if why and warnings:
        why += f", with the warning: {warnings[0]}"
    return Reading(series, why, warnings=warnings)


def _parse_json(response: Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.body)
    except RecursionError as error:
        raise QueryRejectedError(
            "the answer cannot be read, because it is nested too deeply. Check prometheus_url: it is the address "
            f"without {PATH}"
        ) from error
    except ValueError:
        # A part of an answer is no JSON, and an error may come from a proxy.
        answer = None
    if isinstance(answer, dict) and "status" in answer:
        return answer
    if response.is_whole and 200 <= response.status < 300:
        raise QueryRejectedError(
            f"the answer is not that of Prometheus's API. Check prometheus_url: it is the address without {PATH}"
        )
    return {}


def _explain_status(status: int, answer: Mapping[str, Any]) -> Reading:
    detail = _describe_answer(answer)
    text = f"status {status}{f', {detail}' if detail else ''}"
    if status >= 500 or status in TEMPORARY:
        return Reading(why=f"Prometheus answers with {text}")
    advice = {
        400: "Correct promql",
        401: "Check the login: prometheus_user and prometheus_password, or prometheus_token",
        403: "Check the login: prometheus_user and prometheus_password, or prometheus_token",
    }.get(status, f"Check prometheus_url: it is the address without {PATH}")
    raise QueryRejectedError(f"Prometheus rejects the query with {text}. {advice}")


def _describe_answer(answer: Mapping[str, Any]) -> str:
    parts = [str(answer[name]) for name in ("errorType", "error") if answer.get(name)]
    return _shorten(": ".join(parts))


def _parse_data(answer: Mapping[str, Any]) -> tuple[Series, ...]:
    try:
        kind, result = answer["data"]["resultType"], answer["data"]["result"]
        if kind == "scalar":
            return (Series(float(result[1])),)
        if kind == "vector":
            return tuple(_parse_element(element) for element in result)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise QueryRejectedError(f"the answer is not that of Prometheus's API: {error!r}") from error
    raise QueryRejectedError(
        f"promql returns a {kind}. Write an expression that returns a scalar or an instant vector, such as rate() or "
        "max_over_time() of a range"
    )


def _parse_element(element: Mapping[str, Any]) -> Series:
    if "value" not in element and "histogram" in element:
        raise QueryRejectedError("promql returns a histogram. Write one value of it, as with histogram_quantile()")
    return Series(float(element["value"][1]), name_series(element["metric"]))


def _build_login(options: Mapping[str, Any]) -> dict[str, str]:
    if options["prometheus_token"]:
        return {"Authorization": f"Bearer {options['prometheus_token']}"}
    if options["prometheus_user"]:
        pair = f"{options['prometheus_user']}:{options['prometheus_password'] or ''}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}
    return {}


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
