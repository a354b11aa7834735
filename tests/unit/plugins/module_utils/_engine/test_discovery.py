# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Discovery: the calls that it makes, and what it finds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.resource_types import build_type

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine import discovery
from ansible_collections.groundwork.aws.plugins.module_utils._engine.list_call import Listing
from ansible_collections.groundwork.aws.plugins.module_utils._engine.listing import list_by_ids
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.object_lookup import find_by_id, find_resource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import Detail, ResourceType, Tagging
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope, shorten_name
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY as TYPES
from ansible_collections.groundwork.aws.plugins.module_utils._resources import named

SCOPE = Scope("shop", "us-east-1")
Answer = Callable[[Mapping[str, Any]], Any]


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")


def tagged(address: str, stack: str = "shop") -> dict[str, str]:
    return {"groundwork:stack": stack, "groundwork:resource": address}


@dataclass
class Account:
    """Answers list calls from a table, and records them."""

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
    return build_type(
        **{
            "name": name,
            "service": "elbv2",
            "listing": Listing(f"list_{name}", "Items"),
            "id_path": "Id",
            "attributes": {},
            "tagging": Tagging(lambda item: item.get("Tags", {}), lambda *_: None, lambda *_: None),
            "normalize": lambda item: {"size": item.get("Size")},
            "create": lambda *_: {},
            "delete": lambda *_: None,
            **more,
        }
    )


def tags_of(table: Mapping[str, Any], asked: list[list[str]], size: int = 20) -> Detail:
    """Tags by id; the call fails when one of the ids does not exist."""

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

    balancer = kind("balancer", tag_detail=tags_of(table, []), details=(Detail(size),))
    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in table]}})
    found = discovery.discover_types(account, [balancer], SCOPE).alive
    assert [(item.address, item.properties) for item in found] == [("balancer/a", {"size": 3})]
    assert sizes == ["a"]


class KeepingSpares(ResourceType):
    def find_origin(self, item: Any, _scope: Scope) -> str | None:
        origin: str | None = self.read_tags(item).get("spare-of")
        return origin


def test_objects_that_are_kept_for_a_resource_are_found_without_details() -> None:
    spare = {"spare-of": "balancer/a"}
    table = {"a": tagged("balancer/a"), "b": {**tagged("balancer/a"), **spare}, "c": spare, "d": {}}
    balancer = KeepingSpares(*(getattr(kind("balancer"), part) for part in ("schema", "discovery", "lifecycle")))
    items = [{"Id": name, "Tags": tags} for name, tags in table.items()]
    found = discovery.discover_types(Account({"list_balancer": lambda _request: {"Items": items}}), [balancer], SCOPE)
    assert [item.id for item in found.alive] == ["a", "b"]
    assert [(item.address, item.id) for item in found.spares] == [("balancer/a", "c")]


