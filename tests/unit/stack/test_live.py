# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading: what is asked of AWS for what a stack owns, and what is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack import live, named, reach
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import (
    Detail,
    Listing,
    ResourceType,
    Scope,
    Tagging,
    shortened,
)
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY as TYPES
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Wanted, WantedStack

SCOPE = Scope("shop", "us-east-1")
Answer = Callable[[Mapping[str, Any]], Any]


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")


def tagged(address: str, stack: str = "shop") -> dict[str, str]:
    return {"groundwork:stack": stack, "groundwork:resource": address}


@dataclass
class Account:
    """Answers list calls from a table, and keeps what it was asked."""

    answers: dict[str, Answer]
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, _service: str) -> Account:
        return self

    def pages(self, operation: str, request: Mapping[str, Any]) -> list[Any]:
        self.asked.append((operation, dict(request)))
        return [self.answers[operation](request)]

    def operations(self) -> set[str]:
        return {operation for operation, _request in self.asked}


def kind(name: str, **more: Any) -> ResourceType:
    return ResourceType(
        **{
            "name": name,
            "service": "elbv2",
            "listing": Listing(f"list_{name}", "Items"),
            "id": "Id",
            "tagging": Tagging(lambda item: item.get("Tags", {}), lambda *_: None, lambda *_: None),
            "normalize": lambda item: {"size": item.get("Size")},
            "create": lambda *_: {},
            "delete": lambda *_: None,
            **more,
        }
    )


def tags_of(table: Mapping[str, Any], asked: list[list[str]], size: int = 20) -> Detail:
    """Tags by id; the call fails whole when one of the ids is gone."""

    def read(_client: Any, items: list[Any]) -> list[Any]:
        ids = [item["Id"] for item in items]
        asked.append(ids)
        if any(one not in table for one in ids):
            raise failure("BalancerNotFound")
        return [{"Tags": table[one]} for one in ids]

    return Detail(read, size=size)


def test_details_are_read_only_of_what_the_stack_owns() -> None:
    table = {"a": tagged("balancer/a"), "b": tagged("balancer/b", "other"), "c": {}}
    sizes: list[str] = []

    def size(_client: Any, items: list[Any]) -> list[Any]:
        sizes.append(items[0]["Id"])
        return [{"Size": 3}]

    balancer = kind("balancer", tags=tags_of(table, []), details=(Detail(size),))
    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in table]}})
    found = live.read_all(account, [balancer], SCOPE).alive
    assert [(item.address, item.properties) for item in found] == [("balancer/a", {"size": 3})]
    assert sizes == ["a"]


def test_one_that_goes_while_tags_are_read_does_not_take_the_others_along() -> None:
    asked: list[list[str]] = []
    table = {"a": tagged("balancer/a"), "c": tagged("balancer/c")}
    balancer = kind("balancer", tags=tags_of(table, asked))
    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in "abc"]}})
    found = live.read_all(account, [balancer], SCOPE).alive
    assert [item.address for item in found] == ["balancer/a", "balancer/c"]
    assert asked == [["a", "b", "c"], ["a"], ["b"], ["c"]]


def known_tags(table: Mapping[str, Any], asked: list[list[str]]) -> Detail:
    return replace(tags_of(table, asked), known=lambda item, told: known_as(told.get(item["Id"])))


def known_as(tags: Any) -> dict[str, Any] | None:
    return None if tags is None else {"Tags": tags}


def test_tags_that_are_told_are_not_asked_for() -> None:
    asked: list[list[str]] = []
    table = {"a": {}, "b": tagged("balancer/b"), "c": {}}
    balancer = kind("balancer", tags=known_tags(table, asked))
    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in table]}})
    told = {"a": tagged("balancer/a"), "gone": tagged("balancer/x")}
    found = live.read_all(account, [balancer], SCOPE, told=lambda: told).alive
    assert sorted(item.address for item in found) == ["balancer/a", "balancer/b"]
    assert asked == [["b", "c"]]


