# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks and addresses as the API shows them: what the lab adds to moto."""

from __future__ import annotations

from labtools import Account, refused


def test_what_is_in_use_is_not_deleted(account: Account) -> None:
    ec2 = account.ec2
    instance = account.launch()
    assert refused(ec2.delete_security_group, GroupId=account.group) == "DependencyViolation"
    assert refused(ec2.delete_subnet, SubnetId=account.subnet) == "DependencyViolation"
    assert refused(ec2.delete_vpc, VpcId=account.vpc) == "DependencyViolation"
    assert refused(ec2.delete_internet_gateway, InternetGatewayId=account.gateway) == "DependencyViolation"
    assert refused(ec2.delete_route_table, RouteTableId=account.table) == "DependencyViolation"
    account.terminate(instance)
    ec2.delete_security_group(GroupId=account.group)
    ec2.delete_subnet(SubnetId=account.subnet)
    ec2.delete_route_table(RouteTableId=account.table)
    assert refused(ec2.delete_vpc, VpcId=account.vpc) == "DependencyViolation"
    ec2.detach_internet_gateway(InternetGatewayId=account.gateway, VpcId=account.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=account.gateway)
    ec2.delete_vpc(VpcId=account.vpc)


def test_a_group_holds_until_the_instance_is_gone(account: Account) -> None:
    instance = account.launch()
    account.wait(instance, "running")
    account.ec2.terminate_instances(InstanceIds=[instance])
    assert refused(account.ec2.delete_security_group, GroupId=account.group) == "DependencyViolation"
    account.wait(instance, "terminated")
    account.ec2.delete_security_group(GroupId=account.group)


