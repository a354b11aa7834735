# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The planner and the graph: data in, data out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine import drift, render
from ansible_collections.groundwork.aws.plugins.module_utils._engine.graph import Graph, topological_order
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import (
    Change,
    Plan,
    desired_tags,
    make_plan,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.references import resolve_references
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import TAGS_UNKNOWN, ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import replacement_suffix
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.secretsmanager import passwords
from ansible_collections.groundwork.aws.plugins.module_utils._resources.secretsmanager.secret import digest

VPC = DesiredResource("vpc", "main", {"cidr": "10.0.0.0/16"})
SUBNET = DesiredResource("subnet", "a", {"vpc": Ref("vpc/main"), "cidr": "10.0.1.0/24", "zone": "us-east-1a"})
GROUP = DesiredResource("target_group", "web", {"vpc": Ref("vpc/main"), "port": 80})
MEMBER = {"target_group": Ref("target_group/web"), "instance": Ref("instance/app-1"), "port": 80}
MACHINE = DesiredResource(
    "instance",
    "app-1",
    {"image": "al2023", "type": "t3.micro", "subnet": Ref("subnet/a"), "user_data": "secret"},
    protected=True,
)
ADDRESS = DesiredResource("elastic_ip", "app-1", {"instance": Ref("instance/app-1")})


def stack(*resources: DesiredResource, **more: Any) -> DesiredStack:
    return DesiredStack("shop", "us-east-1", resources, **more)


def actual(
    desired: DesiredResource, identifier: str, ids: dict[str, str] | None = None, **changes: Any
) -> ActualResource:
    """The actual resource of a desired one, with some properties changed."""
    kind = REGISTRY[desired.type]
    values = resolve_references(desired.properties, lambda ref: (ids or {})[ref.address])
    properties = {**kind.schema.with_defaults(values), **changes}
    properties.pop("user_data", None)
    tags = desired_tags(stack(), desired, kind)
    return ActualResource(desired.type, desired.name, identifier, properties, {"id": identifier}, tags)


IDS = {"vpc/main": "vpc-1", "subnet/a": "subnet-1", "instance/app-1": "i-1"}
ALL = [
    actual(VPC, "vpc-1"),
    actual(SUBNET, "subnet-1", IDS),
    actual(MACHINE, "i-1", IDS),
    actual(ADDRESS, "eip-1", IDS),
]


def plan(desired: DesiredStack, existing: list[ActualResource], **options: Any) -> Plan:
    return make_plan(desired, existing, REGISTRY, **options)


def brief(found: Plan) -> list[tuple[str, str, str]]:
    return [(change.key, change.action, change.reason) for change in found.changes]


def test_resources_as_desired_need_no_changes() -> None:
    assert brief(plan(stack(VPC, SUBNET, MACHINE, ADDRESS), ALL)) == []


def test_missing_resources_are_created_with_placeholders_for_unknown_ids() -> None:
    found = plan(stack(VPC, SUBNET), [])
    assert brief(found) == [("subnet/a", "create", "missing"), ("vpc/main", "create", "missing")]
    assert (found.changes[0].after or {})["vpc"] == "<vpc/main.id>"


def test_names_are_known_before_their_resources_exist() -> None:
    profile = DesiredResource("instance_profile", "app", {"role": Ref("iam_role/app", "name")})
    found = plan(stack(DesiredResource("iam_role", "app", {"principal": "ec2.amazonaws.com"}), profile), [])
    assert (found.changes[1].after or {})["role"] == "shop-us-east-1-app"


def test_a_replacement_replaces_the_resources_that_depend_on_it() -> None:
    existing = [actual(VPC, "vpc-1"), actual(SUBNET, "subnet-1", IDS, cidr="10.0.9.0/24"), *ALL[2:]]
    found = plan(stack(VPC, SUBNET, MACHINE, ADDRESS), existing)
    assert brief(found) == [
        ("elastic_ip/app-1", "update", "differs: instance"),
        ("instance/app-1", "replace", "subnet cannot change in place; the data on its root volume is lost"),
        ("subnet/a", "replace", "cidr cannot change in place"),
    ]
    assert found.changes[0].after == {"instance": "<instance/app-1.id>"}
    assert found.changes[2].before == {"cidr": "10.0.9.0/24"}


SPARE = ActualResource("instance", "app-1", "i-spare", {}, {}, {})


@pytest.mark.parametrize("desired", [stack(), stack(VPC, SUBNET)], ids=["absent", "not in the document"])
def test_a_resource_is_not_deleted_while_a_spare_is_kept_for_it(desired: DesiredStack) -> None:
    (text,) = plan(desired, ALL, spares=[SPARE]).find_obstacles()
    assert text.startswith("instance/app-1: i-spare is kept for it, and would be left behind")
    assert plan(desired, ALL, spares=[replace(SPARE, name="app-2")]).find_obstacles() == []
    assert plan(desired, ALL, prune=False, spares=[SPARE]).find_obstacles() == []


def test_a_spare_does_not_keep_a_resource_from_other_changes() -> None:
    machine = replace(MACHINE, properties={**MACHINE.properties, "type": "t3.small"})
    for resources in ((VPC, SUBNET, machine, ADDRESS), (VPC, SUBNET, MACHINE)):
        found = plan(stack(*resources), ALL, spares=[SPARE])
        assert len(found.changes) == 1
        assert (found.find_obstacles(), found.problems) == ([], ())


def test_a_stack_is_not_absent_while_a_spare_is_kept_for_a_resource_that_is_gone() -> None:
    (text,) = plan(stack(), ALL[:2], spares=[SPARE]).problems
    assert text.startswith("instance/app-1: i-spare is kept for it")
    assert plan(stack(VPC, SUBNET), ALL[:2], spares=[SPARE]).problems == ()


def test_protected_resources_are_destroyed_only_when_named() -> None:
    found = plan(stack(), ALL)
    assert [change.key for change in found.find_protected([])] == ["instance/app-1"]
    assert found.find_protected(["instance/app-1"]) == []
    text = render.describe_rejection(found, found.find_protected([]))
    assert "- instance/app-1 (i-1) would go: delete, the stack is to be absent" in text
    assert "    allow_destroy: [instance/app-1]" in text
    assert "3 more change(s)" in text
    assert "(databases take a final snapshot first, and secrets can be restored within their recovery window):" in text


def test_a_protection_tag_counts_after_the_document_dropped_it() -> None:
    bare = DesiredResource("instance", "app-1", {**MACHINE.properties, "image": "ami-22222222"})
    existing = [*ALL[:2], actual(MACHINE, "i-1", IDS, image="ami-11111111")]
    found = plan(stack(VPC, SUBNET, bare), existing)
    assert [change.key for change in found.find_protected([])] == ["instance/app-1"]


def test_resources_outside_the_document_are_pruned_unless_pruning_is_off() -> None:
    assert brief(plan(stack(VPC), ALL[:2])) == [("subnet/a", "delete", "not in the document")]
    assert brief(plan(stack(VPC), ALL[:2], prune=False)) == []


def test_foreign_tags_stay_and_stale_tags_of_the_engine_are_removed() -> None:
    item = actual(VPC, "vpc-1")
    more_tags = {"cost": "x", "groundwork:tier": "old", "groundwork:place:example.org": "", "Name": "by hand"}
    tagged = ActualResource(**{**vars(item), "tags": {**item.tags, **more_tags}})
    found = plan(stack(VPC), [tagged])
    assert found.changes[0].tags == {"Name": "shop-main"}
    assert found.changes[0].untag == ("groundwork:place:example.org", "groundwork:tier")
    assert found.changes[0].after == {"tags": {"Name": "shop-main"}}
    # What is not pruned has to be found again.
    assert plan(stack(VPC), [tagged], prune=False).changes[0].untag == ("groundwork:tier",)


def test_tags_that_no_call_shows_are_not_compared() -> None:
    metric = {"metric": "M", "namespace": "N", "comparison": "LessThanThreshold", "threshold": 1}
    alarm = DesiredResource("alarm", "low", metric)
    found = replace(actual(alarm, "groundwork/shop/low"), tags={})
    assert brief(plan(stack(alarm, tags={"team": "blue"}), [found])) == []


def test_the_duplicate_in_use_stays() -> None:
    existing = [actual(VPC, "vpc-0"), *ALL[:2]]
    assert brief(plan(stack(VPC, SUBNET), existing)) == [("vpc/main@vpc-0", "delete", "duplicate of vpc-1")]


def test_the_old_object_of_an_interrupted_replacement_may_be_deleted() -> None:
    secret = DesiredResource("secret", "a", {"generate": {"length": 50}}, protected=True)

    def there(arn: str, name: str, length: int) -> ActualResource:
        found = actual(secret, arn, generate=digest(passwords.with_defaults({"length": length})))
        return replace(found, attributes={"id": arn, "name": name})

    successor = f"shop-a{replacement_suffix('arn-old')}-value"
    old, other = there("arn-old", "shop-a", 32), there("arn-other", "shop-b", 32)
    found = plan(stack(secret), [old, other, there("arn-new", successor, 50)])
    assert [change.key for change in found.changes] == ["secret/a@arn-old", "secret/a@arn-other"]
    assert [change.key for change in found.find_protected(["secret/a"])] == ["secret/a@arn-other"]
    assert found.find_protected(["secret/a", "secret/a@arn-other"]) == []
    assert len(found.find_protected([])) == 2


def test_the_duplicate_that_fits_stays() -> None:
    existing = [
        actual(VPC, "vpc-1"),
        actual(SUBNET, "subnet-0", IDS, cidr="10.0.9.0/24"),
        actual(SUBNET, "subnet-1", IDS),
    ]
    assert brief(plan(stack(VPC, SUBNET), existing)) == [("subnet/a@subnet-0", "delete", "duplicate of subnet-1")]


def test_a_pending_object_of_an_interrupted_run_is_an_update() -> None:
    item = actual(VPC, "vpc-1")
    found = plan(stack(VPC), [ActualResource(**{**vars(item), "raw": {"State": "pending"}})])
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
def test_busy_states_are_no_drift(kind: str, state: str, statuses: list[str]) -> None:
    case = yaml.safe_load(
        (Path(__file__).parents[1] / "_resources" / "cases" / f"{kind}.yml").read_text(encoding="utf-8")
    )
    desired = DesiredResource(kind, "x", case["desired"])
    for status in statuses:
        tags = {} if status == "snapshotting" else desired_tags(stack(desired), desired, REGISTRY[kind])
        found = REGISTRY[kind].to_actual({**case["item"], state: status}, "x")
        raw = {**found.raw, TAGS_UNKNOWN: status == "snapshotting"}
        assert plan(stack(desired), [replace(found, tags=tags, raw=raw)]).changes == (), status


def test_secrets_are_displayed_as_digests() -> None:
    found = plan(stack(VPC, SUBNET, MACHINE), ALL[:2])
    text = repr(render.describe_changes(found.changes)) + repr(render.describe_diffs(found))
    assert "secret" not in text
    assert "(digest) " in text


def test_a_diff_has_one_entry_a_resource() -> None:
    existing = [actual(VPC, "vpc-1", dns_support=False)]
    assert render.describe_diffs(plan(stack(VPC), existing)) == [
        {
            "before_header": "vpc/main (vpc-1)",
            "after_header": "vpc/main (update: differs: dns_support)",
            "before": "dns_support: false\n",
            "after": "dns_support: true\n",
        }
    ]


def test_drift_lists_missing_changed_and_unexpected() -> None:
    existing = [actual(VPC, "vpc-1", dns_support=False), actual(ADDRESS, "eip-1", IDS)]
    assert drift.find_drift(plan(stack(VPC, SUBNET), existing)) == {
        "missing": ["subnet/a"],
        "changed": [{"address": "vpc/main", "property": "dns_support", "wanted": True, "live": False}],
        "unexpected": [{"address": "elastic_ip/app-1", "id": "eip-1"}],
    }


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            DesiredResource("subnet", "a", {**SUBNET.properties, "vpc": Ref("vpc/other")}),
            "subnet/a: there is no vpc/other in the stack",
        ),
        (
            DesiredResource("subnet", "a", {**SUBNET.properties, "vpc": Ref("vpc/main", "arn")}),
            "vpc/main has no attribute arn; it has id",
        ),
        (DesiredResource("lake", "a", {}), "lake/a: there is no resource type lake"),
        (DesiredResource("subnet", "a", {"cidr": "10.0.0.0/24"}), "subnet/a: vpc, zone must be given"),
        (
            DesiredResource("vpc", "a", {"cidr": "10.0.0/99"}),
            'vpc/a: cidr: "10.0.0/99" is not a network like 10.0.0.0/16',
        ),
        (DesiredResource("vpc", "a", {"cidr": "10.0.0.0/16", "size": 3}), "vpc/a: it has no property size"),
        (
            DesiredResource("instance", "a", {**MACHINE.properties, "volume": 7}),
            "instance/a: volume: this is not a mapping",
        ),
        (
            DesiredResource("target", "a", MEMBER),
            "target/a: is named by the resources that it connects: call it target/web--app-1",
        ),
        (
            DesiredResource("target", "web--app-1", {**MEMBER, "instance": "i-1"}),
            "target_group and instance must be references to resources of the stack",
        ),
    ],
)
def test_a_document_that_makes_no_sense_is_rejected(resource: DesiredResource, message: str) -> None:
    with pytest.raises(StackError, match=message):
        plan(stack(VPC, SUBNET, MACHINE, GROUP, resource), [])


