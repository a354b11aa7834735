# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Planning and ordering: data in, data out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack import drift, passwords, render
from ansible_collections.groundwork.aws.plugins.module_utils._stack.graph import Graph, in_order
from ansible_collections.groundwork.aws.plugins.module_utils._stack.live import to_live
from ansible_collections.groundwork.aws.plugins.module_utils._stack.plan import Change, Plan, make_plan, tags_of
from ansible_collections.groundwork.aws.plugins.module_utils._stack.references import resolve
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import (
    TAGS_UNKNOWN,
    Live,
    successor_suffix,
)
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources.secret import digest
from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref, Wanted, WantedStack

VPC = Wanted("vpc", "main", {"cidr": "10.0.0.0/16"})
SUBNET = Wanted("subnet", "a", {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
GROUP = Wanted("target_group", "web", {"vpc": Ref("vpc/main"), "port": 80})
MEMBER = {"target_group": Ref("target_group/web"), "instance": Ref("instance/app-1"), "port": 80}
MACHINE = Wanted(
    "instance",
    "app-1",
    {"image": "al2023", "type": "t3.micro", "subnet": Ref("subnet/a"), "user_data": "secret"},
    protected=True,
)
ADDRESS = Wanted("elastic_ip", "app-1", {"instance": Ref("instance/app-1")})


def stack(*resources: Wanted, **more: Any) -> WantedStack:
    return WantedStack("shop", "us-east-1", resources, **more)


def live(wanted: Wanted, identifier: str, ids: dict[str, str] | None = None, **changes: Any) -> Live:
    """The object that a resource would be, with some properties changed."""
    kind = REGISTRY[wanted.type]
    values = resolve(wanted.properties, lambda ref: (ids or {})[ref.address])
    properties = {**kind.desired(values), **changes}
    properties.pop("user_data", None)
    tags = tags_of(stack(), wanted, kind)
    return Live(wanted.type, wanted.name, identifier, properties, {"id": identifier}, tags)


IDS = {"vpc/main": "vpc-1", "subnet/a": "subnet-1", "instance/app-1": "i-1"}
ALL = [live(VPC, "vpc-1"), live(SUBNET, "subnet-1", IDS), live(MACHINE, "i-1", IDS), live(ADDRESS, "eip-1", IDS)]


def plan(wanted: WantedStack, lives: list[Live], **options: Any) -> Plan:
    return make_plan(wanted, lives, REGISTRY, **options)


def brief(found: Plan) -> list[tuple[str, str, str]]:
    return [(change.key, change.action, change.reason) for change in found.changes]


def test_what_is_as_wanted_makes_no_changes() -> None:
    assert brief(plan(stack(VPC, SUBNET, MACHINE, ADDRESS), ALL)) == []


def test_what_is_missing_is_created_and_unknown_ids_are_named() -> None:
    found = plan(stack(VPC, SUBNET), [])
    assert brief(found) == [("subnet/a", "create", "missing"), ("vpc/main", "create", "missing")]
    assert (found.changes[0].after or {})["vpc"] == "<vpc/main.id>"


def test_names_are_known_before_their_resources_exist() -> None:
    profile = Wanted("instance_profile", "app", {"role": Ref("iam_role/app", "name")})
    found = plan(stack(Wanted("iam_role", "app", {"principal": "ec2.amazonaws.com"}), profile), [])
    assert (found.changes[1].after or {})["role"] == "shop-us-east-1-app"


def test_a_replacement_carries_on_to_what_cannot_do_without() -> None:
    lives = [live(VPC, "vpc-1"), live(SUBNET, "subnet-1", IDS, cidr="10.0.9.0/24"), *ALL[2:]]
    found = plan(stack(VPC, SUBNET, MACHINE, ADDRESS), lives)
    assert brief(found) == [
        ("elastic_ip/app-1", "update", "differs: instance"),
        ("instance/app-1", "replace", "subnet cannot change in place"),
        ("subnet/a", "replace", "cidr cannot change in place"),
    ]
    assert found.changes[0].after == {"instance": "<instance/app-1.id>"}
    assert found.changes[2].before == {"cidr": "10.0.9.0/24"}


def test_protected_ones_are_refused_unless_named() -> None:
    found = plan(stack(), ALL)
    assert [change.key for change in found.refused([])] == ["instance/app-1"]
    assert found.refused(["instance/app-1"]) == []
    text = render.refusal(found, found.refused([]))
    assert "- instance/app-1 (i-1) would go: delete, the stack is to be absent" in text
    assert "    allow_destroy: [instance/app-1]" in text
    assert "3 more change(s)" in text


def test_protection_by_the_live_tag_counts_when_the_document_has_dropped_it() -> None:
    bare = Wanted("instance", "app-1", {**MACHINE.properties, "image": "ami-2"})
    lives = [*ALL[:2], live(MACHINE, "i-1", IDS, image="ami-1")]
    found = plan(stack(VPC, SUBNET, bare), lives)
    assert [change.key for change in found.refused([])] == ["instance/app-1"]


def test_what_the_document_no_longer_has_goes_unless_pruning_is_off() -> None:
    assert brief(plan(stack(VPC), ALL[:2])) == [("subnet/a", "delete", "not in the document")]
    assert brief(plan(stack(VPC), ALL[:2], prune=False)) == []


def test_tags_of_others_stay_and_ours_that_are_stale_go() -> None:
    item = live(VPC, "vpc-1")
    told = {"cost": "x", "groundwork:tier": "old", "groundwork:place:example.org": "", "Name": "by hand"}
    tagged = Live(**{**vars(item), "tags": {**item.tags, **told}})
    found = plan(stack(VPC), [tagged])
    assert found.changes[0].tags == {"Name": "shop-main"}
    assert found.changes[0].untag == ("groundwork:place:example.org", "groundwork:tier")
    assert found.changes[0].after == {"tags": {"Name": "shop-main"}}
    # What is not pruned has to be found again.
    assert plan(stack(VPC), [tagged], prune=False).changes[0].untag == ("groundwork:tier",)


def test_tags_that_no_call_shows_are_not_compared() -> None:
    metric = {"metric": "M", "namespace": "N", "comparison": "LessThanThreshold", "threshold": 1}
    alarm = Wanted("alarm", "low", metric)
    found = replace(live(alarm, "groundwork/shop/low"), tags={})
    assert brief(plan(stack(alarm, tags={"team": "blue"}), [found])) == []


def test_of_duplicates_the_one_in_use_stays() -> None:
    lives = [live(VPC, "vpc-0"), *ALL[:2]]
    assert brief(plan(stack(VPC, SUBNET), lives)) == [("vpc/main@vpc-0", "delete", "duplicate of vpc-1")]


def test_what_a_replacement_that_died_left_behind_may_go_as_that_might() -> None:
    secret = Wanted("secret", "a", {"generate": {"length": 50}}, protected=True)

    def there(arn: str, name: str, length: int) -> Live:
        found = live(secret, arn, generate=digest(passwords.desired({"length": length})))
        return replace(found, attributes={"id": arn, "name": name})

    successor = f"shop-a{successor_suffix('arn-old')}-value"
    old, other = there("arn-old", "shop-a", 32), there("arn-other", "shop-b", 32)
    found = plan(stack(secret), [old, other, there("arn-new", successor, 50)])
    assert [change.key for change in found.changes] == ["secret/a@arn-old", "secret/a@arn-other"]
    assert [change.key for change in found.refused(["secret/a"])] == ["secret/a@arn-other"]
    assert found.refused(["secret/a", "secret/a@arn-other"]) == []
    assert len(found.refused([])) == 2


def test_of_duplicates_the_one_that_fits_stays() -> None:
    lives = [live(VPC, "vpc-1"), live(SUBNET, "subnet-0", IDS, cidr="10.0.9.0/24"), live(SUBNET, "subnet-1", IDS)]
    assert brief(plan(stack(VPC, SUBNET), lives)) == [("subnet/a@subnet-0", "delete", "duplicate of subnet-1")]


def test_what_a_dead_run_did_not_wait_for_is_waited_for() -> None:
    item = live(VPC, "vpc-1")
    found = plan(stack(VPC), [Live(**{**vars(item), "raw": {"State": "pending"}})])
    assert brief(found) == [("vpc/main", "update", "differs: status")]
    assert (found.changes[0].before, found.changes[0].after) == ({"status": "pending"}, {"status": "available"})


@pytest.mark.parametrize(
    ("kind", "state", "statuses"),
    [
        ("cache", "Status", ["available", "snapshotting"]),
        (
            "db_instance",
            "DBInstanceStatus",
            [
                *("available", "storage-optimization", "backing-up", "maintenance", "storage-initialization"),
                *("configuring-enhanced-monitoring", "configuring-log-exports", "storage-config-upgrade"),
            ],
        ),
    ],
)
def test_what_aws_does_by_itself_is_no_drift(kind: str, state: str, statuses: list[str]) -> None:
    case = yaml.safe_load((Path(__file__).parent / "cases" / f"{kind}.yml").read_text(encoding="utf-8"))
    wanted = Wanted(kind, "x", case["wanted"])
    for status in statuses:
        tags = {} if status == "snapshotting" else tags_of(stack(wanted), wanted, REGISTRY[kind])
        found = to_live(REGISTRY[kind], {**case["item"], state: status}, "x")
        raw = {**found.raw, TAGS_UNKNOWN: status == "snapshotting"}
        assert plan(stack(wanted), [replace(found, tags=tags, raw=raw)]).changes == (), status


def test_secrets_do_not_show() -> None:
    found = plan(stack(VPC, SUBNET, MACHINE), ALL[:2])
    text = repr(render.listed(found.changes)) + repr(render.diff(found))
    assert "secret" not in text
    assert "(digest) " in text


def test_a_diff_is_told_by_resource() -> None:
    lives = [live(VPC, "vpc-1", dns_support=False)]
    assert render.diff(plan(stack(VPC), lives)) == [
        {
            "before_header": "vpc/main (vpc-1)",
            "after_header": "vpc/main (update: differs: dns_support)",
            "before": "dns_support: false\n",
            "after": "dns_support: true\n",
        }
    ]


def test_drift_is_a_plan_read_as_a_finding() -> None:
    lives = [live(VPC, "vpc-1", dns_support=False), live(ADDRESS, "eip-1", IDS)]
    assert drift.of(plan(stack(VPC, SUBNET), lives)) == {
        "missing": ["subnet/a"],
        "changed": [{"address": "vpc/main", "property": "dns_support", "wanted": True, "live": False}],
        "unexpected": [{"address": "elastic_ip/app-1", "id": "eip-1"}],
    }


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            Wanted("subnet", "a", {**SUBNET.properties, "vpc": Ref("vpc/other")}),
            "subnet/a: there is no vpc/other in the stack",
        ),
        (
            Wanted("subnet", "a", {**SUBNET.properties, "vpc": Ref("vpc/main", "arn")}),
            "vpc/main has no attribute arn; it has id",
        ),
        (Wanted("lake", "a", {}), "lake/a: there is no resource type lake"),
        (Wanted("subnet", "a", {"cidr": "10.0.0.0/24"}), "subnet/a: vpc, zone must be given"),
        (Wanted("vpc", "a", {"cidr": "10.0.0/99"}), "vpc/a: its properties make no sense: '10.0.0/99' does not"),
        (Wanted("vpc", "a", {"cidr": "10.0.0.0/16", "size": 3}), "vpc/a: it has no property size"),
        (Wanted("instance", "a", {**MACHINE.properties, "volume": 7}), "instance/a: its properties make no sense"),
        (Wanted("target", "a", MEMBER), "target/a: is named by what it joins: call it target/web--app-1"),
        (
            Wanted("target", "web--app-1", {**MEMBER, "instance": "i-1"}),
            "target_group and instance must be references to resources of the stack",
        ),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_done(resource: Wanted, message: str) -> None:
    with pytest.raises(StackError, match=message):
        plan(stack(VPC, SUBNET, MACHINE, GROUP, resource), [])


def test_the_order_is_steady_and_a_circle_is_told() -> None:
    assert in_order({"b": {"a"}, "c": set(), "a": {"c", "elsewhere"}}) == ["c", "a", "b"]
    with pytest.raises(StackError, match="in a circle: a -> b -> a"):
        in_order({"a": {"b"}, "b": {"a"}})


# Graphs: what waits for what, in the order in which a walk one by one would go.


def test_a_target_group_that_is_replaced_never_leaves_its_listener_without_targets() -> None:
    balancer = Wanted("load_balancer", "alb", {"subnets": [Ref("subnet/a")], "security_groups": []})
    listener = Wanted(
        "listener",
        "http",
        {"load_balancer": Ref("load_balancer/alb"), "port": 80, "action": {"forward": Ref("target_group/web")}},
    )
    member = Wanted("target", "web--app-1", MEMBER)
    ids = {**IDS, "load_balancer/alb": "lb-1", "target_group/web": "tg-1"}
    ids |= {"target/web--app-1": "tg-1@i-1:80", "listener/http": "l-1"}
    wanted = [VPC, SUBNET, MACHINE, balancer, GROUP, member, listener]
    lives = [live(item, ids[item.address], ids) for item in wanted]
    larger = Wanted("target_group", "web", {**GROUP.properties, "port": 8080})
    found = plan(stack(VPC, SUBNET, MACHINE, balancer, larger, member, listener), lives)
    order = walk(found, lives)
    assert order == [
        "create/target_group/web",
        "create/target/web--app-1",
        "update/listener/http",
        "delete/target/web--app-1",
        "delete/target_group/web",
    ]


def listening(name: str, port: int, action: dict[str, Any]) -> Wanted:
    return Wanted("listener", name, {"load_balancer": "lb-1", "port": port, "action": action})


def leads(listener: str, **more: Any) -> Wanted:
    action = {"forward": "tg-1"}
    given = {"listener": Ref(f"listener/{listener}"), "priority": 1, "paths": ["/a"], "action": action}
    return Wanted("listener_rule", "a", {**given, **more})


PLAIN = [listening("http", 80, {"forward": "tg-1"}), leads("http")]
BEHIND = [
    listening("http", 80, {"redirect": {"port": 443, "listener": Ref("listener/https")}}),
    listening("https", 443, {"forward": "tg-1"}),
    leads("https"),
]
LISTENING = {"listener/http": "l-1", "listener/https": "l-2", "listener_rule/a": "r-1"}


def there(*resources: Wanted) -> list[Live]:
    return [live(item, LISTENING[item.address], LISTENING) for item in resources]


def test_requests_are_redirected_once_they_are_taken_elsewhere() -> None:
    assert walk(plan(stack(*BEHIND), there(*PLAIN)), there(*PLAIN)) == [
        "create/listener/https",
        "create/listener_rule/a",
        "update/listener/http",
        "delete/listener_rule/a",
    ]


def test_requests_are_redirected_until_they_are_taken_here() -> None:
    order = walk(plan(stack(*PLAIN), there(*BEHIND)), there(*BEHIND))
    assert comes_before(order, "create/listener_rule/a", "update/listener/http", "delete/listener/https")
    assert comes_before(order, "create/listener_rule/a", "delete/listener_rule/a", "delete/listener/https")


def test_a_new_rule_gets_a_place_after_all_that_move() -> None:
    moved = leads("http", priority=2)
    first = replace(leads("http", paths=["/b"]), name="b")
    lives = there(*PLAIN)
    order = walk(plan(stack(PLAIN[0], moved, first), lives), lives)
    assert order == ["update/listener_rule/a", "create/listener_rule/b"]


CERTIFICATE = Wanted("certificate", "alb", {"domain": "a.test"})
SECURE = {"load_balancer": "lb-1", "port": 443, "protocol": "HTTPS", "action": {"fixed_response": {"status": 200}}}
LISTENER = Wanted("listener", "https", {**SECURE, "certificate": Ref("certificate/alb")})
PROOF = {"domain": "a.test", "records": Ref("certificate/alb", "records")}
RECORD = Wanted("dns_record", "proof", {"zone": "a.test", "validates": PROOF})


def test_a_certificate_is_proved_before_it_is_used() -> None:
    order = walk(plan(stack(CERTIFICATE, RECORD, LISTENER), []), [])
    assert order == ["create/certificate/alb", "create/dns_record/proof", "create/listener/https"]


def test_another_certificate_is_used_before_the_old_one_goes() -> None:
    proof = {"name": "_a.a.test", "type": "CNAME", "values": ["_b.aws"], "ttl": 300, "alias": None}
    there = live(RECORD, "Z1/x/CNAME", {"certificate/alb": "arn-1"})
    there = replace(there, properties={"zone": ["Z1", "a.test"], **proof})
    lives = [live(CERTIFICATE, "arn-1"), there, live(LISTENER, "l-1", {"certificate/alb": "arn-1"})]
    more = Wanted("certificate", "alb", {"domain": "a.test", "names": ["*.a.test"]})
    assert walk(plan(stack(more, RECORD, LISTENER), lives), lives) == [
        "create/certificate/alb",
        "update/dns_record/proof",
        "update/listener/https",
        "delete/certificate/alb",
    ]


def test_where_records_are_is_forgotten_when_they_have_gone() -> None:
    there = Wanted("dns_record", "x", {"zone": "a.test", "name": "x.a.test", "type": "A", "values": ["192.0.2.1"]})
    net = live(VPC, "vpc-1")
    net = replace(net, tags={**net.tags, "groundwork:place:a.test": ""})
    lives = [net, live(there, "Z1/x.a.test/A", zone=["Z1", "a.test"])]
    assert walk(plan(stack(VPC), lives), lives) == ["delete/dns_record/x", "update/vpc/main"]


def walk(found: Plan, lives: list[Live]) -> list[str]:
    needs = {
        "/".join(step): {"/".join(need) for need in more}
        for step, more in Graph(found.changes, lives, REGISTRY).needs.items()
    }
    return in_order(needs)


def comes_before(order: list[str], *steps: str) -> bool:
    return [step for step in order if step in steps] == list(steps)


def test_users_come_after_what_they_use_and_go_before_it() -> None:
    up = walk(plan(stack(VPC, SUBNET, MACHINE, ADDRESS), []), [])
    assert comes_before(up, "create/vpc/main", "create/subnet/a", "create/instance/app-1", "configure/elastic_ip/app-1")
    down = walk(plan(stack(), ALL), ALL)
    assert comes_before(down, "release/elastic_ip/app-1", "delete/instance/app-1", "delete/subnet/a", "delete/vpc/main")


def test_groups_that_name_each_other_come_and_go() -> None:
    def group(name: str, other: str) -> Wanted:
        rules = [{"from_port": 1, "to_port": 1, "group": Ref(f"security_group/{other}")}]
        return Wanted("security_group", name, {"vpc": Ref("vpc/main"), "description": "x", "ingress": rules})

    groups = [group("a", "b"), group("b", "a")]
    up = walk(plan(stack(VPC, *groups), []), [])
    assert comes_before(up, "create/security_group/a", "configure/security_group/b")
    assert comes_before(up, "create/security_group/b", "configure/security_group/a")
    plain = Wanted("security_group", "a", {"vpc": Ref("vpc/main"), "description": "x"})
    lives = [live(VPC, "vpc-1")]
    for name, other in (("a", "b"), ("b", "a")):
        rules = REGISTRY["security_group"].desired({"ingress": [{"from_port": 1, "group": f"sg-{other}"}]})["ingress"]
        lives.append(Live(**{**vars(live(plain, f"sg-{name}", IDS, ingress=rules)), "name": name}))
    down = walk(plan(stack(), lives), lives)
    assert comes_before(down, "release/security_group/b", "delete/security_group/a", "delete/vpc/main")
    assert comes_before(down, "release/security_group/a", "delete/security_group/b", "delete/vpc/main")


def test_routes_serve_a_subnet_before_it_is_used_and_until_after() -> None:
    table = Wanted("route_table", "a", {"vpc": Ref("vpc/main"), "routes": [], "subnets": [Ref("subnet/a")]})
    assert comes_before(
        walk(plan(stack(VPC, SUBNET, MACHINE, table), []), []), "create/route_table/a", "create/instance/app-1"
    )
    served = Live(
        **{**vars(live(table, "rtb-1", {**IDS})), "properties": {"vpc": "vpc-1", "routes": [], "subnets": ["subnet-1"]}}
    )
    lives = [*ALL[:3], served]
    assert comes_before(walk(plan(stack(), lives), lives), "delete/instance/app-1", "delete/route_table/a")


def test_a_place_is_taken_after_it_is_left() -> None:
    renamed = Wanted("subnet", "b", dict(SUBNET.properties))
    assert comes_before(walk(plan(stack(VPC, renamed), ALL[:2]), ALL[:2]), "delete/subnet/a", "create/subnet/b")


def test_a_plan_of_many_is_made_and_ordered_in_reasonable_time() -> None:
    many = [Wanted("instance", f"app-{number}", dict(MACHINE.properties)) for number in range(200)]
    order = walk(plan(stack(VPC, SUBNET, *many), []), [])
    assert len(order) == 202


def test_a_change_knows_its_type() -> None:
    change = Change("vpc/main@vpc-1", "delete", "duplicate")
    assert (change.type, change.name) == ("vpc", "main@vpc-1")