@pytest.mark.parametrize(
    ("items", "together", "alone"),
    [("a", [], ["a"]), ("ab", [["a", "b"]], []), ("abc", [["a", "b", "c"]], ["c"])],
)
def test_several_are_completed_together(items: str, together: list[Any], alone: list[str]) -> None:
    """One is not worth the larger call; what that does not tell is asked for alone."""
    at_once: list[list[str]] = []
    by_itself: list[str] = []

    def all_of(_client: Any, chunk: list[Any]) -> Mapping[str, Any]:
        at_once.append([item["Id"] for item in chunk])
        return {"a": {"Size": 1}, "b": {"Size": 2}}

    def one(_client: Any, chunk: list[Any]) -> list[Any]:
        by_itself.append(chunk[0]["Id"])
        return [{"Size": 3}]

    role = kind("role", details=(Detail(one),), together=all_of)
    listed = [{"Id": name, "Tags": tagged(f"role/{name}")} for name in items]
    account = Account({"list_role": lambda _request: {"Items": listed}})
    found = {item.id: item.properties["size"] for item in live.read_all(account, [role], SCOPE).alive}
    assert (at_once, by_itself) == (together, alone)
    assert found == {name: 3 if name in alone else {"a": 1, "b": 2}[name] for name in items}


def test_the_details_of_one_type_tell_the_tags_of_another() -> None:
    asked: list[list[str]] = []
    shown = {"Shown": {"p": tagged("profile/p")}}
    role = kind("role", details=(Detail(lambda _client, _items: [shown]),))
    table = {"p": {}, "q": tagged("profile/q")}
    profile = kind("profile", tags=known_tags(table, asked), told_by="role")
    account = Account(
        {
            "list_role": lambda _request: {"Items": [{"Id": "r", "Tags": tagged("role/r")}]},
            "list_profile": lambda _request: {"Items": [{"Id": one} for one in table]},
        }
    )
    found = live.read_all(account, [profile, role], SCOPE).alive
    assert [item.address for item in found] == ["profile/p", "profile/q", "role/r"]
    assert asked == [["q"]]


def test_what_is_listed_inside_another_is_asked_of_each_that_the_stack_owns() -> None:
    owned = {"a": tagged("balancer/a"), "b": tagged("balancer/b"), "x": {}}
    balancer = kind("balancer", tags=tags_of(owned, []))
    listing = Listing("list_port", "Items", of_parent=lambda parent: {"Balancer": parent})
    port = kind("port", listing=listing, under="balancer")

    def ports(request: Mapping[str, Any]) -> Any:
        if request["Balancer"] == "b":
            raise failure("BalancerNotFound")
        return {"Items": [{"Id": "p", "Tags": tagged("port/http")}]}

    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in owned]}, "list_port": ports})
    found = live.read_all(account, [port, balancer], SCOPE).alive
    assert sorted(item.address for item in found) == ["balancer/a", "balancer/b", "port/http"]
    assert [request for operation, request in account.asked if operation == "list_port"] == [
        {"Balancer": "a"},
        {"Balancer": "b"},
    ]
    others = [item for item in found if item.id == "a"]
    assert live.find(account, port, SCOPE, "port/http", others=others) == {"Id": "p", "Tags": tagged("port/http")}
    assert live.find(account, port, SCOPE, "port/http") is None


GROUP = kind("group")
MACHINE = kind("machine", is_dead=lambda item: item.get("State") == "gone")
MEMBER = kind(
    "member",
    under="group",
    joins={"group": "Group", "machine": "Machine"},
    id="Key",
    tagging=Tagging(lambda _item: {}, lambda *_: None, lambda *_: None),
    listing=Listing(
        "list_member",
        "Items",
        of_parent=lambda parent: {"Group": parent},
        shape=lambda request, item: {**item, **request, "Key": f"{request['Group']}@{item['Machine']}"},
    ),
)


