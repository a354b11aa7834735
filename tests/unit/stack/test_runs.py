# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole runs against an account inside the process: bring up, leave alone, change, adopt, prune, refuse, take down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack import engine, reach
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref

from .account import (
    CONNECTION,
    KEY,
    Mute,
    census,
    clients,
    empty,
    mutations,
    mute_clients,
    picture,
    run,
    stack,
    stack_in_census,
)
from .conftest import DOCUMENT

pytestmark = pytest.mark.usefixtures("account")
ALLOW = {"allow_destroy": ["instance/app-1"]}


def actions(result: engine.Result) -> dict[str, str]:
    return {change.key: change.action for change in result.plan.changes}


def test_brings_everything_up_and_then_leaves_it_alone() -> None:
    before = census()
    first = run(stack())
    assert first.failure is None
    assert set(actions(first).values()) == {"create"}
    assert {address: len(items) for address, items in picture().items()} == {
        item.address: 1 for item in stack().resources
    }
    assert census() == stack_in_census(before)

    made = clients()
    second = engine.run(made, stack(), engine.Options())
    assert second.plan.changes == ()
    assert mutations(made.calls) == {}
    assert engine.outputs(stack(), second.live)["url"].startswith("http://")


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


def test_check_mode_changes_nothing() -> None:
    made = clients()
    result = engine.run(made, stack(), engine.Options(check=True))
    assert set(actions(result).values()) == {"create"}
    assert mutations(made.calls) == {}
    assert picture() == {}


def test_takes_everything_down() -> None:
    before = census()
    run(stack())
    result = run(empty(), **ALLOW)
    assert result.failure is None
    assert census() == before


def test_final_snapshot_is_taken_of_what_holds_data() -> None:
    run(stack())
    run(empty(), **ALLOW)
    filters = [{"Name": "tag-key", "Values": ["groundwork:final-snapshot-of"]}]
    snapshots = clients()("ec2").describe_snapshots(Filters=filters)["Snapshots"]
    assert [item["State"] for item in snapshots] == ["completed"]


@pytest.mark.parametrize("wanted", [empty(), stack(**{"instance__app-1": None, "elastic_ip__app-1": None})])
def test_protected_data_is_not_destroyed_unasked(wanted: Any) -> None:
    run(stack())
    before = picture()
    made = clients()
    result = engine.run(made, wanted, engine.Options())
    assert result.failure is not None
    assert "allow_destroy: [instance/app-1]" in result.failure
    assert mutations(made.calls) == {}
    assert picture() == before


def test_a_replacement_of_protected_data_is_refused_with_the_whole_plan() -> None:
    run(stack())
    wanted = stack(**{"subnet__public-1": {"vpc": Ref("vpc/main"), "cidr": "10.0.2.0/24", "zone": "us-east-1a"}})
    result = run(wanted)
    assert actions(result)["instance/app-1"] == "replace"
    assert actions(result)["subnet/public-1"] == "replace"
    assert "instance/app-1" in (result.failure or "")


def test_a_replaced_subnet_takes_its_instance_along() -> None:
    run(stack())
    wanted = stack(**{"subnet__public-1": {"vpc": Ref("vpc/main"), "cidr": "10.0.2.0/24", "zone": "us-east-1a"}})
    result = run(wanted, **ALLOW)
    assert result.failure is None
    assert actions(result) == {
        "subnet/public-1": "replace",
        "instance/app-1": "replace",
        "route_table/public": "update",
        "elastic_ip/app-1": "update",
    }
    assert run(wanted).plan.changes == ()


def test_a_replaced_network_takes_everything_along() -> None:
    before = census()
    run(stack())
    wanted = stack(
        vpc__main={"cidr": "10.1.0.0/16"},
        **{"subnet__public-1": {"vpc": Ref("vpc/main"), "cidr": "10.1.1.0/24", "zone": "us-east-1a"}},
    )
    result = run(wanted, **ALLOW)
    assert result.failure is None
    assert run(wanted).plan.changes == ()
    assert census()["vpc"] == before["vpc"] + 1


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


def test_changes_in_place() -> None:
    run(stack())
    resources = {item.address: dict(item.properties) for item in stack().resources}
    machine = {**resources["instance/app-1"], "type": "t3.small", "volume": {"size": 20}, "metadata": {"hop_limit": 2}}
    machine["security_groups"] = [Ref("security_group/web")]
    wanted = stack(
        vpc__main={"cidr": "10.0.0.0/16", "dns_hostnames": False},
        iam_role__app={"principal": "ec2.amazonaws.com", "inline_policies": {"s3": DOCUMENT}},
        **{"instance__app-1": {**machine, "termination_protection": False}},
    )
    result = run(wanted)
    assert result.failure is None
    assert set(actions(result).values()) == {"update"}
    assert run(wanted).plan.changes == ()


