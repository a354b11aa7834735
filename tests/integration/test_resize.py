# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook that changes the types of instances: a host that does not get its type serves again with the old one."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rig.faults import Fail, named
from rig.stacks import Stack, Stacks, base_of
from test_playbook_runs import LOCAL, Controller, Healthy, Played

SCALED = base_of("scaled")
HOSTS = ("scaled-web-1", "scaled-web-2")
NO_CAPACITY = Fail(status=400, code="InsufficientInstanceCapacity", message="There is no t3.small.")


@pytest.fixture
def answering() -> Iterator[int]:
    """The port at which the service of every host answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def overrides(port: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"services": {"web": {"port": port, "instances": {"type": kind, **more}}}}


@pytest.fixture
def scaled(stacks: Stacks, tmp_path: Path, answering: int) -> Controller:
    """Two instances of t3.micro behind a load balancer, whose service answers on this machine; t3.small is to come."""
    stack = stacks(SCALED)
    stack.made(overrides(answering, "t3.micro"))
    controller = Controller(stack, tmp_path, SCALED.topology)
    given(controller, answering, "t3.small")
    return controller


def given(controller: Controller, port: int, kind: str, **more: Any) -> None:
    controller.configure(
        plugin="groundwork.aws.ec2_services",
        topology=SCALED.topology,
        connection=LOCAL,
        overrides=overrides(port, kind, **more),
    )


def resize(controller: Controller, *words: str) -> Played:
    return controller.play("groundwork.aws.resize", "-e", "app_health_timeout=2", "-e", "wait_timeout=5", *words)


def machines(stack: Stack) -> dict[str, tuple[str, str]]:
    """State and type of each instance by its address."""
    found = {}
    for number in (1, 2):
        address = f"instance/web-{number}"
        identifier = stack.id_of_instance(address)
        pages = stack.account.client("ec2").describe_instances(InstanceIds=[identifier])
        item = pages["Reservations"][0]["Instances"][0]
        found[address] = (item["State"]["Name"], item["InstanceType"])
    return found


def list_healthy(stack: Stack) -> set[str]:
    elb = stack.account.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    answer = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return {item["Target"]["Id"] for item in answer if item["TargetHealth"]["State"] == "healthy"}


def assert_as_before(scaled: Controller, refused: Played) -> None:
    assert refused.code == 2, refused.output
    assert machines(scaled.stack) == dict.fromkeys(("instance/web-1", "instance/web-2"), ("running", "t3.micro"))
    both = {scaled.stack.id_of_instance(f"instance/web-{number}") for number in (1, 2)}
    assert list_healthy(scaled.stack) == both
    assert "Not touched, and serving as before: scaled-web-2" in refused.said


def test_a_host_whose_type_aws_rejects_serves_again_with_the_old_one(scaled: Controller) -> None:
    scaled.stack.proxy.faults.add(named("StartInstances"), NO_CAPACITY, times=1)
    refused = resize(scaled)
    assert_as_before(scaled, refused)
    assert "There is no t3.small" in refused.said
    assert "It serves again as t3.micro, the type that it had, and is healthy" in refused.said
    scaled.stack.proxy.faults.clear()
    done = resize(scaled)
    assert done.code == 0, done.output
    assert set(machines(scaled.stack).values()) == {("running", "t3.small")}
    assert len(list_healthy(scaled.stack)) == 2


@pytest.mark.long
def test_a_host_that_stays_stopped_is_started_with_its_old_type(scaled: Controller) -> None:
    """Both starts of the change are rejected: with the new type, and with the old one."""
    scaled.stack.proxy.faults.add(named("StartInstances"), NO_CAPACITY, times=2)
    refused = resize(scaled)
    assert_as_before(scaled, refused)
    assert "It serves again as t3.micro" in refused.said


@pytest.mark.long
def test_a_host_that_does_not_answer_with_its_new_type_gets_the_old_one_back(scaled: Controller) -> None:
    """The change succeeds, and what follows it does not: the target cannot be registered."""
    scaled.stack.proxy.faults.add(
        named("RegisterTargets"), Fail(status=400, code="TooManyTargets", message="There are too many."), times=1
    )
    refused = resize(scaled)
    assert_as_before(scaled, refused)
    assert "There are too many" in refused.said


@pytest.mark.long
def test_a_host_that_cannot_serve_is_reported_with_the_reason(scaled: Controller) -> None:
    scaled.stack.proxy.faults.add(
        named("RegisterTargets"), Fail(status=400, code="TooManyTargets", message="There are too many.")
    )
    refused = resize(scaled)
    assert refused.code == 2, refused.output
    assert "It does not serve, and is out of the load balancer" in refused.said
    assert "Not touched, and serving as before: scaled-web-2" in refused.said
    assert list_healthy(scaled.stack) == {scaled.stack.id_of_instance("instance/web-2")}
    scaled.stack.proxy.faults.clear()
    done = resize(scaled)
    assert done.code == 0, done.output
    assert len(list_healthy(scaled.stack)) == 2


def test_a_type_that_does_not_fit_is_reported_in_check_mode(scaled: Controller, answering: int) -> None:
    # Of an image by its id, there is none for other processors.
    identifier = scaled.stack.id_of_instance("instance/web-1")
    reservations = scaled.stack.account.client("ec2").describe_instances(InstanceIds=[identifier])["Reservations"]
    given(scaled, answering, "t4g.small", image=reservations[0]["Instances"][0]["ImageId"])
    refused = scaled.play("groundwork.aws.resize", "--check")
    assert refused.code == 2, refused.output
    for number in (1, 2):
        assert f"instance/web-{number}: t4g.small runs arm64, and the instance is x86_64" in refused.said
    shown = scaled.play("groundwork.aws.provision", "--check")
    assert shown.code == 0, shown.output
    assert "t4g.small runs arm64" in shown.said
    assert "is left to another run" in shown.said
    assert scaled.stack.proxy.mutations == []


@pytest.mark.long
def test_a_type_with_other_processors_is_left_to_a_replacement(scaled: Controller, answering: int) -> None:
    given(scaled, answering, "t4g.small")
    left = resize(scaled)
    assert left.code == 0, left.output
    assert "scaled-web-2 gets the type of the document when it is replaced (replace.yml)" in left.said
    shown = scaled.play("groundwork.aws.provision", "--check")
    for number in (1, 2):
        assert f"instance/web-{number}: replace" in shown.said
    assert scaled.stack.proxy.mutations == []
