# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a change, one at a time, with errors and lost answers of AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.resource_types import build_type

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import LostResponseError, StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.retries import RecentResources
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import RESOURCE, STACK
from ansible_collections.groundwork.aws.plugins.module_utils._engine.condition import Condition, Wait, Waiter
from ansible_collections.groundwork.aws.plugins.module_utils._engine.discovery import DiscoveredResources
from ansible_collections.groundwork.aws.plugins.module_utils._engine.graph import Step
from ansible_collections.groundwork.aws.plugins.module_utils._engine.items import Raw
from ansible_collections.groundwork.aws.plugins.module_utils._engine.list_call import Listing
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import Change, Plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    TAGS_UNKNOWN,
    ActualResource,
    Detail,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Tagging,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scheduler import Await, Pause
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._engine.steps import Worker
from ansible_collections.groundwork.aws.plugins.module_utils._engine.waiter import ResourceGoneError

TAGS = {STACK: "shop", RESOURCE: "thing/a"}
UP = Waiter(Condition("up", "State", ("up",), ("broken",), pending=("new",)))


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "MakeThing")


class Account:
    """A client of one service with things; ``moods`` are the errors or answers of its calls, in order."""

    def __init__(self, *moods: Any) -> None:
        self.moods = list(moods)
        self.things: list[Raw] = []
        self.tokens: list[str] = []
        self.said: list[str] = []
        self.recent = RecentResources()

    def __call__(self, service: str) -> Account:
        assert service == "things"
        return self

    def pages(self, operation: str, arguments: Any) -> list[dict[str, Any]]:
        self.said.append("list")
        return [{"Things": list(self.things)}]

    def make(self, token: str) -> Raw:
        self.tokens.append(token)
        return self.say("make", {"Id": "t-1", "State": "new", "Tags": TAGS})

    def say(self, what: str, answer: Any = None) -> Any:
        self.said.append(what)
        mood = self.moods.pop(0) if self.moods else None
        if isinstance(mood, Exception):
            raise mood
        return mood or answer


def steps(client: Account, update: ResourceUpdate) -> Iterator[Wait]:
    client.say("stop")
    yield Wait(UP, update.actual.id)
    client.say("start")


def kind(**more: Any) -> ResourceType:
    def create(client: Account, resource: ResolvedResource) -> Raw:
        return client.make(resource.token)

    tagging = Tagging(
        lambda item: dict(item.get("Tags", {})),
        lambda client, actual, tags: client.say(f"tag {sorted(tags)}"),
        lambda client, actual, keys: client.say(f"untag {sorted(keys)}"),
    )
    return build_type(
        **{
            "name": "thing",
            "service": "things",
            "listing": Listing("list_things", "Things", lambda scope: {}),
            "id_path": "Id",
            "attributes": {"id": "Id"},
            "tagging": tagging,
            "normalize": lambda item: {"colour": item.get("Colour"), "size": item.get("Size")},
            "create": create,
            "updates": {"colour": lambda client, update: client.say("paint"), "size": steps},
            "delete": lambda client, actual: client.say("delete"),
            "is_deleted": lambda _kind, item: item["State"] == "dead",
            **more,
        }
    )


def worker(account: Account, thing: ResourceType, change: Change, deleted: tuple[ActualResource, ...] = ()) -> Worker:
    stack = DesiredStack("shop", "us-east-1", ())
    kept = {change.key: change.actual} if change.actual else {}
    alive = (change.actual,) if change.actual else ()
    return Worker(account, stack, Plan((change,), kept), DiscoveredResources(alive, deleted), {"thing": thing})  # type: ignore[arg-type]


def change(action: str, actual: ActualResource | None = None, **properties: Any) -> Change:
    return Change("thing/a", action, "why", actual=actual, desired=DesiredResource("thing", "a", properties))


def thing(identifier: str = "t-1", **item: Any) -> ActualResource:
    return ActualResource(
        "thing", "a", identifier, {"colour": None, "size": None}, {"id": identifier}, {}, {"Id": identifier, **item}
    )


