# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which statement of docs/permissions.md allows an action. A test holds this against that page."""

from __future__ import annotations

import re

PAGE = "docs/permissions.md"
LOOK, PROVISION, DEPLOY = "To look", "To provision", "To deploy"
BACK_UP, RESTORE, REACH = "To back up", "To restore", "To reach hosts through Systems Manager"
# IAM's prefix of the actions of a service, where botocore calls the service otherwise.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}
SERVICES = "acm|cloudwatch|ec2|elasticache|elasticloadbalancing|iam|logs|rds|route53|secretsmanager|sns|ssm|sts|tag"
# The first that matches decides: an action as a pattern, the policy, and the Sid of the statement in it. Where several
# policies allow an action, the one that is needed most often is named.
STATEMENTS = tuple(
    (re.compile(pattern), policy, sid)
    for pattern, policy, sid in (
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
    )
)


def action(service: str, operation: str) -> str:
    """The IAM action of an operation; ``service`` is botocore's name of the service, empty when it is not known."""
    return f"{PREFIXES.get(service, service)}:{operation}" if service else operation


def statement(name: str) -> tuple[str, str] | None:
    """The policy of the page and the Sid of the statement in it that allow an action, None for an action of neither."""
    return next(((policy, sid) for pattern, policy, sid in STATEMENTS if pattern.fullmatch(name)), None)


def advice(name: str, resource: str = "") -> str:
    """What to do when an action is denied, in one sentence without a full stop."""
    what = f"{name} on {resource}" if resource else name
    found = statement(name)
    if found is None:
        return f"Allow the credentials {what} ({PAGE})"
    policy, sid = found
    return f'Allow the credentials {what}: statement {sid} of the policy "{policy}" in {PAGE}'


def advise_on_deny(name: str, resource: str, policy: str) -> str:
    """What to do when a policy denies an action explicitly, which no other policy can undo; without a full stop."""
    what = f"{name} on {resource}" if resource else name
    return (
        f"An explicit deny decides whatever else allows {what}: have its owner change {policy}, or use credentials to "
        "which that does not apply"
    )