def members() -> Account:
    """A group with two machines of the stack, one of which is gone, and one of somebody else."""
    machines = [
        {"Id": "i-1", "Tags": tagged("machine/one")},
        {"Id": "i-2", "Tags": tagged("machine/two"), "State": "gone"},
        {"Id": "i-3"},
    ]
    groups = [{"Id": "g-1", "Tags": tagged("group/web")}]
    return Account(
        {
            "list_machine": lambda _request: {"Items": machines},
            "list_group": lambda _request: {"Items": groups},
            "list_member": lambda _request: {"Items": [{"Machine": item["Id"]} for item in machines]},
        }
    )


def test_what_joins_two_objects_is_the_stacks_when_both_are() -> None:
    found = live.read_all(members(), [MEMBER, GROUP, MACHINE], SCOPE).alive
    assert [(item.address, item.id) for item in found if item.type == "member"] == [
        ("member/web--one", "g-1@i-1"),
        ("member/web--two", "g-1@i-2"),
    ]


def test_what_joins_two_objects_is_found_where_one_was_read_before() -> None:
    before = live.read_all(members(), [MACHINE], SCOPE).alive
    later = live.read_all(members(), [MEMBER, GROUP], SCOPE, before).alive
    assert [item.address for item in later if item.type == "member"] == ["member/web--one"]
    lives = [*before, *later]
    assert (live.find(members(), MEMBER, SCOPE, "member/web--one", others=lives) or {})["Key"] == "g-1@i-1"
    known = frozenset({"g-1@i-1"})
    assert live.find(members(), MEMBER, SCOPE, "member/web--one", known, lives) is None


def test_one_that_waits_for_others_holds_none_of_them_up() -> None:
    account, listed = members(), threading.Event()

    def member(request: Mapping[str, Any]) -> Any:
        listed.set()
        return table["list_member"](request)

    def machine(request: Mapping[str, Any]) -> Any:
        listed.wait(10)
        time.sleep(0.2)
        return table["list_machine"](request)

    table = account.answers
    account.answers = {**table, "list_member": member, "list_machine": machine}
    found: list[str] = []
    reading = threading.Thread(
        target=lambda: found.extend(
            one.address for one in live.read_all(account, [MEMBER, GROUP, MACHINE], SCOPE).alive
        ),
        daemon=True,
    )
    reading.start()
    reading.join(10)
    assert found == ["group/web", "machine/one", "member/web--one", "member/web--two"]


DOOR = kind("door", under="house", listing=Listing("list_door", "Items", of_parent=lambda house: {"House": house}))


def test_what_is_listed_inside_another_does_not_wait_for_its_details() -> None:
    inside = threading.Event()

    def doors(request: Mapping[str, Any]) -> Any:
        inside.set()
        return {"Items": [{"Id": f"d-{request['House']}", "Tags": tagged("door/x")}]}

    def details(_client: Any, items: list[Any]) -> list[Any]:
        assert inside.wait(10)
        return [{"Colour": "red"} for _item in items]

    houses = {"Items": [{"Id": "h-1", "Tags": tagged("house/x")}]}
    account = Account({"list_house": lambda _request: houses, "list_door": doors})
    house = kind("house", details=(Detail(details),))
    found = live.read_all(account, [DOOR, house], SCOPE).alive
    assert [(item.address, item.id) for item in found] == [("door/x", "d-h-1"), ("house/x", "h-1")]
    assert found[1].raw["Colour"] == "red"


@pytest.mark.parametrize("error", [failure("InternalServiceException"), ZeroDivisionError("a defect")])
def test_nobody_waits_for_what_cannot_be_read(error: Exception) -> None:
    def houses(_request: Mapping[str, Any]) -> Any:
        raise error

    with pytest.raises((StackError, ZeroDivisionError), match=r"reading house: Call: Internal|a defect"):
        live.read_all(Account({"list_house": houses}), [DOOR, kind("house")], SCOPE)


REGISTRY = {
    "subnet": kind("subnet", service="ec2", told_as="ec2:subnet"),
    "balancer": kind("balancer"),
    "database": kind("database", service="rds"),
}