def test_a_group_that_another_names_is_not_deleted(account: Account) -> None:
    other = account.ec2.create_security_group(GroupName="other", Description="other", VpcId=account.vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": account.group}]}
    account.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    assert refused(account.ec2.delete_security_group, GroupId=account.group) == "DependencyViolation"
    account.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    account.ec2.delete_security_group(GroupId=account.group)


def test_a_rule_of_a_protocol_without_ports_shows_none(account: Account) -> None:
    group = account.ec2.create_security_group(GroupName="esp", Description="x", VpcId=account.vpc)["GroupId"]
    rule = {"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    (found,) = account.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    (shown,) = found["IpPermissions"]
    assert shown["IpProtocol"] == "50"
    assert not {"FromPort", "ToPort"} & shown.keys()


def test_the_default_group_stays(account: Account) -> None:
    filters = [{"Name": "vpc-id", "Values": [account.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    group = account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    assert refused(account.ec2.delete_security_group, GroupId=group) == "CannotDelete"


def test_rules_are_not_doubled(account: Account) -> None:
    account.allow(80, "0.0.0.0/0")
    assert refused(account.allow, 80, "0.0.0.0/0") == "InvalidPermission.Duplicate"


def test_an_elastic_address_requires_a_running_instance(account: Account) -> None:
    allocation = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    instance = account.launch()
    link = {"AllocationId": allocation, "InstanceId": instance}
    assert refused(account.ec2.associate_address, **link) == "InvalidInstanceID"
    account.wait(instance, "running")
    account.ec2.associate_address(**link)


def test_an_elastic_address_requires_an_internet_gateway(account: Account) -> None:
    account.ec2.detach_internet_gateway(InternetGatewayId=account.gateway, VpcId=account.vpc)
    allocation = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    instance = account.launch()
    account.wait(instance, "running")
    assert refused(account.ec2.associate_address, AllocationId=allocation, InstanceId=instance) == "Gateway.NotAttached"


def test_an_elastic_address_stays_through_stop_and_start(account: Account) -> None:
    made = account.ec2.allocate_address(Domain="vpc")
    interface = {
        "DeviceIndex": 0,
        "SubnetId": account.subnet,
        "Groups": [account.group],
        "AssociatePublicIpAddress": True,
    }
    instance = account.launch(SubnetId=None, SecurityGroupIds=None, NetworkInterfaces=[interface])
    automatic = account.wait(instance, "running")["PublicIpAddress"]
    linked = account.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=instance)
    assert account.instance(instance)["PublicIpAddress"] == made["PublicIp"]
    account.ec2.stop_instances(InstanceIds=[instance])
    assert account.wait(instance, "stopped")["PublicIpAddress"] == made["PublicIp"]
    account.ec2.start_instances(InstanceIds=[instance])
    assert account.wait(instance, "running")["PublicIpAddress"] == made["PublicIp"]
    account.ec2.disassociate_address(AssociationId=linked["AssociationId"])
    assert account.instance(instance)["PublicIpAddress"] not in (made["PublicIp"], automatic)


def test_an_automatic_address_changes_with_stop_and_start(account: Account) -> None:
    account.ec2.modify_subnet_attribute(SubnetId=account.subnet, MapPublicIpOnLaunch={"Value": True})
    instance = account.launch()
    first = account.wait(instance, "running")["PublicIpAddress"]
    account.ec2.stop_instances(InstanceIds=[instance])
    assert "PublicIpAddress" not in account.wait(instance, "stopped")
    account.ec2.start_instances(InstanceIds=[instance])
    assert account.wait(instance, "running")["PublicIpAddress"] != first


def test_an_elastic_address_leaves_the_machine_it_was_on(account: Account) -> None:
    ec2 = account.ec2
    first, second = account.launch(), account.launch()
    account.wait(first, "running")
    account.wait(second, "running")
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(InstanceId=first, AllocationId=address["AllocationId"])
    ec2.associate_address(InstanceId=second, AllocationId=address["AllocationId"], AllowReassociation=True)
    assert account.instance(second)["PublicIpAddress"] == address["PublicIp"]
    assert account.instance(first).get("PublicIpAddress") != address["PublicIp"]


def test_termination_frees_the_elastic_address(account: Account) -> None:
    allocation = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    instance = account.launch()
    account.wait(instance, "running")
    account.ec2.associate_address(AllocationId=allocation, InstanceId=instance)
    assert refused(account.ec2.release_address, AllocationId=allocation) == "InvalidIPAddress.InUse"
    account.terminate(instance)
    address = account.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"][0]
    assert "AssociationId" not in address
    account.ec2.release_address(AllocationId=allocation)


def test_public_addresses_keep_the_gateway_attached(account: Account) -> None:
    allocation = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    instance = account.launch()
    account.wait(instance, "running")
    link = account.ec2.associate_address(AllocationId=allocation, InstanceId=instance)
    detach = {"InternetGatewayId": account.gateway, "VpcId": account.vpc}
    assert refused(account.ec2.detach_internet_gateway, **detach) == "DependencyViolation"
    account.ec2.disassociate_address(AssociationId=link["AssociationId"])
    account.ec2.detach_internet_gateway(**detach)


def test_a_new_elastic_address_takes_the_place_of_the_old(account: Account) -> None:
    first, second = (account.ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2))
    instance = account.launch()
    account.wait(instance, "running")
    account.ec2.associate_address(AllocationId=first, InstanceId=instance)
    account.ec2.associate_address(AllocationId=second, InstanceId=instance)
    known = {one["AllocationId"]: one for one in account.ec2.describe_addresses()["Addresses"]}
    assert "AssociationId" not in known[first]
    assert known[second]["InstanceId"] == instance


def test_public_addresses_are_given_once(account: Account) -> None:
    given = [account.ec2.allocate_address(Domain="vpc")["PublicIp"] for _ in range(20)]
    assert len(set(given)) == 20


def test_two_networks_with_the_same_addresses(account: Account) -> None:
    first = account.launch(PrivateIpAddress="10.0.1.9")
    account.make_network()
    second = account.launch(PrivateIpAddress="10.0.1.9")
    assert account.instance(first)["PrivateIpAddress"] == account.instance(second)["PrivateIpAddress"]
    assert account.instance(first)["VpcId"] != account.instance(second)["VpcId"]


def test_everything_is_tagged_from_the_start(account: Account) -> None:
    def tags(kind: str) -> list[dict[str, object]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "groundwork:stack", "Value": "s"}]}]

    ec2 = account.ec2
    made = [
        ec2.create_vpc(CidrBlock="10.5.0.0/16", TagSpecifications=tags("vpc"))["Vpc"],
        ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.5.0/24", TagSpecifications=tags("subnet"))["Subnet"],
        ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway"))["InternetGateway"],
        ec2.create_route_table(VpcId=account.vpc, TagSpecifications=tags("route-table"))["RouteTable"],
        ec2.create_key_pair(KeyName="k", KeyType="ed25519", TagSpecifications=tags("key-pair")),
    ]
    assert [one["Tags"] for one in made] == [[{"Key": "groundwork:stack", "Value": "s"}]] * len(made)
    ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip"))
    ec2.create_security_group(
        GroupName="t", Description="t", VpcId=account.vpc, TagSpecifications=tags("security-group")
    )
    mine = [{"Name": "tag:groundwork:stack", "Values": ["s"]}]
    assert len(ec2.describe_addresses(Filters=mine)["Addresses"]) == 1
    assert len(ec2.describe_security_groups(Filters=mine)["SecurityGroups"]) == 1