def test_an_object_deleted_while_tags_are_read_does_not_hide_the_others() -> None:
    asked: list[list[str]] = []
    table = {"a": tagged("balancer/a"), "c": tagged("balancer/c")}
    balancer = kind("balancer", tag_detail=tags_of(table, asked))
    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in "abc"]}})
    found = discovery.discover_types(account, [balancer], SCOPE).alive
    assert [item.address for item in found] == ["balancer/a", "balancer/c"]
    assert asked == [["a", "b", "c"], ["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    ("items", "together", "alone"),
    [("a", [], ["a"]), ("ab", [["a", "b"]], []), ("abc", [["a", "b", "c"]], ["c"])],
)
def test_the_details_of_several_items_are_read_by_one_call(items: str, together: list[Any], alone: list[str]) -> None:
    """A single item is read alone, and so are items that the call for all does not return."""
    at_once: list[list[str]] = []
    by_itself: list[str] = []

    def all_of(_kind: ResourceType, _client: Any, chunk: list[Any]) -> Mapping[str, Any]:
        at_once.append([item["Id"] for item in chunk])
        return {"a": {"Size": 1}, "b": {"Size": 2}}

    def one(_client: Any, chunk: list[Any]) -> list[Any]:
        by_itself.append(chunk[0]["Id"])
        return [{"Size": 3}]

    role = kind("role", details=(Detail(one),), read_details_of_all=all_of)
    listed = [{"Id": name, "Tags": tagged(f"role/{name}")} for name in items]
    account = Account({"list_role": lambda _request: {"Items": listed}})
    found = {item.id: item.properties["size"] for item in discovery.discover_types(account, [role], SCOPE).alive}
    assert (at_once, by_itself) == (together, alone)
    assert found == {name: 3 if name in alone else {"a": 1, "b": 2}[name] for name in items}


def test_objects_are_listed_inside_each_parent_that_the_stack_owns() -> None:
    owned = {"a": tagged("balancer/a"), "b": tagged("balancer/b"), "x": {}}
    balancer = kind("balancer", tag_detail=tags_of(owned, []))
    listing = Listing("list_port", "Items", by_parent=lambda parent: {"Balancer": parent})
    port = kind("port", listing=listing, parent_type="balancer")

    def ports(request: Mapping[str, Any]) -> Any:
        if request["Balancer"] == "b":
            raise failure("BalancerNotFound")
        return {"Items": [{"Id": "p", "Tags": tagged("port/http")}]}

    account = Account({"list_balancer": lambda _request: {"Items": [{"Id": one} for one in owned]}, "list_port": ports})
    found = discovery.discover_types(account, [port, balancer], SCOPE).alive
    assert sorted(item.address for item in found) == ["balancer/a", "balancer/b", "port/http"]
    assert [request for operation, request in account.asked if operation == "list_port"] == [
        {"Balancer": "a"},
        {"Balancer": "b"},
    ]
    others = [item for item in found if item.id == "a"]
    assert find_resource(account, port, SCOPE, "port/http", others=others) == {
        "Id": "p",
        "Tags": tagged("port/http"),
    }
    assert find_resource(account, port, SCOPE, "port/http") is None


GROUP = kind("group")
MACHINE = kind("machine", is_deleted=lambda _kind, item: item.get("State") == "gone")


class ListMembers(Listing):
    def complete_item(self, request: Mapping[str, Any], item: Any) -> Any:
        return {**item, **request, "Key": f"{request['Group']}@{item['Machine']}"}


MEMBER = kind(
    "member",
    parent_type="group",
    association_of={"group": "Group", "machine": "Machine"},
    id_path="Key",
    tagging=Tagging(lambda _item: {}, lambda *_: None, lambda *_: None),
    listing=ListMembers("list_member", "Items", by_parent=lambda parent: {"Group": parent}),
)


def members() -> Account:
    """A group with two machines of the stack, one of them deleted, and one of another owner."""
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


def test_an_association_is_owned_when_both_objects_are() -> None:
    found = discovery.discover_types(members(), [MEMBER, GROUP, MACHINE], SCOPE).alive
    assert [(item.address, item.id) for item in found if item.type == "member"] == [
        ("member/web--one", "g-1@i-1"),
        ("member/web--two", "g-1@i-2"),
    ]


def test_an_association_is_found_with_objects_that_were_discovered_before() -> None:
    before = discovery.discover_types(members(), [MACHINE], SCOPE).alive
    later = discovery.discover_types(members(), [MEMBER, GROUP], SCOPE, before).alive
    assert [item.address for item in later if item.type == "member"] == ["member/web--one"]
    existing = [*before, *later]
    assert (find_resource(members(), MEMBER, SCOPE, "member/web--one", others=existing) or {})["Key"] == "g-1@i-1"
    known = frozenset({"g-1@i-1"})
    assert find_resource(members(), MEMBER, SCOPE, "member/web--one", known, existing) is None


def test_a_type_that_waits_for_others_does_not_block_them() -> None:
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
            one.address for one in discovery.discover_types(account, [MEMBER, GROUP, MACHINE], SCOPE).alive
        ),
        daemon=True,
    )
    reading.start()
    reading.join(10)
    assert found == ["group/web", "machine/one", "member/web--one", "member/web--two"]


DOOR = kind(
    "door", parent_type="house", listing=Listing("list_door", "Items", by_parent=lambda house: {"House": house})
)


