# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests change something, and which operation they are."""

from __future__ import annotations

import io

import pytest

from lab.gate import ApiCall, read_call

SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20260301/eu-central-1/ec2/aws4_request, SignedHeaders=host, Signature=0"


def environ(body: bytes = b"", **more: str) -> dict[str, object]:
    return {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "REQUEST_METHOD": "POST", **more}


def test_query_protocol() -> None:
    asked = environ(b"Action=RunInstances&Version=2016-11-15&MinCount=1", HTTP_AUTHORIZATION=SIGNED)
    assert read_call(asked) == ApiCall("ec2", "eu-central-1", "RunInstances", "POST")
    assert asked["wsgi.input"].read() == b"Action=RunInstances&Version=2016-11-15&MinCount=1"  # type: ignore[attr-defined]


def test_json_protocol() -> None:
    asked = environ(b'{"Name": "a"}', HTTP_X_AMZ_TARGET="AmazonSSM.PutParameter")
    assert read_call(asked).operation == "PutParameter"


def test_operation_in_the_query_string() -> None:
    assert read_call(environ(QUERY_STRING="Action=DescribeVpcs", REQUEST_METHOD="GET")).operation == "DescribeVpcs"


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
