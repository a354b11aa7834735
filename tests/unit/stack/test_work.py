# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a change, one at a time, with AWS in its worse moods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import LostResponseError, StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.retries import RecentResources
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import RESOURCE, STACK
from ansible_collections.groundwork.aws.plugins.module_utils._stack.graph import Step
from ansible_collections.groundwork.aws.plugins.module_utils._stack.live import Inventory
from ansible_collections.groundwork.aws.plugins.module_utils._stack.plan import Change, Plan
from ansible_collections.groundwork.aws.plugins.module_utils._stack.poll import GoneError, verdict
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import (
    Edit,
    Listing,
    Live,
    Order,
    Raw,
    ResourceType,
    Tagging,
    Wait,
    Waiter,
)
from ansible_collections.groundwork.aws.plugins.module_utils._stack.schedule import Await, Pause
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref, Wanted, WantedStack
from ansible_collections.groundwork.aws.plugins.module_utils._stack.work import Worker

TAGS = {STACK: "shop", RESOURCE: "thing/a"}
UP = Waiter("up", "State", ("up",), ("broken",), coming=("new",))


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "MakeThing")


class Account:
    """A client of one service with things in it; ``moods`` are raised, or answered, one for each call."""

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


def steps(client: Account, edit: Edit) -> Iterator[Wait]:
    client.say("stop")
    yield Wait(UP, edit.live.id)
    client.say("start")


def kind(**more: Any) -> ResourceType:
    def create(client: Account, order: Order) -> Raw:
        return client.make(order.token)

    tagging = Tagging(
        lambda item: dict(item.get("Tags", {})),
        lambda client, live, tags: client.say(f"tag {sorted(tags)}"),
        lambda client, live, keys: client.say(f"untag {sorted(keys)}"),
    )
    given: dict[str, Any] = {
        "attributes": {"id": "Id"},
        "updates": {"colour": lambda client, edit: client.say("paint"), "size": steps},
        "is_dead": lambda item: item["State"] == "dead",
        **more,
    }
    return ResourceType(
        name="thing",
        service="things",
        listing=Listing("list_things", "Things", lambda scope: {}),
        id="Id",
        tagging=tagging,
        normalize=lambda item: {"colour": item.get("Colour"), "size": item.get("Size")},
        create=create,
        delete=lambda client, live: client.say("delete"),
        **given,
    )


def worker(account: Account, thing: ResourceType, change: Change, dead: tuple[Live, ...] = ()) -> Worker:
    stack = WantedStack("shop", "us-east-1", ())
    kept = {change.key: change.live} if change.live else {}
    alive = (change.live,) if change.live else ()
    return Worker(account, stack, Plan((change,), kept), Inventory(alive, dead), {"thing": thing})  # type: ignore[arg-type]


def change(action: str, live: Live | None = None, **properties: Any) -> Change:
    return Change("thing/a", action, "why", live=live, wanted=Wanted("thing", "a", properties))


def thing(identifier: str = "t-1", **item: Any) -> Live:
    return Live(
        "thing", "a", identifier, {"colour": None, "size": None}, {"id": identifier}, {}, {"Id": identifier, **item}
    )


def finish(work: Worker, step: Step) -> list[Any]:
    """Go through a step, every wait answered at once."""
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


def test_a_new_thing_is_brought_from_its_defaults_to_what_is_wanted() -> None:
    account = Account()
    work = worker(account, kind(), change("create", colour="red", size=None))
    finish(work, CREATE)
    assert account.said == ["make", "paint"]
    assert work.made["thing/a"].id == "t-1"


def test_it_is_waited_for_before_it_is_worked_on() -> None:
    account = Account()
    waits = finish(worker(account, kind(ready=UP), change("create", colour="red")), CREATE)
    assert [wait.wait for wait in waits] == [Wait(UP, "t-1")]


@pytest.mark.parametrize(("named", "awaited"), [({"id"}, ["t-0"]), ((), [])])
def test_a_predecessor_that_is_going_has_its_name_until_it_is_gone(named: Any, awaited: list[str]) -> None:
    dead = (thing("t-0"), Live("thing", "b", "t-b", {}, {}, {}))
    waits = finish(worker(Account(), kind(named=frozenset(named)), change("create"), dead), CREATE)
    assert [wait.wait.id for wait in waits] == awaited
    assert all(verdict(wait.wait.waiter, None) and not verdict(wait.wait.waiter, {"Id": "t-0"}) for wait in waits)


def test_what_bears_another_name_is_called_so() -> None:
    account = Account(*[refusal("Taken")] * 2)
    titled = kind(title="colour", exists=frozenset({"Taken"}))
    with pytest.raises(StackError, match=r"rename or remove red$"):
        finish(worker(account, titled, change("create", colour="red")), CREATE)
    with pytest.raises(StackError, match=r"rename or remove shop-a$"):
        finish(worker(account, titled, change("create")), CREATE)


