# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS refuses and botocore lets pass: lengths, ranges, patterns and enumerations of the service models.

The models of EC2, RDS, ElastiCache and (for names) Elastic Load Balancing state few constraints: those are here, each
from the page of the API reference that describes the parameter in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

# A letter first, single dashes, none at the end.
IDENTIFIER = r"[A-Za-z](?:-?[A-Za-z0-9])*"
OF_A_GROUP = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*"
BALANCER = r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
# By service, operation and parameter (or, with an asterisk, by any operation): longest length and pattern.
DOCUMENTED: Mapping[tuple[str, str, str], tuple[int, str]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    ("ec2", "CreateSecurityGroup", "GroupName"): (255, rf"(?!sg-){OF_A_GROUP}"),
    ("ec2", "CreateSecurityGroup", "Description"): (255, OF_A_GROUP),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
    ("ec2", "*", "IpPermissions[].IpRanges[].Description"): (255, OF_A_GROUP),
    ("ec2", "*", "IpPermissions[].Ipv6Ranges[].Description"): (255, OF_A_GROUP),
    ("ec2", "*", "IpPermissions[].UserIdGroupPairs[].Description"): (255, OF_A_GROUP),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html
    ("ec2", "ImportKeyPair", "KeyName"): (255, r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?"),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html
    ("ec2", "*", "Tags[].Key"): (127, r"(?!aws:).+"),
    ("ec2", "*", "Tags[].Value"): (256, r".*"),
    ("ec2", "*", "TagSpecifications[].Tags[].Key"): (127, r"(?!aws:).+"),
    ("ec2", "*", "TagSpecifications[].Tags[].Value"): (256, r".*"),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Run_Instance_Idempotency.html
    ("ec2", "*", "ClientToken"): (64, r"[\x20-\x7e]+"),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    ("elbv2", "CreateLoadBalancer", "Name"): (32, BALANCER),
    ("elbv2", "CreateTargetGroup", "Name"): (32, BALANCER),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    ("rds", "CreateDBInstance", "DBInstanceIdentifier"): (63, IDENTIFIER),
    ("rds", "CreateDBInstance", "DBName"): (63, r"[A-Za-z_][A-Za-z0-9_]*"),
    ("rds", "CreateDBInstance", "MasterUsername"): (16, r"[A-Za-z][A-Za-z0-9_]*"),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html
    ("rds", "CreateDBParameterGroup", "DBParameterGroupName"): (255, IDENTIFIER),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html
    ("rds", "CreateDBSubnetGroup", "DBSubnetGroupName"): (255, r"(?!default$)[A-Za-z0-9 ._-]+"),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
    ("rds", "*", "DBSnapshotIdentifier"): (255, IDENTIFIER),
    ("rds", "DeleteDBInstance", "FinalDBSnapshotIdentifier"): (255, IDENTIFIER),
    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
    ("rds", "*", "Tags[].Key"): (128, r"(?!aws:|rds:)[\w .:/=+@-]+"),
    ("rds", "*", "Tags[].Value"): (256, r"[\w .:/=+@-]*"),
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
    ("elasticache", "CreateReplicationGroup", "ReplicationGroupId"): (40, IDENTIFIER),
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheSubnetGroup.html
    ("elasticache", "CreateCacheSubnetGroup", "CacheSubnetGroupName"): (255, r"[A-Za-z0-9-]+"),
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    ("sns", "CreateTopic", "Name"): (256, r"[A-Za-z0-9_-]+"),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    ("cloudwatch", "PutDashboard", "DashboardName"): (255, r"[A-Za-z0-9_-]+"),
}
# Java's character classes inside brackets, where \w and \d are ASCII.
CLASSES = {r"\p{L}": r"a-zA-Z\u00aa-\uffff", r"\p{Z}": r" \u00a0\u2000-\u200a", r"\p{N}": "0-9"}


def check(params: Mapping[str, Any], model: OperationModel, **_event: Any) -> None:
    """Refuse a request as AWS would; a handler of botocore's event ``before-parameter-build``."""
    found = list(violations(model, params))
    if found:
        raise ParamValidationError(report=f"AWS would refuse {model.name}: {'; '.join(found)}")


def violations(model: OperationModel, params: Mapping[str, Any]) -> Iterator[str]:
    """What of a request AWS does not take."""
    if model.input_shape is None:
        return
    for path, shape, value in _values(model.input_shape, params, ""):
        yield from (f"{path} {text}" for text in _of_shape(shape, value))
        yield from (f"{path} {text}" for text in _documented(model, path, value))


def _values(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, Shape, Any]]:
    if path:
        yield path, shape, value
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            if name in shape.members:
                yield from _values(shape.members[name], inner, f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        for inner in value:
            yield from _values(shape.member, inner, f"{path}[]")
    elif isinstance(shape, MapShape):
        for name, inner in value.items():
            yield from _values(shape.key, name, f"{path}.key")
            yield from _values(shape.value, inner, f"{path}.value")


def _of_shape(shape: Shape, value: Any) -> Iterator[str]:
    rules = shape.metadata
    numeric = shape.type_name in ("integer", "long", "float", "double")
    if shape.type_name in ("string", "list", "map", "blob") or numeric:
        size = value if numeric else len(value)
        if size < rules.get("min", size):
            yield f"is {size}, less than {rules['min']}" if numeric else f"has {size}, less than {rules['min']}"
        if size > rules.get("max", size):
            yield f"is {size}, more than {rules['max']}" if numeric else f"has {size}, more than {rules['max']}"
    if shape.type_name != "string":
        return
    if rules.get("enum") and value not in rules["enum"]:
        yield f"{value!r} is none of {', '.join(rules['enum'])}"
    if rules.get("pattern") and not pattern(rules["pattern"]).fullmatch(value):
        yield f"{value!r} does not match {rules['pattern']}"


def pattern(text: str) -> re.Pattern[str]:
    """A pattern of a service model, which Java understands, for Python."""
    for name, instead in CLASSES.items():
        text = text.replace(name, instead)
    return re.compile(text, re.ASCII | re.DOTALL)


def _documented(model: OperationModel, path: str, value: Any) -> Iterator[str]:
    service = model.service_model.service_name
    rule = DOCUMENTED.get((service, model.name, path)) or DOCUMENTED.get((service, "*", path))
    if rule is None:
        return
    longest, allowed = rule
    if len(value) > longest:
        yield f"{value!r} has {len(value)} characters, more than {longest}"
    if not re.fullmatch(allowed, value, re.DOTALL):
        yield f"{value!r} does not match {allowed}"
