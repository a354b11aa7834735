# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs against an account inside the process, where that has to be in a state, or hides what it has, as no account of
`tests/integration` does.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.engine_account import (
    clients,
    run,
    snapshot,
    stack,
)

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.lock import Holder, LeaseStore, TokenLock
from ansible_collections.groundwork.aws.plugins.module_utils._engine import run as engine
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from plugins.module_utils.conftest import DOCUMENT

pytestmark = pytest.mark.usefixtures("account")
ALLOW = {"allow_destroy": ["instance/app-1"]}


def actions(result: engine.Result) -> dict[str, str]:
    return {change.key: change.action for change in result.plan.changes}


def test_roles_are_read_one_by_one_without_permission_to_read_all(monkeypatch: pytest.MonkeyPatch) -> None:
    desired = stack(iam_role__other={"principal": "ec2.amazonaws.com", "inline_policies": {"s3": DOCUMENT}})
    run(desired)
    for refused, alone in ((False, 0), (True, 2)):
        made = clients()
        if refused:
            made._open().register("before-call.iam.GetAccountAuthorizationDetails", refuse)
        assert engine.Engine(made, desired, REGISTRY, engine.Options()).run().plan.changes == ()
        assert made.calls.get("iam:GetRole", 0) == alone


def test_a_run_while_a_rollout_holds_the_lock_is_refused_with_its_name() -> None:
    purpose = Holder("deploy 20261130T093000Z-3f by alice@laptop", os.getpid(), "20261130T093000Z-3f")
    lock = TokenLock(clients()("ssm"), "shop", 900, 0, lambda _token: purpose)
    token = lock.acquire()
    with pytest.raises(StackError, match=f"^stack shop is locked by {purpose.text} since .* Nothing was changed"):
        run(stack(), lock_wait=0)
    assert snapshot() == {}
    lock.renew(token)
    lock.release(token)
    assert run(stack(), lock_wait=0).failure is None


class Records:
    """What a stack has besides its resources; ``held`` is whether the lock was held when it was removed."""

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self.held: list[bool] = []

    def is_empty(self) -> bool:
        return not self.count

    def remove(self) -> None:
        self.held.append(LeaseStore(clients()("ssm"), "shop").find_holder() is not None)
        self.count = 0


def run_with(records: Records, desired: DesiredStack, **options: Any) -> tuple[engine.Result, list[str]]:
    warnings: list[str] = []
    given = engine.Options(lock_wait=0, **options)
    result = engine.Engine(clients(), desired, REGISTRY, given, warnings, leftovers=records).run()
    return result, warnings


def without_resources() -> DesiredStack:
    return replace(stack(), resources=(), outputs={}, known=stack().resources)


def test_leftovers_are_removed_under_the_lock_when_the_last_resource_is() -> None:
    run(stack())
    records = Records()
    assert run_with(records, without_resources(), check=True, **ALLOW)[0].failure is None
    assert run_with(records, without_resources())[0].failure is not None
    partial = run_with(records, without_resources(), only=["elastic_ip/app-1"], **ALLOW)[0]
    assert (partial.failure, partial.applied, bool(partial.plan.unselected)) == (None, True, True)
    assert records.held == []
    result, warnings = run_with(records, without_resources(), **ALLOW)
    assert (result.failure, warnings, records.held) == (None, [], [True])


@pytest.mark.parametrize(("count", "held"), [(0, []), (1, [True])])
def test_leftovers_of_a_run_that_ended_early_are_removed_under_the_lock(count: int, held: list[bool]) -> None:
    records = Records(count)
    assert run_with(records, without_resources(), check=True)[1] == []
    assert records.held == []
    assert run_with(records, without_resources())[1] == []
    assert records.held == held


def test_leftovers_stay_when_a_resource_could_not_be_removed() -> None:
    run(stack())
    records, made = Records(), clients()
    made._open().register("before-call.ec2.DeleteVpc", refuse)
    given = engine.Options(lock_wait=0, **ALLOW)
    assert engine.Engine(made, without_resources(), REGISTRY, given, leftovers=records).run().failure
    assert records.held == []


def test_leftovers_stay_with_a_warning_while_another_run_holds_the_lock() -> None:
    records = Records()
    holder = Holder("deploy 20261130T093000Z-3f by alice@laptop", os.getpid())
    TokenLock(clients()("ssm"), "shop", 900, 0, lambda _token: holder).acquire()
    result, (warning,) = run_with(records, without_resources())
    assert (result.failure, records.held) == (None, [])
    assert warning.startswith("stack shop is locked by deploy 20261130T093000Z-3f by alice@laptop")