def test_a_lost_answer_is_followed_by_looks_and_what_is_found_is_taken() -> None:
    account = Account(LostResponseError("MakeThing", ValueError()))
    generator = worker(account, kind(), change("create", colour="red")).work(CREATE)
    assert isinstance(next(generator), Pause)
    account.things = [{"Id": "t-9", "State": "up", "Tags": TAGS}]
    list(generator)
    assert account.said == ["make", "list", "list", "paint"]


def test_a_lost_answer_that_made_nothing_is_followed_by_another_try() -> None:
    account = Account(LostResponseError("MakeThing", ValueError()))
    finish(worker(account, kind(), change("create")), CREATE)
    assert account.said == ["make", *["list"] * 6, "make"]


def test_answers_that_are_always_lost_end_the_step() -> None:
    account = Account(*[LostResponseError("MakeThing", ValueError())] * 9)
    with pytest.raises(LostResponseError):
        finish(worker(account, kind(), change("create")), CREATE)
    assert account.said.count("make") == 4


def test_the_predecessor_is_not_mistaken_for_what_was_made() -> None:
    old = thing("t-0")
    account = Account(LostResponseError("MakeThing", ValueError()))
    account.things = [{"Id": "t-0", "State": "up", "Tags": TAGS}]
    work = worker(account, kind(create_first="colour"), change("replace", old))
    finish(work, CREATE)
    assert work.made["thing/a"].id == "t-1"


def test_a_name_that_is_taken_by_what_a_dead_run_made_is_taken_over() -> None:
    account = Account(refusal("Exists"))
    account.things = [{"Id": "t-9", "State": "up", "Tags": TAGS}]
    work = worker(account, kind(exists=frozenset({"Exists"})), change("create"))
    finish(work, CREATE)
    assert work.made["thing/a"].id == "t-9"


def test_a_name_that_a_stranger_has_ends_the_step() -> None:
    with pytest.raises(StackError, match="not tagged as this stack's"):
        finish(worker(Account(refusal("Exists")), kind(exists=frozenset({"Exists"})), change("create")), CREATE)


@pytest.mark.parametrize(
    "mood",
    [
        {"Id": "t-1", "State": "dead"},
        refusal("IdempotentInstanceTerminated"),
        refusal("IdempotentParameterMismatch"),
    ],
)
def test_a_token_that_belongs_to_something_gone_is_followed_by_another(mood: Any) -> None:
    account = Account(mood)
    finish(worker(account, kind(), change("create")), CREATE)
    assert len(set(account.tokens)) == 2


def test_tokens_that_all_belong_to_something_gone_end_the_step() -> None:
    with pytest.raises(StackError, match="objects that are gone"):
        finish(worker(Account(*[{"Id": "t-1", "State": "dead"}] * 99), kind(), change("create")), CREATE)


def test_a_token_is_the_same_for_every_try_and_another_after_each_death() -> None:
    def token(*dead: str, replaced: Live | None = None) -> str:
        account = Account()
        action = "replace" if replaced else "create"
        finish(worker(account, kind(), change(action, replaced), tuple(map(thing, dead))), CREATE)
        return account.tokens[0]

    assert token() == token()
    assert len({token(), token("t-0"), token("t-0", "t-2")}) == 3
    assert token("t-0") == token(replaced=thing("t-0")), "a replacement that died between its halves goes on"
    assert len(token()) <= 64


def test_later_calls_may_refer_to_a_new_thing_by_its_id_its_name_and_its_arn() -> None:
    account = Account({"Id": "t-1", "State": "up", "Name": "shop-a", "Arn": "arn:t-1"})
    named = kind(attributes={"id": "Id", "name": "Name", "arn": "Arn", "colour": "Colour"})
    finish(worker(account, named, change("create")), CREATE)
    missing = refusal("InvalidThing.NotFound")
    for reference in ("t-1", "shop-a", "arn:t-1"):
        assert account.recent.explain(missing, {"Things": [{"Ref": reference}]})
    assert not account.recent.explain(missing, {"Ref": "t-2"})


def test_an_update_adds_tags_first_and_removes_tags_last() -> None:
    account = Account()
    wanted = Change(
        "thing/a",
        "update",
        "why",
        live=thing(),
        wanted=Wanted("thing", "a", {"size": 2}),
        tags={"x": "1"},
        untag=("y",),
    )
    waits = finish(worker(account, kind(), wanted), ("update", "thing/a"))
    assert account.said == ["tag ['x']", "stop", "start", "untag ['y']"]
    assert [wait.wait for wait in waits] == [Wait(UP, "t-1")]


