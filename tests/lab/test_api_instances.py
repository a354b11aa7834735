# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances as the API shows them, with nothing behind them: what the lab adds to moto."""

from __future__ import annotations

import pytest
from labtools import Account, refused

ROOT = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12, "VolumeType": "gp3", "Encrypted": True}}


def test_images_are_those_that_the_parameters_of_amazon_linux_name(account: Account) -> None:
    path = "/aws/service/ami-amazon-linux-latest"
    named = {
        item["Value"]
        for page in account.ssm.get_paginator("get_parameters_by_path").paginate(Path=path)
        for item in page["Parameters"]
        if "/al2023-ami-" in item["Name"]
    }
    images = account.ec2.describe_images(Owners=["amazon"])["Images"]
    assert named
    assert {image["ImageId"] for image in images} == named
    assert all(image["CreationDate"] for image in images)


def test_same_token_same_instance(account: Account) -> None:
    first = account.launch(ClientToken="one")
    assert account.launch(ClientToken="one") == first
    assert account.launch(ClientToken="two") != first


def test_same_token_after_termination(account: Account) -> None:
    first = account.launch(ClientToken="one")
    account.terminate(first)
    again = account.ec2.run_instances(
        ImageId=account.image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=account.subnet,
        SecurityGroupIds=[account.group],
        ClientToken="one",
    )["Instances"][0]
    assert (again["InstanceId"], again["State"]["Name"]) == (first, "terminated")


def test_same_token_other_parameters(account: Account) -> None:
    account.launch(ClientToken="one")
    assert refused(account.launch, ClientToken="one", InstanceType="t3.small") == "IdempotentParameterMismatch"


