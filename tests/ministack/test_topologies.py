# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The life of each topology in an emulator that shares no code with the lab's: made, unchanged, mended, taken down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rig.runs import CHECKOUT
from rig.stacks import WHOLE, Base, Stack

GROUP_RULE = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def topology(name: str, *data: str, **overrides: Any) -> Base:
    document = str(CHECKOUT / "topologies" / f"{name}.yml")
    return Base(name.replace("_", "-"), document, {**WHOLE, **overrides}, data)


SINGLE = topology("single_instance", "instance/app-1")
THREE = topology("three_tier", "db_instance/main", "secret/main-backend", monitoring={"notify": ["ops@shop.test"]})
DATABASES = ("user", "product", "order", "payment", "notification")
SHOP = topology(
    "ecommerce",
    *(f"db_instance/{name}" for name in DATABASES),
    *(f"secret/{name}-{name}" for name in DATABASES),
    "secret/jwt",
)
BASES = [pytest.param(base, id=base.name) for base in (SINGLE, THREE, SHOP)]


def open_a_port(stack: Stack) -> str:
    address = "security_group/app" if stack.base is SINGLE else "security_group/alb"
    stack.account.client("ec2").authorize_security_group_ingress(
        GroupId=ids(stack)[address], IpPermissions=[GROUP_RULE]
    )
    return address


def take_a_route(stack: Stack) -> str:
    table = ids(stack)["route_table/public"]
    stack.account.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    return "route_table/public"


def rename_the_network(stack: Stack) -> str:
    tags = [{"Key": "Name", "Value": "renamed"}]
    stack.account.client("ec2").create_tags(Resources=[ids(stack)["vpc/main"]], Tags=tags)
    return "vpc/main"


def stop_an_instance(stack: Stack) -> str:
    address = {SINGLE.name: "instance/app-1", THREE.name: "instance/backend-1"}.get(stack.base.name, "instance/user-1")
    stack.account.client("ec2").stop_instances(InstanceIds=[ids(stack)[address]])
    return address


def change_a_health_check(stack: Stack) -> str:
    address = "target_group/frontend"
    stack.account.client("elbv2").modify_target_group(
        TargetGroupArn=ids(stack)[address], HealthCheckPath="/elsewhere", HealthCheckIntervalSeconds=299
    )
    return address


def keep_fewer_backups(stack: Stack) -> str:
    address = "db_instance/main" if stack.base is THREE else "db_instance/user"
    stack.account.client("rds").modify_db_instance(
        DBInstanceIdentifier=ids(stack)[address], BackupRetentionPeriod=1, ApplyImmediately=True
    )
    return address


def keep_logs_for_a_day(stack: Stack) -> str:
    logs = stack.account.client("logs")
    logs.put_retention_policy(logGroupName="/groundwork/three-tier/frontend", retentionInDays=1)
    return "log_group/frontend"


def silence_an_alarm(stack: Stack) -> str:
    stack.account.client("cloudwatch").disable_alarm_actions(AlarmNames=["groundwork/three-tier/database-main-cpu"])
    return "alarm/database-main-cpu"


def describe_a_secret(stack: Stack) -> str:
    stack.account.client("secretsmanager").update_secret(SecretId=ids(stack)["secret/jwt"], Description="other")
    return "secret/jwt"


Change = Callable[[Stack], str]
EVERYWHERE: tuple[Change, ...] = (open_a_port, take_a_route, rename_the_network, stop_an_instance)
CHANGES: dict[str, tuple[Change, ...]] = {
    SINGLE.name: EVERYWHERE,
    THREE.name: (*EVERYWHERE, change_a_health_check, keep_fewer_backups, keep_logs_for_a_day, silence_an_alarm),
    SHOP.name: (*EVERYWHERE, change_a_health_check, keep_fewer_backups, describe_a_secret),
}


def ids(stack: Stack) -> dict[str, str]:
    """The ids of the stack's objects by address, as the engine itself reports them."""
    outcome = stack.info()
    assert outcome.ok, str(outcome)
    return {address: item["id"] for address, item in outcome.result["resources"].items()}


@pytest.mark.parametrize("stack", BASES, indirect=True)
def test_a_topology_is_made_found_unchanged_mended_and_taken_down(stack: Stack) -> None:
    made = stack.present()
    assert made.ok, str(made)
    assert set(made.actions.values()) == {"create"}
    stack.assert_quiet()

    changed = {change(stack) for change in CHANGES[stack.base.name]}
    mended = stack.present()
    assert mended.ok, str(mended)
    assert mended.actions == dict.fromkeys(changed, "update")
    stack.assert_quiet()

    down = stack.absent()
    assert down.ok, str(down)
    assert down.actions == dict.fromkeys(made.actions, "delete")
    again = stack.absent()
    assert again.ok, str(again)
    assert not again.changed
