# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS's protocols, as far as a proxy must know them: which operation a request is, and what an error looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.model import OperationModel, ServiceModel

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
READS = re.compile(r"(Describe|Get|List|Head|Search|Lookup|Check|Validate|Simulate|Select|Query|Scan|BatchGet|Preview)")
# They answer with data and leave the account as it is, whatever their names sound like.
ALSO_READS = frozenset({"AssumeRole", "DecodeAuthorizationMessage"})
# Reading by name, and yet something comes to be.
NEVER_READS = frozenset({"GetFederationToken"})
# Where botocore calls a service otherwise than signatures do.
MODELS = {"elasticloadbalancing": "elbv2", "elasticfilesystem": "efs", "monitoring": "cloudwatch"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Operation:
    """A request, understood. ``protocol`` is botocore's word for it."""

    service: str
    name: str
    protocol: str
    parameters: Mapping[str, Any]

    @property
    def mutating(self) -> bool:
        if self.name in NEVER_READS:
            return True
        if self.parameters.get("DryRun") == "true":
            return False
        return not READS.match(self.name) and self.name not in ALSO_READS


def understand(request: Request) -> Operation:
    scope = SCOPE.search(request.headers.get("authorization", ""))
    service = scope.group(1) if scope else "unknown"
    if target := request.headers.get("x-amz-target"):
        return Operation(service, target.rpartition(".")[2], "json", _json(request.body))
    if named := re.fullmatch(r"/service/[^/]+/operation/([^/?]+)", request.path):
        return Operation(service, named.group(1), "smithy-rpc-v2-cbor", {})
    form = {key: values[0] for key, values in parse_qs(_text(request.body), keep_blank_values=True).items()}
    if "Action" in form:
        return Operation(service, form["Action"], "ec2" if service == "ec2" else "query", form)
    name, protocol = _rest(service, request)
    return Operation(service, name, protocol, _json(request.body))


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True)
class Route:
    """One operation of a REST protocol: its method, its path, and what must stand in the query and the headers."""

    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    headers: frozenset[str]
    literal: int

    def fits(self, request: Request) -> bool:
        parts = urlsplit(request.path)
        if request.method != self.method or not self.path.fullmatch(parts.path):
            return False
        return self.query <= set(parse_qs(parts.query, keep_blank_values=True)) and self.headers <= set(request.headers)

    @property
    def exactness(self) -> tuple[int, int]:
        """`/clusters/name` also fits `/{anything}/{anything}`: the more a route spells out, the better it fits."""
        return len(self.query) + len(self.headers), self.literal


def _rest(service: str, request: Request) -> tuple[str, str]:
    model = _model(service)
    unknown = f"{request.method} {request.path}"
    if model is None:
        return unknown, "rest-json"
    fitting = (route for route in _routes(service) if route.fits(request))
    best = max(fitting, key=lambda route: route.exactness, default=None)
    return best.name if best else unknown, str(model.metadata["protocol"])


@lru_cache
def _model(service: str) -> ServiceModel | None:
    session = botocore.session.Session()
    name = MODELS.get(service, service)
    return session.get_service_model(name) if name in session.get_available_services() else None


@lru_cache
def _routes(service: str) -> tuple[Route, ...]:
    model = _model(service)
    return tuple(_route(model.operation_model(name)) for name in model.operation_names) if model else ()


def _route(operation: OperationModel) -> Route:
    path, _, query = str(operation.http["requestUri"]).partition("?")
    pattern = "".join(_segment(part) for part in re.split(r"(\{[^}]+\})", path))
    constant = {part.partition("=")[0] for part in query.split("&") if part}
    return Route(
        operation.name,
        str(operation.http["method"]),
        re.compile(pattern + "/?"),
        frozenset(constant) | _required(operation, "querystring"),
        _required(operation, "header"),
        len(re.sub(r"\{[^}]+\}", "", path)),
    )


def _required(operation: OperationModel, where: str) -> frozenset[str]:
    shape = operation.input_shape
    members = [shape.members[name] for name in shape.required_members] if shape else []
    found = [member.serialization for member in members if member.serialization.get("location") == where]
    return frozenset(str(one["name"]).lower() if where == "header" else str(one["name"]) for one in found)


def _segment(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return ".+" if part.endswith("+}") else "[^/]+"


THROTTLED = {
    "ec2": (503, "RequestLimitExceeded"),
    "query": (400, "Throttling"),
    "json": (400, "ThrottlingException"),
    "rest-json": (429, "TooManyRequestsException"),
    "rest-xml": (503, "SlowDown"),
    "smithy-rpc-v2-cbor": (400, "ThrottlingException"),
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def page() -> Answer:
    return Answer(502, {"Content-Type": "text/html"}, b"<!doctype html><title>502 Bad Gateway</title><h1>502<h1>")


def build_throttling(protocol: str) -> Answer:
    status, code = THROTTLED[protocol]
    return error(protocol, status, code, "Rate exceeded")


def error(protocol: str, status: int, code: str, message: str) -> Answer:
    """An error as AWS words it in this protocol."""
    if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        kind = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code, "x-amzn-RequestId": "rig"}
        return Answer(status, kind, json.dumps({"__type": code, "message": message}).encode())
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    frames = {
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>rig</RequestID></Response>",
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>rig</RequestId></ErrorResponse>",
        "rest-xml": f"<Error>{inner}<RequestId>rig</RequestId></Error>",
    }
    return Answer(status, {"Content-Type": "text/xml"}, frames[protocol].encode())
