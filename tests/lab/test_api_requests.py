# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests the API answers, sent as web pages, other programs and AWS clients send them."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import urllib.parse
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from labtools import Account, client, refused

from lab.access.keys import RoleCredentials
from lab.server import LabServer

NAMES = (f"page-{number}" for number in itertools.count())
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Sender:
    """Sends requests, and sees whether they changed anything: each tries to make a key pair of its own."""

    def __init__(self, server: LabServer, account: Account) -> None:
        self.host, self.port = "127.0.0.1", server.port
        self.account = account
        self.environment = server.environment

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {"X-Moto-Account-Id": self.account.number, **named})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def create(
        self, name: str, sign: bool = False, body_type: str = FORM["Content-Type"], **headers: str
    ) -> tuple[int, str]:
        """Ask for a key pair with a form; returns status and body."""
        body = urllib.parse.urlencode({"Action": "CreateKeyPair", "KeyName": name, "Version": "2016-11-15"}).encode()
        more = {"Content-Type": body_type, **{key.replace("_", "-"): value for key, value in headers.items()}}
        if sign:
            more = self.sign(body, **more)
        status, _, answer = self.send("POST", "/", body, **more)
        return status, answer

    def sign(self, body: bytes, secret: str = "", **headers: str) -> dict[str, str]:
        url = f"http://{headers.get('Host', f'{self.host}:{self.port}')}/"
        request = AWSRequest("POST", url, headers={"X-Moto-Account-Id": self.account.number, **headers}, data=body)
        credentials = Credentials(
            self.environment["AWS_ACCESS_KEY_ID"], secret or self.environment["AWS_SECRET_ACCESS_KEY"]
        )
        SigV4Auth(credentials, "ec2", "us-east-1").add_auth(request)
        return dict(request.headers.items())

    def exists(self, name: str) -> bool:
        found = self.account.ec2.describe_key_pairs()["KeyPairs"]
        return name in [one["KeyName"] for one in found]


@pytest.fixture
def sender(server: LabServer, account: Account) -> Sender:
    return Sender(server, account)


@pytest.fixture
def name() -> str:
    return next(NAMES)


def test_a_signed_request_is_answered(sender: Sender, name: str) -> None:
    status, answer = sender.create(name, sign=True)
    assert status == 200, answer
    assert sender.exists(name)


def test_localhost_is_the_lab_too(sender: Sender, name: str) -> None:
    assert sender.create(name, sign=True, Host=f"localhost:{sender.port}")[0] == 200
    assert sender.exists(name)


@pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "https://attacker.example/"},
        {"Host": "attacker.example"},
        {"Host": "rebound.attacker.example:{port}"},
        {"Host": "127.0.0.1:1"},
        {"body_type": "text/plain"},
        {"body_type": "multipart/form-data; boundary=x"},
    ],
    ids=str,
)
def test_what_a_page_sends_is_rejected(sender: Sender, name: str, headers: dict[str, str], sign: bool) -> None:
    status, answer = sender.create(
        name, sign, **{key: value.format(port=sender.port) for key, value in headers.items()}
    )
    assert status == 403
    assert "The lab rejects this request" in answer
    assert not sender.exists(name)


def test_a_form_of_an_old_browser_has_no_signature(sender: Sender, name: str) -> None:
    """One that marks its requests in no way."""
    status, answer = sender.create(name)
    assert status == 403
    assert "The request is not signed" in answer
    assert not sender.exists(name)


def test_pages_read_nothing(sender: Sender) -> None:
    status, headers, _ = sender.send(
        "OPTIONS", "/", Origin="https://attacker.example", Access_Control_Request_Method="POST"
    )
    assert status == 403
    assert not [one for one in headers if one.startswith("access-control-")]
    body = b"Action=DescribeKeyPairs&Version=2016-11-15"
    status, headers, _ = sender.send("POST", "/", body, **sender.sign(body, **FORM))
    assert status == 200
    assert not [one for one in headers if one.startswith("access-control-")]


def test_objects_with_unusual_names_are_signed_as_s3_does(account: Account) -> None:
    s3 = client("s3", account.endpoint, account.number)
    bucket = f"files-{account.number}"
    s3.create_bucket(Bucket=bucket)
    for key in ("plain", "a b/ü+c", "//a/../b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"content", ContentType="text/plain")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"content"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/moto-api/reset"),
        ("GET", "/moto-api/data.json"),
        ("GET", "/latest/meta-data/iam/security-credentials/x"),
        ("GET", "/"),
    ],
)
def test_what_moto_adds_to_aws_is_not_there_unsigned(sender: Sender, name: str, method: str, path: str) -> None:
    sender.create(name, sign=True)
    status, _, answer = sender.send(method, path)
    assert status == 403
    assert "not signed" in answer
    assert sender.exists(name)


