# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS checks in each call of the collection: actions, resources and condition keys.

Sources: Service Authorization Reference (resource types and condition keys of each action), and the user guides of EC2,
Elastic Load Balancing and RDS on tags that are given in the call that creates an object. The objects of the stack have
the names that the engine gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.groundwork.aws.plugins.module_utils._aws import permissions
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds.common import log_groups
from ansible_collections.groundwork.aws.plugins.module_utils._topology.cache_names import token_secret

from .policies import STACK

REGION, ACCOUNT = "eu-west-1", "123456789012"
NAME = "main"
# A name that is too long for some types, whose objects get a shorter one.
LONG_NAME = "reporting-and-analytics-for-the-whole-company-and-its-partners"
# An address of the document (`<type>/<name>`) has at most 80 characters, and no type has a shorter name than `vpc`.
LONGEST_NAME = "a" * (80 - len("vpc/"))
LONGEST_STACK = "storefront-of-the-whole-company2"

# The resources of each action: `own` exists and must be the stack's, `standby` is a standby of its databases; `new` is
# created with the stack's tags, `plain` without; `tags` gets tags in the call without being checked itself; `used` may
# be anybody's, because the call does not change it.
EC2 = {
    "AllocateAddress": "new:elastic-ip",
    "AssociateAddress": "own:elastic-ip own:instance",
    "AssociateIamInstanceProfile": "own:instance",
    "AssociateRouteTable": "own:route-table own:subnet",
    "AttachInternetGateway": "own:internet-gateway own:vpc",
    "AuthorizeSecurityGroupEgress": "own:security-group",
    "AuthorizeSecurityGroupIngress": "own:security-group",
    "CreateInternetGateway": "new:internet-gateway",
    "CreateNatGateway": "new:natgateway own:elastic-ip own:subnet own:vpc",
    "CreateRoute": "own:route-table",
    "CreateRouteTable": "new:route-table own:vpc",
    "CreateSecurityGroup": "new:security-group own:vpc",
    "CreateSnapshot": "plain:ec2-snapshot tags:ec2-snapshot own:volume",
    "CreateSubnet": "new:subnet own:vpc",
    "CreateTags": "own:elastic-ip own:instance own:internet-gateway own:key-pair own:natgateway own:route-table "
    "own:security-group own:subnet own:volume own:vpc",
    "CreateVpc": "new:vpc",
    "DeleteInternetGateway": "own:internet-gateway",
    "DeleteKeyPair": "own:key-pair",
    "DeleteNatGateway": "own:natgateway",
    "DeleteRoute": "own:route-table",
    "DeleteRouteTable": "own:route-table",
    "DeleteSecurityGroup": "own:security-group",
    "DeleteSubnet": "own:subnet",
    "DeleteTags": "own:elastic-ip own:instance own:internet-gateway own:key-pair own:natgateway own:route-table "
    "own:security-group own:subnet own:volume own:vpc",
    "DeleteVpc": "own:vpc",
    "DetachInternetGateway": "own:internet-gateway own:vpc",
    "DisassociateAddress": "own:elastic-ip own:network-interface",
    "DisassociateIamInstanceProfile": "own:instance",
    "DisassociateRouteTable": "own:route-table own:subnet",
    "ImportKeyPair": "new:key-pair",
    "ModifyInstanceAttribute": "own:instance own:security-group",
    "ModifyInstanceMetadataOptions": "own:instance",
    "ModifySubnetAttribute": "own:subnet",
    "ModifyVolume": "own:volume",
    "ModifyVpcAttribute": "own:vpc",
    "ReleaseAddress": "own:elastic-ip",
    "ReplaceIamInstanceProfileAssociation": "own:instance",
    "ReplaceRoute": "own:route-table",
    "ReplaceRouteTableAssociation": "own:route-table own:subnet",
    "RevokeSecurityGroupEgress": "own:security-group",
    "RevokeSecurityGroupIngress": "own:security-group",
    "RunInstances": "new:instance new:volume plain:network-interface used:image used:key-pair own:security-group "
    "own:subnet",
    "StartInstances": "own:instance",
    "StopInstances": "own:instance",
    "TerminateInstances": "own:instance",
    "UpdateSecurityGroupRuleDescriptionsEgress": "own:security-group",
    "UpdateSecurityGroupRuleDescriptionsIngress": "own:security-group",
}
LOAD_BALANCING = {
    "AddTags": "own:loadbalancer own:listener own:listener-rule own:targetgroup",
    "CreateListener": "own:loadbalancer tags:listener",
    "CreateLoadBalancer": "new:loadbalancer",
    "CreateRule": "own:listener tags:listener-rule",
    "CreateTargetGroup": "new:targetgroup",
    "DeleteListener": "own:listener",
    "DeleteLoadBalancer": "own:loadbalancer",
    "DeleteRule": "own:listener-rule",
    "DeleteTargetGroup": "own:targetgroup",
    "DeregisterTargets": "own:targetgroup",
    "ModifyListener": "own:listener",
    "ModifyLoadBalancerAttributes": "own:loadbalancer",
    "ModifyRule": "own:listener-rule",
    "ModifyTargetGroup": "own:targetgroup",
    "ModifyTargetGroupAttributes": "own:targetgroup",
    "RegisterTargets": "own:targetgroup",
    "RemoveTags": "own:loadbalancer own:listener own:listener-rule own:targetgroup",
    "SetIpAddressType": "own:loadbalancer",
    "SetRulePriorities": "own:listener-rule",
    "SetSecurityGroups": "own:loadbalancer",
    "SetSubnets": "own:loadbalancer",
}
RDS = {
    "AddTagsToResource": "own:db own:pg own:subgrp",
    "CreateDBInstance": "new:db used:og used:pg used:subgrp",
    "CreateDBParameterGroup": "new:pg",
    "CreateDBSnapshot": "new:db-snapshot own:db",
    "CreateDBSubnetGroup": "new:subgrp",
    "DeleteDBInstance": "own:db",
    "DeleteDBParameterGroup": "own:pg",
    "DeleteDBSubnetGroup": "own:subgrp",
    "ModifyDBInstance": "own:db used:og used:pg used:subgrp",
    "ModifyDBParameterGroup": "own:pg",
    "ModifyDBSubnetGroup": "own:subgrp",
    "RemoveTagsFromResource": "own:db own:pg own:subgrp",
    "ResetDBParameterGroup": "own:pg",
    "StartDBInstance": "own:db",
}
CACHES = {
    "AddTagsToResource": "own:cluster own:replicationgroup own:subnetgroup",
    "CreateCacheSubnetGroup": "new:subnetgroup",
    "CreateReplicationGroup": "new:cluster new:replicationgroup used:parametergroup used:subnetgroup",
    "CreateSnapshot": "plain:cache-snapshot own:cluster own:replicationgroup",
    "DecreaseReplicaCount": "own:replicationgroup",
    "DeleteCacheSubnetGroup": "own:subnetgroup",
    "DeleteReplicationGroup": "own:replicationgroup plain:cache-snapshot",
    "IncreaseReplicaCount": "own:replicationgroup",
    "ModifyCacheSubnetGroup": "own:subnetgroup",
    "ModifyReplicationGroup": "own:replicationgroup used:parametergroup",
    "RemoveTagsFromResource": "own:cluster own:replicationgroup own:subnetgroup",
}
SECRETS = {
    "CreateSecret": "new:secret plain:master-secret",
    "DeleteSecret": "own:secret",
    "GetSecretValue": "own:cache-token",
    "RestoreSecret": "own:secret",
    "TagResource": "own:secret plain:master-secret",
    "UntagResource": "own:secret",
    "UpdateSecret": "own:secret",
}
ROLES = {
    "AddRoleToInstanceProfile": "own:instance-profile",
    "AttachRolePolicy": "own:role",
    "CreateInstanceProfile": "new:instance-profile",
    "CreateRole": "new:role",
    "CreateServiceLinkedRole": "plain:service-role",
    "DeleteInstanceProfile": "own:instance-profile",
    "DeleteRole": "own:role",
    "DeleteRolePolicy": "own:role",
    "DetachRolePolicy": "own:role",
    "PassRole": "own:role",
    "PutRolePolicy": "own:role",
    "RemoveRoleFromInstanceProfile": "own:instance-profile",
    "TagInstanceProfile": "own:instance-profile",
    "TagRole": "own:role",
    "UntagInstanceProfile": "own:instance-profile",
    "UntagRole": "own:role",
    "UpdateAssumeRolePolicy": "own:role",
    "UpdateRole": "own:role",
}
OTHERS = {
    "acm:AddTagsToCertificate": "own:certificate",
    "acm:DeleteCertificate": "own:certificate",
    "acm:RemoveTagsFromCertificate": "own:certificate",
    "acm:RequestCertificate": "new:certificate",
    "cloudwatch:DeleteAlarms": "own:alarm",
    "cloudwatch:DeleteDashboards": "own:dashboard",
    "cloudwatch:PutDashboard": "own:dashboard",
    "cloudwatch:PutMetricAlarm": "new:alarm own:alarm",
    "cloudwatch:TagResource": "own:alarm",
    "kms:CreateGrant": "used:key",
    "kms:DescribeKey": "used:key",
    "logs:CreateLogGroup": "new:log-group new:log-group-of-rds",
    "logs:DeleteLogGroup": "own:log-group own:log-group-of-rds",
    "logs:DeleteRetentionPolicy": "own:log-group own:log-group-of-rds",
    "logs:PutRetentionPolicy": "own:log-group own:log-group-of-rds",
    "logs:TagResource": "own:log-group own:log-group-of-rds",
    "logs:UntagResource": "own:log-group own:log-group-of-rds",
    "route53:ChangeResourceRecordSets": "own:hostedzone",
    "sns:CreateTopic": "new:topic",
    "sns:DeleteTopic": "own:topic",
    "sns:SetTopicAttributes": "own:topic",
    "sns:Subscribe": "own:topic",
    "sns:TagResource": "own:topic",
    "sns:Unsubscribe": "own:subscription",
    "sns:UntagResource": "own:topic",
}
LOCK = {"ssm:DeleteParameter": "own:lock", "ssm:PutParameter": "own:lock"}
RESTORED = {
    "kms:CreateGrant": "used:key",
    "kms:DescribeKey": "used:key",
    "rds:AddTagsToResource": "own:db standby:db",
    "rds:CreateDBSnapshot": "standby:db plain:db-snapshot",
    "rds:DeleteDBInstance": "standby:db",
    "rds:ModifyDBInstance": "own:db standby:db plain:db used:og used:pg used:subgrp",
    "rds:RemoveTagsFromResource": "own:db standby:db",
    "rds:RestoreDBInstanceFromDBSnapshot": "plain:db tags:db own:db-snapshot used:og used:pg used:subgrp",
    "rds:RestoreDBInstanceToPointInTime": "plain:db tags:db own:db standby:db used:og used:pg used:subgrp",
    "rds:StartDBInstance": "own:db standby:db",
    "secretsmanager:CreateSecret": "plain:master-secret",
    "secretsmanager:TagResource": "plain:master-secret",
}