def account_of(owned: list[str], refusal: str = "") -> Account:
    def resources(_request: Mapping[str, Any]) -> Any:
        if refusal:
            raise failure(refusal)
        told = {name: [{"Key": "groundwork:resource", "Value": f"{name}/x"}] for name in owned}
        arns = ({"ResourceARN": f"arn:aws:x:us-east-1:1:{name}", "Tags": tags} for name, tags in told.items())
        return {"ResourceTagMappingList": list(arns)}

    empty = dict.fromkeys((f"list_{name}" for name in REGISTRY), lambda _request: {"Items": []})
    return Account({**empty, "get_resources": resources})


def read(account: Account, *wanted: str) -> set[str]:
    resources = tuple(Wanted(name, "x", {}) for name in wanted)
    reach.read_stack(account, WantedStack("shop", "us-east-1", resources), REGISTRY)
    return account.operations() - {"get_resources"}


def test_types_that_a_document_does_not_have_are_not_listed() -> None:
    account = account_of([])
    assert read(account, "database") == {"list_database"}
    request = dict(account.asked)["get_resources"]
    assert request["ResourceTypeFilters"] == ["ec2:subnet", "elasticloadbalancing"]
    assert request["TagFilters"] == [{"Key": "groundwork:stack", "Values": ["shop"]}]


def test_types_of_which_the_stack_still_owns_something_are_listed() -> None:
    assert read(account_of(["balancer", "of_a_later_version"]), "subnet") == {"list_subnet", "list_balancer"}


@pytest.mark.parametrize("wanted", ["balancer", "database"])
def test_what_is_listed_inside_another_is_found_there_when_the_document_has_neither_or_one(wanted: str) -> None:
    inside = Listing("list_door", "Items", of_parent=lambda identifier: {"Of": identifier})
    registry = {**REGISTRY, "door": kind("door", under="balancer", listing=inside)}
    account = account_of(["balancer", "door"])
    balancer = {"Id": "b-1", "Tags": tagged("balancer/x")}
    account.answers["list_balancer"] = lambda _request: {"Items": [balancer]}
    account.answers["list_door"] = lambda request: {"Items": [{"Id": request["Of"], "Tags": tagged("door/x")}]}
    stack = WantedStack("shop", "us-east-1", (Wanted(wanted, "x", {}),))
    found = reach.read_stack(account, stack, registry).alive
    assert sorted(live.address for live in found) == ["balancer/x", "door/x"]
    assert [operation for operation, _request in account.asked].count("list_balancer") == 1


def test_all_are_listed_where_nobody_tells() -> None:
    assert read(account_of([], "AccessDeniedException"), "subnet") == {"list_subnet", "list_balancer", "list_database"}
    with pytest.raises(StackError, match="reading tags: Call: InternalServiceException"):
        read(account_of([], "InternalServiceException"), "subnet")


def test_hearsay_is_asked_for_where_it_saves_calls() -> None:
    """Nobody asks for it where no type has such tags, nor where all is read from where it is."""
    plain = account_of([])
    stack = WantedStack("shop", "us-east-1", (Wanted("balancer", "x", {}), Wanted("database", "x", {})))
    registry = {name: one for name, one in REGISTRY.items() if name != "subnet"}
    assert not reach.read_stack(plain, stack, registry, hearsay=True).hearsay
    assert "get_resources" not in plain.operations()
    registry = {**registry, "balancer": kind("balancer", tags=known_tags({}, []))}
    account = account_of(["balancer"])
    assert reach.read_stack(account, stack, registry, hearsay=True).hearsay
    assert dict(account.asked)["get_resources"]["ResourceTypeFilters"] == ["elasticloadbalancing"]
    assert not reach.read_stack(account_of([]), stack, registry, hearsay=True).hearsay
    assert not reach.read_stack(account_of([], "AccessDeniedException"), stack, registry, hearsay=True).hearsay
    gone = account_of(["balancer"])
    assert not reach.read_stack(gone, WantedStack("shop", "us-east-1", ()), registry, hearsay=True).hearsay
    assert "get_resources" not in gone.operations()


def test_a_stack_that_is_to_go_is_looked_for_everywhere() -> None:
    account = account_of([])
    assert read(account) == {"list_subnet", "list_balancer", "list_database"}
    assert "get_resources" not in account.operations()