def test_a_health_check_is_answered_to_programs_only(sender: Sender) -> None:
    status, _, answer = sender.send("GET", "/groundwork-lab/health")
    assert (status, json.loads(answer)) == (200, {"name": "in-process"})
    assert sender.send("GET", "/groundwork-lab/health", Origin="https://attacker.example")[0] == 403
    assert sender.send("GET", "/groundwork-lab/health", Host="attacker.example")[0] == 403


def test_a_request_whose_body_was_exchanged(sender: Sender, name: str) -> None:
    body = b"Action=DescribeKeyPairs&Version=2016-11-15"
    other = urllib.parse.urlencode({"Action": "CreateKeyPair", "KeyName": name, "Version": "2016-11-15"}).encode()
    status, _, answer = sender.send("POST", "/", other, **sender.sign(body, **FORM))
    assert status == 401
    assert "<Code>AuthFailure</Code>" in answer
    assert not sender.exists(name)


def test_another_account_in_a_signed_request(sender: Sender) -> None:
    body = b"Action=DescribeKeyPairs&Version=2016-11-15"
    status, _, answer = sender.send("POST", "/", body, **{**sender.sign(body, **FORM), "X-Moto-Account-Id": "1" * 12})
    assert (status, "AuthFailure" in answer) == (401, True)


