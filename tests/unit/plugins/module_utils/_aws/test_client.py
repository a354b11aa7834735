# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often a call is repeated: as often as is safe, and never more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.module_utils._aws import errors
from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Client, Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.module_utils._aws.retries import RecentResources


def refusal(code: str, status: int = 400, message: str = "no") -> botocore.ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.ClientError(answer, "CreateVpc")


CUT = botocore.ConnectionClosedError(endpoint_url="http://x")
LATE = botocore.ReadTimeoutError(endpoint_url="http://x")
DOWN = botocore.EndpointConnectionError(endpoint_url="http://x")


DONE = {"Said": "done"}
NAMES = {"create_vpc": "CreateVpc", "delete_vpc": "DeleteVpc"}


class Service:
    """Raises what it is given, one after the other, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        unknown = SimpleNamespace(output_shape=None)
        service = SimpleNamespace(service_name="ec2", operation_model=lambda _operation: unknown)
        self.meta = SimpleNamespace(method_to_api_mapping=NAMES, service_model=service)
        self.said: list[str] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**_arguments: Any) -> dict[str, Any]:
            self.said.append(operation)
            if self.failures:
                raise self.failures.pop(0)
            return dict(DONE)

        return call


def client(
    service: Service, recent: RecentResources | None = None, name: str = "ec2"
) -> tuple[Client, list[float], list[bool]]:
    clock = FakeClock()
    retries: list[bool] = []

    def make(with_retries: bool) -> Service:
        retries.append(with_retries)
        return service

    return Client(name, make, recent or RecentResources(), clock), clock.pauses, retries


@pytest.mark.parametrize(
    ("operation", "arguments", "with_retries"),
    [
        ("create_vpc", {}, False),
        ("allocate_address", {}, False),
        ("import_key_pair", {}, False),
        ("run_instances", {}, False),
        ("create_snapshot", {}, False),
        ("run_instances", {"ClientToken": "t"}, True),
        ("create_secret", {"ClientRequestToken": "t"}, True),
        ("create_secret", {}, False),
        ("create_tags", {}, True),
        ("delete_vpc", {}, True),
        ("describe_vpcs", {}, True),
        ("modify_vpc_attribute", {}, True),
        # A second ROTATE would end what the first one left valid.
        ("modify_replication_group", {"AuthToken": "t", "AuthTokenUpdateStrategy": "ROTATE"}, False),
        ("modify_replication_group", {"CacheNodeType": "cache.t3.small"}, True),
    ],
)
def test_only_repeatable_calls_get_the_retries_of_botocore(
    operation: str, arguments: dict[str, str], with_retries: bool
) -> None:
    made, _slept, retries = client(Service())
    assert getattr(made, operation)(**arguments) == DONE
    assert retries == [with_retries]


@pytest.mark.parametrize("failure", [CUT, LATE, refusal("InternalError", 500), refusal("Unavailable", 503)])
def test_a_creation_without_an_answer_is_not_repeated(failure: Exception) -> None:
    service = Service(failure)
    with pytest.raises(errors.LostResponseError):
        client(service)[0].create_vpc()
    assert service.said == ["create_vpc"]


@pytest.mark.parametrize("failure", [CUT, LATE, refusal("InternalFailure", 500)])
def test_a_change_that_is_not_repeatable_is_not_repeated(failure: Exception) -> None:
    service = Service(failure)
    with pytest.raises(errors.LostResponseError):
        client(service, name="elasticache")[0].modify_replication_group(AuthTokenUpdateStrategy="ROTATE")
    assert service.said == ["modify_replication_group"]


@pytest.mark.parametrize("failure", [refusal("RequestLimitExceeded", 503), refusal("Throttling"), DOWN])
def test_a_creation_that_was_throttled_or_never_sent_is_repeated(failure: Exception) -> None:
    service = Service(failure, failure)
    made, slept, _retries = client(service)
    assert made.create_vpc() == DONE
    assert len(service.said) == 3
    assert 0 < slept[0] < 2


@pytest.mark.parametrize("code", ["VpcLimitExceeded", "InsufficientInstanceCapacity"])
def test_a_creation_with_a_final_error_is_not_repeated(code: str) -> None:
    service = Service(refusal(code, 500 if code.startswith("Insufficient") else 400))
    with pytest.raises(botocore.ClientError):
        client(service)[0].create_vpc()
    assert len(service.said) == 1


GARBLED = ResponseParserError("no XML\n<html>")


def test_a_repeatable_call_is_repeated_after_a_malformed_answer() -> None:
    made, slept, _retries = client(Service(GARBLED, GARBLED))
    assert made.delete_vpc() == DONE
    assert len(slept) == 2


@pytest.mark.parametrize(("operation", "said"), [("delete_vpc", 4), ("create_vpc", 1)])
def test_a_malformed_answer_is_an_error_with_its_call(operation: str, said: int) -> None:
    service = Service(*[GARBLED] * 10)
    with pytest.raises(errors.LostResponseError, match=r"Vpc: no usable answer came back \(no XML\)$"):
        getattr(client(service)[0], operation)()
    assert len(service.said) == said


EMPTY = ResponseParserError(
    "Unable to parse response (no element found: line 1, column 0), invalid XML received. "
    "Further retries may succeed:\nb''"
)


def test_an_empty_answer_is_an_error_with_the_name_of_the_operation_in_the_api_reference() -> None:
    with pytest.raises(errors.LostResponseError) as caught:
        client(Service(*[EMPTY] * 4))[0].delete_vpc()
    assert str(caught.value) == (
        "DeleteVpc: no usable answer came back "
        "(Unable to parse response (no element found: line 1, column 0), invalid XML received)"
    )


PAGES = [
    b"<!DOCTYPE html><html><body>Sign in</body></html>",
    b"\n<HTML lang='en'><br></HTML>",
    b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><p/></html>',
]


class WebPages:
    """A proxy that answers each call with a page and status 200."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        self.answer = AWSResponse("http://x", 200, {"Content-Type": "text/html", **headers}, None)
        self.answer._content = body
        self.calls = 0

    def __call__(self, **_event: Any) -> AWSResponse:
        self.calls += 1
        return self.answer