def with_prefix(prefix: str, calls: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}:{name}": resources for name, resources in calls.items()}


# By policy: the resources of each action that is not a read.
CALLS: Mapping[str, Mapping[str, str]] = {
    permissions.PROVISION: {
        **with_prefix("ec2", EC2),
        **with_prefix("elasticloadbalancing", LOAD_BALANCING),
        **with_prefix("rds", RDS),
        **with_prefix("elasticache", CACHES),
        **with_prefix("secretsmanager", SECRETS),
        **with_prefix("iam", ROLES),
        **OTHERS,
        **LOCK,
        "ssm:DeleteParameters": "own:rollout",
    },
    permissions.DEPLOY: {
        # It supports neither resources nor conditions.
        "cloudwatch:GetMetricData": "",
        "elasticloadbalancing:DeregisterTargets": "own:targetgroup",
        "elasticloadbalancing:RegisterTargets": "own:targetgroup",
        "secretsmanager:GetSecretValue": "own:secret own:master-secret",
        "ses:SendEmail": "used:mail-identity",
        "sns:Publish": "used:notification-topic",
        "ssm:DeleteParameter": "own:lock",
        "ssm:DeleteParameters": "own:rollout",
        "ssm:PutParameter": "own:lock own:rollout",
    },
    permissions.BACK_UP: {
        "rds:AddTagsToResource": "plain:db-snapshot",
        "rds:CreateDBSnapshot": "own:db new:db-snapshot",
        "rds:DeleteDBSnapshot": "own:db-snapshot",
        **LOCK,
    },
    permissions.RESTORE: {**RESTORED, **LOCK},
    permissions.REACH: {
        "ssm:StartSession": "own:instance used:document",
        "ssm:ResumeSession": "own:session",
        "ssm:TerminateSession": "own:session",
        "ssmmessages:OpenDataChannel": "own:session",
    },
}
# The action by which a call gives tags to what it creates, and the key that tells this from a later call.
TAGGING = {
    "acm": ("acm:AddTagsToCertificate", ""),
    "cloudwatch": ("cloudwatch:TagResource", ""),
    "ec2": ("ec2:CreateTags", "ec2:CreateAction"),
    "elasticache": ("elasticache:AddTagsToResource", ""),
    "elasticloadbalancing": ("elasticloadbalancing:AddTags", "elasticloadbalancing:CreateAction"),
    "logs": ("logs:TagResource", ""),
    "rds": ("rds:AddTagsToResource", ""),
    "secretsmanager": ("secretsmanager:TagResource", ""),
    "sns": ("sns:TagResource", ""),
}
ROLE_TAGGING = {"instance-profile": "iam:TagInstanceProfile", "role": "iam:TagRole"}
# Keys of certain calls.
MORE_KEYS: Mapping[str, Mapping[str, list[str]]] = {
    "iam:CreateServiceLinkedRole": {"iam:AWSServiceName": ["rds.amazonaws.com"]},
    "iam:PassRole": {"iam:PassedToService": ["ec2.amazonaws.com"]},
    "kms:CreateGrant": {"kms:ViaService": [f"rds.{REGION}.amazonaws.com"]},
    "kms:DescribeKey": {"kms:ViaService": [f"rds.{REGION}.amazonaws.com"]},
    "route53:ChangeResourceRecordSets": {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [
            "www.example.com",
            f"a.{REGION}.{STACK}._groundwork.www.example.com",
        ]
    },
    "ses:SendEmail": {"ses:FromAddress": ["deploy@example.org"]},
    "ssm:StartSession": {"ssm:SessionDocumentAccessCheck": ["true"]},
}
# AWS creates these and gives them no tags, or they cannot have any.
WITHOUT_TAGS = ("hostedzone", "lock", "master-secret", "network-interface", "rollout", "session", "subscription")
Keys = dict[str, list[str]]
Check = tuple[str, str, Keys]