def test_the_order_is_deterministic_and_a_circle_is_an_error() -> None:
    assert topological_order({"b": {"a"}, "c": set(), "a": {"c", "elsewhere"}}) == ["c", "a", "b"]
    with pytest.raises(StackError, match="in a circle: a -> b -> a"):
        topological_order({"a": {"b"}, "b": {"a"}})


# Graphs: what waits for what, in the order in which a walk one by one would go.


def test_a_target_group_that_is_replaced_never_leaves_its_listener_without_targets() -> None:
    balancer = DesiredResource("load_balancer", "alb", {"subnets": [Ref("subnet/a"), "sn-2"], "security_groups": []})
    listener = DesiredResource(
        "listener",
        "http",
        {"load_balancer": Ref("load_balancer/alb"), "port": 80, "action": {"forward": Ref("target_group/web")}},
    )
    member = DesiredResource("target", "web--app-1", MEMBER)
    ids = {**IDS, "load_balancer/alb": "lb-1", "target_group/web": "tg-1"}
    ids |= {"target/web--app-1": "tg-1@i-1:80", "listener/http": "l-1"}
    desired = [VPC, SUBNET, MACHINE, balancer, GROUP, member, listener]
    existing = [actual(item, ids[item.address], ids) for item in desired]
    larger = DesiredResource("target_group", "web", {**GROUP.properties, "port": 8080})
    found = plan(stack(VPC, SUBNET, MACHINE, balancer, larger, member, listener), existing)
    resource = walk(found, existing)
    assert resource == [
        "create/target_group/web",
        "create/target/web--app-1",
        "update/listener/http",
        "delete/target/web--app-1",
        "delete/target_group/web",
    ]


