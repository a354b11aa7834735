# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IAM, SSM and STS in the lab: behaviour of moto that the stack engine relies on."""

from __future__ import annotations

import json

from labtools import Account, client, refused

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
        ],
    }
)
MANAGED = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_roles_with_paths(account: Account) -> None:
    made = account.iam.create_role(RoleName="app", Path="/groundwork/s/", AssumeRolePolicyDocument=TRUST)["Role"]
    assert made["Arn"].endswith(":role/groundwork/s/app")
    account.iam.create_role(RoleName="other", AssumeRolePolicyDocument=TRUST)
    listed = account.iam.list_roles(PathPrefix="/groundwork/s/")["Roles"]
    assert [one["RoleName"] for one in listed] == ["app"]
    profile = account.iam.create_instance_profile(InstanceProfileName="app", Path="/groundwork/s/")["InstanceProfile"]
    assert profile["Arn"].endswith(":instance-profile/groundwork/s/app")
    listed = account.iam.list_instance_profiles(PathPrefix="/groundwork/s/")["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in listed] == ["app"]


def test_roles_are_deleted_last(account: Account) -> None:
    iam = account.iam
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="app", PolicyArn=MANAGED)
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    assert refused(iam.add_role_to_instance_profile, InstanceProfileName="app", RoleName="app") == "LimitExceeded"
    assert refused(iam.delete_role, RoleName="app") == "DeleteConflict"
    assert refused(iam.delete_instance_profile, InstanceProfileName="app") == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="app", RoleName="app")
    again = refused(iam.remove_role_from_instance_profile, InstanceProfileName="app", RoleName="app")
    assert again == "NoSuchEntity"
    assert refused(iam.delete_role, RoleName="app") == "DeleteConflict"
    iam.detach_role_policy(RoleName="app", PolicyArn=MANAGED)
    iam.delete_role(RoleName="app")
    iam.delete_instance_profile(InstanceProfileName="app")


def test_names_are_taken_once(account: Account) -> None:
    account.iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    taken = refused(account.iam.create_role, RoleName="app", AssumeRolePolicyDocument=TRUST)
    assert taken == "EntityAlreadyExists"
    account.ec2.create_key_pair(KeyName="k")
    assert refused(account.ec2.create_key_pair, KeyName="k") == "InvalidKeyPair.Duplicate"


def test_key_pairs_are_deleted_by_id_too(account: Account) -> None:
    made = account.ec2.create_key_pair(KeyName="k")
    account.ec2.delete_key_pair(KeyPairId=made["KeyPairId"])
    assert account.ec2.describe_key_pairs()["KeyPairs"] == []


def test_parameters_as_a_lock(account: Account) -> None:
    ssm = account.ssm
    name = "/groundwork/s/lock/1"
    ssm.put_parameter(Name=name, Value="first", Type="String", Overwrite=False)
    second = refused(ssm.put_parameter, Name=name, Value="second", Type="String", Overwrite=False)
    assert second == "ParameterAlreadyExists"
    ssm.put_parameter(Name="/groundwork/s/lock/2", Value="next", Type="String", Overwrite=False)
    found = ssm.get_parameters_by_path(Path="/groundwork/s/lock", Recursive=True)["Parameters"]
    assert {one["Name"]: one["Value"] for one in found} == {name: "first", "/groundwork/s/lock/2": "next"}
    ssm.delete_parameter(Name=name)
    assert refused(ssm.delete_parameter, Name=name) == "ParameterNotFound"
    assert refused(ssm.get_parameter, Name=name) == "ParameterNotFound"


def test_public_parameters_name_images(account: Account) -> None:
    for machine in ("x86_64", "arm64"):
        name = f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{machine}"
        image = account.ssm.get_parameter(Name=name)["Parameter"]["Value"]
        found = account.ec2.describe_images(ImageIds=[image])["Images"][0]
        assert (found["Architecture"], found["RootDeviceName"]) == (machine, "/dev/xvda")


def test_any_temporary_credentials_will_do(account: Account) -> None:
    sts = client("sts", account.endpoint)
    assert sts.get_caller_identity()["Account"] == "123456789012"