@dataclass(frozen=True)
class Owner:
    """Whose an object is: of the stack in its tag, or of nobody, without tags and with a name of its own."""

    title: str
    stack: str = ""

    @property
    def is_caller(self) -> bool:
        """Whether the calls are those of this owner."""
        return self.title == "own"

    def name(self, kind: str, name: str) -> str:
        """The name in AWS of a resource."""
        return REGISTRY[kind].physical_name(Scope(self.stack, REGION), name) if self.stack else f"legacy-{name}"


OWN, UNTAGGED = Owner("own", STACK), Owner("untagged")
OWN_WITH_LONGEST_NAME = Owner("own", LONGEST_STACK)
# The names of the objects of this stack begin like those of the other.
OTHER_STACK = Owner("other stack", f"{STACK}-2")


def build_arn(kind: str, owner: Owner = OWN, name: str = NAME) -> str:
    """The ARN of an object."""
    database, cache = owner.name("db_instance", name), owner.name("cache", name)
    balancer, targets = f"app/{owner.name('load_balancer', name)}/50dc6c49", owner.name("target_group", name)
    path = Scope(owner.stack, REGION).iam_path if owner.stack else "/"
    log_group = owner.name("log_group", name) if owner.stack else "/legacy/app"
    lock = f"groundwork/{owner.stack}/lock/1772323200" if owner.stack else "prod/db-password"
    rollout = f"groundwork/{owner.stack}/rollouts/20261130T093000Z-3f/plan/1" if owner.stack else "prod/db-password"
    names = {
        "alarm": f"cloudwatch:{REGION}:{ACCOUNT}:alarm:{owner.name('alarm', name)}",
        "cache-snapshot": f"elasticache:{REGION}:{ACCOUNT}:snapshot:abcdefghi-1a2b3c4d-final-20260301000000",
        "cache-token": f"secretsmanager:{REGION}:{ACCOUNT}:secret:{owner.name('secret', token_secret(name))}-AbCdEf",
        "certificate": f"acm:{REGION}:{ACCOUNT}:certificate/0f0e4a2b",
        "cluster": f"elasticache:{REGION}:{ACCOUNT}:cluster:{cache}-001",
        "dashboard": f"cloudwatch::{ACCOUNT}:dashboard/{owner.name('dashboard', name)}",
        "db": f"rds:{REGION}:{ACCOUNT}:db:{database}",
        "db-snapshot": f"rds:{REGION}:{ACCOUNT}:snapshot:{database}-20260301-000000",
        "document": f"ssm:{REGION}:{ACCOUNT}:document/AWS-StartSSHSession",
        "ec2-snapshot": f"ec2:{REGION}::snapshot/snap-0a1b",
        "hostedzone": f"route53:::hostedzone/{'Z0123456789EXAMPLE' if owner.is_caller else 'Z9999999999OTHER'}",
        "image": f"ec2:{REGION}::image/ami-0a1b",
        "instance-profile": f"iam::{ACCOUNT}:instance-profile{path}{owner.name('instance_profile', name)}",
        "key": f"kms:{REGION}:{ACCOUNT}:key/1a2b3c4d",
        "listener": f"elasticloadbalancing:{REGION}:{ACCOUNT}:listener/{balancer}/f2f7dc8e",
        "listener-rule": f"elasticloadbalancing:{REGION}:{ACCOUNT}:listener-rule/{balancer}/f2f7dc8e/9683b2d0",
        "loadbalancer": f"elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/{balancer}",
        "lock": f"ssm:{REGION}:{ACCOUNT}:parameter/{lock}",
        "log-group": f"logs:{REGION}:{ACCOUNT}:log-group:{log_group}",
        "log-group-of-rds": f"logs:{REGION}:{ACCOUNT}:log-group:{log_groups(database, ['error'])[0]}",
        "mail-identity": f"ses:{REGION}:{ACCOUNT}:identity/example.org",
        "master-secret": f"secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1a2b3c4d-AbCdEf",
        "notification-topic": f"sns:{REGION}:{ACCOUNT}:releases",
        "og": f"rds:{REGION}:{ACCOUNT}:og:default:mysql-8-0",
        "parametergroup": f"elasticache:{REGION}:{ACCOUNT}:parametergroup:default.redis7",
        "pg": f"rds:{REGION}:{ACCOUNT}:pg:{owner.name('db_parameter_group', name)}",
        "replicationgroup": f"elasticache:{REGION}:{ACCOUNT}:replicationgroup:{cache}",
        "role": f"iam::{ACCOUNT}:role{path}{owner.name('iam_role', name)}",
        "rollout": f"ssm:{REGION}:{ACCOUNT}:parameter/{rollout}",
        "secret": f"secretsmanager:{REGION}:{ACCOUNT}:secret:{owner.name('secret', name)}-AbCdEf",
        "service-role": f"iam::{ACCOUNT}:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
        "session": f"ssm:{REGION}:{ACCOUNT}:session/{'ME' if owner.is_caller else 'OTHER'}-0a1b",
        "subgrp": f"rds:{REGION}:{ACCOUNT}:subgrp:{owner.name('db_subnet_group', name)}",
        "subnetgroup": f"elasticache:{REGION}:{ACCOUNT}:subnetgroup:{owner.name('cache_subnet_group', name)}",
        "subscription": f"sns:{REGION}:{ACCOUNT}:{owner.name('sns_topic', name)}:8a21d249",
        "targetgroup": f"elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{targets}/73e2d6bc",
        "topic": f"sns:{REGION}:{ACCOUNT}:{owner.name('sns_topic', name)}",
    }
    return f"arn:aws:{names.get(kind, f'ec2:{REGION}:{ACCOUNT}:{kind}/{kind}-0a1b')}"