def test_passes_through_every_state(account: Account) -> None:
    made = account.ec2.run_instances(ImageId=account.image, MinCount=1, MaxCount=1, SubnetId=account.subnet)
    instance = made["Instances"][0]["InstanceId"]
    assert made["Instances"][0]["State"] == {"Code": 0, "Name": "pending"}
    account.wait(instance, "running")
    # What the calls answer: a state may be over before it is asked for.
    (stopping,) = account.ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"]
    assert stopping["CurrentState"] == {"Code": 64, "Name": "stopping"}
    account.wait(instance, "stopped")
    (starting,) = account.ec2.start_instances(InstanceIds=[instance])["StartingInstances"]
    assert starting["CurrentState"] == {"Code": 0, "Name": "pending"}
    account.wait(instance, "running")
    (ending,) = account.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
    assert ending["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    gone = account.wait(instance, "terminated")
    assert not {"PrivateIpAddress", "SubnetId", "VpcId"} & set(gone)
    assert gone["NetworkInterfaces"] == []
    assert gone["StateReason"]["Code"] == "Client.UserInitiatedShutdown"


def test_operations_that_the_state_forbids(account: Account) -> None:
    instance = account.launch()
    account.terminate(instance)
    assert refused(account.ec2.start_instances, InstanceIds=[instance]) == "IncorrectInstanceState"
    assert refused(account.ec2.stop_instances, InstanceIds=[instance]) == "IncorrectInstanceState"
    assert refused(account.ec2.reboot_instances, InstanceIds=[instance]) == "IncorrectInstanceState"
    account.ec2.terminate_instances(InstanceIds=[instance])


def test_protected_instances_are_not_terminated(account: Account) -> None:
    free, kept = account.launch(), account.launch(DisableApiTermination=True)
    assert refused(account.ec2.terminate_instances, InstanceIds=[free, kept]) == "OperationNotPermitted"
    assert account.state(free) != "shutting-down"
    account.ec2.modify_instance_attribute(InstanceId=kept, DisableApiTermination={"Value": False})
    account.terminate(free, kept)


def test_counts_up_to_the_maximum(account: Account) -> None:
    made = account.ec2.run_instances(ImageId=account.image, MinCount=1, MaxCount=3, SubnetId=account.subnet)
    assert len(made["Instances"]) == 3
    assert len({one["PrivateIpAddress"] for one in made["Instances"]}) == 3


def test_dry_run_starts_nothing(account: Account) -> None:
    assert refused(account.launch, DryRun=True) == "DryRunOperation"
    assert account.ec2.describe_instances()["Reservations"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ImageId": "ami-00000000000000000"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "image"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "t3.enormous"}, "InvalidParameterValue"),
        ({"InstanceType": "t4g.micro"}, "InvalidParameterValue"),
        ({"KeyName": "missing"}, "InvalidKeyPair.NotFound"),
        ({"SubnetId": "subnet-00000000"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-00000000"]}, "InvalidGroup.NotFound"),
        ({"IamInstanceProfile": {"Name": "missing"}}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "10.0.9.9"}, "InvalidParameterValue"),
    ],
)
def test_wrong_parameters(account: Account, wrong: dict[str, object], code: str) -> None:
    assert refused(account.launch, **wrong) == code
    assert account.ec2.describe_instances()["Reservations"] == []


def test_group_of_another_network(account: Account) -> None:
    elsewhere = account.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = account.ec2.create_security_group(GroupName="other", Description="other", VpcId=elsewhere)["GroupId"]
    assert refused(account.launch, SecurityGroupIds=[group]) == "InvalidParameter"


def test_an_address_is_given_once(account: Account) -> None:
    account.launch(PrivateIpAddress="10.0.1.9")
    assert refused(account.launch, PrivateIpAddress="10.0.1.9") == "InvalidIPAddress.InUse"


def test_a_full_subnet(account: Account) -> None:
    small = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/28")["Subnet"]["SubnetId"]
    account.launch(SubnetId=small, MinCount=11, MaxCount=11)
    assert refused(account.launch, SubnetId=small) == "InsufficientFreeAddressesInSubnet"


def test_a_freed_address_can_be_had_again(account: Account) -> None:
    first = account.launch(PrivateIpAddress="10.0.1.9")
    account.terminate(first)
    assert account.instance(account.launch(PrivateIpAddress="10.0.1.9"))["PrivateIpAddress"] == "10.0.1.9"


def test_metadata_options(account: Account) -> None:
    options = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"}
    instance = account.launch(MetadataOptions=options)
    account.ec2.modify_instance_metadata_options(InstanceId=instance, HttpPutResponseHopLimit=1)
    now = account.instance(instance)["MetadataOptions"]
    assert (now["HttpTokens"], now["HttpPutResponseHopLimit"], now["InstanceMetadataTags"]) == (
        "required",
        1,
        "enabled",
    )
    assert (now["HttpEndpoint"], now["State"]) == ("enabled", "applied")


def test_type_changes_only_while_stopped(account: Account) -> None:
    instance = account.launch()
    account.wait(instance, "running")
    change = {"InstanceId": instance, "InstanceType": {"Value": "t3.small"}}
    assert refused(account.ec2.modify_instance_attribute, **change) == "IncorrectInstanceState"
    account.ec2.stop_instances(InstanceIds=[instance])
    account.wait(instance, "stopped")
    account.ec2.modify_instance_attribute(**change)
    assert account.instance(instance)["InstanceType"] == "t3.small"


def test_groups_change(account: Account) -> None:
    other = account.ec2.create_security_group(GroupName="other", Description="other", VpcId=account.vpc)["GroupId"]
    instance = account.launch()
    account.ec2.modify_instance_attribute(InstanceId=instance, Groups=[other])
    now = account.instance(instance)
    assert [one["GroupId"] for one in now["SecurityGroups"]] == [other]
    assert [one["GroupId"] for one in now["NetworkInterfaces"][0]["Groups"]] == [other]
    account.ec2.delete_security_group(GroupId=account.group)


def test_groups_of_an_interface_are_those_of_the_instance(account: Account) -> None:
    interface = {"DeviceIndex": 0, "SubnetId": account.subnet, "Groups": [account.group]}
    instance = account.launch(SubnetId=None, SecurityGroupIds=None, NetworkInterfaces=[interface])
    assert [one["GroupId"] for one in account.instance(instance)["SecurityGroups"]] == [account.group]


def test_root_volume(account: Account) -> None:
    tags = [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": kind}]} for kind in ("instance", "volume")]
    instance = account.launch(BlockDeviceMappings=[ROOT], TagSpecifications=tags)
    mapping = account.instance(instance)["BlockDeviceMappings"]
    assert [one["DeviceName"] for one in mapping] == ["/dev/xvda"]
    assert mapping[0]["Ebs"]["DeleteOnTermination"] is True
    volume = account.ec2.describe_volumes(VolumeIds=[mapping[0]["Ebs"]["VolumeId"]])["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (12, "gp3", True)
    assert volume["Tags"] == [{"Key": "Name", "Value": "volume"}]
    account.terminate(instance)
    assert account.ec2.describe_volumes()["Volumes"] == []


def test_a_further_volume_leaves_the_root_volume(account: Account) -> None:
    data = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": False}}
    instance = account.launch(BlockDeviceMappings=[data])
    assert {one["DeviceName"] for one in account.instance(instance)["BlockDeviceMappings"]} == {"/dev/xvda", "/dev/sdf"}
    account.terminate(instance)
    assert [one["Size"] for one in account.ec2.describe_volumes()["Volumes"]] == [20]


def test_volumes_grow_and_do_not_shrink(account: Account) -> None:
    instance = account.launch(BlockDeviceMappings=[ROOT])
    volume = account.instance(instance)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    account.ec2.modify_volume(VolumeId=volume, Size=20)
    assert account.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 20
    assert account.ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][0]["TargetSize"] == 20
    assert refused(account.ec2.modify_volume, VolumeId=volume, Size=10) == "InvalidParameterValue"


def test_snapshots(account: Account) -> None:
    instance = account.launch(BlockDeviceMappings=[ROOT])
    volume = account.instance(instance)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "last"}]}]
    made = account.ec2.create_snapshot(VolumeId=volume, Description="last", TagSpecifications=tags)
    account.terminate(instance)
    found = account.ec2.describe_snapshots(SnapshotIds=[made["SnapshotId"]])["Snapshots"][0]
    assert (found["VolumeId"], found["VolumeSize"], found["Encrypted"]) == (volume, 12, True)
    assert found["State"] == "completed"