def test_drift_by_hand_is_mended() -> None:
    first = run(stack())
    wanted = picture()
    ec2 = clients()("ec2")
    ids = {address: item.id for address, item in first.live.items()}
    ec2.stop_instances(InstanceIds=[ids["instance/app-1"]])
    ec2.delete_tags(Resources=[ids["vpc/main"]], Tags=[{"Key": "team"}])
    ec2.delete_route(RouteTableId=ids["route_table/public"], DestinationCidrBlock="0.0.0.0/0")
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=ids["security_group/app"], IpPermissions=[rule])
    ec2.detach_internet_gateway(InternetGatewayId=ids["internet_gateway/main"], VpcId=ids["vpc/main"])
    ec2.disassociate_address(AssociationId=first.live["elastic_ip/app-1"].raw["AssociationId"])
    result = run(stack())
    assert result.failure is None
    assert set(actions(result).values()) == {"update"}
    assert picture() == wanted


def test_pruning_can_be_left() -> None:
    run(stack())
    wanted = stack(**{"elastic_ip__app-1": None})
    assert run(wanted, prune=False).plan.changes == ()
    assert actions(run(wanted)) == {"elastic_ip/app-1": "delete"}


def test_a_stranger_is_never_touched() -> None:
    ec2 = clients()("ec2")
    stranger = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    run(stack())
    run(empty(), **ALLOW)
    assert stranger in [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]


def test_an_existing_network_is_adopted() -> None:
    ec2 = clients()("ec2")
    existing = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    result = run(stack(), adopt={"vpc/main": existing})
    assert result.failure is None
    change = next(item for item in result.plan.changes if item.key == "vpc/main")
    assert (change.action, change.reason) == ("update", f"adopted ({existing})")
    assert run(stack(), adopt={"vpc/main": existing}).plan.changes == ()


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


def test_what_belongs_to_another_stack_is_not_adopted() -> None:
    other = run(stack()).live["vpc/main"].id
    wanted = stack()
    with pytest.raises(StackError, match="belongs to stack shop as vpc/main"):
        engine.run(
            clients(), type(wanted)("other", wanted.region, wanted.resources), engine.Options(adopt={"vpc/main": other})
        )


def test_what_would_be_replaced_at_once_is_not_adopted() -> None:
    existing = clients()("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    result = run(stack(), adopt={"vpc/main": existing})
    assert "cannot be adopted" in (result.failure or "")
    assert picture() == {}


def test_a_duplicate_goes_and_the_one_in_use_stays() -> None:
    kept = run(stack()).live["vpc/main"].id
    tags = {"groundwork:stack": "shop", "groundwork:resource": "vpc/main"}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    ec2 = clients()("ec2")
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": listed}])
    result = run(stack())
    change = result.plan.changes[0]
    assert len(result.plan.changes) == 1
    assert (change.key, change.action) == (f"vpc/main@{made['Vpc']['VpcId']}", "delete")
    assert change.reason == f"duplicate of {kept}"
    assert result.failure is None


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


def test_the_number_of_calls_does_not_grow_with_the_instances() -> None:
    assert CONNECTION.endpoint_url is None
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    counts = []
    for number in (1, 12):
        more = {f"instance__app-{index}": machine for index in range(1, number + 1)}
        assert run(stack(**more)).failure is None
        made = clients()
        assert engine.run(made, stack(**more), engine.Options()).plan.changes == ()
        counts.append(made.calls)
    assert counts[0] == counts[1]


def test_answers_that_are_lost_double_nothing() -> None:
    before, mute = census(), Mute()
    result = engine.run(mute_clients(mute), stack(), engine.Options())
    assert result.failure is None
    assert sorted(mute.lost) == [
        "AllocateAddress",
        "CreateInstanceProfile",
        "CreateInternetGateway",
        "CreateRole",
        "CreateRoute",
        "CreateRouteTable",
        "CreateSecurityGroup",
        "CreateSubnet",
        "CreateVpc",
        "ImportKeyPair",
    ]
    assert census() == stack_in_census(before)
    assert run(stack()).plan.changes == ()


def test_a_final_snapshot_is_not_doubled_by_a_lost_answer() -> None:
    run(stack())
    mute = Mute()
    assert engine.run(mute_clients(mute), empty(), engine.Options(**ALLOW)).failure is None
    assert mute.lost == ["CreateSnapshot"]
    filters = [{"Name": "tag-key", "Values": ["groundwork:final-snapshot-of"]}]
    assert len(clients()("ec2").describe_snapshots(Filters=filters)["Snapshots"]) == 1


def test_a_name_that_a_stranger_has_is_told() -> None:
    clients()("ec2").import_key_pair(KeyName="shop-main", PublicKeyMaterial=KEY.encode())
    result = run(stack())
    assert "failed: key_pair/main: ImportKeyPair: InvalidKeyPair.Duplicate" in (result.failure or "")
    assert "rename or remove shop-main, or name it under adopt" in (result.failure or "")


def test_a_second_run_waits_for_the_first_and_finds_nothing_to_do() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = [future.result() for future in [pool.submit(run, stack(), lock_wait=60) for _number in range(2)]]
    assert [result.failure for result in results] == [None, None]
    assert sorted(result.applied for result in results) == [False, True]
    assert {address: len(items) for address, items in picture().items()} == {
        item.address: 1 for item in stack().resources
    }
