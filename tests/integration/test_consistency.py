# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS needs time, refuses what it accepted elsewhere, or does not do what it accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rig.faults import Do, Fail, named
from rig.stacks import DATA, SINGLE, WHOLE, Stack, Stacks, base_of

pytestmark = pytest.mark.long

INVALID = "InvalidParameterValue"
SMALL = {"instances": {"app": {"type": "t3.small"}}}


def refuse(stack: Stack, operation: str, code: str, message: str, times: int = 2) -> Any:
    return stack.proxy.faults.add(named(operation), Fail(status=400, code=code, message=message), times=times)


def test_temporary_errors_are_retried_during_creation(stack: Stack) -> None:
    faults = [
        refuse(stack, "RunInstances", INVALID, 'IAM Instance Profile "app" has no associated IAM Roles'),
        refuse(stack, "CreateSubnet", "InvalidVpcID.NotFound", "The vpc ID 'x' does not exist"),
    ]
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert [fault.struck for fault in faults] == [2, 2]
    stack.assert_quiet()


def test_a_new_key_pair_that_an_instance_refers_to_by_name_is_waited_for(stacks: Stacks) -> None:
    stack = stacks(replace(SINGLE, overrides={}))
    stack.made()
    fault = refuse(stack, "RunInstances", "InvalidKeyPair.NotFound", "The key pair 'x' does not exist")
    # A second instance is launched with it. The first one keeps what it has: a key pair is not compared.
    outcome = stack.present({**WHOLE, "instances": {"app": {"count": 2}}}, allow_destroy=[DATA])
    assert outcome.ok, str(outcome)
    assert fault.struck == 2


def test_temporary_errors_are_retried_during_changes(stack: Stack) -> None:
    stack.made()
    message = "Invalid value 't3.small' for instanceType. LaunchPlan instance type does not match attribute value"
    fault = refuse(stack, "StartInstances", INVALID, message)
    outcome = stack.present(SMALL)
    assert outcome.ok, str(outcome)
    assert fault.struck == 2
    stack.assert_quiet(SMALL)


def test_the_first_database_of_an_account_waits_for_its_service_linked_role(stacks: Stacks) -> None:
    stack = stacks(base_of("data", "db_instance/main", "secret/app"))
    role = "Unable to create the resource. Verify that you have permission to create service linked role."
    faults = [
        refuse(stack, "CreateDBInstance", INVALID, role),
        refuse(stack, "CreateDBSubnetGroup", INVALID, "Missing necessary credentials. See /ServiceLinkedRoles.html"),
    ]
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert [fault.struck for fault in faults] == [2, 2]


def instance_of(stack: Stack) -> dict[str, Any]:
    ec2 = stack.account.client("ec2")
    (reservation,) = ec2.describe_instances(InstanceIds=[stack.id_of_instance()])["Reservations"]
    return dict(reservation["Instances"][0])


def state_of(stack: Stack) -> tuple[str, str]:
    instance = instance_of(stack)
    return instance["State"]["Name"], instance["InstanceType"]


def with_own_image(stack: Stack, instance_type: str) -> dict[str, Any]:
    """Another type, and the image that the instance has: a named image would follow the architecture of the type."""
    return {"instances": {"app": {"type": instance_type, "image": instance_of(stack)["ImageId"]}}}


@pytest.mark.parametrize(
    ("instance_type", "reason"),
    [
        ("t4g.micro", "t4g.micro runs arm64, and the instance is x86_64"),
        ("t3.48xlarge", "there is no instance type t3.48xlarge in this region"),
    ],
)
def test_missing_capacity_leaves_the_instance_running_also_in_the_next_run(
    stack: Stack, instance_type: str, reason: str
) -> None:
    stack.made()
    changed = with_own_image(stack, instance_type)
    for _run in range(2):
        outcome = stack.present(changed)
        assert outcome.refused, str(outcome)
        assert reason in outcome.message
        assert state_of(stack) == ("running", "t3.micro")
    assert "StopInstances" not in stack.proxy.names()