def build_tags(role: str, kind: str, owner: Owner) -> dict[str, str]:
    """The tags of an object that exists."""
    if kind == "master-secret":
        # RDS gives it to its secrets (AWS managed policy reference, AmazonRDSServiceRolePolicy).
        return {"aws:rds:primaryDBInstanceArn": build_arn("db", owner)}
    if not owner.stack or kind in WITHOUT_TAGS:
        return {}
    if role == "standby":
        return {"groundwork:beside": f"{owner.stack}/{NAME}"}
    backup = {"groundwork:backup": "2026-03-01T00:00:00Z"} if kind == "db-snapshot" else {}
    resource = {"groundwork:resource": f"secret/{token_secret(NAME)}"} if kind == "cache-token" else {}
    return {**backup, **resource, "groundwork:stack": owner.stack}


def build_keys(action: str, tags: Mapping[str, str], requested: Mapping[str, str]) -> Keys:
    """The condition keys of a call: the tags of its resource and those that it sets, and others."""
    found = {"aws:userid": ["ME"], **MORE_KEYS.get(action, {})}
    for key, value in tags.items():
        found[f"aws:ResourceTag/{key}"] = found[f"ssm:resourceTag/{key}"] = [value]
    for key, value in requested.items():
        found[f"aws:RequestTag/{key}"] = [value]
    return found


