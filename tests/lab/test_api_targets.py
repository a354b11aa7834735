# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Targets as the API shows them, without machines behind it."""

from __future__ import annotations

from typing import Any

import pytest
from labtools import Account, client, refused, until

NOT_IN_USE = ("unused", "Target.NotInUse")
DRAINING = ("draining", "Target.DeregistrationInProgress")


class Front:
    """A load balancer in two zones, and what is done with its target groups."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.elb = client("elbv2", account.endpoint, account.number)
        made = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1b")
        self.subnets = [account.subnet, made["Subnet"]["SubnetId"]]
        made = self.elb.create_load_balancer(Name="shop", Subnets=self.subnets, SecurityGroups=[account.group])
        self.arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.name = made["LoadBalancers"][0]["DNSName"]
        self.group = self.make_group("web")

    def make_group(self, name: str, **more: Any) -> str:
        options = {"Protocol": "HTTP", "Port": 80, "VpcId": self.account.vpc, **more}
        made = self.elb.create_target_group(Name=name, **options)["TargetGroups"][0]
        arn: str = made["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        return arn

    def listen(self) -> None:
        action = {"Type": "forward", "TargetGroupArn": self.group}
        self.elb.create_listener(LoadBalancerArn=self.arn, Port=80, Protocol="HTTP", DefaultActions=[action])

    def machine(self, **more: Any) -> str:
        made = self.account.launch(**more)
        self.account.wait(made, "running")
        return made

    def register(self, *targets: dict[str, Any]) -> None:
        self.elb.register_targets(TargetGroupArn=self.group, Targets=list(targets))

    def deregister(self, *targets: dict[str, Any]) -> None:
        self.elb.deregister_targets(TargetGroupArn=self.group, Targets=list(targets))

    def health(self, *asked: dict[str, Any]) -> dict[tuple[str, int], tuple[str, str]]:
        options = {"Targets": list(asked)} if asked else {}
        described = self.elb.describe_target_health(TargetGroupArn=self.group, **options)["TargetHealthDescriptions"]
        return {
            (one["Target"]["Id"], one["Target"]["Port"]): (
                one["TargetHealth"]["State"],
                one["TargetHealth"].get("Reason", ""),
            )
            for one in described
        }

    def wait(self, state: str) -> None:
        until(f"all are {state}", lambda: {one[0] for one in self.health().values()} == {state}, 5)


@pytest.fixture
def front(account: Account) -> Front:
    return Front(account)


def test_a_target_becomes_healthy_once_a_server_listens(front: Front) -> None:
    machine = front.machine()
    front.register({"Id": machine}, {"Id": machine, "Port": 8080})
    assert front.health() == {(machine, 80): NOT_IN_USE, (machine, 8080): NOT_IN_USE}
    front.listen()
    assert front.health()[machine, 80][0] == "initial"
    front.wait("healthy")
    described = front.elb.describe_target_health(TargetGroupArn=front.group)["TargetHealthDescriptions"]
    assert [one["HealthCheckPort"] for one in described] == ["80", "8080"]
    assert "Reason" not in described[0]["TargetHealth"]


def test_a_target_drains_for_its_whole_delay(front: Front) -> None:
    machine = front.machine()
    front.listen()
    front.register({"Id": machine}, {"Id": machine, "Port": 8080})
    front.wait("healthy")
    front.deregister({"Id": machine, "Port": 8080}, {"Id": "i-0123456789abcdef0"})
    described = front.health()
    assert described[machine, 80] == ("healthy", "")
    assert described[machine, 8080] == DRAINING
    until("it has drained", lambda: (machine, 8080) not in front.health(), 5)
    asked = {"Id": machine, "Port": 8080}
    assert front.health(asked) == {(machine, 8080): ("unused", "Target.NotRegistered")}


def test_a_draining_target_may_come_back(front: Front) -> None:
    machine = front.machine()
    front.listen()
    front.register({"Id": machine})
    front.wait("healthy")
    for _ in range(2):
        front.deregister({"Id": machine})
        assert front.health() == {(machine, 80): DRAINING}
        front.register({"Id": machine})
        assert front.health()[machine, 80][0] == "initial"
    front.wait("healthy")
    front.deregister({"Id": machine})
    assert front.health() == {(machine, 80): DRAINING}


def test_a_target_drains_also_while_its_instance_stops(front: Front) -> None:
    machine = front.machine()
    front.listen()
    front.register({"Id": machine})
    front.wait("healthy")
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
    front.elb.modify_target_group_attributes(TargetGroupArn=front.group, Attributes=delay)
    front.deregister({"Id": machine})
    front.account.ec2.stop_instances(InstanceIds=[machine])
    front.account.wait(machine, "stopped")
    assert front.health() == {(machine, 80): DRAINING}
    assert refused(front.register, {"Id": machine}) == "InvalidTarget"
    assert front.health() == {(machine, 80): DRAINING}


def test_a_target_without_requests_leaves_at_once(front: Front) -> None:
    machine = front.machine()
    front.register({"Id": machine})
    front.deregister({"Id": machine})
    assert front.health() == {}


def test_a_stopped_instance_is_not_used_and_a_terminated_one_goes(front: Front) -> None:
    first, second = front.machine(), front.machine()
    front.listen()
    front.register({"Id": first}, {"Id": second})
    front.wait("healthy")
    front.account.ec2.stop_instances(InstanceIds=[first])
    front.account.wait(first, "stopped")
    assert front.health() == {(first, 80): ("unused", "Target.InvalidState"), (second, 80): ("healthy", "")}
    described = front.elb.describe_target_health(TargetGroupArn=front.group, Targets=[{"Id": first}])
    said = described["TargetHealthDescriptions"][0]["TargetHealth"]["Description"]
    assert said == "Target is in the stopped state"
    front.account.ec2.start_instances(InstanceIds=[first])
    front.account.wait(first, "running")
    front.wait("healthy")
    front.account.terminate(second)
    until("it is deregistered", lambda: front.health().get((second, 80), ("draining", ""))[0] == "draining", 5)
    until("it has drained", lambda: (second, 80) not in front.health(), 5)


def test_a_zone_without_the_load_balancer_is_not_used(front: Front) -> None:
    made = front.account.ec2.create_subnet(
        VpcId=front.account.vpc, CidrBlock="10.0.3.0/24", AvailabilityZone="us-east-1c"
    )
    machine = front.machine(SubnetId=made["Subnet"]["SubnetId"])
    front.listen()
    front.register({"Id": machine})
    assert front.health() == {(machine, 80): NOT_IN_USE}
    front.elb.set_subnets(LoadBalancerArn=front.arn, Subnets=[front.subnets[0], made["Subnet"]["SubnetId"]])
    front.wait("healthy")


def test_what_cannot_be_a_target(front: Front) -> None:
    stopped = front.machine()
    front.account.ec2.stop_instances(InstanceIds=[stopped])
    front.account.wait(stopped, "stopped")
    assert refused(front.register, {"Id": stopped}) == "InvalidTarget"
    assert refused(front.register, {"Id": "i-0123456789abcdef0"}) == "InvalidTarget"
    other = Account(front.account.endpoint, front.account.number)
    other.make_network("10.1.0.0/16", "10.1.1.0/24")
    elsewhere = other.launch()
    other.wait(elsewhere, "running")
    assert refused(front.register, {"Id": elsewhere}) == "InvalidTarget"
    assert front.health() == {}


def test_an_address_may_be_a_target(front: Front) -> None:
    front.group = front.make_group("addresses", TargetType="ip")
    front.listen()
    front.register({"Id": "10.0.1.77", "Port": 3000})
    front.wait("healthy")
    assert refused(front.register, {"Id": "i-0123456789abcdef0"}) == "ValidationError"


def test_it_is_provisioning_for_a_moment(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.hooks.balancers.MOMENT", 60.0)
    fresh = front.elb.create_load_balancer(Name="fresh", Subnets=front.subnets)["LoadBalancers"][0]

    def state() -> str:
        described = front.elb.describe_load_balancers(LoadBalancerArns=[fresh["LoadBalancerArn"]])
        return str(described["LoadBalancers"][0]["State"]["Code"])

    assert (fresh["State"]["Code"], state()) == ("provisioning", "provisioning")
    monkeypatch.undo()
    until("it is active", lambda: state() == "active", 5)


def test_it_has_interfaces_of_its_own(front: Front) -> None:
    filters = [{"Name": "description", "Values": [f"ELB {front.arn.partition(':loadbalancer/')[2]}"]}]
    ec2 = front.account.ec2

    def there() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return found

    assert [one["SubnetId"] for one in there()] == front.subnets
    first = there()[0]
    assert (first["RequesterManaged"], first["RequesterId"], first["Status"]) == (True, "amazon-elb", "in-use")
    assert first["Association"]["PublicIp"]
    assert [one["GroupId"] for one in first["Groups"]] == [front.account.group]
    assert refused(ec2.delete_network_interface, NetworkInterfaceId=first["NetworkInterfaceId"])
    detach = {"InternetGatewayId": front.account.gateway, "VpcId": front.account.vpc}
    assert refused(ec2.detach_internet_gateway, **detach) == "DependencyViolation"
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=front.account.vpc)["GroupId"]
    front.elb.set_security_groups(LoadBalancerArn=front.arn, SecurityGroups=[other])
    assert {one["Groups"][0]["GroupId"] for one in there()} == {other}
    front.elb.delete_load_balancer(LoadBalancerArn=front.arn)
    assert there() == []


def test_a_full_subnet_takes_none(front: Front) -> None:
    ec2 = front.account.ec2
    made = ec2.create_subnet(VpcId=front.account.vpc, CidrBlock="10.0.9.0/28", AvailabilityZone="us-east-1c")["Subnet"]
    for _ in range(made["AvailableIpAddressCount"]):
        ec2.create_network_interface(SubnetId=made["SubnetId"])
    before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
    options = {"Name": "full", "Subnets": [front.subnets[0], made["SubnetId"]]}
    assert refused(front.elb.create_load_balancer, **options) == "InvalidSubnet"
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == before
    assert len(front.elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_a_group_names_the_load_balancer_that_uses_it(front: Front) -> None:
    def users() -> list[str]:
        found = front.elb.describe_target_groups(TargetGroupArns=[front.group])["TargetGroups"][0]
        return list(found["LoadBalancerArns"])

    assert users() == []
    front.listen()
    listener = front.elb.describe_listeners(LoadBalancerArn=front.arn)["Listeners"][0]["ListenerArn"]
    condition = {"Field": "path-pattern", "Values": ["/a"]}
    action = {"Type": "forward", "TargetGroupArn": front.group}
    front.elb.create_rule(ListenerArn=listener, Priority=1, Conditions=[condition], Actions=[action])
    assert users() == [front.arn]
    front.elb.delete_load_balancer(LoadBalancerArn=front.arn)
    assert users() == []


def test_names_are_not_given_again(front: Front) -> None:
    inside = front.elb.create_load_balancer(Name="In", Scheme="internal", Subnets=front.subnets)["LoadBalancers"][0]
    assert inside["DNSName"].startswith("internal-in-")
    assert inside["SecurityGroups"]
    front.elb.delete_load_balancer(LoadBalancerArn=front.arn)
    again = front.elb.create_load_balancer(Name="shop", Subnets=front.subnets)["LoadBalancers"][0]
    assert again["DNSName"] != front.name