def finish(work: Worker, step: Step) -> list[Any]:
    """Run a step, with every wait answered at once."""
    waits = []
    generator = work.work(step)
    asked = next(generator, None)
    while asked is not None:
        waits.append(asked)
        try:
            asked = generator.send({"State": "up"} if isinstance(asked, Await) else None)
        except StopIteration:
            break
    return waits


CREATE = ("create", "thing/a")


def test_updates_follow_a_creation() -> None:
    account = Account()
    work = worker(account, kind(), change("create", colour="red", size=None))
    finish(work, CREATE)
    assert account.said == ["make", "paint"]
    assert work.made["thing/a"].id == "t-1"


def test_a_new_object_is_ready_before_its_updates() -> None:
    account = Account()
    waits = finish(worker(account, kind(ready=UP), change("create", colour="red")), CREATE)
    assert [wait.wait for wait in waits] == [Wait(UP, "t-1")]


@pytest.mark.parametrize(("named", "awaited"), [({"id"}, ["t-0"]), ((), [])])
def test_a_creation_waits_until_the_name_of_its_predecessor_is_free(named: Any, awaited: list[str]) -> None:
    deleted = (thing("t-0"), ActualResource("thing", "b", "t-b", {}, {}, {}))
    waits = finish(worker(Account(), kind(name_attributes=frozenset(named)), change("create"), deleted), CREATE)
    assert [wait.wait.id for wait in waits] == awaited
    conditions = [wait.wait.waiter.condition for wait in waits]
    assert all(one.is_met(None) and not one.is_met({"Id": "t-0"}) for one in conditions)


def test_a_chosen_name_is_the_physical_name() -> None:
    account = Account(*[refusal("Taken")] * 2)
    titled = kind(name_property="colour", name_taken_codes=frozenset({"Taken"}))
    with pytest.raises(StackError, match=r"rename or remove red$"):
        finish(worker(account, titled, change("create", colour="red")), CREATE)
    with pytest.raises(StackError, match=r"rename or remove shop-a$"):
        finish(worker(account, titled, change("create")), CREATE)


def test_after_a_lost_answer_the_created_object_is_found() -> None:
    account = Account(LostResponseError("MakeThing", ValueError()))
    generator = worker(account, kind(), change("create", colour="red")).work(CREATE)
    assert isinstance(next(generator), Pause)
    account.things = [{"Id": "t-9", "State": "up", "Tags": TAGS}]
    list(generator)
    assert account.said == ["make", "list", "list", "paint"]


def test_a_lost_answer_without_an_object_is_retried() -> None:
    account = Account(LostResponseError("MakeThing", ValueError()))
    finish(worker(account, kind(), change("create")), CREATE)
    assert account.said == ["make", *["list"] * 6, "make"]


def test_answers_that_are_always_lost_end_the_step() -> None:
    account = Account(*[LostResponseError("MakeThing", ValueError())] * 9)
    with pytest.raises(LostResponseError):
        finish(worker(account, kind(), change("create")), CREATE)
    assert account.said.count("make") == 4


def test_the_predecessor_is_not_taken_for_the_new_object() -> None:
    old = thing("t-0")
    account = Account(LostResponseError("MakeThing", ValueError()))
    account.things = [{"Id": "t-0", "State": "up", "Tags": TAGS}]
    work = worker(account, kind(create_before_destroy=True, unique_within="colour"), change("replace", old))
    finish(work, CREATE)
    assert work.made["thing/a"].id == "t-1"


def test_an_object_of_an_interrupted_run_is_taken_over() -> None:
    account = Account(refusal("Exists"))
    account.things = [{"Id": "t-9", "State": "up", "Tags": TAGS}]
    work = worker(account, kind(name_taken_codes=frozenset({"Exists"})), change("create"))
    finish(work, CREATE)
    assert work.made["thing/a"].id == "t-9"


def test_a_name_of_another_owner_ends_the_step() -> None:
    with pytest.raises(StackError, match="not tagged as this stack's"):
        finish(
            worker(Account(refusal("Exists")), kind(name_taken_codes=frozenset({"Exists"})), change("create")), CREATE
        )