def test_what_is_on_its_way_is_waited_for_before_it_is_changed() -> None:
    account = Account()
    waits = finish(
        worker(account, kind(ready=UP), change("update", thing(State="new"), colour="red")), ("update", "thing/a")
    )
    assert [wait.wait for wait in waits] == [Wait(UP, "t-1")]
    assert account.said == ["paint"]


def test_an_update_whose_answer_is_lost_begins_again() -> None:
    account = Account(None, LostResponseError("Start", ValueError()))
    finish(worker(account, kind(), change("update", thing(), size=2)), ("update", "thing/a"))
    assert account.said == ["stop", "start", "stop", "start"]


USABLE = Waiter("usable", "Mode", ("on",), ("dead",))


def user(account: Account, action: str, attribute: str, mode: str, **more: Any) -> tuple[Worker, list[Any]]:
    """A thing that refers to an attribute of a part, and what is waited for while it is made or changed."""
    part = kind(awaited={"id": USABLE}, **more)
    made = Live("part", "p", "p-1", {}, {"id": "p-1", "colour": "red"}, {}, {"Id": "p-1", "Mode": mode})
    live = thing() if action == "update" else None
    wanted = Change(
        "thing/a", action, "why", live=live, wanted=Wanted("thing", "a", {"colour": Ref("part/p", attribute)})
    )
    kept = {"part/p": made, **({"thing/a": live} if live else {})}
    stack = WantedStack("shop", "us-east-1", ())
    registry = {"thing": kind(), "part": part}
    one = Worker(account, stack, Plan((wanted,), kept), Inventory(tuple(kept.values())), registry)  # type: ignore[arg-type]
    return one, finish(one, (action, "thing/a"))


@pytest.mark.parametrize(("action", "done"), [("create", ["make", "paint"]), ("update", ["paint"])])
def test_what_is_referred_to_is_waited_for_until_it_can_be_used(action: str, done: list[str]) -> None:
    account = Account()
    one, waits = user(account, action, "id", "off")
    assert [wait.wait for wait in waits] == [Wait(USABLE, "p-1")]
    assert account.said == done
    assert one.made["part/p"].raw["State"] == "up"
    account = Account()
    assert user(account, action, "id", "on")[1] == []
    assert account.said == done


def test_an_attribute_that_is_good_by_itself_is_not_waited_for() -> None:
    assert user(Account(), "create", "colour", "off")[1] == []


def test_what_will_never_be_usable_is_a_failure_at_once() -> None:
    account = Account()
    with pytest.raises(StackError, match="waiting for usable: it is dead"):
        user(account, "create", "id", "dead")
    assert account.said == []


DELETE = ("delete", "thing/a")


def test_what_is_gone_is_deleted() -> None:
    finish(worker(Account(refusal("InvalidThing.NotFound")), kind(), change("delete", thing())), DELETE)


@pytest.mark.parametrize(("gone", "is_done"), [("t-1", True), ("snapshot-1", False)])
def test_what_somebody_else_deletes_while_it_is_waited_for_is_deleted(gone: str, is_done: bool) -> None:
    """Its snapshot, which somebody else deletes in between, is not: the data would be lost."""
    slow = replace(kind(), delete=lambda _client, live: iter([Wait(UP, live.id)]))
    work = worker(Account(), slow, change("delete", thing())).work(DELETE)
    assert isinstance(next(work), Await)
    with pytest.raises(StopIteration if is_done else GoneError):
        work.throw(GoneError(gone, "up"))


def test_what_is_in_use_is_tried_again_for_a_while() -> None:
    account = Account(*[refusal("DependencyViolation")] * 3)
    waits = finish(worker(account, kind(), change("delete", thing())), DELETE)
    assert account.said == ["delete"] * 4
    assert [type(wait) for wait in waits] == [Pause] * 3
    with pytest.raises(ClientError):
        finish(worker(Account(*[refusal("DependencyViolation")] * 999), kind(), change("delete", thing())), DELETE)


def test_any_other_refusal_ends_the_step() -> None:
    with pytest.raises(ClientError):
        finish(worker(Account(refusal("UnauthorizedOperation")), kind(), change("delete", thing())), DELETE)


def test_readiness_is_a_table() -> None:
    assert verdict(UP, {"State": "up"})
    assert not verdict(UP, {"State": "new"})
    assert not verdict(UP, None)
    assert verdict(Waiter("gone", "State", (), absent_is_ready=True), None)
    with pytest.raises(StackError, match=r"waiting for up: it is broken \(no disk\)"):
        verdict(UP, {"State": "broken", "StateReason": {"Message": "no disk"}})
