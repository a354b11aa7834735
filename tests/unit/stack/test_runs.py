# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs against an account inside the process, where that has to be in a state, or hides what it has, as no account of
`tests/integration` does.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack import engine, reach
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref

from .account import (
    clients,
    picture,
    run,
    stack,
)
from .conftest import DOCUMENT

pytestmark = pytest.mark.usefixtures("account")
ALLOW = {"allow_destroy": ["instance/app-1"]}


def actions(result: engine.Result) -> dict[str, str]:
    return {change.key: change.action for change in result.plan.changes}


GROUP = {"target_group__web": {"vpc": Ref("vpc/main"), "port": 80}}


def hear(monkeypatch: pytest.MonkeyPatch, **tags: str) -> None:
    """Let the tagging API tell these tags of the target group, whatever tags it has."""
    arn = clients()("elbv2").describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    ours = {"groundwork:stack": "shop", "groundwork:resource": "target_group/web", "Name": "shop-web"}
    monkeypatch.setattr(reach, "_owned", lambda *_: {arn: {**ours, **tags}})


def test_nothing_is_done_or_told_on_old_hearsay(monkeypatch: pytest.MonkeyPatch) -> None:
    run(stack(**GROUP))
    hear(monkeypatch, team="blue")
    assert run(stack(**GROUP), check=True).plan.changes == ()
    assert engine.glance(clients(), stack(**GROUP), engine.Options(check=True)).changes == ()
    result = run(stack(**GROUP))
    assert (result.plan.changes, result.applied) == ((), False)


def test_hearsay_is_believed_when_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    run(stack(**GROUP))
    hear(monkeypatch, team="red")
    made = clients()
    assert engine.run(made, stack(**GROUP), engine.Options()).plan.changes == ()
    assert "elbv2:DescribeTags" not in made.calls


def test_a_change_finds_what_hearsay_hid(monkeypatch: pytest.MonkeyPatch) -> None:
    run(stack(**GROUP))
    hear(monkeypatch, team="red")
    balancers = clients()("elbv2")
    arn = balancers.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
    balancers.remove_tags(ResourceArns=[arn], TagKeys=["team"])
    group = {**GROUP["target_group__web"], "attributes": {"deregistration_delay.timeout_seconds": 30}}
    assert actions(run(stack(target_group__web=group))) == {"target_group/web": "update"}
    told = balancers.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    assert {"Key": "team", "Value": "red"} in told


def test_roles_are_read_one_by_one_where_all_may_not_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = stack(iam_role__other={"principal": "ec2.amazonaws.com", "inline_policies": {"s3": DOCUMENT}})
    run(wanted)
    for refused, alone in ((False, 0), (True, 2)):
        made = clients()
        if refused:
            made._open().register("before-call.iam.GetAccountAuthorizationDetails", refuse)
        assert engine.run(made, wanted, engine.Options()).plan.changes == ()
        assert made.calls.get("iam:GetRole", 0) == alone


def refuse(**_event: Any) -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountAuthorizationDetails")


def test_a_replacement_of_protected_data_is_refused_with_the_whole_plan() -> None:
    run(stack())
    wanted = stack(**{"subnet__public-1": {"vpc": Ref("vpc/main"), "cidr": "10.0.2.0/24", "zone": "us-east-1a"}})
    result = run(wanted)
    assert actions(result)["instance/app-1"] == "replace"
    assert actions(result)["subnet/public-1"] == "replace"
    assert "instance/app-1" in (result.failure or "")


def test_a_replaced_group_comes_before_the_old_one_goes() -> None:
    run(stack())
    group = dict(next(item for item in stack().resources if item.address == "security_group/app").properties)
    wanted = stack(security_group__app={**group, "description": "another"})
    result = run(wanted)
    assert result.failure is None
    assert actions(result) == {
        "security_group/app": "replace",
        "security_group/web": "update",
        "instance/app-1": "update",
    }
    assert run(wanted).plan.changes == ()


def test_a_subnet_under_another_name_takes_the_place_of_the_old_one() -> None:
    run(stack())
    subnet = {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"}
    resources = {item.address: dict(item.properties) for item in stack().resources}
    wanted = stack(
        **{
            "subnet__public-1": None,
            "subnet__web-1": subnet,
            "route_table__public": {**resources["route_table/public"], "subnets": [Ref("subnet/web-1")]},
            "instance__app-1": {**resources["instance/app-1"], "subnet": Ref("subnet/web-1")},
        }
    )
    result = run(wanted, **ALLOW)
    assert result.failure is None
    assert run(wanted).plan.changes == ()


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
    run(stack())
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    result = run(stack(**{"instance__app-1": {**machine, "volume": {"size": 4}}}))
    assert "a volume cannot shrink (8 GiB now, 4 wanted)" in (result.failure or "")


def test_an_image_that_does_not_exist_ends_the_run_before_it_changes_anything() -> None:
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    with pytest.raises(StackError, match=r"instance/app-1: there is no SSM parameter /no/such"):
        run(stack(**{"instance__app-1": {**machine, "image": "/no/such"}}))
    assert picture() == {}


def test_a_failure_lets_the_rest_go_on_and_tells_what_was_not_started() -> None:
    rules = [{"protocol": "tcp", "from_port": 99999, "to_port": 99999, "cidr": "10.0.0.0/8"}]
    wanted = stack(security_group__app={"vpc": Ref("vpc/main"), "description": "app", "ingress": rules})
    role = {"principal": "ec2.amazonaws.com", "managed_policies": ["arn:aws:iam::aws:policy/NoSuchPolicy"]}
    result = run(stack(iam_role__app=role))
    assert wanted is not None
    assert result.failure is not None
    assert "failed: iam_role/app: AttachRolePolicy: NoSuchEntity" in result.failure
    assert "not started: elastic_ip/app-1, instance/app-1, instance_profile/app" in result.failure
    assert "route_table/public (created)" in result.failure
    assert run(stack()).failure is None