def test_children_are_listed_before_the_details_of_their_parents_are_read() -> None:
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
    found = discovery.discover_types(account, [DOOR, house], SCOPE).alive
    assert [(item.address, item.id) for item in found] == [("door/x", "d-h-1"), ("house/x", "h-1")]
    assert found[1].raw["Colour"] == "red"


@pytest.mark.parametrize("error", [failure("InternalServiceException"), ZeroDivisionError("a defect")])
def test_a_type_that_cannot_be_read_ends_the_discovery(error: Exception) -> None:
    def houses(_request: Mapping[str, Any]) -> Any:
        raise error

    with pytest.raises((StackError, ZeroDivisionError), match=r"reading house: Call: Internal|a defect"):
        discovery.discover_types(Account({"list_house": houses}), [DOOR, kind("house")], SCOPE)


@pytest.mark.parametrize("code", ["ExpiredToken", "UnrecognizedClientException"])
def test_an_error_of_every_call_does_not_name_the_first_type(code: str) -> None:
    def answer(_request: Mapping[str, Any]) -> Any:
        raise failure(code)

    with pytest.raises(StackError, match=f"^Call: {code}"):
        discovery.discover_types(Account({"list_house": answer}), [kind("house")], SCOPE)
    with pytest.raises(StackError, match=f"^Call: {code}"):
        read(account_of([], code), "subnet")


REGISTRY = {
    "subnet": kind("subnet", service="ec2", tag_index_type="ec2:subnet"),
    "balancer": kind("balancer"),
    "database": kind("database", service="rds"),
}


def account_of(owned: list[str], refusal: str = "") -> Account:
    def resources(_request: Mapping[str, Any]) -> Any:
        if refusal:
            raise failure(refusal)
        tags_by_name = {name: [{"Key": "groundwork:resource", "Value": f"{name}/x"}] for name in owned}
        arns = ({"ResourceARN": f"arn:aws:x:us-east-1:1:{name}", "Tags": tags} for name, tags in tags_by_name.items())
        return {"ResourceTagMappingList": list(arns)}

    empty = dict.fromkeys((f"list_{name}" for name in REGISTRY), lambda _request: {"Items": []})
    return Account({**empty, "get_resources": resources})


def read(account: Account, *desired: str) -> set[str]:
    resources = tuple(DesiredResource(name, "x", {}) for name in desired)
    discovery.discover(account, DesiredStack("shop", "us-east-1", resources), REGISTRY)
    return account.operations() - {"get_resources"}


def test_types_outside_the_document_are_not_listed() -> None:
    account = account_of([])
    assert read(account, "database") == {"list_database"}
    request = dict(account.asked)["get_resources"]
    assert request["ResourceTypeFilters"] == ["ec2:subnet", "elasticloadbalancing"]
    assert request["TagFilters"] == [{"Key": "groundwork:stack", "Values": ["shop"]}]


def test_types_that_the_tag_index_reports_are_listed() -> None:
    assert read(account_of(["balancer", "of_a_later_version"]), "subnet") == {"list_subnet", "list_balancer"}


@pytest.mark.parametrize("desired", ["balancer", "database"])
def test_children_are_found_when_the_document_has_neither_type_or_one(desired: str) -> None:
    inside = Listing("list_door", "Items", by_parent=lambda identifier: {"Of": identifier})
    registry = {**REGISTRY, "door": kind("door", parent_type="balancer", listing=inside)}
    account = account_of(["balancer", "door"])
    balancer = {"Id": "b-1", "Tags": tagged("balancer/x")}
    account.answers["list_balancer"] = lambda _request: {"Items": [balancer]}
    account.answers["list_door"] = lambda request: {"Items": [{"Id": request["Of"], "Tags": tagged("door/x")}]}
    stack = DesiredStack("shop", "us-east-1", (DesiredResource(desired, "x", {}),))
    found = discovery.discover(account, stack, registry).alive
    assert sorted(actual.address for actual in found) == ["balancer/x", "door/x"]
    assert [operation for operation, _request in account.asked].count("list_balancer") == 1