def listening(name: str, port: int, action: dict[str, Any]) -> DesiredResource:
    return DesiredResource("listener", name, {"load_balancer": "lb-1", "port": port, "action": action})


def leads(listener: str, **more: Any) -> DesiredResource:
    action = {"forward": "tg-1"}
    given = {"listener": Ref(f"listener/{listener}"), "priority": 1, "paths": ["/a"], "action": action}
    return DesiredResource("listener_rule", "a", {**given, **more})


PLAIN = [listening("http", 80, {"forward": "tg-1"}), leads("http")]
BEHIND = [
    listening("http", 80, {"redirect": {"port": 443, "listener": Ref("listener/https")}}),
    listening("https", 443, {"forward": "tg-1"}),
    leads("https"),
]
LISTENING = {"listener/http": "l-1", "listener/https": "l-2", "listener_rule/a": "r-1"}


def there(*resources: DesiredResource) -> list[ActualResource]:
    return [actual(item, LISTENING[item.address], LISTENING) for item in resources]


def test_a_redirect_begins_after_its_target_listens() -> None:
    assert walk(plan(stack(*BEHIND), there(*PLAIN)), there(*PLAIN)) == [
        "create/listener/https",
        "create/listener_rule/a",
        "update/listener/http",
        "delete/listener_rule/a",
    ]