@pytest.mark.parametrize("operation", ["ModifyInstanceAttribute", "StartInstances"])
def test_a_type_that_aws_rejects_leaves_the_instance_running_also_in_the_next_run(stack: Stack, operation: str) -> None:
    stack.made()
    for _run in range(2):
        refuse(stack, operation, "Unsupported", "The requested configuration is currently not supported.", times=1)
        outcome = stack.present(SMALL)
        assert outcome.refused, str(outcome)
        # A modification that AWS refuses leaves the type as it is; a start that it refuses comes after one.
        ended = (
            "and still is t3.micro" if operation == "ModifyInstanceAttribute" else "as t3.micro: choose another type"
        )
        assert f"not supported. The instance was started again {ended}" in outcome.message
        assert state_of(stack) == ("running", "t3.micro")
    assert stack.present(SMALL).ok
    assert state_of(stack) == ("running", "t3.small")


def test_an_instance_that_was_left_stopped_is_started_despite_missing_capacity(stack: Stack) -> None:
    stack.made()
    stack.account.client("ec2").stop_instances(InstanceIds=[stack.id_of_instance()])
    outcome = stack.present(with_own_image(stack, "t4g.micro"))
    assert outcome.refused, str(outcome)
    assert "The instance was started again as t3.micro" in outcome.message
    assert state_of(stack) == ("running", "t3.micro")


def test_a_change_that_aws_accepts_but_does_not_make_is_reported(stack: Stack) -> None:
    def role(text: str) -> dict[str, Any]:
        return {"resources": {"iam_role/extra": {"principal": "ec2.amazonaws.com", "description": text}}}

    def revert(call: Any) -> None:
        stack.account.client("iam").update_role(RoleName=call.operation.parameters["RoleName"], Description="old")

    stack.made(role("old"))
    stack.proxy.faults.add(named("UpdateRole"), Do(revert, after=True))
    for _run in range(2):
        outcome = stack.present(role("new"))
        assert outcome.refused, str(outcome)
        assert "iam_role/extra" in outcome.message
        assert "description: AWS accepted 'new' and has 'old'. Give the document what AWS has" in outcome.message
    stack.proxy.faults.clear()
    assert stack.present(role("new")).ok
    stack.assert_quiet(role("new"))


def test_two_public_hosted_zones_of_one_name_are_rejected_before_anything_is_created(stacks: Stacks) -> None:
    record = {"zone": "example.test", "name": "www.example.test", "type": "A", "values": ["192.0.2.1"]}
    base = replace(base_of("balanced"), overrides={"resources": {"dns_record/www": record}}, zones=("example.test",))
    stack = stacks(base)
    route53 = stack.account.client("route53")
    second = route53.create_hosted_zone(Name="example.test", CallerReference="second")["HostedZone"]["Id"]
    ids = [zone["Id"].rpartition("/")[2] for zone in route53.list_hosted_zones()["HostedZones"]]
    for check in (True, False):
        outcome = stack.present(check=check)
        assert outcome.refused, str(outcome)
        assert all(identifier in outcome.message for identifier in ids)
        assert "zone of a dns_record" in outcome.message
    assert stack.proxy.mutations == []
    chosen = {"resources": {"dns_record/www": {"zone": second.rpartition("/")[2]}}}
    assert stack.present(chosen).ok
    stack.assert_quiet(chosen)
    # What a stack has had is found in both, so that it can be taken down.
    assert stack.absent().ok
    stack.assert_empty()


def test_a_certificate_that_is_recreated_within_an_hour_is_a_new_one(stacks: Stacks) -> None:
    site = {"certificate/site": {"domain": "shop.example.test"}}
    proof = {
        "zone": "example.test",
        "validates": {
            "domain": "shop.example.test",
            "records": {"ref": "certificate/site", "attribute": "records"},
        },
    }
    whole = {"resources": {**site, "dns_record/proof": proof}}
    stack = stacks(replace(base_of("balanced"), zones=("example.test",)))
    arns = set()
    for _time in range(2):
        assert stack.present(whole).ok
        arns.add(stack.id_of("certificate/site"))
        assert stack.present().ok
    assert len(arns) == 2


def test_the_lock_has_another_name_in_each_run(stack: Stack) -> None:
    stack.made()
    for team in ("a", "b"):
        assert stack.present({"tags": {"team": team}}).ok
    deleted = [call.operation.parameters["Name"] for call in stack.proxy.mutations if call.name == "DeleteParameter"]
    assert len(deleted) == len(set(deleted)) == 2