TITLED = kind(
    "log",
    service="logs",
    listing=Listing(
        "list_log",
        "Items",
        lambda scope: {"Prefix": f"/{scope.stack}/"},
        of_titles=lambda titles: [{"Prefix": title} for title in titles],
    ),
    title="name",
    of_arn=lambda arn: None if "/shop/" in arn else arn.rpartition(":")[2],
)


def titles_asked(stack: WantedStack, arns: list[str], refusal: str = "") -> list[str]:
    """What is asked of the list, where the tagging API tells these ARNs."""

    def resources(_request: Mapping[str, Any]) -> Any:
        if refusal:
            raise failure(refusal)
        return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}

    account = Account({"list_log": lambda _request: {"Items": []}, "get_resources": resources})
    reach.read_stack(account, stack, {"log": TITLED})
    return [request["Prefix"] for operation, request in account.asked if operation == "list_log"]


def test_objects_of_any_name_are_looked_for_by_those_that_are_known() -> None:
    wanted = (Wanted("log", "a", {"name": "/rds/a"}), Wanted("log", "b", {}))
    stack = WantedStack("shop", "us-east-1", wanted)
    assert titles_asked(stack, []) == ["/shop/", "/rds/a"]
    # One that the document has no more, one that is listed by its beginning, and something of another service.
    logs = [f"arn:aws:logs:us-east-1:1:log-group:{name}" for name in ("/rds/old", "/shop/b")]
    arns = [*logs, "arn:aws:sns:us-east-1:1:topic"]
    assert titles_asked(stack, arns) == ["/shop/", "/rds/a", "/rds/old"]
    assert titles_asked(stack, [], "AccessDeniedException") == ["/shop/", "/rds/a"]


def test_tags_that_are_told_with_the_names_are_not_read_again() -> None:
    """Those of others, and of what is so new that nobody has told of it, are."""
    names = {name: f"arn:aws:logs:us-east-1:1:log-group:/shop/{name}" for name in ("told", "new", "theirs")}
    table = {"new": tagged("log/new"), "theirs": {}}
    asked: list[list[str]] = []
    log = replace(
        TITLED,
        tags=replace(
            tags_of(table, asked, size=1),
            known=lambda item, told: {"Tags": told[item["Arn"]]} if item["Arn"] in told else None,
        ),
    )
    told = [{"Key": key, "Value": value} for key, value in tagged("log/told").items()]
    account = Account(
        {
            "list_log": lambda _request: {"Items": [{"Id": name, "Arn": arn} for name, arn in names.items()]},
            # Some answers of AWS have this at the end of what is the same ARN.
            "get_resources": lambda _request: {
                "ResourceTagMappingList": [{"ResourceARN": f"{names['told']}:*", "Tags": told}]
            },
        }
    )
    stack = WantedStack("shop", "us-east-1", (Wanted("log", "told", {}),))
    found = reach.read_stack(account, stack, {"log": log}, hearsay=True).alive
    assert sorted(item.address for item in found) == ["log/new", "log/told"]
    assert sorted(asked) == [["new"], ["theirs"]]


PLACED = kind(
    "record",
    service="dns",
    place="zone",
    listing=Listing(
        "list_record",
        "Items",
        requests=lambda _client, scope: [
            {"Zone": zone} for zone in sorted({*scope.titles.get("record", ()), *scope.places})
        ],
    ),
)


@pytest.mark.parametrize(
    ("wanted", "zones"),
    [
        ((Wanted("net", "a", {}), Wanted("record", "x", {"zone": "b.test"})), ["a.test", "b.test"]),
        ((Wanted("net", "a", {}),), ["a.test"]),
        # The stack is to go.
        ((), ["a.test"]),
    ],
)
def test_places_are_looked_into_that_the_document_or_a_tag_names(wanted: tuple[Wanted, ...], zones: list[str]) -> None:
    net = {"Id": "n-1", "Tags": {**tagged("net/a"), "groundwork:place:a.test": ""}}
    stranger = {"Id": "n-2", "Tags": {**tagged("net/a", "other"), "groundwork:place:c.test": ""}}
    answers: dict[str, Answer] = {
        "list_net": lambda _request: {"Items": [net, stranger]},
        "list_record": lambda _request: {"Items": []},
        "get_resources": lambda _request: {"ResourceTagMappingList": []},
    }
    account = Account(answers)
    registry = {"net": kind("net", service="ec2"), "record": PLACED}
    reach.read_stack(account, WantedStack("shop", "us-east-1", wanted), registry)
    assert [request["Zone"] for operation, request in account.asked if operation == "list_record"] == zones


