# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The statements of docs/permissions.md that allow an action. A test compares this with that page."""

from __future__ import annotations

import re

PAGE = "docs/permissions.md"
LOOK, PROVISION, ADOPT, DEPLOY = "To look", "To provision", "To adopt", "To deploy"
BACK_UP, RESTORE, REACH = "To back up", "To restore", "To reach hosts through Systems Manager"
# IAM's prefix for the actions of a service, where it is not botocore's name of the service.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
SERVICES = "acm|cloudwatch|ec2|elasticache|elasticloadbalancing|iam|logs|rds|route53|secretsmanager|ses|sns|ssm|sts|tag"
# A pattern of actions, the policy, and the Sids of its statements: those about new objects, existing ones and objects
# that are only used differ. The first match in the policy of the task decides; for an action that this does not have,
# the first match of all.
STATEMENTS = tuple(
    (re.compile(pattern), policy, sid)
    for pattern, policy, sid in (
        (r"secretsmanager:GetSecretValue", PROVISION, "CacheTokens"),
        (r"secretsmanager:GetSecretValue", DEPLOY, "SecretsOfStacks, MasterUsers or SecretsKeptByHand"),
        (r"kms:\w+", PROVISION, "EncryptDatabases"),
        (r"ssm:GetParameters\w*", LOOK, "Parameters"),
        (r"cloudwatch:GetMetricData", DEPLOY, "Metrics"),
        (r"sns:Publish", DEPLOY, "NotificationTopic"),
        (r"ses:SendEmail", DEPLOY, "NotificationMail"),
        (rf"({SERVICES}):(Describe|Get|List)\w+", LOOK, "Look"),
        (r"ec2:(AllocateAddress|CreateInternetGateway|CreateVpc|ImportKeyPair)", PROVISION, "NewInEc2"),
        (r"ec2:Create(NatGateway|RouteTable|SecurityGroup|Subnet)", PROVISION, "NewInEc2 or Network"),
        (r"ec2:RunInstances", PROVISION, "NewInEc2, Launch or Instances"),
        (r"ec2:CreateSnapshot", PROVISION, "FinalSnapshots or Instances"),
        (r"ec2:CreateTags", PROVISION, "TagsOfNewInEc2 or Instances"),
        (r"ec2:DisassociateAddress", PROVISION, "Network or HoldersOfAddresses"),
        (r"ec2:\w*(Image|Instance|KeyPair|Tags|Volume)\w*", PROVISION, "Instances"),
        (r"ec2:\w+", PROVISION, "Network"),
        (r"elasticloadbalancing:Create(LoadBalancer|TargetGroup)", PROVISION, "NewLoadBalancers"),
        (r"elasticloadbalancing:AddTags", PROVISION, "TagsOfNewLoadBalancers or LoadBalancers"),
        (r"elasticloadbalancing:\w+", PROVISION, "LoadBalancers"),
        (r"acm:RequestCertificate", PROVISION, "NewCertificates"),
        (r"acm:AddTagsToCertificate", PROVISION, "TagsOfNewCertificates or Certificates"),
        (r"acm:\w+", PROVISION, "Certificates"),
        (r"route53:\w+", PROVISION, "Records"),
        (r"rds:DeleteDBSnapshot", BACK_UP, "OldSnapshots"),
        (r"rds:RestoreDBInstanceFromDBSnapshot", RESTORE, "NewDatabases, GroupsOfDatabases or Databases"),
        (r"rds:Restore\w+", RESTORE, "NewDatabases, GroupsOfDatabases, Databases or Standbys"),
        (r"rds:CreateDBInstance", PROVISION, "NewDatabases or GroupsOfDatabases"),
        (r"rds:CreateDB(Parameter|Subnet)Group", PROVISION, "NewDatabases"),
        (r"rds:(AddTagsToResource|CreateDBSnapshot)", PROVISION, "NewDatabases or Databases"),
        (r"rds:ModifyDBInstance", PROVISION, "Databases or GroupsOfDatabases"),
        (r"rds:\w+", PROVISION, "Databases"),
        (r"secretsmanager:CreateSecret", PROVISION, "NewSecrets or SecretsOfMasterUsers"),
        (r"secretsmanager:TagResource", PROVISION, "NewSecrets, Secrets or SecretsOfMasterUsers"),
        (r"secretsmanager:\w+", PROVISION, "Secrets"),
        (r"iam:PassRole", PROVISION, "HandRolesToInstances"),
        (
            r"iam:CreateServiceLinkedRole",
            PROVISION,
            "FirstLoadBalancerOrCacheOfAnAccount or FirstDatabaseOfAnAccount",
        ),
        (r"iam:\w+", PROVISION, "Roles"),
        (r"elasticache:CreateCacheSubnetGroup", PROVISION, "NewCaches"),
        (r"elasticache:CreateReplicationGroup", PROVISION, "NewCaches or GroupsOfCaches"),
        (r"elasticache:AddTagsToResource", PROVISION, "NewCaches or Caches"),
        (r"elasticache:ModifyReplicationGroup", PROVISION, "Caches or GroupsOfCaches"),
        (r"elasticache:(CreateSnapshot|DeleteReplicationGroup)", PROVISION, "Caches or FinalSnapshotsOfCaches"),
        (r"elasticache:\w+", PROVISION, "Caches"),
        (r"cloudwatch:\w+", PROVISION, "Monitoring"),
        (r"sns:Unsubscribe", PROVISION, "Subscriptions"),
        (r"(logs|sns):\w+", PROVISION, "LogsAndTopics"),
        (r"ssm:StartSession", REACH, "SessionsWithInstancesOfStacks or ForSshAlone"),
        (r"ssm:\w+Session|ssmmessages:\w+", REACH, "SessionsOfOnesOwn"),
        (r"ssm:DeleteParameters", PROVISION, "Ledger"),
        (r"ssm:\w+", PROVISION, "Lock"),
        (r"(ec2:CreateTags|elasticloadbalancing:AddTags|(elasticache|rds):AddTagsToResource)", ADOPT, "Adopt"),
        (r"(logs|secretsmanager):TagResource", ADOPT, "Adopt"),
        (r"elasticloadbalancing:(Der|R)egisterTargets", DEPLOY, "Targets"),
        (r"ssm:DeleteParameter", DEPLOY, "Lock"),
        (r"ssm:DeleteParameters", DEPLOY, "Ledger"),
        (r"ssm:PutParameter", DEPLOY, "Lock or Ledger"),
        (r"rds:CreateDBSnapshot", BACK_UP, "Databases or Snapshots"),
        (r"rds:AddTagsToResource", BACK_UP, "Snapshots"),
        (r"ssm:(Delete|Put)Parameter", BACK_UP, "Lock"),
        (r"rds:AddTagsToResource", RESTORE, "NewDatabases, Databases or Standbys"),
        (r"rds:CreateDBSnapshot", RESTORE, "NewDatabases or Standbys"),
        (r"rds:DeleteDBInstance", RESTORE, "Standbys"),
        (r"rds:ModifyDBInstance", RESTORE, "NewDatabases, GroupsOfDatabases, Databases or Standbys"),
        (r"rds:(RemoveTagsFromResource|StartDBInstance)", RESTORE, "Databases or Standbys"),
        (r"kms:\w+", RESTORE, "EncryptDatabases"),
        (r"secretsmanager:(CreateSecret|TagResource)", RESTORE, "SecretsOfMasterUsers"),
        (r"ssm:(Delete|Put)Parameter", RESTORE, "Lock"),
    )
)


