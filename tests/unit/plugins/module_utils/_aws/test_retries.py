# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusals of AWS that end by themselves, in the words of AWS, and those that look like them and do not."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Client
from ansible_collections.groundwork.aws.plugins.module_utils._aws.retries import (
    RETRYABLE_ERRORS,
    RecentResources,
    RetryableError,
    find_retry_seconds,
)

INVALID = "InvalidParameterValue"
NO_ROLE_YET = "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise wait and try again later"  # noqa: E501
NO_CREDENTIALS = "Missing necessary credentials. Please check http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html"
PROFILE = "arn:aws:iam::1:instance-profile/groundwork/shop/us-east-1/app"
NOT_ISSUED = "The certificate 'arn:aws:acm:us-east-1:1:certificate/1' must have a fully-qualified domain name, a supported signature, and a supported key size."  # noqa: E501
NO_PARALLEL_TAGS = "Can't perform multiple operations on a tag simultaneously. Perform the operations sequentially."
STALE_TAG = "A tag has been added to a resource with the same ARN as a deleted resource. Wait a short while and retry."
RETRYABLE = [
    (
        "ec2",
        "associate_address",
        "InvalidInstanceID",
        "The pending instance 'i-1' is not in a valid state for this operation.",
    ),
    (
        "ec2",
        "associate_address",
        "IncorrectInstanceState",
        "The pending-instance-creation instance to which 'eni-1' is attached is not in a valid state for this operation",  # noqa: E501
    ),
    (
        "ec2",
        "create_snapshot",
        "SnapshotCreationPerVolumeRateExceeded",
        "The maximum per volume CreateSnapshot request rate has been exceeded.",
    ),
    *(
        ("sns", operation, code, text)
        for operation in ("create_topic", "delete_topic", "tag_resource", "untag_resource")
        for code, text in (("ConcurrentAccess", NO_PARALLEL_TAGS), ("StaleTag", STALE_TAG))
    ),
    ("sns", "list_tags_for_resource", "ConcurrentAccess", NO_PARALLEL_TAGS),
    (
        "acm",
        "delete_certificate",
        "ConflictException",
        "You are trying to update a resource or configuration that is already being created or updated.",
    ),
    (
        "ec2",
        "start_instances",
        INVALID,
        "Invalid value 't3.small' for instanceType. LaunchPlan instance type does not match attribute value t3.micro",
    ),
    (
        "ec2",
        "start_instances",
        "IncorrectInstanceState",
        "The instance 'i-1' is not in a state from which it can be started.",
    ),
    ("ec2", "modify_instance_attribute", "IncorrectInstanceState", "The instance 'i-1' is not in the 'stopped' state."),
    (
        "ec2",
        "run_instances",
        INVALID,
        "Value (app) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ),
    ("ec2", "run_instances", INVALID, f'IAM Instance Profile "{PROFILE}" has no associated IAM Roles'),
    ("ec2", "associate_iam_instance_profile", INVALID, f'IAM Instance Profile "{PROFILE}" has no associated IAM Roles'),
    ("ec2", "replace_iam_instance_profile_association", INVALID, "Invalid IAM Instance Profile name"),
    ("rds", "create_db_subnet_group", INVALID, NO_CREDENTIALS),
    ("rds", "create_db_instance", INVALID, NO_ROLE_YET),
    ("rds", "restore_db_instance_from_db_snapshot", INVALID, NO_ROLE_YET),
    ("rds", "create_db_instance", INVALID, "Invalid security group , groupId= sg-1, groupName=."),
    ("rds", "modify_db_instance", INVALID, "Invalid security group , groupId= sg-1, groupName=."),
    ("rds", "modify_db_subnet_group", "InvalidSubnet", "Some input subnets in :[subnet-1] are invalid."),
    (
        "elasticache",
        "create_cache_subnet_group",
        "ServiceLinkedRoleNotFoundFault",
        "This action cannot be completed due to insufficient permissions.",
    ),
    (
        "elbv2",
        "create_listener",
        "CertificateNotFound",
        "Certificate 'arn:aws:acm:us-east-1:1:certificate/1' not found",
    ),
    ("elbv2", "modify_listener", "UnsupportedCertificate", NOT_ISSUED),
    (
        "elbv2",
        "register_targets",
        "InvalidTarget",
        "The following targets are not in a running state and cannot be registered: 'i-1'",
    ),
    ("rds", "create_db_instance", "KMSKeyNotAccessibleFault", "The specified KMS key does not exist."),
    ("secretsmanager", "create_secret", "EncryptionFailure", "Secrets Manager can't encrypt the secret."),
    ("iam", "tag_role", "ConcurrentModification", "Try again."),
    ("logs", "put_retention_policy", "OperationAbortedException", "A conflicting operation is currently in progress"),
    ("ssm", "put_parameter", "TooManyUpdates", "Too many updates."),
]
FINAL = [
    (
        "ec2",
        "associate_address",
        "InvalidInstanceID",
        "The terminated instance 'i-1' is not in a valid state for this operation.",
    ),
    ("cloudwatch", "put_dashboard", "ConflictException", "It exists already."),
    ("ec2", "start_instances", INVALID, "Invalid value 't3.enormous' for instanceType."),
    ("ec2", "run_instances", INVALID, "Invalid value 't3.enormous' for InstanceType."),
    (
        "ec2",
        "start_instances",
        "InsufficientInstanceCapacity",
        "We currently do not have sufficient t3.small capacity.",
    ),
    ("ec2", "terminate_instances", INVALID, "Invalid IAM Instance Profile name"),
    ("rds", "create_db_instance", INVALID, "The parameter MasterUsername is not a valid identifier."),
    ("rds", "create_db_subnet_group", "DBSubnetGroupDoesNotCoverEnoughAZs", "Add subnets to cover at least 2 zones."),
    ("elbv2", "create_listener", "SSLPolicyNotFound", "SSL policy 'x' not found"),
    ("elbv2", "create_listener", "UnsupportedCertificate", "The certificate has a key that is too long."),
    ("elasticache", "create_replication_group", INVALID, "No such node type."),
]


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Any")


def make_service(operation: str, answer: Callable[..., Any]) -> Any:
    """A client of botocore with one operation."""
    unknown = SimpleNamespace(output_shape=None)
    model = SimpleNamespace(operation_model=lambda _operation: unknown)
    meta = SimpleNamespace(method_to_api_mapping={}, service_model=model)
    return SimpleNamespace(meta=meta, **{operation: answer})


def seconds(service: str, operation: str, code: str, message: str) -> float:
    return find_retry_seconds(service, operation, {}, refusal(code, message), RecentResources())


@pytest.mark.parametrize(("service", "operation", "code", "message"), RETRYABLE)
def test_a_temporary_error_is_retried_until_the_call_succeeds(
    service: str, operation: str, code: str, message: str
) -> None:
    refusals = [refusal(code, message)] * 3

    def answer(**_arguments: Any) -> dict[str, str]:
        if refusals:
            raise refusals.pop()
        return {"State": "done"}

    clock = FakeClock()
    client = Client(
        service,
        lambda _retries: make_service(operation, answer),
        RecentResources(),
        clock,
    )
    assert getattr(client, operation)() == {"State": "done"}
    assert len(clock.pauses) == 3


@pytest.mark.parametrize(("service", "operation", "code", "message"), FINAL)
def test_a_final_error_is_not_retried(service: str, operation: str, code: str, message: str) -> None:
    assert seconds(service, operation, code, message) == 0


def test_retries_end_with_the_error_of_aws() -> None:
    clock = FakeClock()

    def refuse(**_arguments: Any) -> None:
        raise refusal("CertificateNotFound", "Certificate 'arn' not found")

    service = make_service("create_listener", refuse)
    client = Client("elbv2", lambda _retries: service, RecentResources(), clock)
    with pytest.raises(ClientError, match="Certificate 'arn' not found"):
        client.create_listener()
    assert 110 < clock.now() < 140


@pytest.mark.parametrize(
    "entry", RETRYABLE_ERRORS, ids=lambda entry: f"{entry.service}-{entry.operations}-{entry.code}"
)
def test_every_entry_is_about_operations_that_exist(entry: RetryableError) -> None:
    operations = map(xform_name, botocore.session.Session().get_service_model(entry.service).operation_names)
    assert any(re.fullmatch(entry.operations, operation) for operation in operations)
    assert 0 < entry.seconds <= 300
