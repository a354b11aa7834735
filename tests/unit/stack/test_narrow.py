# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A part of a plan: which changes move requests, what is left, and what cannot be done without what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._stack.narrow import narrowed, parted
from ansible_collections.groundwork.aws.plugins.module_utils._stack.plan import Plan, make_plan, tags_of
from ansible_collections.groundwork.aws.plugins.module_utils._stack.references import resolve
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref, Wanted, WantedStack

VPC = Wanted("vpc", "main", {"cidr": "10.0.0.0/16"})
SUBNET = Wanted("subnet", "a", {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
GROUP = Wanted("target_group", "web", {"vpc": Ref("vpc/main"), "port": 80})


def machine(number: int, kind: str = "t3.micro") -> Wanted:
    properties = {"image": "ami-1", "type": kind, "subnet": Ref("subnet/a")}
    return Wanted("instance", f"web-{number}", properties, {"groundwork:group": "web"})


def member(number: int) -> Wanted:
    name = f"web-{number}"
    properties = {"target_group": Ref("target_group/web"), "instance": Ref(f"instance/{name}"), "port": 80}
    return Wanted("target", f"web--{name}", properties)


def address(number: int) -> Wanted:
    return Wanted("elastic_ip", f"web-{number}", {"instance": Ref(f"instance/web-{number}")})


def web(count: int, kind: str = "t3.micro") -> list[Wanted]:
    """A service with that many instances, each with an address and in the target group."""
    numbers = range(1, count + 1)
    parts = [part for number in numbers for part in (machine(number, kind), member(number), address(number))]
    return [VPC, SUBNET, GROUP, *parts]


def alive(resources: Sequence[Wanted]) -> list[Live]:
    found = []
    for wanted in resources:
        kind = REGISTRY[wanted.type]
        properties = kind.desired(resolve(wanted.properties, lambda ref: f"id:{ref.address}"))
        properties.pop("user_data", None)  # is a digest there
        tags = tags_of(WantedStack("shop", "us-east-1", ()), wanted, kind)
        identifier = f"id:{wanted.address}"
        found.append(Live(wanted.type, wanted.name, identifier, properties, {"id": identifier}, tags))
    return found


def plan(
    now: Sequence[Wanted], then: Sequence[Wanted], only: Sequence[str] | None = None, traffic: bool = True
) -> Plan:
    stack, lives = WantedStack("shop", "us-east-1", tuple(then)), alive(now)
    return narrowed(stack, parted(stack, make_plan(stack, lives, REGISTRY), lives), only, traffic)


def parts(found: Plan) -> dict[str, str]:
    return {change.key: change.part for change in (*found.changes, *found.left)}


def done(found: Plan) -> list[str]:
    assert found.problems == ()
    return [change.key for change in found.changes]


def left(found: Plan) -> list[str]:
    return [change.key for change in found.left]


def test_a_new_instance_does_not_join_before_anybody_knows_that_it_answers() -> None:
    found = plan(web(1), web(2), traffic=False)
    assert parts(found) == {"elastic_ip/web-2": "", "instance/web-2": "", "target/web--web-2": "join"}
    assert done(found) == ["elastic_ip/web-2", "instance/web-2"]
    assert left(found) == ["target/web--web-2"]


def test_one_that_never_joined_is_not_registered_by_the_way() -> None:
    now = [item for item in web(2) if item.address != "target/web--web-2"]
    assert left(plan(now, web(2), traffic=False)) == ["target/web--web-2"]


def test_an_instance_that_is_one_too_many_stays_with_all_that_belongs_to_it() -> None:
    found = plan(web(2), web(1), traffic=False)
    assert done(found) == []
    assert parts(found) == dict.fromkeys(("elastic_ip/web-2", "instance/web-2", "target/web--web-2"), "retire")


def test_another_type_is_left_for_later() -> None:
    found = plan(web(2), web(2, "t3.small"), traffic=False)
    assert (done(found), parts(found)) == ([], {"instance/web-1": "resize", "instance/web-2": "resize"})


def test_a_new_target_group_for_those_that_serve_is_never_empty() -> None:
    now = [item for item in web(2) if item.type not in ("target", "target_group")]
    assert done(plan(now, web(2), traffic=False)) == ["target/web--web-1", "target/web--web-2", "target_group/web"]


@pytest.mark.parametrize("then", [[VPC, SUBNET, GROUP], []])
def test_a_group_that_is_gone_altogether_goes_at_once(then: list[Wanted]) -> None:
    found = plan(web(2), then, traffic=False)
    assert left(found) == []
    assert {change.action for change in found.changes} == {"delete"}


def test_what_those_that_stay_stand_on_does_not_go_before_them() -> None:
    tier = Wanted("subnet", "b", {**SUBNET.properties, "cidr": "10.0.2.0/24"})
    moved = Wanted("instance", "web-2", {**machine(2).properties, "subnet": Ref("subnet/b")}, machine(2).tags)
    now = [*web(1), tier, moved]
    assert plan(now, web(1), traffic=False).problems == (
        "subnet/b: instance/web-2 stands on it, and is left (delete, not in the document): do that first",
    )


def test_only_what_is_named_is_done() -> None:
    found = plan(web(1), web(3), only=["instance/web-2", "elastic_ip/web-2", "vpc/main"])
    assert done(found) == ["elastic_ip/web-2", "instance/web-2"]
    assert left(found) == ["elastic_ip/web-3", "instance/web-3", "target/web--web-2", "target/web--web-3"]
    assert left(plan(web(1), web(2), only=[])) == ["elastic_ip/web-2", "instance/web-2", "target/web--web-2"]


def test_a_duplicate_is_named_by_its_address() -> None:
    stack = WantedStack("shop", "us-east-1", (VPC,))
    (one,) = alive([VPC])
    found = make_plan(stack, [one, replace(one, id="id:other")], REGISTRY)
    (spare,) = narrowed(stack, found, ["vpc/main"], True).changes
    assert (spare.action, spare.reason) == ("delete", "duplicate of id:other")


@pytest.mark.parametrize(
    ("now", "then", "only", "problem"),
    [
        (web(1), web(1), "instance/web-9", "only: instance/web-9: is neither in the topology nor in the account"),
        (web(1), web(2), "elastic_ip/web-2", "elastic_ip/web-2: needs instance/web-2, and that is left (create"),
        ([], web(1), "instance/web-1", "instance/web-1: needs subnet/a, and that is left (create, missing)"),
        (web(2), web(1), "instance/web-2", "instance/web-2: target/web--web-2 stands on it, and is left (delete"),
    ],
    ids=["nobody knows it", "it needs what is not made", "the network is not there", "it serves"],
)
def test_what_cannot_be_done_by_itself_is_refused(
    now: list[Wanted], then: list[Wanted], only: str, problem: str
) -> None:
    assert any(text.startswith(problem) for text in plan(now, then, only=[only]).problems)
