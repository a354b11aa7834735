# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests change something, and which operation they are."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest

from lab.access.guard import Guard
from lab.gate import HEALTH, ApiCall, Gate, read_body, read_call

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20260301/eu-central-1/ec2/aws4_request, SignedHeaders=host, Signature=0"


def environ(body: bytes = b"", **more: str) -> dict[str, Any]:
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "REQUEST_METHOD": "POST", **more}


def read(asked: dict[str, Any]) -> bytes:
    return read_body(asked, int(asked["CONTENT_LENGTH"]))


def test_query_protocol() -> None:
    asked = environ(b"Action=RunInstances&Version=2016-11-15&MinCount=1", HTTP_AUTHORIZATION=SIGNED)
    assert read_call(asked, read(asked)) == ApiCall("ec2", "eu-central-1", "RunInstances", "POST")
    assert asked["wsgi.input"].read() == b"Action=RunInstances&Version=2016-11-15&MinCount=1"


def test_json_protocol() -> None:
    asked = environ(b'{"Name": "a"}', HTTP_X_AMZ_TARGET="AmazonSSM.PutParameter")
    assert read_call(asked, read(asked)).operation == "PutParameter"


def test_operation_in_the_query_string() -> None:
    asked = environ(QUERY_STRING="Action=DescribeVpcs", REQUEST_METHOD="GET")
    assert read_call(asked, read(asked)).operation == "DescribeVpcs"


@pytest.mark.parametrize(
    ("operation", "method", "changes"),
    [
        ("DescribeInstances", "POST", False),
        ("GetParametersByPath", "POST", False),
        ("ListRoles", "POST", False),
        ("PutParameter", "POST", True),
        ("RunInstances", "POST", True),
        ("AssumeRole", "POST", True),
        ("", "GET", False),
        ("", "PUT", True),
    ],
)
def test_what_changes(operation: str, method: str, changes: bool) -> None:
    assert ApiCall("any", "", operation, method).changes is changes


def ask(gate: Gate, **more: str) -> tuple[str, list[str], bytes]:
    """Status, the names of the headers, and the body of an answer."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    asked = environ(b"Action=DescribeVpcs", HTTP_HOST="127.0.0.1:4711", **more)
    body = b"".join(gate(asked, lambda *head: heads.append(head)))  # type: ignore[arg-type]
    status, headers = heads[-1]
    return status, [name.lower() for name, _ in headers], body


def test_an_api_without_signatures_is_not_for_pages_either() -> None:
    """That of the tests in tests/integration, whose proxy is at another port."""
    reached: list[str] = []

    def inner(asked: dict[str, Any], start_response: Any) -> list[bytes]:
        reached.append(asked["HTTP_HOST"])
        start_response("200 OK", [("Access-Control-Allow-Origin", "*"), ("Content-Type", "text/xml")])
        return [b"answer"]

    gate = Gate(inner, threading.RLock(), lambda call: None, "test", Guard())
    assert ask(gate) == ("200 OK", ["content-type"], b"answer")
    for more in ({"HTTP_ORIGIN": "https://attacker.example"}, {"HTTP_SEC_FETCH_SITE": "cross-site"}):
        status, headers, body = ask(gate, **more)
        assert status == "403 Forbidden"
        assert "access-control-allow-origin" not in headers
        assert b"The lab rejects this request" in body
    assert reached == ["127.0.0.1:4711"]


@pytest.mark.parametrize(
    "more",
    [
        {"RAW_URI": "http://127.0.0.1:4711?Action=DeleteVpc"},
        {"RAW_URI": f"http://127.0.0.1:4711{HEALTH}", "PATH_INFO": HEALTH},
        {"CONTENT_LENGTH": "abc"},
        {"CONTENT_LENGTH": "9" * 5000},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
    ],
    ids=lambda more: str(more)[:60],
)
def test_a_malformed_request_is_not_read(more: dict[str, str]) -> None:
    def inner(asked: dict[str, Any], start_response: Any) -> list[bytes]:
        raise AssertionError("moto was asked")

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    gate = Gate(inner, threading.RLock(), lambda call: None, "test", Guard())
    heads: list[Any] = []
    asked = {**environ(), "HTTP_HOST": "127.0.0.1:4711", "wsgi.input": Endless(), **more}
    body = b"".join(gate(asked, lambda *head: heads.append(head)))
    assert heads[-1][0] == "400 Bad Request"
    assert b"The lab rejects this request" in body
