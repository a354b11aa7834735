# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The newest images that a run asks for."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack
from ansible_collections.groundwork.aws.plugins.module_utils._provision.newest_images import choose_newest_images

AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"
VALUES = {f"{AL2023}x86_64": "ami-x86", f"{AL2023}arm64": "ami-arm", "/shop/image": "ami-shop"}


class Parameters:
    """Parameter Store, which leaves out what it does not have."""

    def __init__(self) -> None:
        self.calls = 0

    def get_parameters(self, Names: list[str]) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        return {"Parameters": [{"Name": name, "Value": VALUES[name]} for name in Names if name in VALUES]}


def machine(name: str, image: str = "al2023", kind: str = "t3.micro") -> DesiredResource:
    return DesiredResource("instance", name, {"image": image, "type": kind, "subnet": "subnet-1"})


def choose(resources: list[DesiredResource], *addresses: str) -> Any:
    parameters = Parameters()
    stack = DesiredStack("shop", "us-east-1", tuple(resources))
    return choose_newest_images(lambda _service: parameters, stack, addresses), parameters.calls


def test_without_addresses_nothing_is_read() -> None:
    assert choose([machine("web-1")]) == ({}, 0)


def test_images_are_those_of_the_processors_and_parameters() -> None:
    resources = [machine("a"), machine("b", kind="t4g.small"), machine("c", "/shop/image"), machine("d", "ami-1")]
    found, calls = choose(resources, *(resource.address for resource in resources))
    images = {"instance/a": "ami-x86", "instance/b": "ami-arm", "instance/c": "ami-shop"}
    assert (found, calls) == ({address: {"image": image} for address, image in images.items()}, 1)


def test_only_named_instances_are_compared() -> None:
    assert choose([machine("a"), machine("b")], "instance/b")[0] == {"instance/b": {"image": "ami-x86"}}


def test_addresses_that_are_no_instances_are_named() -> None:
    with pytest.raises(StackError) as error:
        choose([machine("web-1")], "instance/wbe-1", "vpc/main")
    assert "refresh: instance/wbe-1: is not an instance of the topology" in str(error.value)
    assert "refresh: vpc/main: is not an instance of the topology" in str(error.value)


def test_a_parameter_that_is_not_there_is_named() -> None:
    with pytest.raises(StackError, match="instance/a: there is no SSM parameter /gone"):
        choose([machine("a", "/gone")], "instance/a")