@pytest.mark.parametrize(
    "mood",
    [
        {"Id": "t-1", "State": "dead"},
        refusal("IdempotentInstanceTerminated"),
        refusal("IdempotentParameterMismatch"),
    ],
)
def test_a_token_of_a_deleted_object_is_replaced(mood: Any) -> None:
    account = Account(mood)
    finish(worker(account, kind(), change("create")), CREATE)
    assert len(set(account.tokens)) == 2


def test_tokens_that_all_belong_to_deleted_objects_end_the_step() -> None:
    with pytest.raises(StackError, match="objects that are gone"):
        finish(worker(Account(*[{"Id": "t-1", "State": "dead"}] * 99), kind(), change("create")), CREATE)


def test_a_token_changes_with_each_predecessor() -> None:
    def token(*deleted: str, replaced: ActualResource | None = None) -> str:
        account = Account()
        action = "replace" if replaced else "create"
        finish(worker(account, kind(), change(action, replaced), tuple(map(thing, deleted))), CREATE)
        return account.tokens[0]

    assert token() == token()
    assert len({token(), token("t-0"), token("t-0", "t-2")}) == 3
    assert token("t-0") == token(replaced=thing("t-0")), "a replacement that died between its halves goes on"
    assert len(token()) <= 64


def test_a_new_object_is_recent_by_id_name_and_arn() -> None:
    account = Account({"Id": "t-1", "State": "up", "Name": "shop-a", "Arn": "arn:t-1"})
    named = kind(attributes={"id": "Id", "name": "Name", "arn": "Arn", "colour": "Colour"})
    finish(worker(account, named, change("create")), CREATE)
    missing = refusal("InvalidThing.NotFound")
    for reference in ("t-1", "shop-a", "arn:t-1"):
        assert account.recent.explain(missing, {"Things": [{"Ref": reference}]})
    assert not account.recent.explain(missing, {"Ref": "t-2"})


def test_an_update_adds_tags_first_and_removes_tags_last() -> None:
    account = Account()
    desired = Change(
        "thing/a",
        "update",
        "why",
        actual=thing(),
        desired=DesiredResource("thing", "a", {"size": 2}),
        tags={"x": "1"},
        untag=("y",),
    )
    waits = finish(worker(account, kind(), desired), ("update", "thing/a"))
    assert account.said == ["tag ['x']", "stop", "start", "untag ['y']"]
    assert [wait.wait for wait in waits] == [Wait(UP, "t-1")]


def test_a_pending_object_is_waited_for_before_its_update() -> None:
    account = Account()
    waits = finish(
        worker(account, kind(ready=UP), change("update", thing(State="new"), colour="red")), ("update", "thing/a")
    )
    assert [wait.wait for wait in waits] == [Wait(UP, "t-1")]
    assert account.said == ["paint"]


def test_tags_that_aws_did_not_show_are_read_before_an_update() -> None:
    """What only tags show is compared in the run that waits, and not only in the next one."""
    account = Account()

    def read(client: Account, items: list[Raw]) -> list[Raw]:
        client.said.append("read tags")
        return [{"Tags": {"colour": "red"}}]

    tagged = kind(
        ready=UP,
        details=(Detail(read),),
        normalize=lambda item: {} if item.get(TAGS_UNKNOWN) else {"colour": item["Tags"]["colour"]},
    )
    busy = tagged.to_actual({"Id": "t-1", "State": "new", TAGS_UNKNOWN: True}, "a")
    work = worker(account, tagged, change("update", busy, colour="blue"))
    finish(work, ("update", "thing/a"))
    assert account.said == ["read tags", "paint"]
    assert work.made["thing/a"].properties == {"colour": "red"}


def test_a_type_reads_with_the_clients_of_the_run_what_no_property_may_hold() -> None:
    account = Account()
    found: list[Any] = []
    curious = kind(
        create=lambda client, resource: found.append(resource.clients("things")) or client.make(""),
        updates={"colour": lambda client, update: found.append(update.desired.clients("things"))},
    )
    finish(worker(account, curious, change("create", colour="red")), CREATE)
    assert found == [account, account]
    assert "clients" not in repr(ResolvedResource("thing/a", "a", {}, {}, Scope("shop", "us-east-1"), clients=account))


def test_an_update_with_a_lost_answer_is_repeated() -> None:
    account = Account(None, LostResponseError("Start", ValueError()))
    finish(worker(account, kind(), change("update", thing(), size=2)), ("update", "thing/a"))
    assert account.said == ["stop", "start", "stop", "start"]