def test_all_types_are_listed_without_the_tag_index() -> None:
    assert read(account_of([], "AccessDeniedException"), "subnet") == {"list_subnet", "list_balancer", "list_database"}
    with pytest.raises(StackError, match="reading tags: Call: InternalServiceException"):
        read(account_of([], "InternalServiceException"), "subnet")


def test_all_types_are_listed_for_a_stack_to_delete() -> None:
    account = account_of([])
    assert read(account) == {"list_subnet", "list_balancer", "list_database"}
    assert "get_resources" not in account.operations()


TITLED = kind(
    "log",
    service="logs",
    listing=Listing("list_log", "Items", lambda scope: {"Prefix": f"/{scope.stack}/"}),
    list_requests=lambda _kind, _client, listing, scope: [
        listing.by_stack(scope),
        *({"Prefix": name} for name in sorted(scope.document_names.get("log", ()))),
    ],
    name_property="name",
    name_in_arn=lambda _kind, arn: None if "/shop/" in arn else arn.rpartition(":")[2],
)


def titles_asked(stack: DesiredStack, arns: list[str], refusal: str = "") -> list[str]:
    """The prefixes that are listed when the tagging API reports these ARNs."""

    def resources(_request: Mapping[str, Any]) -> Any:
        if refusal:
            raise failure(refusal)
        return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}

    account = Account({"list_log": lambda _request: {"Items": []}, "get_resources": resources})
    discovery.discover(account, stack, {"log": TITLED})
    return [request["Prefix"] for operation, request in account.asked if operation == "list_log"]


def test_chosen_names_are_looked_for_by_document_and_tag_index() -> None:
    desired = (DesiredResource("log", "a", {"name": "/rds/a"}), DesiredResource("log", "b", {}))
    stack = DesiredStack("shop", "us-east-1", desired)
    assert titles_asked(stack, []) == ["/shop/", "/rds/a"]
    # One that the document has no more, one that is listed by its beginning, and something of another service.
    logs = [f"arn:aws:logs:us-east-1:1:log-group:{name}" for name in ("/rds/old", "/shop/b")]
    arns = [*logs, "arn:aws:sns:us-east-1:1:topic"]
    assert titles_asked(stack, arns) == ["/shop/", "/rds/a", "/rds/old"]
    assert titles_asked(stack, [], "AccessDeniedException") == ["/shop/", "/rds/a"]


PLACED = kind(
    "record",
    service="dns",
    hosted_zone_property="zone",
    listing=Listing("list_record", "Items"),
    list_requests=lambda _kind, _client, _listing, scope: [
        {"Zone": zone} for zone in sorted({*scope.document_names.get("record", ()), *scope.hosted_zones})
    ],
)


@pytest.mark.parametrize(
    ("desired", "zones"),
    [
        ((DesiredResource("net", "a", {}), DesiredResource("record", "x", {"zone": "b.test"})), ["a.test", "b.test"]),
        ((DesiredResource("net", "a", {}),), ["a.test"]),
        # The stack is to go.
        ((), ["a.test"]),
    ],
)
def test_hosted_zones_of_the_document_and_of_tags_are_listed(
    desired: tuple[DesiredResource, ...], zones: list[str]
) -> None:
    net = {"Id": "n-1", "Tags": {**tagged("net/a"), "groundwork:place:a.test": ""}}
    foreign = {"Id": "n-2", "Tags": {**tagged("net/a", "other"), "groundwork:place:c.test": ""}}
    answers: dict[str, Answer] = {
        "list_net": lambda _request: {"Items": [net, foreign]},
        "list_record": lambda _request: {"Items": []},
        "get_resources": lambda _request: {"ResourceTagMappingList": []},
    }
    account = Account(answers)
    registry = {"net": kind("net", service="ec2"), "record": PLACED}
    discovery.discover(account, DesiredStack("shop", "us-east-1", desired), registry)
    assert [request["Zone"] for operation, request in account.asked if operation == "list_record"] == zones


def test_a_single_object_in_an_answer_is_an_item() -> None:
    account = Account({"describe": lambda request: {"Thing": {"Id": request["Id"]}}})
    listing = Listing("describe", "Thing", by_ids=lambda found: {"Id": found[0]})
    assert list_by_ids(account("x"), listing, ["a"], SCOPE) == [{"Id": "a"}]