def test_a_redirect_ends_after_new_rules_exist() -> None:
    resource = walk(plan(stack(*PLAIN), there(*BEHIND)), there(*BEHIND))
    assert comes_before(resource, "create/listener_rule/a", "update/listener/http", "delete/listener/https")
    assert comes_before(resource, "create/listener_rule/a", "delete/listener_rule/a", "delete/listener/https")


def test_a_new_rule_is_created_after_all_rules_that_change_priority() -> None:
    moved = leads("http", priority=2)
    first = replace(leads("http", paths=["/b"]), name="b")
    existing = there(*PLAIN)
    resource = walk(plan(stack(PLAIN[0], moved, first), existing), existing)
    assert resource == ["update/listener_rule/a", "create/listener_rule/b"]


CERTIFICATE = DesiredResource("certificate", "alb", {"domain": "a.test"})
SECURE = {"load_balancer": "lb-1", "port": 443, "protocol": "HTTPS", "action": {"fixed_response": {"status": 200}}}
LISTENER = DesiredResource("listener", "https", {**SECURE, "certificate": Ref("certificate/alb")})
PROOF = {"domain": "a.test", "records": Ref("certificate/alb", "records")}
RECORD = DesiredResource("dns_record", "proof", {"zone": "a.test", "validates": PROOF})