def test_what_a_call_says_of_one_thing_is_an_item() -> None:
    account = Account({"describe": lambda request: {"Thing": {"Id": request["Id"]}}})
    listing = Listing("describe", "Thing", by_ids=lambda found: {"Id": found[0]})
    assert live.by_ids(account("x"), listing, ["a"], SCOPE) == [{"Id": "a"}]


def test_the_names_of_a_stack_that_is_to_go_are_still_known() -> None:
    stack = WantedStack("shop", "us-east-1", (), known=(Wanted("log", "a", {"name": "/rds/a"}),))
    assert titles_asked(stack, []) == ["/shop/", "/rds/a"]


def test_what_the_tagging_api_does_not_know_is_listed_in_every_run() -> None:
    account = account_of([])
    registry = {**REGISTRY, "balancer": kind("balancer", untold=True)}
    resources = (Wanted("subnet", "x", {}),)
    reach.read_stack(account, WantedStack("shop", "us-east-1", resources), registry)
    assert account.operations() == {"list_subnet", "list_balancer", "get_resources"}


BY_NAME = named.owner("topic", lambda scope: f"{scope.stack}_", lambda item: str(item["Id"]))


def test_a_name_tells_whose_it_is() -> None:
    names = ("shop_a", "shop-2_a", "shop", "a_shop_a")
    assert [BY_NAME({"Id": name}, SCOPE) for name in names] == ["topic/a", None, None, None]


def test_tags_contradict_a_name() -> None:
    """They are read only of what has a name of the stack; the others cost no call."""
    table = {"shop_a": tagged("topic/a"), "shop_b": {}, "shop_c": tagged("topic/c", "other"), "mine": {}}
    asked: list[list[str]] = []
    by_name = named.begins(lambda scope: f"{scope.stack}_", lambda item: str(item["Id"]))
    topic = kind("topic", maybe=by_name, tags=tags_of(table, asked, 1))
    account = Account({"list_topic": lambda _request: {"Items": [{"Id": one} for one in table]}})
    assert [item.id for item in live.read_all(account, [topic], SCOPE).alive] == ["shop_a"]
    assert sorted(asked) == [["shop_a"], ["shop_b"], ["shop_c"]]
    # Nor is one taken for what a call has made whose answer was lost.
    assert live.find(account, topic, SCOPE, "topic/b") is None
    found = live.find(account, topic, SCOPE, "topic/a")
    assert found
    assert found["Id"] == "shop_a"


def test_an_object_is_looked_up_by_the_whole_of_its_name() -> None:
    log = kind("log", listing=Listing("list_log", "Items", by_ids=lambda names: {"Prefix": names[0]}))
    account = Account({"list_log": lambda _request: {"Items": [{"Id": "/a/b"}, {"Id": "/a"}]}})
    assert live.find_by_id(account, log, "/a") == {"Id": "/a"}
    assert live.find_by_id(account, log, "/") is None


def test_names_that_are_too_long_stay_distinct() -> None:
    assert shortened("shop-main", 32) == "shop-main"
    long = [shortened(f"a-shop-with-quite-a-long-name-{end}", 32) for end in ("one", "two")]
    assert len(set(long)) == 2
    assert all(len(name) <= 32 and name.startswith("a-shop-with-quite") for name in long)


def test_what_takes_longest_is_asked_first_and_parents_before_children() -> None:
    order = [one.name for one in live._in_order(TYPES.values())]
    assert order[0] == "load_balancer"  # its listeners are asked for after it, and their rules after them
    assert all(order.index(parent) < order.index(name) for name in order for parent in TYPES[name].stands_on)
