# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS's temporary errors, and how long a call is repeated after each.

AWS is eventually consistent: a server may reject a call because it does not know yet what another one created. The code
rarely says so (``InvalidParameterValue`` is most often a mistake), so the message decides as well. A rejected call has
changed nothing and can be repeated, whether it creates, updates or deletes.

The client handles throttling, lost answers and 5xx statuses; the resource type handles "still in use".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .backoff import SYSTEM_CLOCK, Clock
from .errors import error_code, error_message, is_not_found
from .sdk import ClientError

# IAM and other services copy a new object to all of their servers within this time (most often within seconds).
PROPAGATION = 120.0
# A service-linked role is created by the first call that needs it, and can be used some time later.
ROLE_CREATION = 180.0
# For so long after its creation a resource may be "not found" because AWS is eventually consistent.
RECENT = 120.0
# Arguments that may contain names of resources without referring to them.
NO_REFERENCES = frozenset({"Tags", "TagSpecifications", "UserData"})


@dataclass(frozen=True)
class RetryableError:
    """A temporary error, and the ``seconds`` for which the call is repeated.

    ``operations`` and ``message`` are regular expressions; the first matches whole method names of a client.
    """

    service: str
    operations: str
    code: str
    message: str = ""
    seconds: float = PROPAGATION

    def matches(self, service: str, operation: str, error: ClientError) -> bool:
        """Whether an error of an operation is this one."""
        return (
            self.service == service
            and self.code == error_code(error)
            and re.fullmatch(self.operations, operation) is not None
            and re.search(self.message, error_message(error)) is not None
        )


_INSTANCE_PROFILE = "run_instances|(associate|replace)_iam_instance_profile(_association)?"
_DATABASES = "(create|restore)_db_instance.*"
_LISTENERS = "(create|modify)_listener|add_listener_certificates"
_TOPIC_TAGS = "(create|delete)_topic|(un)?tag_resource"