def behind_proxy(monkeypatch: pytest.MonkeyPatch, page: WebPages) -> Clients:
    clients = Clients(Connection(access_key="a", secret_key="b"), "us-east-1", clock=FakeClock())
    create = clients._create

    def create_behind_proxy(*given: Any) -> Any:
        made = create(*given)
        made.meta.events.register("before-send", page)
        return made

    monkeypatch.setattr(clients, "_create", create_behind_proxy)
    return clients


def test_xml_of_another_program_is_an_error_with_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = behind_proxy(monkeypatch, WebPages(b"<notice><text>Sign in</text></notice>", {}))
    message = (
        "DescribeDBInstances: no usable answer came back (the answer has no 'DescribeDBInstancesResult'; is a proxy"
    )
    for call in (
        clients("rds").describe_db_instances,
        lambda: clients("rds").pages("describe_db_instances", {}),
    ):
        with pytest.raises(errors.LostResponseError, match=re.escape(message)):
            call()


@pytest.mark.parametrize("body", PAGES)
@pytest.mark.parametrize(
    ("service", "operation", "arguments", "name"),
    [
        ("rds", "describe_db_instances", {}, "DescribeDBInstances"),
        ("ec2", "describe_vpcs", {}, "DescribeVpcs"),
        ("ssm", "get_parameters_by_path", {"Path": "/a"}, "GetParametersByPath"),
        ("ssm", "put_parameter", {"Name": "a", "Value": "b", "Type": "String"}, "PutParameter"),
        ("route53", "list_hosted_zones", {}, "ListHostedZones"),
    ],
)
def test_a_web_page_is_an_error_with_its_call(
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    service: str,
    operation: str,
    arguments: dict[str, str],
    name: str,
) -> None:
    page = WebPages(body, {"x-amzn-RequestId": "abc"} if service == "ssm" else {})
    clients = behind_proxy(monkeypatch, page)
    with pytest.raises(errors.LostResponseError) as caught:
        getattr(clients(service), operation)(**arguments)
    assert re.fullmatch(rf"{name}: no usable answer came back \(.*; is a proxy in between\?\)", str(caught.value))
    assert (", request abc;" in str(caught.value)) is (service == "ssm")
    with pytest.raises(errors.LostResponseError):
        clients(service).pages(operation, arguments)
    assert page.calls > 1


SSM = {"Name": "a", "Value": "b", "Type": "String"}


