# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NAT gateways as the API shows them: what the lab adds to moto."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from labtools import Account, refused, until


def gateway(account: Account, gateway_id: str) -> dict[str, Any]:
    found: dict[str, Any] = account.ec2.describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"][0]
    return found


def wait(account: Account, gateway_id: str, state: str) -> dict[str, Any]:
    until(f"{gateway_id} is {state}", lambda: gateway(account, gateway_id)["State"] == state)
    return gateway(account, gateway_id)


def make(account: Account, **more: Any) -> tuple[str, dict[str, Any]]:
    """A gateway in the account's subnet, and its address."""
    address = account.ec2.allocate_address(Domain="vpc")
    options = {"SubnetId": account.subnet, "AllocationId": address["AllocationId"], **more}
    return account.ec2.create_nat_gateway(**options)["NatGateway"]["NatGatewayId"], address


def test_comes_up_with_its_addresses(account: Account) -> None:
    made, address = make(account)
    assert gateway(account, made)["State"] == "pending"
    (shown,) = wait(account, made, "available")["NatGatewayAddresses"]
    assert (shown["AllocationId"], shown["PublicIp"]) == (address["AllocationId"], address["PublicIp"])
    assert ip_address(shown["PrivateIp"]) in ip_network("10.0.1.0/24")


def test_same_token_same_gateway(account: Account) -> None:
    address = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
    options = {"SubnetId": account.subnet, "AllocationId": address, "ClientToken": "one"}
    first, again = (account.ec2.create_nat_gateway(**options)["NatGateway"]["NatGatewayId"] for _time in range(2))
    assert first == again
    other = {**options, "ConnectivityType": "private"}
    assert refused(account.ec2.create_nat_gateway, **other) == "IdempotentParameterMismatch"


def test_holds_address_and_subnet_until_it_is_gone(account: Account) -> None:
    ec2 = account.ec2
    made, address = make(account)
    wait(account, made, "available")
    shown = ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"][0]
    assert refused(ec2.disassociate_address, AssociationId=shown["AssociationId"]) == "AuthFailure"
    assert refused(ec2.release_address, AllocationId=address["AllocationId"]) == "AuthFailure"
    ec2.delete_nat_gateway(NatGatewayId=made)
    assert gateway(account, made)["State"] == "deleting"
    assert refused(ec2.release_address, AllocationId=address["AllocationId"]) == "AuthFailure"
    assert refused(ec2.delete_subnet, SubnetId=account.subnet) == "DependencyViolation"
    wait(account, made, "deleted")
    ec2.release_address(AllocationId=address["AllocationId"])
    ec2.delete_subnet(SubnetId=account.subnet)


def test_fails_without_an_internet_gateway(account: Account) -> None:
    account.ec2.detach_internet_gateway(InternetGatewayId=account.gateway, VpcId=account.vpc)
    made, address = make(account)
    failed = wait(account, made, "failed")
    assert failed["FailureCode"] == "Gateway.NotAttached"
    assert account.vpc in failed["FailureMessage"]
    account.ec2.release_address(AllocationId=address["AllocationId"])


def test_fails_with_an_address_that_is_taken(account: Account) -> None:
    first, address = make(account)
    made = account.ec2.create_nat_gateway(SubnetId=account.subnet, AllocationId=address["AllocationId"])["NatGateway"]
    assert wait(account, made["NatGatewayId"], "failed")["FailureCode"] == "Resource.AlreadyAssociated"
    assert wait(account, first, "available")["NatGatewayAddresses"][0]["AllocationId"] == address["AllocationId"]


def test_is_found_by_its_tags(account: Account) -> None:
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "color", "Value": "blue"}]}]
    made, _ = make(account, TagSpecifications=tags)
    make(account)
    listed = account.ec2.describe_nat_gateways(Filter=[{"Name": "tag:color", "Values": ["blue"]}])["NatGateways"]
    assert [one["NatGatewayId"] for one in listed] == [made]
    assert refused(account.ec2.describe_nat_gateways, NatGatewayIds=["nat-0"]) == "NatGatewayNotFound"
    assert refused(account.ec2.delete_nat_gateway, NatGatewayId="nat-0") == "NatGatewayNotFound"