def test_instance_profile(account: Account) -> None:
    account.iam.create_instance_profile(InstanceProfileName="app")
    made = account.ec2.run_instances(
        ImageId=account.image, MinCount=2, MaxCount=2, SubnetId=account.subnet, IamInstanceProfile={"Name": "app"}
    )
    for one in made["Instances"]:
        assert account.instance(one["InstanceId"])["IamInstanceProfile"]["Arn"].endswith(":instance-profile/app")


def test_console_output_without_machines(account: Account) -> None:
    assert account.ec2.get_console_output(InstanceId=account.launch()).get("Output", "") == ""


def test_interfaces_end_with_their_instance_unless_they_were_there_before(account: Account) -> None:
    existing = account.ec2.create_network_interface(SubnetId=account.subnet, Groups=[account.group])
    interface = existing["NetworkInterface"]["NetworkInterfaceId"]
    first = account.launch()
    second = account.launch(
        SubnetId=None,
        SecurityGroupIds=None,
        NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface}],
    )
    assert refused(account.ec2.delete_network_interface, NetworkInterfaceId=interface) == "InvalidParameterValue"
    account.terminate(first, second)
    left = account.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [(one["NetworkInterfaceId"], one["Status"]) for one in left] == [(interface, "available")]
    account.ec2.delete_network_interface(NetworkInterfaceId=interface)