@pytest.mark.parametrize("body", [b"", b" \n"])
@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ssm", "put_parameter", SSM),
        ("ssm", "get_parameters_by_path", {"Path": "/a"}),
        ("secretsmanager", "create_secret", {"Name": "a", "ClientRequestToken": "t" * 32}),
        ("secretsmanager", "create_secret", {"Name": "a"}),
        ("acm", "request_certificate", {"DomainName": "shop.test"}),
        ("cloudwatch", "put_dashboard", {"DashboardName": "a", "DashboardBody": "{}"}),
        ("route53", "list_hosted_zones", {}),
        ("rds", "describe_db_instances", {}),
        ("ec2", "describe_vpcs", {}),
    ],
)
def test_an_empty_answer_is_an_error_where_aws_always_returns_something(
    monkeypatch: pytest.MonkeyPatch, body: bytes, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    clients = behind_proxy(monkeypatch, WebPages(body, {}))
    with pytest.raises(errors.LostResponseError, match="no usable answer came back"):
        getattr(clients(service), operation)(**arguments)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("logs", "create_log_group", {"logGroupName": "a"}),
        ("ssm", "delete_parameter", {"Name": "a"}),
        ("acm", "delete_certificate", {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}),
    ],
)
def test_an_empty_answer_is_accepted_where_aws_may_return_none(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, arguments: dict[str, str]
) -> None:
    page = WebPages(b"", {})
    getattr(behind_proxy(monkeypatch, page)(service), operation)(**arguments)
    assert page.calls == 1