def send_raw(sender: Sender, head: str, body: bytes = b"") -> bytes:
    """Send a request as it is written here, leave the connection open, and return the first line of the answer."""
    with socket.create_connection((sender.host, sender.port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n" + body)
        return connection.makefile("rb").readline()


@pytest.mark.parametrize("target", ["http://{host}?{query}", "http://{host}/?{query}", "?{query}", "*?{query}"])
def test_the_signature_of_another_query_is_not_taken(sender: Sender, name: str, target: str) -> None:
    """A request whose target does not begin with a slash: what was signed is the empty query."""
    query = urllib.parse.urlencode({"Action": "CreateKeyPair", "KeyName": name, "Version": "2016-11-15"})
    host = f"{sender.host}:{sender.port}"
    headers = "".join(f"{key}: {value}\n" for key, value in sender.sign(b"").items())
    line = send_raw(sender, f"POST {target.format(host=host, query=query)} HTTP/1.1\nHost: {host}\n{headers}")
    assert line.startswith(b"HTTP/1.1 400 ")
    assert not sender.exists(name)


@pytest.mark.parametrize(
    "headers",
    [
        *(f"Content-Length: {length}\n" for length in ("abc", "-1", "1_0", "\xb2", "9" * 5000)),
        "Transfer-Encoding: chunked\n",
        "Transfer-Encoding: chunked\nContent-Length: 100\n",
    ],
    ids=lambda headers: headers[:40],
)
def test_a_malformed_length_is_answered_at_once(sender: Sender, headers: str) -> None:
    host = f"{sender.host}:{sender.port}"
    assert send_raw(sender, f"POST / HTTP/1.1\nHost: {host}\n{headers}", b"5\r\nabcde").startswith(b"HTTP/1.1 400 ")
    # The next one is answered.
    assert sender.send("GET", "/groundwork-lab/health")[0] == 200


EC2 = (("AuthFailure", 401), ("AuthFailure", 401), ("RequestExpired", 400))
QUERY = (("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403), ("SignatureDoesNotMatch", 403))
JSON = (("UnrecognizedClientException", 400), ("InvalidSignatureException", 400), ("InvalidSignatureException", 400))
S3 = (("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403), ("RequestTimeTooSkewed", 403))
# Code and status for a key that nobody has, for a wrong secret, and for an old date.
CODES = [
    ("ec2", "describe_vpcs", {}, *EC2),
    ("iam", "list_roles", {}, *QUERY),
    ("sts", "get_caller_identity", {}, *QUERY),
    ("elbv2", "describe_load_balancers", {}, *QUERY),
    ("ssm", "describe_parameters", {}, *JSON),
    ("eks", "list_clusters", {}, *JSON),
    ("s3", "list_objects_v2", {"Bucket": "any"}, *S3),
    ("route53", "list_hosted_zones", {}, *QUERY),
]


@pytest.fixture
def old_date(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients sign with a clock that is an hour late."""
    late = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: late)
    return


def rejection(made: Any, operation: str, options: dict[str, str]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        getattr(made, operation)(**options)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("service", "operation", "options", "unknown", "wrong", "old"), CODES, ids=[one[0] for one in CODES]
)
def test_a_client_gets_the_error_of_aws(
    server: LabServer, service: str, operation: str, options: dict[str, str], unknown: Any, wrong: Any, old: Any
) -> None:
    id, secret = server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"]
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": secret}
    assert rejection(client(service, server.endpoint, **keys), operation, options) == unknown
    keys = {"aws_access_key_id": id, "aws_secret_access_key": "groundwork-lab-has-no-secrets"}
    assert rejection(client(service, server.endpoint, **keys), operation, options) == wrong
    keys = {"aws_access_key_id": id, "aws_secret_access_key": secret, "aws_session_token": "of another account"}
    assert rejection(client(service, server.endpoint, **keys), operation, options) == unknown


@pytest.mark.usefixtures("old_date")
@pytest.mark.parametrize(
    ("service", "operation", "options", "unknown", "wrong", "old"), CODES, ids=[one[0] for one in CODES]
)
def test_an_old_date_is_rejected(
    server: LabServer, service: str, operation: str, options: dict[str, str], unknown: Any, wrong: Any, old: Any
) -> None:
    assert rejection(client(service, server.endpoint), operation, options) == old


def test_presigned_urls_are_not_answered(account: Account, sender: Sender) -> None:
    url = client("s3", account.endpoint).generate_presigned_url("list_buckets")
    status, _, answer = sender.send("GET", url.partition(f":{sender.port}")[2])
    assert (status, "not signed" in answer) == (403, True)


def test_keys_of_users_are_keys_until_they_are_deleted(account: Account) -> None:
    account.iam.create_user(UserName="reader")
    made = account.iam.create_access_key(UserName="reader")["AccessKey"]
    keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    # moto finds the account by the key, whatever the request names.
    ec2 = client("ec2", account.endpoint, "999999999999", **keys)
    assert account.vpc in [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]]
    wrong = client("ec2", account.endpoint, **{**keys, "aws_secret_access_key": "wrong"})
    assert refused(wrong.describe_vpcs) == "AuthFailure"
    account.iam.update_access_key(UserName="reader", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert refused(ec2.describe_vpcs) == "AuthFailure"
    account.iam.update_access_key(UserName="reader", AccessKeyId=made["AccessKeyId"], Status="Active")
    assert ec2.describe_vpcs()["Vpcs"]
    account.iam.delete_access_key(UserName="reader", AccessKeyId=made["AccessKeyId"])
    assert refused(ec2.describe_vpcs) == "AuthFailure"


def test_credentials_of_an_assumed_role(account: Account) -> None:
    sts = client("sts", account.endpoint, account.number)
    role = f"arn:aws:iam::{account.number}:role/deployer"
    made = sts.assume_role(RoleArn=role, RoleSessionName="one")["Credentials"]
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }
    ec2 = client("ec2", account.endpoint, "999999999999", **keys)
    assert account.vpc in [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]]
    other = client("ec2", account.endpoint, **{**keys, "aws_session_token": "another"})
    assert refused(other.describe_vpcs) == "AuthFailure"
    del keys["aws_session_token"]
    assert refused(client("ec2", account.endpoint, **keys).describe_vpcs) == "AuthFailure"


def test_fixed_credentials_of_moto_are_none(account: Account) -> None:
    """GetSessionToken returns the same example to everybody."""
    made = client("sts", account.endpoint, account.number).get_session_token()["Credentials"]
    ec2 = client(
        "ec2",
        account.endpoint,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )
    assert refused(ec2.describe_vpcs) == "AuthFailure"


def test_credentials_of_an_instance_are_for_its_own_account(server: LabServer, account: Account) -> None:
    roles = RoleCredentials(server.environment["AWS_SECRET_ACCESS_KEY"])
    key, _ = roles.issue(account.number, "i-0123456789abcdef0", "app", datetime.now(timezone.utc))
    keys = {"aws_access_key_id": key.id, "aws_secret_access_key": key.secret, "aws_session_token": key.token}
    ec2 = client("ec2", account.endpoint, "999999999999", **keys)
    assert account.vpc in [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]]