def test_chosen_names_of_a_stack_to_delete_are_looked_for() -> None:
    stack = DesiredStack("shop", "us-east-1", (), known=(DesiredResource("log", "a", {"name": "/rds/a"}),))
    assert titles_asked(stack, []) == ["/shop/", "/rds/a"]


def test_types_outside_the_tag_index_are_listed_in_every_run() -> None:
    account = account_of([])
    registry = {**REGISTRY, "balancer": kind("balancer", in_tag_index=False)}
    resources = (DesiredResource("subnet", "x", {}),)
    discovery.discover(account, DesiredStack("shop", "us-east-1", resources), registry)
    assert account.operations() == {"list_subnet", "list_balancer", "get_resources"}


class NamedTopic(named.NameOwnedType):
    def prefix(self, scope: Scope) -> str:
        return f"{scope.stack}_"


def test_the_prefix_of_a_name_decides_who_owns_an_object() -> None:
    plain = kind("topic")
    topic = NamedTopic(plain.schema, plain.discovery, plain.lifecycle)
    names = ("shop_a", "shop-2_a", "shop", "a_shop_a")
    assert [topic.find_address({"Id": name}, SCOPE) for name in names] == ["topic/a", None, None, None]
    assert topic.physical_name(SCOPE, "a") == "shop_a"


def test_tags_decide_against_a_name() -> None:
    """Tags are read only for names of the stack; the others take no call."""
    table = {"shop_a": tagged("topic/a"), "shop_b": {}, "shop_c": tagged("topic/c", "other"), "mine": {}}
    asked: list[list[str]] = []

    def has_prefix(_kind: ResourceType, item: Any, scope: Scope) -> bool:
        return str(item["Id"]).startswith(f"{scope.stack}_")

    topic = kind("topic", may_be_owned=has_prefix, tag_detail=tags_of(table, asked, 1))
    account = Account({"list_topic": lambda _request: {"Items": [{"Id": one} for one in table]}})
    assert [item.id for item in discovery.discover_types(account, [topic], SCOPE).alive] == ["shop_a"]
    assert sorted(asked) == [["shop_a"], ["shop_b"], ["shop_c"]]
    # Nor is one taken for what a call has made whose answer was lost.
    assert find_resource(account, topic, SCOPE, "topic/b") is None
    found = find_resource(account, topic, SCOPE, "topic/a")
    assert found
    assert found["Id"] == "shop_a"


def test_an_object_is_looked_up_by_its_full_name() -> None:
    log = kind("log", listing=Listing("list_log", "Items", by_ids=lambda names: {"Prefix": names[0]}))
    account = Account({"list_log": lambda _request: {"Items": [{"Id": "/a/b"}, {"Id": "/a"}]}})
    assert find_by_id(account, log, "/a") == {"Id": "/a"}
    assert find_by_id(account, log, "/") is None


def test_names_that_are_too_long_stay_distinct() -> None:
    assert shorten_name("shop-main", 32) == "shop-main"
    long = [shorten_name(f"a-shop-with-quite-a-long-name-{end}", 32) for end in ("one", "two")]
    assert len(set(long)) == 2
    assert all(len(name) <= 32 and name.startswith("a-shop-with-quite") for name in long)


@pytest.mark.parametrize("length", [1, 30, 31, 32])
def test_a_prefix_that_stays_whole_is_never_cut(length: int) -> None:
    prefix = "a" * length + "-"
    names = {shorten_name(f"{prefix}{'b' * 40}{end}", 40, prefix) for end in range(9)}
    assert len(names) == 9
    assert all(len(name) <= 40 and name.startswith(prefix) for name in names)
    assert shorten_name(f"{prefix}main", 40, prefix) == f"{prefix}main"


def test_types_with_the_longest_chain_of_calls_come_first_and_parents_before_children() -> None:
    order = [kind.name for kind in discovery.order_by_dependency(TYPES.values())]
    assert order[0] == "load_balancer"  # its listeners are listed after it, and their rules after them
    for name in order:
        assert all(order.index(required) < order.index(name) for required in TYPES[name].depends_on_types)
