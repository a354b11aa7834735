# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The life of a stack: made, found unchanged, shown, taken down."""

from __future__ import annotations

from typing import Any

import pytest
from rig.stacks import DATA, NAME, Stack, Stacks, assert_same

ADDRESSES = {
    "elastic_ip/app-1",
    "iam_role/app",
    DATA,
    "instance_profile/app",
    "internet_gateway/main",
    "key_pair/main",
    "route_table/public",
    "secret/api-token",
    "security_group/app",
    "subnet/public-1",
    "vpc/main",
}


def test_the_first_run_creates_everything_and_the_second_changes_nothing(stack: Stack) -> None:
    first = stack.present()
    assert first.ok, str(first)
    assert first.changed
    assert first.actions == dict.fromkeys(ADDRESSES, "create")
    assert set(stack.account.owned(NAME).values()) == ADDRESSES
    state = stack.account.state()
    stack.assert_quiet()
    assert_same(stack.account.state(), state)


def test_the_created_resources_match_the_architecture(stack: Stack) -> None:
    result = stack.made().result
    instance = stack.account.objects()[stack.id_of_instance()]
    assert result["resources"][DATA]["id"] == instance["InstanceId"]
    assert result["outputs"]["url"] == f"http://{instance['PublicIpAddress']}/"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["DisableApiTermination"]["Value"] is True
    assert instance["IamInstanceProfile"]["Arn"] in stack.account.objects()
    volume = stack.account.objects()[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]]
    assert (volume["Encrypted"], volume["VolumeType"], volume["Size"]) == (True, "gp3", 8)
    group = stack.account.objects()[stack.id_of("security_group/app")]
    opened = {(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in group["IpPermissions"]}
    assert opened == {(22, "203.0.113.0/24"), (80, "0.0.0.0/0")}


def test_check_mode_on_an_empty_account_shows_everything_and_does_nothing(stack: Stack) -> None:
    before = stack.account.state()
    shown = stack.present(check=True)
    assert shown.ok, str(shown)
    assert shown.changed
    assert shown.actions == dict.fromkeys(ADDRESSES, "create")
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)
    assert all(address in diff_of(shown.result) for address in ADDRESSES)


def test_check_mode_on_a_changed_document_shows_the_changes_and_does_nothing(stack: Stack) -> None:
    stack.made()
    before = stack.account.state()
    overrides = {"access": {"ssh_from": ["198.51.100.7/32"]}, "instances": {"app": {"count": 2}}}
    shown = stack.present(overrides, check=True)
    assert shown.actions == {
        "security_group/app": "update",
        "instance/app-2": "create",
        "elastic_ip/app-2": "create",
    }
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)
    for text in ("security_group/app", "instance/app-2", "elastic_ip/app-2", "198.51.100.7/32", "203.0.113.0/24"):
        assert text in diff_of(shown.result)


def test_check_mode_of_a_deletion_shows_it_and_does_nothing(stack: Stack) -> None:
    stack.made()
    before = stack.account.state()
    shown = stack.absent(check=True)
    assert shown.actions == dict.fromkeys(ADDRESSES, "delete")
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)


def test_absent_leaves_the_account_as_it_was(stack: Stack) -> None:
    before = stack.account.state()
    stack.made()
    down = stack.absent()
    assert down.ok, str(down)
    assert down.actions == dict.fromkeys(ADDRESSES, "delete")
    stack.assert_empty()
    kept = [line for line in stack.account.state() if not is_snapshot(line)]
    assert_same(kept, before)
    again = stack.absent()
    assert again.ok, str(again)
    assert not again.changed


def test_two_stacks_in_one_account_are_independent(stack: Stack) -> None:
    stack.made()
    other = {"name": "other", "network": {"cidr": "10.1.0.0/16", "subnets": {"public": {"cidrs": ["10.1.1.0/24"]}}}}
    assert stack.present(other).ok
    assert set(stack.account.owned("other").values()) == ADDRESSES
    stack.assert_quiet()
    assert stack.absent().ok
    assert set(stack.account.owned("other").values()) == ADDRESSES
    stack.assert_quiet(other)


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"services": {"web": {"port": 99999}}}, "services.web.port: 99999 is not a port (1-65535)"),
        ({"servces": {}}, 'did you mean "services"?'),
        ({"instances": {"app": {"image": "ami-00000000000000000"}}}, "ami-00000000000000000"),
    ],
)
def test_an_invalid_document_is_rejected_before_anything_is_done(
    stack: Stack, overrides: dict[str, Any], text: str
) -> None:
    outcome = stack.present(overrides)
    assert outcome.refused, str(outcome)
    assert text in outcome.message
    assert [call for call in stack.proxy.mutations if call.operation.service != "ssm"] == []
    stack.assert_empty()


def test_an_unreachable_api_is_an_error_of_stack(stacks: Stacks) -> None:
    stack = stacks()
    outcome = stack.present(endpoint_url="http://127.0.0.1:9")
    assert outcome.refused, str(outcome)
    assert "127.0.0.1:9" in outcome.message


def diff_of(result: Any) -> str:
    """All the text of a diff, as Ansible would show it."""
    diffs = result["diff"] if isinstance(result["diff"], list) else [result["diff"]]
    return "\n".join(str(part) for diff in diffs for part in diff.values())


def is_snapshot(line: str) -> bool:
    return '"is": "snap' in line