def name_action(service: str, operation: str) -> str:
    """The IAM action of an operation; ``service`` is botocore's name of the service, empty when it is not known."""
    return f"{PREFIXES.get(service, service)}:{operation}" if service else operation


def find_statement(name: str, task: str = "") -> tuple[str, str] | None:
    """The policy and the Sids of its statements that allow an action; None when the page does not have it.

    ``task`` is the policy of the task, such as `BACK_UP`.
    """
    found = [(policy, sid) for pattern, policy, sid in STATEMENTS if pattern.fullmatch(name)]
    of_task = [(policy, sid) for policy, sid in found if policy == task]
    return next(iter([*of_task, *found]), None)


def advise_on_permission(name: str, resource: str = "", task: str = "") -> str:
    """What to do when an action is denied, in one sentence without a full stop."""
    subject = f"{name} on {resource}" if resource else name
    found = find_statement(name, task)
    if found is None:
        return f"Allow the credentials {subject} ({PAGE})"
    policy, sid = found
    text = f'Allow the credentials {subject}: statement {sid} of the policy "{policy}" in {PAGE}'
    # The policy to provision tags what the stack creates or owns.
    if policy == PROVISION and find_statement(name, ADOPT) == (ADOPT, "Adopt"):
        text += f'; for an object that the stack adopts, the policy "{ADOPT}"'
    return text


def advise_on_deny(name: str, resource: str, policy: str) -> str:
    """What to do when a policy denies an action explicitly, which no other policy can undo; without a full stop."""
    subject = f"{name} on {resource}" if resource else name
    return (
        f"An explicit deny decides whatever else allows {subject}: have its owner change {policy}, or use credentials "
        "to which that does not apply"
    )
