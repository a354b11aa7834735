# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The metadata service, without a socket."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from lab.access.keys import RoleCredentials
from lab.machines import Machine, MetadataAccess
from lab.metadata.service import MOST_TOKENS, Answer, Service, Tokens, _Server
from lab.metadata.tree import credentials, read, tree

ROLES = RoleCredentials("secret of the lab")
NOW = datetime(2026, 3, 1, 13, 30, tzinfo=timezone.utc)
MACHINE = Machine(
    id="i-1",
    region="us-east-1",
    account="123456789012",
    zone="us-east-1a",
    image="ami-1",
    type="t3.micro",
    launched=NOW,
    hostname="ip-10-0-1-4.ec2.internal",
    mac="02:00:00:00:00:01",
    vpc="vpc-1",
    vpc_cidrs=("10.0.0.0/16",),
    subnet="subnet-1",
    subnet_cidr="10.0.1.0/24",
    private_ip="10.0.1.4",
    public_ip="198.51.100.9",
    public_key="ssh-ed25519 AAAA",
    user_data=b"#!/bin/sh\n\xff",
    groups=(("sg-1", "app"),),
    access=MetadataAccess(token_required=True, tags=True),
    tags={"Name": "app-1", "a b": "c"},
    profile_arn="arn:aws:iam::123456789012:instance-profile/app",
    profile_id="AIPA",
    role="app-role",
)


def text(machine: Machine, path: str) -> str | None:
    found = read(tree(machine, ROLES, NOW), path)
    return None if found is None else found.decode("latin-1")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", "dynamic/\nmeta-data/\nuser-data"),
        ("meta-data/instance-id", "i-1"),
        ("meta-data/instance-type/", "t3.micro"),
        ("meta-data/ami-id", "ami-1"),
        ("meta-data/hostname", "ip-10-0-1-4.ec2.internal"),
        ("meta-data/local-ipv4", "10.0.1.4"),
        ("meta-data/public-ipv4", "198.51.100.9"),
        ("meta-data/public-hostname", "ec2-198-51-100-9.compute-1.amazonaws.com"),
        ("meta-data/placement/availability-zone", "us-east-1a"),
        ("meta-data/placement", "availability-zone\nregion"),
        ("meta-data/tags/instance", "Name\na b"),
        ("meta-data/tags/instance/Name", "app-1"),
        ("meta-data/iam/security-credentials", "app-role"),
        ("meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA\n"),
        ("meta-data/network/interfaces/macs", "02:00:00:00:00:01/"),
        ("meta-data/network/interfaces/macs/02:00:00:00:00:01/vpc-id", "vpc-1"),
        ("user-data", "#!/bin/sh\n\xff"),
        ("meta-data/nothing", None),
        ("meta-data/instance-id/below", None),
    ],
)
def test_paths(path: str, value: str | None) -> None:
    assert text(MACHINE, path) == value


def test_missing_files_are_not_listed() -> None:
    plain = Machine(id="i-1", region="eu-central-1")
    listed = (text(plain, "meta-data") or "").splitlines()
    assert not {"public-ipv4", "public-hostname", "public-keys/", "tags/", "iam/"} & set(listed)
    assert text(plain, "user-data") is None


def test_tags_only_when_asked_for() -> None:
    assert text(dataclasses.replace(MACHINE, access=MetadataAccess(tags=False)), "meta-data/tags/instance") is None


def test_identity_document() -> None:
    document = json.loads(text(MACHINE, "dynamic/instance-identity/document") or "")
    assert document["instanceId"] == "i-1"
    assert document["pendingTime"] == "2026-03-01T13:30:00Z"
    assert (document["region"], document["privateIp"]) == ("us-east-1", "10.0.1.4")


def test_credentials_last_and_change() -> None:
    first, later = credentials(MACHINE, ROLES, NOW), credentials(MACHINE, ROLES, NOW.replace(hour=17))
    assert first == later
    assert first["Expiration"] > "2026-03-01T19"
    assert credentials(MACHINE, ROLES, NOW.replace(hour=18)) != first