RETRYABLE_ERRORS: tuple[RetryableError, ...] = (
    # "After you create an IAM role, it may take several seconds for the permissions to propagate": EC2 user guide, IAM
    # roles for Amazon EC2. Both messages as in hashicorp/terraform-provider-aws, internal/service/ec2/ec2_instance.go.
    RetryableError("ec2", _INSTANCE_PROFILE, "InvalidParameterValue", r"Invalid IAM Instance Profile"),
    RetryableError("ec2", _INSTANCE_PROFILE, "InvalidParameterValue", r"has no associated IAM Roles"),
    # The first start after a change of type: hashicorp/terraform-provider-aws#16433.
    RetryableError("ec2", "start_instances", "InvalidParameterValue", r"LaunchPlan instance type does not match"),
    # DescribeInstances says `stopped` before all servers know: EC2 API reference, Eventual consistency.
    RetryableError("ec2", "modify_instance_attribute", "IncorrectInstanceState", r"'stopped' state", 30.0),
    RetryableError("ec2", "start_instances", "IncorrectInstanceState", r"can be started", 30.0),
    # An instance that is being started takes no address yet: hashicorp/terraform-provider-aws#3072 and #19699 (where
    # the state is named `pending-instance-creation` or the like).
    RetryableError("ec2", "associate_address", "InvalidInstanceID", r"pending instance .* not in a valid state"),
    RetryableError("ec2", "associate_address", "IncorrectInstanceState", r"pending\S* instance .*not in a valid state"),
    # EC2 API reference, error codes: "Wait at least 15 seconds between concurrent volume snapshots".
    RetryableError("ec2", "create_snapshot", "SnapshotCreationPerVolumeRateExceeded"),
    # ACM API reference, DeleteCertificate: "a resource or configuration that is already being created or updated".
    RetryableError("acm", "delete_certificate", "ConflictException"),
    # IAM API reference, errors of TagRole and CreateRole; common for roles and policies that are changed in parallel.
    RetryableError("iam", ".*", "ConcurrentModification"),
    # IAM API reference, DeleteUser and others: "an entity that is temporarily unmodifiable, such as a user name that
    # was deleted and then recreated".
    RetryableError("iam", ".*", "EntityTemporarilyUnmodifiable"),
    # The first subnet group of an account: terraform-aws-modules/terraform-aws-rds#364; the first database:
    # hashicorp/terraform-provider-aws#10100, aws-samples/eks-workshop-v2#1609.
    RetryableError(
        "rds",
        "create_db_subnet_group",
        "InvalidParameterValue",
        r"Missing necessary credentials.*ServiceLinkedRoles",
        ROLE_CREATION,
    ),
    RetryableError("rds", _DATABASES, "InvalidParameterValue", r"service.linked role", ROLE_CREATION),
    # RDS reads security groups and subnets from EC2, where they were created a moment ago.
    RetryableError("rds", f"{_DATABASES}|modify_db_instance", "InvalidParameterValue", r"Invalid security group"),
    RetryableError("rds", "(create|modify)_db_subnet_group", "InvalidSubnet", r"are invalid"),
    # "Wait at least 5 minutes before creating your first DB instance that uses that DB parameter group": RDS API
    # reference, CreateDBParameterGroup. Until then a change of the group may find it busy.
    RetryableError(
        "rds", "modify_db_parameter_group|reset_db_parameter_group", "InvalidDBParameterGroupState", "", 300.0
    ),
    # The first database and the first secret of an account make AWS create the keys aws/rds and aws/secretsmanager.
    RetryableError("rds", _DATABASES, "KMSKeyNotAccessibleFault", "", 60.0),
    RetryableError("secretsmanager", "create_secret", "EncryptionFailure", "", 60.0),
    # The first cache subnet group of an account: aws-controllers-k8s/community#367.
    RetryableError("elasticache", ".*", "ServiceLinkedRoleNotFoundFault", "", ROLE_CREATION),
    RetryableError("elasticache", "(create|modify)_cache_subnet_group", "InvalidSubnet", r"are invalid"),
    RetryableError(
        "elasticache", "(create|modify)_replication_group", "InvalidParameterValue", r"(?i)security group.* not found"
    ),
    # A certificate that ACM has issued may be unknown to the load balancer, or not issued in its eyes, for half a
    # minute: hashicorp/terraform-provider-aws#10294 and #41789.
    RetryableError("elbv2", _LISTENERS, "CertificateNotFound"),
    RetryableError("elbv2", _LISTENERS, "UnsupportedCertificate", r"must have a fully-qualified domain name"),
    RetryableError("elbv2", "create_load_balancer|set_security_groups", "InvalidSecurityGroup"),
    RetryableError(
        "elbv2", "create_load_balancer|set_security_groups", "InvalidConfigurationRequest", r"(?i)security groups"
    ),
    # A new instance runs in EC2's eyes first: hashicorp/terraform-provider-aws, internal/service/elbv2/
    # target_group_attachment.go.
    RetryableError("elbv2", "register_targets", "InvalidTarget", r"running state"),
    # CloudWatch Logs API reference, OperationAbortedException: "multiple concurrent requests to update the same
    # resource were in conflict".
    RetryableError("logs", ".*", "OperationAbortedException"),
    # A secret that was restored a moment ago is still deleted for some servers.
    RetryableError(
        "secretsmanager", "(un)?tag_resource|update_secret", "InvalidRequestException", r"(?i)deleted|deletion"
    ),
    # SNS API reference, errors of these operations: "can't perform multiple operations on a tag simultaneously"; "a tag
    # has been added to a resource with the same ARN as a deleted resource. Wait a short while".
    RetryableError("sns", f"{_TOPIC_TAGS}|list_tags_for_resource", "ConcurrentAccess"),
    RetryableError("sns", _TOPIC_TAGS, "StaleTag"),
    # SSM API reference, PutParameter: "there are concurrent updates for a resource that supports one update at a time".
    RetryableError("ssm", "(put|delete)_parameter", "TooManyUpdates"),
)


class RecentResources:
    """The ids, names and ARNs of what this run created: AWS's other servers may not know them yet."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def add(self, *identifiers: str) -> None:
        """Remember what was created, or became usable, just now."""
        for identifier in identifiers:
            self._since[identifier] = self._clock.now()

    def explain(self, error: ClientError, arguments: Mapping[str, Any]) -> bool:
        """Whether AWS does not find a resource that was created less than two minutes ago.

        IAM answers NoSuchEntity for other reasons, too (a misspelt policy, say), so there the message must name it.
        """
        if not is_not_found(error):
            return False
        earliest = self._clock.now() - RECENT
        recent = {identifier for identifier, since in list(self._since.items()) if since > earliest}
        if error_code(error) == "NoSuchEntity":
            return any(identifier in error_message(error) for identifier in recent)
        return not recent.isdisjoint(_referenced(arguments))


def _referenced(value: Any) -> Iterator[str]:
    """All texts in the arguments of a call by which it may refer to a resource."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in NO_REFERENCES:
                yield from _referenced(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _referenced(inner)


def find_retry_seconds(
    service: str, operation: str, arguments: Mapping[str, Any], error: ClientError, recent: RecentResources
) -> float:
    """How long a failed call is repeated, counted from its first such error; 0 when the error is final."""
    if recent.explain(error, arguments):
        return RECENT
    found = (entry.seconds for entry in RETRYABLE_ERRORS if entry.matches(service, operation, error))
    return max(found, default=0.0)
