# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often a call is said: as often as is safe, and never more."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError

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


class Service:
    """Raises what it is given, one after the other, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        service = SimpleNamespace(service_name="ec2")
        self.meta = SimpleNamespace(method_to_api_mapping={"create_vpc": "CreateVpc"}, service_model=service)
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
    slept: list[float] = []
    retries: list[bool] = []

    def make(with_retries: bool) -> Service:
        retries.append(with_retries)
        return service

    return Client(name, make, recent or RecentResources(), slept.append), slept, retries


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
    ],
)
def test_only_what_may_be_said_twice_gets_the_retries_of_botocore(
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


@pytest.mark.parametrize("failure", [refusal("RequestLimitExceeded", 503), refusal("Throttling"), DOWN])
def test_a_creation_that_was_refused_or_never_sent_is_repeated(failure: Exception) -> None:
    service = Service(failure, failure)
    made, slept, _retries = client(service)
    assert made.create_vpc() == DONE
    assert len(service.said) == 3
    assert 0 < slept[0] < 2


@pytest.mark.parametrize("code", ["VpcLimitExceeded", "InsufficientInstanceCapacity"])
def test_a_creation_that_failed_for_good_is_not_repeated(code: str) -> None:
    service = Service(refusal(code, 500 if code.startswith("Insufficient") else 400))
    with pytest.raises(botocore.ClientError):
        client(service)[0].create_vpc()
    assert len(service.said) == 1


GARBLED = ResponseParserError("no XML\n<html>")


def test_what_may_be_said_twice_is_said_again_after_an_answer_that_makes_no_sense() -> None:
    made, slept, _retries = client(Service(GARBLED, GARBLED))
    assert made.delete_vpc() == DONE
    assert len(slept) == 2


@pytest.mark.parametrize(("operation", "said"), [("delete_vpc", 4), ("create_vpc", 1)])
def test_an_answer_that_makes_no_sense_is_told_with_its_call(operation: str, said: int) -> None:
    service = Service(*[GARBLED] * 10)
    with pytest.raises(errors.LostResponseError, match=r"Vpc: no usable answer came back \(no XML\)$"):
        getattr(client(service)[0], operation)()
    assert len(service.said) == said


class Paged:
    """A list of two pages; each failure strikes at the second."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.meta = SimpleNamespace(method_to_api_mapping={})

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
    slept: list[float] = []
    made = Client("ec2", lambda _retries: Paged(GARBLED), RecentResources(), slept.append)
    assert made.pages("describe_vpcs", {}, lambda page: page["Vpcs"]) == [[1, 2], [3]]
    assert len(slept) == 1


def test_throttling_is_not_met_for_ever() -> None:
    service = Service(*[refusal("Throttling")] * 50)
    with pytest.raises(botocore.ClientError):
        client(service)[0].create_vpc()
    assert len(service.said) == 10


def test_what_was_just_made_may_be_unknown_elsewhere_for_a_while() -> None:
    recent = RecentResources()
    recent.add("vpc-1")
    service = Service(refusal("InvalidVpcID.NotFound"), refusal("InvalidVpcID.NotFound"))
    made, slept, _retries = client(service, recent)
    assert made.create_subnet(VpcId="vpc-1") == DONE
    assert len(slept) == 2


def test_that_has_an_end() -> None:
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
def test_other_mistakes_are_told_at_once(failure: Exception) -> None:
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


def test_an_old_id_that_is_unknown_is_gone() -> None:
    made, slept, _retries = client(Service(refusal("InvalidVpcID.NotFound")))
    with pytest.raises(botocore.ClientError):
        made.delete_vpc(VpcId="vpc-1")
    assert slept == []


def test_clients_are_made_once_for_each_service() -> None:
    made = Clients(Connection(access_key="a", secret_key="b"), "us-east-1")
    assert made._get("sts", True) is made._get("sts", True)
    assert made._get("sts", True) is not made._get("sts", False)
    assert made._get("sts", False).meta.config.retries["total_max_attempts"] == 1
    assert made._get("sts", True).meta.config.retries["mode"] == "adaptive"


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
    made = Client(service, lambda retries: clients._get(service, retries), RecentResources(), lambda _seconds: None)
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
def test_a_used_up_quota_is_reported_at_once(service: str, operation: str, arguments: dict[str, Any]) -> None:
    assert count_attempts(service, operation, arguments, "LimitExceededException") == 1


def test_throttling_is_still_repeated() -> None:
    assert count_attempts(*LOG_GROUP, "ThrottlingException") == 10


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refusal("VpcLimitExceeded", message="Too many."), "CreateVpc: VpcLimitExceeded: Too many."),
        (botocore.NoCredentialsError(), "no AWS credentials"),
        (DOWN, "AWS cannot be reached"),
        (errors.StackError("plain"), "plain"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_told_in_a_line(error: Exception, told: str) -> None:
    assert errors.tell(error).startswith(told)


def test_some_refusals_mean_that_it_is_done() -> None:
    with errors.taken_as_done("RouteAlreadyExists"):
        raise refusal("RouteAlreadyExists")
    with errors.taken_as_done("*.NotFound"):
        raise refusal("InvalidAssociationID.NotFound")
    with pytest.raises(botocore.ClientError), errors.taken_as_done("*.NotFound"):
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
