# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The volumes of instances, the addresses of replacements, and the images of other processors."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ActualResource,
    ResolvedResource,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.ec2.instance import TYPE

GIVEN = {"image": "al2023", "type": "t3.micro", "subnet": "subnet-1"}
OLD = ActualResource("instance", "app-1", "i-1", {"subnet": "subnet-1"}, {"private_ip": "10.0.1.7"}, {})


class Machines:
    """An API that refuses the addresses that are taken."""

    def __init__(self, taken: str = "", code: str = "InvalidIPAddress.InUse") -> None:
        self.taken, self.code = taken, code
        self.calls: list[tuple[str, str | None]] = []

    def run_instances(self, **call: Any) -> dict[str, Any]:
        address = call["NetworkInterfaces"][0].get("PrivateIpAddress")
        self.calls.append((call["ClientToken"], address))
        if address and address == self.taken:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "RunInstances")
        return {"Instances": [{"InstanceId": "i-2"}]}


def replacement(predecessor: ActualResource | None, **properties: Any) -> ResolvedResource:
    given = TYPE.schema.with_defaults({**GIVEN, **properties})
    prepared = {"id": "ami-1", "root": "/dev/xvda"}
    scope = Scope("shop", "us-east-1")
    return ResolvedResource("instance/app-1", "x", given, {}, scope, "token", prepared, predecessor=predecessor)


@pytest.mark.parametrize(
    "volume",
    [{}, {"type": "gp2"}, {"iops": 6000, "size": 12}, {"type": "io1", "iops": 100}, {"type": "io2", "iops": 4000}],
)
def test_volumes_that_aws_creates(volume: dict[str, Any]) -> None:
    assert TYPE.validate({**GIVEN, "volume": volume}) is None


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ({"type": "io1"}, "volume: lacks iops, which a volume of the type io1 needs"),
        ({"type": "io2", "iops": None}, "volume: lacks iops, which a volume of the type io2 needs"),
        ({"type": "gp2", "iops": 3000}, "volume.iops: goes with volumes of the types gp3, io1, io2 only"),
    ],
)
def test_volumes_that_aws_rejects(volume: dict[str, Any], text: str) -> None:
    assert text in str(TYPE.validate({**GIVEN, "volume": volume}))


@pytest.mark.parametrize(
    ("predecessor", "subnet", "address"),
    [(None, "subnet-1", None), (OLD, "subnet-1", "10.0.1.7"), (OLD, "subnet-2", None)],
    ids=["new instance", "replacement", "replacement in another subnet"],
)
def test_a_replacement_keeps_the_private_address(
    predecessor: ActualResource | None, subnet: str, address: str | None
) -> None:
    machines = Machines()
    TYPE.lifecycle.create(machines, replacement(predecessor, subnet=subnet))
    assert machines.calls == [("token", address)]


def test_a_replacement_whose_address_is_taken_gets_another_one() -> None:
    machines = Machines(taken="10.0.1.7")
    TYPE.lifecycle.create(machines, replacement(OLD))
    assert machines.calls == [("token", "10.0.1.7"), ("token-other", None)]


def test_another_error_of_a_replacement_is_not_tried_without_the_address() -> None:
    machines = Machines(taken="10.0.1.7", code="InsufficientInstanceCapacity")
    with pytest.raises(ClientError):
        TYPE.lifecycle.create(machines, replacement(OLD))
    assert len(machines.calls) == 1


@pytest.mark.parametrize(
    ("image", "kind", "changed"),
    [
        ("al2023", "t3.small", {"type"}),
        ("al2023", "t4g.small", {"image", "type"}),
        ("ami-1", "t4g.small", {"type"}),
        ("/shop/image", "t4g.small", {"type"}),
    ],
)
def test_only_the_alias_means_another_image_for_other_processors(image: str, kind: str, changed: set[str]) -> None:
    desired = TYPE.schema.with_defaults({**GIVEN, "image": image, "type": kind})
    actual = {**desired, "image": "ami-1", "type": "t3.micro", "user_data": ""}
    assert TYPE.find_differences(desired, actual) == changed