def test_validation_records_come_before_the_use_of_a_certificate() -> None:
    resource = walk(plan(stack(CERTIFICATE, RECORD, LISTENER), []), [])
    assert resource == ["create/certificate/alb", "create/dns_record/proof", "create/listener/https"]


def test_a_listener_gets_the_new_certificate_before_the_old_one_is_deleted() -> None:
    proof = {"name": "_a.a.test", "type": "CNAME", "values": ["_b.aws"], "ttl": 300, "alias": None}
    there = actual(RECORD, "Z1/x/CNAME", {"certificate/alb": "arn-1"})
    there = replace(there, properties={"zone": ["Z1", "a.test"], **proof})
    existing = [actual(CERTIFICATE, "arn-1"), there, actual(LISTENER, "l-1", {"certificate/alb": "arn-1"})]
    more = DesiredResource("certificate", "alb", {"domain": "a.test", "names": ["*.a.test"]})
    assert walk(plan(stack(more, RECORD, LISTENER), existing), existing) == [
        "create/certificate/alb",
        "update/dns_record/proof",
        "update/listener/https",
        "delete/certificate/alb",
    ]


def test_hosted_zone_tags_are_removed_after_the_records() -> None:
    there = DesiredResource(
        "dns_record", "x", {"zone": "a.test", "name": "x.a.test", "type": "A", "values": ["192.0.2.1"]}
    )
    net = actual(VPC, "vpc-1")
    net = replace(net, tags={**net.tags, "groundwork:place:a.test": ""})
    existing = [net, actual(there, "Z1/x.a.test/A", zone=["Z1", "a.test"])]
    assert walk(plan(stack(VPC), existing), existing) == ["delete/dns_record/x", "update/vpc/main"]


def walk(found: Plan, existing: list[ActualResource]) -> list[str]:
    needs = {
        "/".join(step): {"/".join(need) for need in more}
        for step, more in Graph(found.changes, existing, REGISTRY).needs.items()
    }
    return topological_order(needs)


def comes_before(resource: list[str], *steps: str) -> bool:
    return [step for step in resource if step in steps] == list(steps)


def test_users_are_created_after_and_deleted_before_the_resources_they_use() -> None:
    up = walk(plan(stack(VPC, SUBNET, MACHINE, ADDRESS), []), [])
    assert comes_before(up, "create/vpc/main", "create/subnet/a", "create/instance/app-1", "configure/elastic_ip/app-1")
    down = walk(plan(stack(), ALL), ALL)
    assert comes_before(down, "detach/elastic_ip/app-1", "delete/instance/app-1", "delete/subnet/a", "delete/vpc/main")


