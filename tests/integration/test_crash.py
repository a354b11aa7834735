# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The crash matrix: whatever moment a run dies at, the next one ends where an undisturbed one ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rig.faults import Call, Do, When, mutation, nth, said
from rig.runs import Outcome, Run
from rig.stacks import DATA, SINGLE, Base, Stack, Stacks, assert_same, base_of, for_each

pytestmark = pytest.mark.long

# A change that updates some resources in place and adds one, and one that replaces the subnet and the machine in it.
CHANGED: Mapping[str, Any] = {
    "access": {"ssh_from": ["198.51.100.0/24"]},
    "instances": {"app": {"type": "t3.small", "volume": {"size": 12}}},
    "services": {"web": {"allow_from": ["0.0.0.0/0"]}},
    "resources": {"security_group/extra": {"vpc": {"ref": "vpc/main"}, "description": "More"}},
}
REPLACED: Mapping[str, Any] = {"network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}}}}
# The subnet of the NAT gateway is another, so that the gateway is, and a further tier leads through it.
MOVED: Mapping[str, Any] = {
    "network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}, "database": {"route": "nat"}}}
}
# HTTPS as well; later the certificate has one name less and the record another target.
SECURED: Mapping[str, Any] = {
    "certificate/site": {"domain": "shop.example.test", "names": ["*.shop.example.test"]},
    "dns_record/proof": {
        "zone": "example.test",
        "validates": {"domain": "shop.example.test", "records": {"ref": "certificate/site", "attribute": "records"}},
    },
    "dns_record/site": {
        "zone": "example.test",
        "name": "shop.example.test",
        "type": "A",
        "alias": {
            "name": {"ref": "load_balancer/main", "attribute": "dns_name"},
            "zone": {"ref": "load_balancer/main", "attribute": "zone_id"},
        },
    },
    "listener/https": {
        "load_balancer": {"ref": "load_balancer/main"},
        "port": 443,
        "protocol": "HTTPS",
        "certificate": {"ref": "certificate/site"},
        "action": {"redirect": {"path": "/new"}},
    },
}
RESECURED: Mapping[str, Any] = {
    "certificate/site": {"names": []},
    "dns_record/site": {"name": "www.example.test"},
}
# A rule makes room for a new one, another goes to the other listener; the target group and the certificate are others.
ROUTED: Mapping[str, Any] = {
    "resources": {
        "listener_rule/users": {"priority": 2},
        "listener_rule/old": {"listener": {"ref": "listener/https"}},
        "listener_rule/first": {
            "listener": {"ref": "listener/http"},
            "priority": 1,
            "paths": ["/first"],
            "action": {"redirect": {"path": "/"}},
        },
        "target_group/web": {"port": 8080},
        **RESECURED,
    },
}
# A database and its group change in place, and the secret is another one.
TUNED: Mapping[str, Any] = {
    "resources": {
        "db_instance/main": {"class": "db.t3.small"},
        "db_parameter_group/tuned": {"parameters": {"performance_schema": True, "slow_query_log": None}},
        "secret/app": {"generate": {"length": 50}},
    },
}
# A topic, an alarm and a log group are others, and the cache has a node more.
RETUNED: Mapping[str, Any] = {
    "resources": {
        "sns_topic/alerts": {"subscriptions": [{"protocol": "sms", "endpoint": "+15550100"}]},
        "alarm/memory": {"threshold": 90},
        "log_group/database": {"name": "/aws/rds/instance/other/error"},
        "cache/redis": {"nodes": 3},
    },
}


@dataclass(frozen=True)
class Step:
    """One run in the life of a stack."""

    what: str
    start: Callable[[Stack, int], Run]

    def run(self, stack: Stack, parallel: int = 10) -> Outcome:
        stack.proxy.forget()
        outcome = self.start(stack, parallel).finish()
        assert outcome.ok, f"{self.what}: {outcome}"
        return outcome


CREATE = Step("create", lambda stack, parallel: stack.start(parallel=parallel))
CHANGE = Step("change", lambda stack, parallel: stack.start(CHANGED, parallel=parallel))
REPLACE = Step("replace", lambda stack, parallel: stack.start(REPLACED, allow_destroy=[DATA], parallel=parallel))
DELETE = Step(
    "delete",
    lambda stack, parallel: stack.start(state="absent", allow_destroy=[*stack.base.data], parallel=parallel),
)


@dataclass(frozen=True)
class Undisturbed:
    """An undisturbed run: the number of its changes, and the end state."""

    step: Step
    mutations: int
    state: list[str]


def live_through(stack: Stack, steps: list[Step]) -> list[Undisturbed]:
    """The life of a stack that nothing happens to."""
    lived = []
    for step in steps:
        step.run(stack)
        lived.append(Undisturbed(step, sum(map(own, stack.proxy.mutations)), stack.account.state()))
    return lived


@dataclass(frozen=True)
class Variant:
    """How runs are killed: at which of its calls, before the call arrives or after it was obeyed, and with how many
    calls at a time."""

    number: int
    after: bool
    parallel: int


# One at a time and killed after the first call that none before has made, until nothing is left to do: every state that
# a run can leave behind, each taken up by the next. Ten at a time and killed before the second such call: what else was
# under way is obeyed, as it would be.
AFTER = Variant(number=1, after=True, parallel=1)
BEFORE = Variant(number=2, after=False, parallel=10)


def own(call: Call) -> bool:
    """A change of the stack; its lock is kept in parameters."""
    return call.mutating and call.operation.service != "ssm"


def kill_at(stack: Stack, when: When, variant: Variant, step: Step) -> bool:
    """Start a run and kill it at that call; nothing of the fault stays. Returns whether there was such a call."""
    running: list[Run] = []
    begun = threading.Event()

    def kill(_call: Call) -> None:
        begun.wait(10)
        running[0].kill()

    stack.proxy.forget()
    stack.proxy.faults.add(when, Do(kill, variant.after, cut=True), times=1)
    running.append(step.start(stack, variant.parallel))
    begun.set()
    outcome = running[0].finish()
    stack.proxy.settle()
    stack.proxy.faults.clear()
    assert outcome.killed or outcome.ok, f"{step.what}: {outcome}"
    return outcome.killed


def die_until_done(stack: Stack, whole: Undisturbed, variant: Variant) -> None:
    """Kill run after run of a step, each a little further on, until one ends by itself."""
    step, deaths, made = whole.step, 0, set[str]()
    assert kill_at(stack, mutation(1), variant, step), f"{step.what}: the run ended by itself before it had its lock"
    while kill_at(stack, nth(variant.number, lambda call: own(call) and said(call) not in made), variant, step):
        obeyed = [call for call in stack.proxy.mutations if own(call) and call.outcome != "never arrived"]
        made.update(map(said, obeyed))
        deaths += 1
        assert deaths <= 2 * whole.mutations, f"{step.what}: does not come to an end: {[*map(said, obeyed)]}"
    assert deaths > whole.mutations // (2 * variant.parallel), f"{step.what}: killed {deaths} times only"


def try_all(
    stacks: Stacks, before: list[Step], steps: list[Step], variant: Variant = AFTER, base: Base = SINGLE
) -> None:
    """Live the same life twice, once with every step killed again and again."""
    expected = live_through(stacks(base), [*before, *steps])[len(before) :]
    stack = stacks(base)
    for step in before:
        step.run(stack)
    for whole in expected:
        die_until_done(stack, whole, variant)
        assert_same(stack.account.state(), whole.state, f"{whole.step.what}, killed again and again")


@pytest.mark.parametrize(
    "variant", [pytest.param(AFTER, id="after"), pytest.param(BEFORE, id="before", marks=pytest.mark.long)]
)
def test_an_interrupted_creation_or_deletion_is_completed(stacks: Stacks, variant: Variant) -> None:
    try_all(stacks, [], [CREATE, DELETE], variant)


def test_an_interrupted_change_is_completed(stacks: Stacks) -> None:
    try_all(stacks, [CREATE], [CHANGE, REPLACE])


def test_an_interrupted_creation_or_deletion_of_a_nat_gateway_is_completed(stacks: Stacks) -> None:
    moved = Step("move", lambda stack, parallel: stack.start(MOVED, parallel=parallel))
    try_all(stacks, [], [CREATE, moved, DELETE], base=base_of("nat"))


def test_an_interrupted_creation_or_deletion_of_a_load_balancer_is_completed(stacks: Stacks) -> None:
    """With a certificate, and records in a zone of which nothing is left but what was there."""
    routed = Step("route", lambda stack, parallel: stack.start(ROUTED, parallel=parallel))
    balanced = replace(base_of("balanced"), overrides={"resources": SECURED}, zones=("example.test",))
    try_all(stacks, [], [CREATE, routed, DELETE], base=balanced)


def test_an_interrupted_creation_or_deletion_of_databases_and_secrets_is_completed(stacks: Stacks) -> None:
    """With one final snapshot each, and no secret twice."""
    base = base_of("data", "db_instance/main", "secret/app")
    tuned = Step("tune", lambda stack, parallel: stack.start(TUNED, allow_destroy=["secret/app"], parallel=parallel))
    try_all(stacks, [], [CREATE, tuned, DELETE], base=base)


def test_an_interrupted_restore_is_completed(stacks: Stacks) -> None:
    """Made once, and one of the two serves at the end of it, under the same name; the other is kept."""
    base = base_of("data", "db_instance/main", "secret/app")
    request = {"topology": base.topology, "snapshot": "then"}

    def snapshot(stack: Stack, _parallel: int) -> Run:
        """By hand, so that it has the same name in both runs."""
        tags = [
            {"Key": "groundwork:stack", "Value": "data"},
            {"Key": "groundwork:resource", "Value": "db_instance/main"},
        ]
        names = {"DBInstanceIdentifier": "data-main", "DBSnapshotIdentifier": "then"}
        rds = stack.account.client("rds")
        rds.create_db_snapshot(**names, Tags=tags)
        # Nothing can be restored from it before.
        rds.get_waiter("db_snapshot_available").wait(**names, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
        return stack.start()

    def restore(state: str) -> Step:
        def start(stack: Stack, _parallel: int) -> Run:
            return stack.modules.start("database_restore", {**request, "state": state})

        return Step(state, start)

    try_all(stacks, [CREATE, Step("snapshot", snapshot)], [restore("restored"), restore("switched")], base=base)


def test_an_interrupted_creation_or_deletion_of_monitoring_and_a_cache_is_completed(stacks: Stacks) -> None:
    # What there is two of once is enough here.
    watched = replace(base_of("watched"), overrides={"resources": {"alarm/latency": None, "log_group/app": None}})
    retuned = Step("retune", lambda stack, parallel: stack.start(RETUNED, parallel=parallel))
    try_all(stacks, [], [CREATE, retuned, DELETE], base=watched)


def test_an_interrupted_creation_is_deleted_completely(stacks: Stacks) -> None:
    expected = live_through(stacks(), [CREATE])[0]
    nothing = stacks().account.state()

    def trial(number: int) -> None:
        stack = stacks()
        assert kill_at(stack, nth(number, own), AFTER, CREATE)
        DELETE.run(stack)
        left = [line for line in stack.account.state() if '"is": "snap' not in line]
        assert_same(left, nothing, f"killed at change {number}")

    for_each(range(1, expected.mutations + 1), trial)
