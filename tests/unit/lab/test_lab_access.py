# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests the API of a lab answers: keys, signatures, and where a request comes from."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab.access.keys import AccessKey, RoleCredentials, ensure_key, make_key, read_key
from lab.access.rejection import Family, Fault, RejectedError, find_family, render
from lab.access.request import Request, check_form, read_request
from lab.access.signature import verify
from lab.access.source import check_source, list_hosts
from lab.shell import LabError

KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HOSTS = list_hosts(5600)
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def sign(
    body: bytes = b"Action=DescribeVpcs&Version=2016-11-15",
    *,
    method: str = "POST",
    target: str = "/",
    service: str = "ec2",
    key: AccessKey = KEY,
    more: Mapping[str, str] = {},
) -> Request:
    """A request as a client of botocore sends it."""
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials(key.id, key.secret, key.token or None), service, "us-east-1"
    )
    request = AWSRequest(method, f"http://127.0.0.1:5600{target}", headers={"Content-Type": FORM, **more}, data=body)
    signer.add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(method, target, {"host": "127.0.0.1:5600", "user-agent": "any", **headers}, body)


def change(request: Request, **headers: str | None) -> Request:
    """The request with other headers; None takes one away."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in {**request.headers, **named}.items() if value is not None}
    return dataclasses.replace(request, headers=kept)


def find(id: str, token: str) -> AccessKey | None:
    return KEY if id == KEY.id and not token else None


def reject(
    request: Request, find_key: Callable[[str, str], AccessKey | None] = find, late: timedelta = timedelta()
) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        verify(request, find_key, datetime.now(timezone.utc) + late)
    return caught.value


@pytest.mark.parametrize(
    "request_",
    [
        sign(),
        sign(b""),
        sign(b'{"Name": "a"}', service="ssm", more={"X-Amz-Target": "AmazonSSM.GetParameter"}),
        sign(b"", method="GET", target="/?Version=2016-11-15&Action=DescribeVpcs", service="ec2"),
        sign(b"", method="GET", target="/clusters/a%20b/node-groups?maxResults=1", service="eks"),
        sign(b"\0\xff", method="PUT", target="/bucket/a%20b//c/../d%2Be", service="s3"),
        sign(more={"X-Moto-Account-Id": "100000000001"}),
    ],
    ids=["query", "empty", "json", "query string", "rest", "s3", "account"],
)
def test_what_botocore_signs_is_right(request_: Request) -> None:
    assert verify(request_, find, datetime.now(timezone.utc)) == KEY


def test_the_example_of_aws() -> None:
    """S3 API reference, "Signature Calculations for the Authorization Header", example GET Object."""
    request = Request(
        "GET",
        "/test.txt",
        {
            "host": "examplebucket.s3.amazonaws.com",
            "range": "bytes=0-9",
            "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-amz-date": "20130524T000000Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        },
    )
    now = datetime(2013, 5, 24, 0, 10, tzinfo=timezone.utc)
    assert verify(request, find, now) == KEY
    with pytest.raises(RejectedError):
        verify(dataclasses.replace(request, target="/other.txt"), find, now)


def test_a_header_that_botocore_does_not_sign_may_be_signed() -> None:
    """Other SDKs sign User-Agent."""
    signed = "host;user-agent;x-amz-date"

    class Everything(SigV4Auth):
        def headers_to_sign(self, request: AWSRequest) -> object:
            found = super().headers_to_sign(request)
            found["user-agent"] = "any"
            return found

    request = AWSRequest("POST", "http://127.0.0.1:5600/", headers={"User-Agent": "any"}, data=b"x")
    Everything(Credentials(KEY.id, KEY.secret), "ec2", "us-east-1").add_auth(request)
    headers = {"host": "127.0.0.1:5600", **{name.lower(): value for name, value in request.headers.items()}}
    assert signed in headers["authorization"]
    assert verify(Request("POST", "/", headers, b"x"), find, datetime.now(timezone.utc)) == KEY


def test_no_signature() -> None:
    assert reject(change(sign(), authorization=None)).fault is Fault.UNSIGNED


@pytest.mark.parametrize(
    "request_",
    [
        change(sign(), authorization="Bearer any"),
        change(sign(), authorization=sign().headers["authorization"] + f", {sign().headers['authorization']}"),
        change(sign(), authorization=re.sub("host;", "", sign().headers["authorization"])),
        change(sign(), x_amz_target="AmazonSSM.DeleteParameter"),
        change(sign(), x_moto_account_id="100000000001"),
        change(sign(), x_amz_date=None),
        change(sign(), x_amz_date="yesterday"),
        change(sign(), content_type=None),
    ],
    ids=["scheme", "twice", "no host", "target added", "account added", "no date", "no such date", "header gone"],
)
def test_an_incomplete_signature(request_: Request) -> None:
    assert reject(request_).fault is Fault.INCOMPLETE


@pytest.mark.parametrize(
    "request_",
    [
        dataclasses.replace(sign(), body=b"Action=DeleteVpc&VpcId=vpc-1&Version=2016-11-15"),
        dataclasses.replace(sign(), target="/?Action=DeleteVpc"),
        dataclasses.replace(sign(), method="GET"),
        change(sign(), host="localhost:5600"),
        change(sign(more={"X-Amz-Target": "AmazonSSM.GetParameter"}), x_amz_target="AmazonSSM.DeleteParameter"),
        change(sign(), authorization=sign().headers["authorization"].replace("/ec2/", "/ssm/")),
        change(sign(), authorization=re.sub(r"/\d{8}/", "/20200101/", sign().headers["authorization"])),
        sign(key=AccessKey(KEY.id, "another")),
        change(sign(b"a", service="s3", method="PUT"), x_amz_content_sha256=hashlib.sha256(b"b").hexdigest()),
        sign(b"a", more={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
    ],
    ids=["body", "target", "method", "host", "operation", "service", "date", "secret", "digest", "unsigned body"],
)
def test_a_wrong_signature(request_: Request) -> None:
    assert reject(request_).fault is Fault.MISMATCH


def test_only_s3_has_bodies_that_are_not_signed() -> None:
    digest = hashlib.sha256(b"a").hexdigest()
    request = sign(b"a", service="s3", method="PUT")
    assert request.headers["x-amz-content-sha256"] == digest
    unsigned = AWSRequest("PUT", "http://127.0.0.1:5600/b/k", data=b"a")
    unsigned.context["client_config"] = None

    class Unsigned(S3SigV4Auth):
        def payload(self, request: AWSRequest) -> str:
            return "UNSIGNED-PAYLOAD"

    Unsigned(Credentials(KEY.id, KEY.secret), "s3", "us-east-1").add_auth(unsigned)
    headers = {"host": "127.0.0.1:5600", **{name.lower(): value for name, value in unsigned.headers.items()}}
    assert verify(Request("PUT", "/b/k", headers, b"a"), find, datetime.now(timezone.utc)) == KEY


@pytest.mark.parametrize(("late", "text"), [(16, "Signature expired"), (-16, "Signature not yet current")])
def test_a_date_too_far_from_now(late: int, text: str) -> None:
    error = reject(sign(), late=timedelta(minutes=late))
    assert error.fault is Fault.OUT_OF_DATE
    assert error.message.startswith(text)
    assert verify(sign(), find, datetime.now(timezone.utc) + timedelta(minutes=late // abs(late) * 14)) == KEY


@pytest.mark.parametrize(
    "key",
    [AccessKey("AKIAANOTHERKEY234567", KEY.secret), dataclasses.replace(KEY, token="a token of another account")],
    ids=["id", "token"],
)
def test_an_unknown_key(key: AccessKey) -> None:
    error = reject(sign(key=key))
    assert error.fault is Fault.UNKNOWN_KEY
    assert key.id in error.message
    assert KEY.secret not in error.message


ROLES = RoleCredentials("secret")
NOW = datetime.now(timezone.utc)


def issue(roles: RoleCredentials = ROLES, now: datetime = NOW, role: str = "app") -> AccessKey:
    return roles.issue("100000000001", "i-1", role, now)[0]


def test_credentials_of_an_instance_are_recognised_without_being_stored() -> None:
    key = issue()
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", key.id)
    again = RoleCredentials("secret")
    assert verify(sign(key=key), again.find, NOW) == key
    assert key.account == "100000000001"
    assert issue(role="other").id != key.id


def test_credentials_of_another_lab_or_made_up_are_unknown() -> None:
    key, foreign = issue(), issue(RoleCredentials("other"))
    assert ROLES.find(foreign.id, foreign.token) is None
    assert ROLES.find(foreign.id, key.token) is None
    assert ROLES.find(key.id, issue(role="other").token) is None
    claims, _, code = key.token.partition(".")
    for token in (
        "",
        ".",
        claims,
        f"{claims}.",
        f"{claims}.{code[:-4]}",
        f"x{claims}.{code}",
        f"{claims}.{code}\n",
        "ä.ö",
    ):
        assert ROLES.find(key.id, token) is None, token


def test_credentials_of_an_instance_end() -> None:
    old = issue(now=NOW - timedelta(hours=19))
    assert reject(sign(key=old), ROLES.find).fault is Fault.EXPIRED_TOKEN
    # A set is valid for long enough after the next one has come.
    recent = issue(now=NOW - timedelta(hours=5))
    assert verify(sign(key=recent), ROLES.find, NOW) == recent


def test_the_key_of_a_lab_is_random_and_only_its_user_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    made = ensure_key(path)
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", made.id)
    assert len(made.secret) == 40
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_key(path) == read_key(path) == made
    assert make_key() != make_key()
    assert made.secret not in repr(made)
    path.chmod(0o644)
    ensure_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["credentials"]


def test_a_file_without_a_key_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = AKIA\n")
    with pytest.raises(LabError, match=r"holds no access key.*`lab down` removes the lab"):
        ensure_key(tmp_path / "credentials")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"host": "127.0.0.1:5600", "content-type": FORM}),
        ("POST", {"host": "localhost:5600", "content-type": "application/x-amz-json-1.1"}),
        ("POST", {"host": "LOCALHOST:5600"}),
        ("PUT", {"host": "127.0.0.1:5600", "content-type": "text/plain"}),
        # An address that a person has typed.
        ("GET", {"host": "127.0.0.1:5600", "sec-fetch-site": "none"}),
    ],
)
def test_requests_of_clients_pass(method: str, headers: dict[str, str]) -> None:
    check_source(method, headers, HOSTS)


@pytest.mark.parametrize(
    ("method", "headers", "reason"),
    [
        ("POST", {"host": "attacker.example:5600"}, "the header Host is 'attacker.example:5600'"),
        ("POST", {"host": "127.0.0.1:5601"}, "answers at 127.0.0.1:5600 or localhost:5600 only"),
        ("POST", {"host": "127.0.0.1"}, "the header Host is '127.0.0.1'"),
        ("POST", {"host": "127.0.0.1:5600.attacker.example"}, "the header Host"),
        ("POST", {"host": "127.0.0.1:5600,attacker.example"}, "the header Host"),
        ("POST", {}, "the header Host is ''"),
        ("POST", {"host": "127.0.0.1:5600", "origin": "https://attacker.example"}, "the header Origin"),
        ("POST", {"host": "127.0.0.1:5600", "origin": "null"}, "the header Origin"),
        ("OPTIONS", {"host": "127.0.0.1:5600", "origin": "http://localhost:3000"}, "the header Origin"),
        ("POST", {"host": "127.0.0.1:5600", "origin": "http://127.0.0.1:5600"}, "the header Origin"),
        ("GET", {"host": "127.0.0.1:5600", "sec-fetch-site": "cross-site"}, "the header Sec-Fetch-Site"),
        ("GET", {"host": "127.0.0.1:5600", "sec-fetch-site": "same-site"}, "the header Sec-Fetch-Site"),
        ("GET", {"host": "127.0.0.1:5600", "referer": "https://attacker.example/"}, "the header Referer"),
        (
            "POST",
            {"host": "127.0.0.1:5600", "content-type": "text/plain;charset=UTF-8"},
            "its content type is text/plain",
        ),
        ("POST", {"host": "127.0.0.1:5600", "content-type": "Multipart/Form-Data; boundary=x"}, "multipart/form-data"),
    ],
)
def test_requests_of_web_pages_are_rejected(method: str, headers: dict[str, str], reason: str) -> None:
    with pytest.raises(RejectedError, match=re.escape(reason)) as caught:
        check_source(method, headers, HOSTS)
    assert caught.value.fault is Fault.FORBIDDEN
    assert "Nothing was changed" in caught.value.message


def test_behind_the_proxy_of_a_test_any_port_of_loopback_is_right() -> None:
    check_source("POST", {"host": "127.0.0.1:1"}, None)
    with pytest.raises(RejectedError):
        check_source("POST", {"host": "attacker.example:5600"}, None)


def test_port_80_is_left_out_of_host() -> None:
    check_source("GET", {"host": "localhost"}, list_hosts(80))


@pytest.mark.parametrize(
    ("service", "action", "family"),
    [
        ("ec2", True, Family.EC2),
        ("iam", True, Family.QUERY),
        ("ssm", False, Family.JSON),
        ("eks", False, Family.JSON),
        ("s3", False, Family.S3),
        ("route53", False, Family.QUERY),
        ("", False, Family.JSON),
    ],
)
def test_services_write_errors_differently(service: str, action: bool, family: Family) -> None:
    assert find_family(service, action) is family


def test_every_fault_has_a_code_in_every_family() -> None:
    for family in Family:
        for fault in Fault:
            answer = render(RejectedError(fault, "a < b & c"), family)
            assert 400 <= answer.status < 500
            assert (fault is not Fault.FORBIDDEN) or answer.status == 403
            assert (fault is not Fault.MALFORMED) or answer.status == 400
            assert b"a < b & c" in answer.body or b"a &lt; b &amp; c" in answer.body
            assert bool(answer.error_type) is (family is Family.JSON)


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("/a?b=c", "/a?b=c"),
        ("//a", "//a"),
    ],
)
def test_the_target_is_read_as_it_was_sent(uri: str, target: str) -> None:
    environ = {"RAW_URI": uri, "REQUEST_METHOD": "GET", "HTTP_X_AMZ_DATE": "d", "CONTENT_TYPE": "t", "wsgi.version": 1}
    read = read_request(environ)
    assert read.target == target
    assert read.headers == {"x-amz-date": "d", "content-type": "t"}
    assert check_form(environ) == 0


@pytest.mark.parametrize(
    "environ",
    [
        {"RAW_URI": "http://127.0.0.1:5600/a?b"},
        {"RAW_URI": "http://127.0.0.1:5600?Action=DeleteVpc"},
        {"RAW_URI": "?VpcId.1=vpc-1"},
        {"RAW_URI": "*"},
        {"RAW_URI": "127.0.0.1:5600"},
        *({"CONTENT_LENGTH": length} for length in ("abc", "-1", "+1", "1,1", "1 1", "1.0", "0x1", "1_0", "\u00b2")),
        {"CONTENT_LENGTH": "9" * 5000},
        {"CONTENT_LENGTH": str(64 * 1024 * 1024 + 1)},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"},
        {"HTTP_TRANSFER_ENCODING": ""},
    ],
    ids=lambda environ: str(environ)[:60],
)
def test_a_request_that_can_be_read_in_two_ways_is_malformed(environ: dict[str, str]) -> None:
    with pytest.raises(RejectedError, match="Nothing was changed") as caught:
        check_form({"RAW_URI": "/", **environ})
    assert caught.value.fault is Fault.MALFORMED
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(("given", "length"), [({}, 0), ({"CONTENT_LENGTH": ""}, 0), ({"CONTENT_LENGTH": "012"}, 12)])
def test_the_length_of_a_body(given: dict[str, str], length: int) -> None:
    assert check_form({"RAW_URI": "/", **given}) == length