def test_groups_that_name_each_other_are_created_and_deleted() -> None:
    def group(name: str, other: str) -> DesiredResource:
        rules = [{"from_port": 1, "to_port": 1, "group": Ref(f"security_group/{other}")}]
        return DesiredResource("security_group", name, {"vpc": Ref("vpc/main"), "description": "x", "ingress": rules})

    groups = [group("a", "b"), group("b", "a")]
    up = walk(plan(stack(VPC, *groups), []), [])
    assert comes_before(up, "create/security_group/a", "configure/security_group/b")
    assert comes_before(up, "create/security_group/b", "configure/security_group/a")
    plain = DesiredResource("security_group", "a", {"vpc": Ref("vpc/main"), "description": "x"})
    existing = [actual(VPC, "vpc-1")]
    for name, other in (("a", "b"), ("b", "a")):
        rules = REGISTRY["security_group"].schema.with_defaults(
            {"ingress": [{"from_port": 1, "group": f"sg-{other}"}]}
        )["ingress"]
        existing.append(ActualResource(**{**vars(actual(plain, f"sg-{name}", IDS, ingress=rules)), "name": name}))
    down = walk(plan(stack(), existing), existing)
    assert comes_before(down, "detach/security_group/b", "delete/security_group/a", "delete/vpc/main")
    assert comes_before(down, "detach/security_group/a", "delete/security_group/b", "delete/vpc/main")


def test_routes_exist_before_and_after_the_use_of_a_subnet() -> None:
    table = DesiredResource("route_table", "a", {"vpc": Ref("vpc/main"), "routes": [], "subnets": [Ref("subnet/a")]})
    assert comes_before(
        walk(plan(stack(VPC, SUBNET, MACHINE, table), []), []), "create/route_table/a", "create/instance/app-1"
    )
    served = ActualResource(
        **{
            **vars(actual(table, "rtb-1", {**IDS})),
            "properties": {"vpc": "vpc-1", "routes": [], "subnets": ["subnet-1"]},
        }
    )
    existing = [*ALL[:3], served]
    assert comes_before(walk(plan(stack(), existing), existing), "delete/instance/app-1", "delete/route_table/a")


def test_an_exclusive_value_is_used_after_it_is_free() -> None:
    renamed = DesiredResource("subnet", "b", dict(SUBNET.properties))
    assert comes_before(walk(plan(stack(VPC, renamed), ALL[:2]), ALL[:2]), "delete/subnet/a", "create/subnet/b")


def test_a_large_plan_is_ordered_in_reasonable_time() -> None:
    many = [DesiredResource("instance", f"app-{number}", dict(MACHINE.properties)) for number in range(200)]
    resource = walk(plan(stack(VPC, SUBNET, *many), []), [])
    assert len(resource) == 202


def test_a_change_knows_its_type() -> None:
    change = Change("vpc/main@vpc-1", "delete", "duplicate")
    assert (change.type, change.name) == ("vpc", "main@vpc-1")


def database(identifier: str, **tags: str) -> tuple[DesiredResource, ActualResource]:
    desired = DesiredResource(
        "db_instance",
        "main",
        {
            "engine": "mysql",
            "class": "db.t3.micro",
            "storage": {"size": 20},
            "subnet_group": "g",
            "security_groups": ["sg-1"],
        },
    )
    found = actual(desired, identifier)
    return desired, replace(found, tags={**found.tags, **tags})


SWITCH = {"groundwork:takes": "shop-main", "groundwork:switch-began": "2026-03-01T04:05:06Z"}


def test_a_database_that_an_unfinished_switch_over_has_renamed_stops_the_plan() -> None:
    desired, set_aside = database("shop-main-before-1", **SWITCH)
    (problem,) = make_plan(stack(desired), [set_aside], REGISTRY).problems
    assert problem.startswith("db_instance/main: the switch over to a restored database has not finished")
    # While two databases have the address, whichever the planner prefers.
    _desired, successor = database("shop-main", **{"groundwork:takes": "shop-main"})
    for existing in ([set_aside, successor], [successor, set_aside]):
        assert make_plan(stack(desired), existing, REGISTRY).problems == (problem,)
    assert make_plan(stack(desired), [successor], REGISTRY).problems == ()