def list_resources() -> Iterator[tuple[str, str, str, str]]:
    """Policy, action, role and kind of every resource in `CALLS`."""
    for policy, calls in CALLS.items():
        for action, resources in calls.items():
            for part in resources.split():
                role, kind = part.split(":")
                yield policy, action, role, kind


def list_checks(action: str, role: str, kind: str, name: str = NAME, owner: Owner = OWN) -> Iterator[Check]:
    """What AWS checks of one resource in a call of its stack."""
    arn, (service, operation) = build_arn(kind, owner, name), action.split(":")
    requested = {"groundwork:stack": owner.stack, "groundwork:resource": f"type/{NAME}"}
    if role in ("own", "standby"):
        yield action, arn, build_keys(action, build_tags(role, kind, owner), {})
    elif role == "new":
        yield action, arn, build_keys(action, {}, requested)
    elif role != "tags":
        yield action, arn, build_keys(action, {}, {})
    if role in ("new", "tags"):
        tagging, key = (ROLE_TAGGING[kind], "") if service == "iam" else TAGGING[service]
        created = {key: [operation]} if key else {}
        is_standby = service == "rds" and role == "tags"
        tags = {"groundwork:beside": f"{owner.stack}/{NAME}"} if is_standby else requested
        yield tagging, arn, {**build_keys(tagging, {}, tags), **created}