def test_leftovers_that_cannot_be_read_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise StackError("the ledger was not read")

    records = Records()
    monkeypatch.setattr(records, "is_empty", fail)
    result, warnings = run_with(records, without_resources())
    assert (result.failure, warnings, records.held) == (None, ["the ledger was not read"], [])


def refuse(**_event: Any) -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountAuthorizationDetails")


def test_a_replacement_of_protected_data_is_refused_with_the_whole_plan() -> None:
    run(stack())
    desired = stack(**{"subnet__public-1": {"vpc": Ref("vpc/main"), "cidr": "10.0.2.0/24", "zone": "us-east-1a"}})
    result = run(desired)
    assert actions(result)["instance/app-1"] == "replace"
    assert actions(result)["subnet/public-1"] == "replace"
    assert "instance/app-1" in (result.failure or "")


def test_a_replaced_group_comes_before_the_old_one_goes() -> None:
    run(stack())
    group = dict(next(item for item in stack().resources if item.address == "security_group/app").properties)
    desired = stack(security_group__app={**group, "description": "another"})
    result = run(desired)
    assert result.failure is None
    assert actions(result) == {
        "security_group/app": "replace",
        "security_group/web": "update",
        "instance/app-1": "update",
    }
    assert run(desired).plan.changes == ()


def test_a_subnet_under_another_name_takes_the_place_of_the_old_one() -> None:
    run(stack())
    subnet = {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"}
    resources = {item.address: dict(item.properties) for item in stack().resources}
    desired = stack(
        **{
            "subnet__public-1": None,
            "subnet__web-1": subnet,
            "route_table__public": {**resources["route_table/public"], "subnets": [Ref("subnet/web-1")]},
            "instance__app-1": {**resources["instance/app-1"], "subnet": Ref("subnet/web-1")},
        }
    )
    result = run(desired, **ALLOW)
    assert result.failure is None
    assert run(desired).plan.changes == ()


def test_properties_of_one_run_are_planned_and_not_verified() -> None:
    """Afterwards the stack is compared as its document says: the next run takes them back."""
    desired = stack()
    run(desired)
    once = {"vpc/main": {"dns_support": True, "dns_hostnames": False}}
    made = run(desired, once=once)
    assert (made.failure, actions(made)) == (None, {"vpc/main": "update"})
    assert made.plan.changes[0].after == {"dns_hostnames": False}
    assert actions(run(desired)) == {"vpc/main": "update"}


@pytest.mark.parametrize(
    ("adopt", "message"),
    [
        ({"vpc/main": "vpc-00000000"}, "is no vpc in us-east-1"),
        ({"vpc/other": "vpc-00000000"}, "is not in the topology"),
        ({"iam_role/app": "role"}, "belong to a stack by name and path"),
    ],
)
def test_adoption_is_refused(adopt: dict[str, str], message: str) -> None:
    with pytest.raises(StackError, match=message):
        run(stack(), adopt=adopt)


def test_a_volume_does_not_shrink() -> None:
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    run(stack(**{"instance__app-1": {**machine, "volume": {"size": 12}}}))
    result = run(stack(**{"instance__app-1": {**machine, "volume": {"size": 8}}}))
    assert "a volume cannot shrink (12 GiB now, 8 wanted)" in (result.failure or "")


def test_an_image_that_does_not_exist_ends_the_run_before_it_changes_anything() -> None:
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    with pytest.raises(StackError, match=r"instance/app-1: there is no SSM parameter /no/such"):
        run(stack(**{"instance__app-1": {**machine, "image": "/no/such"}}))
    assert snapshot() == {}


def test_a_failure_lists_the_changes_that_were_not_started() -> None:
    rules = [{"protocol": "tcp", "from_port": 99999, "to_port": 99999, "cidr": "10.0.0.0/8"}]
    desired = stack(security_group__app={"vpc": Ref("vpc/main"), "description": "app", "ingress": rules})
    role = {"principal": "ec2.amazonaws.com", "managed_policies": ["arn:aws:iam::aws:policy/NoSuchPolicy"]}
    result = run(stack(iam_role__app=role))
    assert desired is not None
    assert result.failure is not None
    assert "failed: iam_role/app: AttachRolePolicy: NoSuchEntity" in result.failure
    assert "not started: elastic_ip/app-1, instance/app-1, instance_profile/app" in result.failure
    assert "route_table/public (created)" in result.failure
    assert run(stack()).failure is None
