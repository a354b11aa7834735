# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proxy itself: a harness that mistakes one call for another proves nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from rig.faults import Delay, Do, Fail, Lose, Throttle, every, is_mutating, mutation, named
from rig.proxy import Proxy
from rig.wire import Request, understand

EMPTY_XML = b"<Response><GetRoleResult/><requestId>r</requestId></Response>"


class Upstream:
    """An API that answers everything and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                upstream.asked.append({name.lower(): value for name, value in self.headers.items()})
                body = b"{}" if "x-amz-target" in upstream.asked[-1] else EMPTY_XML
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def broken(upstream: Upstream) -> Iterator[Proxy]:
    proxy = Proxy(upstream.url, account="111122223333")
    yield proxy
    proxy.stop()


def client(proxy: Proxy, service: str, attempts: int = 1) -> Any:
    return boto3.client(
        service,
        endpoint_url=proxy.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
    )


def test_calls_are_recorded_with_their_service_and_kind(broken: Proxy, upstream: Upstream) -> None:
    client(broken, "ec2").describe_vpcs()
    client(broken, "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    client(broken, "iam").get_role(RoleName="x")
    client(broken, "ssm").put_parameter(Name="x", Value="y", Type="String")
    seen = [(call.operation.service, call.name, call.mutation, call.status) for call in broken.calls]
    assert seen == [
        ("ec2", "DescribeVpcs", None, 200),
        ("ec2", "CreateVpc", 1, 200),
        ("iam", "GetRole", None, 200),
        ("ssm", "PutParameter", 2, 200),
    ]
    assert broken.calls[1].operation.parameters["CidrBlock"] == "10.0.0.0/16"
    assert {asked["x-moto-account-id"] for asked in upstream.asked} == {"111122223333"}


def test_a_dry_run_changes_nothing(broken: Proxy) -> None:
    client(broken, "ec2").create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert broken.mutations == []


@pytest.mark.parametrize(
    ("method", "path", "service", "name"),
    [
        ("GET", "/clusters", "eks", "ListClusters"),
        ("POST", "/clusters", "eks", "CreateCluster"),
        ("GET", "/clusters/blue", "eks", "DescribeCluster"),
        ("DELETE", "/clusters/blue/node-groups/a", "eks", "DeleteNodegroup"),
        ("PUT", "/bucket?versioning", "s3", "PutBucketVersioning"),
        ("GET", "/bucket?versioning", "s3", "GetBucketVersioning"),
        ("PUT", "/bucket/a/b", "s3", "PutObject"),
        ("POST", "/2013-04-01/hostedzone/Z1/rrset/", "route53", "ChangeResourceRecordSets"),
        ("GET", "/nowhere", "eks", "GET /nowhere"),
        ("GET", "/x", "nosuch", "GET /x"),
    ],
)
def test_rest_paths_are_operations(method: str, path: str, service: str, name: str) -> None:
    scope = f"AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/{service}/aws4_request, …"
    assert understand(Request(method, path, {"authorization": scope}, b"")).name == name


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", lambda api: api.describe_vpcs(), "RequestLimitExceeded"),
        ("iam", lambda api: api.list_roles(), "Throttling"),
        ("ssm", lambda api: api.get_parameter(Name="x"), "ThrottlingException"),
        ("eks", lambda api: api.list_clusters(), "TooManyRequestsException"),
        ("s3", lambda api: api.list_buckets(), "SlowDown"),
    ],
)
def test_throttling_has_the_form_of_each_protocol(broken: Proxy, service: str, call: Any, code: str) -> None:
    broken.faults.add(every, Throttle())
    with pytest.raises(ClientError) as caught:
        call(client(broken, service))
    assert caught.value.response["Error"] == {"Code": code, "Message": "Rate exceeded"} | (
        {"Type": "Sender"} if service == "iam" else {}
    )


def test_botocore_recognizes_the_throttling(broken: Proxy) -> None:
    broken.faults.add(every, Throttle(), times=2)
    client(broken, "ec2", attempts=5).describe_vpcs()
    assert [call.outcome for call in broken.calls] == ["throttled", "throttled", "answered"]


@pytest.mark.parametrize("after", [False, True])
def test_a_failure_before_or_after_the_call_was_carried_out(broken: Proxy, upstream: Upstream, after: bool) -> None:
    broken.faults.add(is_mutating, Fail(status=503, after=after))
    with pytest.raises(ClientError) as caught:
        client(broken, "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert len(upstream.asked) == int(after)


@pytest.mark.parametrize("after", [False, True])
def test_a_lost_connection_before_or_after_the_call_was_carried_out(
    broken: Proxy, upstream: Upstream, after: bool
) -> None:
    broken.faults.add(named("CreateVpc"), Lose(after=after))
    api = client(broken, "ec2")
    api.describe_vpcs()
    with pytest.raises(ConnectionClosedError):
        api.create_vpc(CidrBlock="10.0.0.0/16")
    assert len(upstream.asked) == 1 + int(after)
    assert broken.mutations[0].outcome == ("obeyed, answer lost" if after else "never arrived")


def test_only_the_chosen_mutation_gets_the_fault(broken: Proxy, upstream: Upstream) -> None:
    struck: list[int] = []
    broken.faults.add(mutation(2), Do(lambda call: struck.append(call.number), after=True))
    api = client(broken, "ec2")
    for _ in range(3):
        api.describe_vpcs()
        api.create_vpc(CidrBlock="10.0.0.0/16")
    assert struck == [4]
    assert len(upstream.asked) == 6


def test_a_cut_action_leaves_the_caller_without_an_answer(broken: Proxy, upstream: Upstream) -> None:
    broken.faults.add(mutation(1), Do(lambda call: None, after=True, cut=True))
    with pytest.raises(ConnectionClosedError):
        client(broken, "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    assert len(upstream.asked) == 1


def test_latency_is_added_and_calls_run_side_by_side(broken: Proxy) -> None:
    broken.faults.add(every, Delay(0.3))
    api = client(broken, "ec2")
    began = time.monotonic()
    threads = [threading.Thread(target=api.describe_vpcs) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.3 <= time.monotonic() - began < 1.2


def test_settle_waits_for_calls_in_progress(broken: Proxy) -> None:
    broken.faults.add(every, Delay(0.3))
    thread = threading.Thread(target=client(broken, "ec2").describe_vpcs)
    thread.start()
    while not broken.calls:
        time.sleep(0.01)
    broken.settle()
    assert broken.calls[0].outcome == "answered"
    thread.join()


def test_a_new_record_counts_mutations_anew(broken: Proxy) -> None:
    api = client(broken, "ssm")
    api.put_parameter(Name="x", Value="y", Type="String")
    broken.forget()
    api.put_parameter(Name="x", Value="y", Type="String")
    assert [call.mutation for call in broken.calls] == [1]
    assert json.loads(json.dumps(broken.calls[0].operation.parameters))["Name"] == "x"
