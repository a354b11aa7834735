# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The statement of docs/permissions.md that allows an action. A test compares this with that page."""

from __future__ import annotations

import re

PAGE = "docs/permissions.md"
LOOK, PROVISION, DEPLOY = "To look", "To provision", "To deploy"
BACK_UP, RESTORE, REACH = "To back up", "To restore", "To reach hosts through Systems Manager"
# IAM's prefix for the actions of a service, where it is not botocore's name of the service.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
SERVICES = "acm|cloudwatch|ec2|elasticache|elasticloadbalancing|iam|logs|rds|route53|secretsmanager|sns|ssm|sts|tag"
# A pattern of actions, the policy, and the Sid of its statement. The first match in the policy of the task decides; for
# an action that this does not have, the first match of all.
STATEMENTS = tuple(
    (re.compile(pattern), policy, sid)
    for pattern, policy, sid in (
        (r"secretsmanager:GetSecretValue", PROVISION, "CacheTokens"),
        (r"secretsmanager:GetSecretValue", DEPLOY, "SecretsOfStacks, MasterUsers or SecretsKeptByHand"),
        (r"kms:\w+", PROVISION, "EncryptDatabases"),
        (rf"({SERVICES}):(Describe|Get|List)\w+", LOOK, "Look"),
        (r"ec2:\w*(Image|Instance|KeyPair|Snapshot|Tags|Volume)\w*", PROVISION, "Instances"),
        (r"ec2:\w+", PROVISION, "Network"),
        (r"elasticloadbalancing:\w+", PROVISION, "LoadBalancers"),
        (r"acm:\w+", PROVISION, "Certificates"),
        (r"route53:\w+", PROVISION, "Records"),
        (r"rds:DeleteDBSnapshot", BACK_UP, "Snapshots"),
        (r"rds:Restore\w+", RESTORE, "Databases"),
        (r"rds:\w+", PROVISION, "Databases"),
        (r"secretsmanager:(Create|Tag)\w+", PROVISION, "NewSecrets"),
        (r"secretsmanager:\w+", PROVISION, "Secrets"),
        (r"iam:PassRole", PROVISION, "HandRolesToInstances"),
        (
            r"iam:CreateServiceLinkedRole",
            PROVISION,
            "FirstLoadBalancerOrCacheOfAnAccount or FirstDatabaseOfAnAccount",
        ),
        (r"iam:\w+", PROVISION, "Roles"),
        (r"elasticache:\w+", PROVISION, "Caches"),
        (r"cloudwatch:\w+", PROVISION, "Monitoring"),
        (r"(logs|sns):\w+", PROVISION, "LogsAndTopics"),
        (r"ssm:StartSession", REACH, "SessionsWithInstancesOfStacks or ForSshAlone"),
        (r"ssm:\w+Session|ssmmessages:\w+", REACH, "SessionsOfOnesOwn"),
        (r"ssm:\w+", PROVISION, "Lock"),
        (r"elasticloadbalancing:(Der|R)egisterTargets", DEPLOY, "Targets"),
        (r"rds:(AddTagsToResource|CreateDBSnapshot)", BACK_UP, "Snapshots"),
        (r"ssm:(Delete|Put)Parameter", BACK_UP, "Lock"),
        (
            r"rds:((Add|Remove)Tags\w+|CreateDBSnapshot|(Delete|Modify|Start)DBInstance)",
            RESTORE,
            "Databases",
        ),
        (r"kms:\w+", RESTORE, "EncryptDatabases"),
        (r"secretsmanager:(Create|Tag)\w+", RESTORE, "SecretsOfMasterUsers"),
        (r"ssm:(Delete|Put)Parameter", RESTORE, "Lock"),
    )
)


def name_action(service: str, operation: str) -> str:
    """The IAM action of an operation; ``service`` is botocore's name of the service, empty when it is not known."""
    return f"{PREFIXES.get(service, service)}:{operation}" if service else operation


def find_statement(name: str, task: str = "") -> tuple[str, str] | None:
    """The policy and the Sid of the statement that allow an action; None when the page does not have it.

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
    return f'Allow the credentials {subject}: statement {sid} of the policy "{policy}" in {PAGE}'


def advise_on_deny(name: str, resource: str, policy: str) -> str:
    """What to do when a policy denies an action explicitly, which no other policy can undo; without a full stop."""
    subject = f"{name} on {resource}" if resource else name
    return (
        f"An explicit deny decides whatever else allows {subject}: have its owner change {policy}, or use credentials "
        "to which that does not apply"
    )