class Paged:
    """A list of two pages; each failure strikes at the second."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        service = SimpleNamespace(operation_model=lambda _operation: SimpleNamespace(output_shape=None))
        self.meta = SimpleNamespace(method_to_api_mapping={}, service_model=service)

    def can_paginate(self, _operation: str) -> bool:
        return True

    def get_paginator(self, _operation: str) -> Paged:
        return self

    def paginate(self, **_arguments: Any) -> Iterator[dict[str, Any]]:
        yield {"Vpcs": [1, 2]}
        if self.failures:
            raise self.failures.pop(0)
        yield {"Vpcs": [3]}


def test_a_list_is_read_again_as_a_whole() -> None:
    clock, listing = FakeClock(), Paged(GARBLED)
    made = Client("ec2", lambda _retries: listing, RecentResources(), clock)
    assert made.pages("describe_vpcs", {}, lambda page: page["Vpcs"]) == [[1, 2], [3]]
    assert len(clock.pauses) == 1


@pytest.mark.parametrize("failure", [refusal("InvalidVpcID.NotFound"), refusal("CertificateNotFound")])
def test_a_list_without_a_new_object_is_not_read_again(failure: Exception) -> None:
    """The caller knows what it waits for, and reads lists with its own pauses."""
    recent, clock, listing = RecentResources(), FakeClock(), Paged(failure)
    recent.add("vpc-1")
    with pytest.raises(botocore.ClientError):
        Client("ec2", lambda _retries: listing, recent, clock).pages("describe_vpcs", {"VpcIds": ["vpc-1"]})
    assert clock.pauses == []


def test_retries_after_throttling_have_a_limit() -> None:
    service = Service(*[refusal("Throttling")] * 50)
    with pytest.raises(botocore.ClientError):
        client(service)[0].create_vpc()
    assert len(service.said) == 10


def test_a_new_resource_may_be_unknown_for_a_while() -> None:
    recent = RecentResources()
    recent.add("vpc-1")
    service = Service(refusal("InvalidVpcID.NotFound"), refusal("InvalidVpcID.NotFound"))
    made, slept, _retries = client(service, recent)
    assert made.create_subnet(VpcId="vpc-1") == DONE
    assert len(slept) == 2


def test_retries_for_a_new_resource_have_a_limit() -> None:
    recent = RecentResources()
    recent.add("vpc-1")
    made, slept, _retries = client(Service(*[refusal("InvalidVpcID.NotFound")] * 100), recent)
    with pytest.raises(botocore.ClientError):
        made.create_subnet(VpcId="vpc-1")
    assert 110 < sum(slept) < 130


@pytest.mark.parametrize(
    "failure",
    [
        refusal("NoSuchEntity", message="Policy arn:nonsense does not exist"),
        refusal("InvalidVpcID.Malformed"),
    ],
)
def test_other_errors_are_final(failure: Exception) -> None:
    recent = RecentResources()
    recent.add("shop-role")
    made, slept, _retries = client(Service(failure), recent)
    with pytest.raises(botocore.ClientError):
        made.attach_role_policy(RoleName="shop-role", PolicyArn="arn:nonsense")
    assert slept == []


def test_a_recent_name_in_the_tags_of_a_call_does_not_explain_what_is_missing() -> None:
    recent = RecentResources()
    recent.add("shop-key")
    made, slept, _retries = client(Service(refusal("InvalidSubnetID.NotFound")), recent)
    with pytest.raises(botocore.ClientError):
        made.run_instances(SubnetId="subnet-typo", Tags=[{"Key": "Name", "Value": "shop-key"}])
    assert slept == []


def test_an_old_id_that_is_unknown_is_final() -> None:
    made, slept, _retries = client(Service(refusal("InvalidVpcID.NotFound")))
    with pytest.raises(botocore.ClientError):
        made.delete_vpc(VpcId="vpc-1")
    assert slept == []


class Body(list[bytes]):
    """The body of an HTTP response."""

    def stream(self, **_options: Any) -> Iterator[bytes]:
        return iter(self)


def count_attempts(service: str, operation: str, arguments: dict[str, Any], code: str) -> int:
    """How many requests leave botocore for one call that AWS refuses with status 400 and this code."""
    sent: list[str] = []

    def refuse(request: Any, **_event: Any) -> AWSResponse:
        sent.append(request.url)
        content = f'{{"__type": "{code}", "message": "No."}}'.encode()
        return AWSResponse(request.url, 400, {}, Body([content]))

    clients = Clients(Connection(access_key="a", secret_key="b"), "us-east-1")
    made = Client(service, lambda retries: clients._get(service, retries), RecentResources(), FakeClock())
    for retries in (True, False):
        clients._get(service, retries).meta.events.register("before-send", refuse)
    with pytest.raises(botocore.ClientError, match=code):
        getattr(made, operation)(**arguments)
    return len(sent)


LOG_GROUP = ("logs", "create_log_group", {"logGroupName": "shop"})


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        LOG_GROUP,
        ("secretsmanager", "create_secret", {"Name": "shop", "ClientRequestToken": "t" * 32}),
        ("acm", "request_certificate", {"DomainName": "example.com", "IdempotencyToken": "t"}),
        ("acm", "add_tags_to_certificate", {"CertificateArn": "a" * 20, "Tags": [{"Key": "a", "Value": "b"}]}),
    ],
)
def test_an_exhausted_quota_is_not_retried(service: str, operation: str, arguments: dict[str, Any]) -> None:
    assert count_attempts(service, operation, arguments, "LimitExceededException") == 1


def test_throttling_is_still_repeated() -> None:
    assert count_attempts(*LOG_GROUP, "ThrottlingException") == 10


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (refusal("VpcLimitExceeded", message="Too many."), "CreateVpc: VpcLimitExceeded: Too many."),
        (botocore.NoCredentialsError(), "no AWS credentials"),
        (DOWN, "AWS cannot be reached"),
        (errors.StackError("plain"), "plain"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_described_in_a_line(error: Exception, text: str) -> None:
    assert errors.describe_error(error).startswith(text)


def test_errors_that_mean_done_are_ignored() -> None:
    with errors.ignore_errors("RouteAlreadyExists"):
        raise refusal("RouteAlreadyExists")
    with errors.ignore_errors("*.NotFound"):
        raise refusal("InvalidAssociationID.NotFound")
    with pytest.raises(botocore.ClientError), errors.ignore_errors("*.NotFound"):
        raise refusal("UnauthorizedOperation")


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["It already exists", "It is not tagged"], "It already exists. It is not tagged"),
        (["It already exists.", "It is not tagged."], "It already exists. It is not tagged."),
        (["Is it there?", "Run again", ""], "Is it there? Run again"),
        (["Busy;", " Wait "], "Busy. Wait"),
        (["One", "Two", "Three"], "One. Two. Three"),
        (["", "Alone"], "Alone"),
        ([], ""),
    ],
)
def test_texts_of_aws_and_ours_are_joined_as_sentences(texts: list[str], joined: str) -> None:
    assert errors.join_sentences(*texts) == joined