def status(call: object, *arguments: object) -> int:
    with pytest.raises(Answer) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.status


def test_a_token_is_needed() -> None:
    service = Service(MACHINE, ROLES)
    path = "/latest/meta-data/instance-id"
    assert status(service.get, path, None) == 401
    assert status(service.get, path, "made up") == 401
    token = service.put("/latest/api/token", "60", False).decode()
    assert service.get(path, token) == b"i-1"
    assert status(service.get, "/latest/meta-data/nothing", token) == 404


def test_without_a_token_when_it_is_optional() -> None:
    service = Service(dataclasses.replace(MACHINE, access=MetadataAccess(token_required=False)), ROLES)
    assert service.get("/latest/meta-data/instance-id", None) == b"i-1"
    assert status(service.get, "/latest/meta-data/instance-id", "made up") == 401


@pytest.mark.parametrize("seconds", ["", "0", "21601", "-1", "ten", "\u00b2", "\u0661", "6 0", "60\n", "9" * 5000])
def test_tokens_of_an_impossible_length(seconds: str) -> None:
    assert status(Service(MACHINE, ROLES).put, "/latest/api/token", seconds, False) == 400


def test_no_token_through_a_proxy_and_none_elsewhere() -> None:
    assert status(Service(MACHINE, ROLES).put, "/latest/api/token", "60", True) == 403
    assert status(Service(MACHINE, ROLES).put, "/latest/meta-data", "60", False) == 404


def test_tokens_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("lab.metadata.service.time.monotonic", lambda: clock[0])
    service = Service(MACHINE, ROLES)
    token = service.put("/latest/api/token", "60", False).decode()
    clock[0] += 61
    assert status(service.get, "/latest/meta-data/instance-id", token) == 401


def test_a_disabled_service_answers_no_request() -> None:
    service = Service(dataclasses.replace(MACHINE, access=MetadataAccess(enabled=False)), ROLES)
    assert status(service.get, "/latest/meta-data/instance-id", None) == 403
    assert status(service.put, "/latest/api/token", "60", False) == 403


@pytest.mark.parametrize("token", ["\xe9", "\udce9", "", "a" * 70000])
def test_tokens_that_are_none(token: str) -> None:
    service = Service(MACHINE, ROLES)
    service.put("/latest/api/token", "60", False)
    assert status(service.get, "/latest/meta-data/instance-id", token) == 401


def test_a_guest_has_a_limited_number_of_tokens() -> None:
    tokens = Tokens()
    made = [tokens.make(60) for _ in range(MOST_TOKENS + 2)]
    assert [tokens.good(one) for one in (*made[:3], made[-1])] == [False, False, True, True]


@pytest.fixture
def port() -> Iterator[int]:
    """Of the service of a guest that has a token."""
    service = Service(MACHINE, ROLES)
    service.tokens.make(60)
    server = _Server(service, socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.socket.getsockname()[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("request_text", "answered"),
    [
        (b"GET /latest/meta-data/ HTTP/1.1\r\nX-aws-ec2-metadata-token: \xe9\r\n\r\n", 401),
        (b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: \xb2\r\n\r\n", 400),
        (b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: %s\r\n\r\n" % (b"9" * 5000), 400),
        (b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n", 200),
        (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", 401),
        (b"POST / HTTP/1.1\r\n\r\n", 501),
    ],
)
def test_a_malformed_request_is_answered_without_a_traceback(
    port: int, request_text: bytes, answered: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request_text)
        line = connection.makefile("rb").readline()
    assert line.startswith(b"HTTP/1.1 %d " % answered)
    assert capsys.readouterr().err == ""


def test_an_error_of_the_service_is_one_line_of_the_log(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> bytes:
        raise ValueError("\x1b[31m")

    monkeypatch.setattr(Service, "get", fail)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(100) == b""
    assert [one.getMessage() for one in caplog.records] == [r"cannot answer a request of i-1: ValueError('\x1b[31m')"]
    assert capsys.readouterr().err == ""