USABLE = Waiter(Condition("usable", "Mode", ("on",), ("dead",)))


def user(account: Account, action: str, attribute: str, mode: str, **more: Any) -> tuple[Worker, list[Any]]:
    """A thing that refers to an attribute of a part, and the waits while it is created or changed."""
    part = kind(usable_waiter=lambda _kind, attribute: USABLE if attribute == "id" else None, **more)
    made = ActualResource("part", "p", "p-1", {}, {"id": "p-1", "colour": "red"}, {}, {"Id": "p-1", "Mode": mode})
    actual = thing() if action == "update" else None
    desired = Change(
        "thing/a",
        action,
        "why",
        actual=actual,
        desired=DesiredResource("thing", "a", {"colour": Ref("part/p", attribute)}),
    )
    kept = {"part/p": made, **({"thing/a": actual} if actual else {})}
    stack = DesiredStack("shop", "us-east-1", ())
    registry = {"thing": kind(), "part": part}
    one = Worker(account, stack, Plan((desired,), kept), DiscoveredResources(tuple(kept.values())), registry)  # type: ignore[arg-type]
    return one, finish(one, (action, "thing/a"))


@pytest.mark.parametrize(("action", "done"), [("create", ["make", "paint"]), ("update", ["paint"])])
def test_a_referenced_attribute_is_waited_for_until_it_is_usable(action: str, done: list[str]) -> None:
    account = Account()
    one, waits = user(account, action, "id", "off")
    assert [wait.wait for wait in waits] == [Wait(USABLE, "p-1")]
    assert account.said == done
    assert one.made["part/p"].raw["State"] == "up"
    account = Account()
    assert user(account, action, "id", "on")[1] == []
    assert account.said == done


def test_an_attribute_without_a_waiter_is_used_at_once() -> None:
    assert user(Account(), "create", "colour", "off")[1] == []


def test_an_attribute_that_failed_ends_the_step() -> None:
    account = Account()
    with pytest.raises(StackError, match="waiting for usable: it is dead"):
        user(account, "create", "id", "dead")
    assert account.said == []


DELETE = ("delete", "thing/a")


def test_a_deletion_of_a_missing_object_is_done() -> None:
    finish(worker(Account(refusal("InvalidThing.NotFound")), kind(), change("delete", thing())), DELETE)


@pytest.mark.parametrize(("gone", "is_done"), [("t-1", True), ("snapshot-1", False)])
def test_an_object_that_another_process_deletes_is_deleted(gone: str, is_done: bool) -> None:
    """Its snapshot, which another process deletes in between, is not: the data would be lost."""
    slow = kind(delete=lambda _client, actual: iter([Wait(UP, actual.id)]))
    work = worker(Account(), slow, change("delete", thing())).work(DELETE)
    assert isinstance(next(work), Await)
    with pytest.raises(StopIteration if is_done else ResourceGoneError):
        work.throw(ResourceGoneError(gone, "up"))


def test_an_object_in_use_is_retried() -> None:
    account = Account(*[refusal("DependencyViolation")] * 3)
    waits = finish(worker(account, kind(), change("delete", thing())), DELETE)
    assert account.said == ["delete"] * 4
    assert [type(wait) for wait in waits] == [Pause] * 3
    with pytest.raises(ClientError):
        finish(worker(Account(*[refusal("DependencyViolation")] * 999), kind(), change("delete", thing())), DELETE)


def test_any_other_error_ends_the_step() -> None:
    with pytest.raises(ClientError):
        finish(worker(Account(refusal("UnauthorizedOperation")), kind(), change("delete", thing())), DELETE)


def test_a_condition_compares_states() -> None:
    assert UP.condition.is_met({"State": "up"})
    assert not UP.condition.is_met({"State": "new"})
    assert not UP.condition.is_met(None)
    assert Condition("gone", "State", (), absent_is_ready=True).is_met(None)
    with pytest.raises(StackError, match=r"waiting for up: it is broken \(no disk\)"):
        UP.condition.is_met({"State": "broken", "StateReason": {"Message": "no disk"}})
