# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of Route 53: in which zone, whose they are, and what becomes of changes whose answers are lost."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack import route53
from ansible_collections.groundwork.aws.plugins.module_utils._stack.live import to_live
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Edit, Order, Scope
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import dns_record

SHOP = Scope("shop", "us-east-1")
ZONES = {"Z1": ("example.org.", False), "Z2": ("shop.example.org.", False), "Z3": ("inside.example.org.", True)}
SITE = {"Name": "www.example.org.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.1"}]}
PROOF = {"Name": "_a.example.org.", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "_b.aws"}]}
WANTED = {"zone": "example.org", "name": "www.example.org", "type": "A", "values": ["192.0.2.1"]}


class Zone:
    """A client of Route 53 with one zone in it; the answers to the first changes may be ``lost``."""

    def __init__(self, *records: dict[str, Any], lost: int = 0) -> None:
        self.records = {(one["Name"], one["Type"]): one for one in records}
        self.lost = lost
        self.said = 0

    def pages(self, operation: str, arguments: Any) -> list[dict[str, Any]]:
        if operation == "list_resource_record_sets":
            return [{"ResourceRecordSets": list(self.records.values())}]
        zones = [(f"/hostedzone/{key}", *told) for key, told in ZONES.items()]
        found = [{"Id": key, "Name": name, "Config": {"PrivateZone": inside}} for key, name, inside in zones]
        return [{"HostedZones": found[:2]}, {"HostedZones": found[2:]}]

    def list_resource_record_sets(self, **asked: Any) -> dict[str, Any]:
        assert asked["MaxItems"] == "1"
        one = self.records.get((asked["StartRecordName"], asked["StartRecordType"]))
        later = {"Name": "zz.example.org.", "Type": "A"}
        return {"ResourceRecordSets": [one or later]}

    def change_resource_record_sets(self, **asked: Any) -> None:
        """Botocore says it again when the answer is lost."""
        self.said += 1
        after = dict(self.records)
        for change in asked["ChangeBatch"]["Changes"]:
            record = change["ResourceRecordSet"]
            key = record["Name"], record["Type"]
            if (change["Action"] == "CREATE") == (key in after) or after.get(key, record) != record:
                raise ClientError({"Error": {"Code": "InvalidChangeBatch", "Message": "no"}}, "Change")
            after = (
                {**after, key: record} if change["Action"] == "CREATE" else {k: v for k, v in after.items() if k != key}
            )
        self.records = after
        if self.lost:
            self.lost -= 1
            self.change_resource_record_sets(**asked)


def order(**more: Any) -> Order:
    given = dns_record.TYPE.desired({**WANTED, **more})
    return Order("dns_record/x", "x", given, {}, SHOP, prepared={"zone": "Z1"})


def shared() -> Order:
    proof = {"domain": "example.org", "records": {"example.org": {"name": "_a.example.org.", "value": "_b.aws."}}}
    given = dns_record.TYPE.desired({"zone": "example.org", "validates": proof})
    return Order("dns_record/x", "x", given, {}, SHOP, prepared={"zone": "Z1"})


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("Z3", "Z3"),
        ("example.org", "Z1"),
        ("Www.Example.org.", "Z1"),
        ("shop.example.org", "Z2"),
        ("a.b.shop.example.org", "Z2"),
        ("workshop.example.org", "Z1"),
        ("inside.example.org", "Z1"),
        ("example.com", None),
        ("Z9", None),
    ],
)
def test_a_zone_is_found_by_id_or_as_the_public_one_that_holds_a_name(place: str, zone: str | None) -> None:
    assert route53.zones(Zone(), [place]) == ({place: zone} if zone else {})


def test_nobody_is_asked_about_no_zones() -> None:
    assert route53.requests(None, SHOP) == []
    asked = Scope("shop", "us-east-1", {"dns_record": frozenset({"example.org", "Z1", "example.com"})})
    assert route53.requests(Zone(), asked) == [{"HostedZoneId": "Z1"}]


class Twins(Zone):
    """Two public zones of one name, the second of which may hold records."""

    def pages(self, operation: str, arguments: Any) -> list[dict[str, Any]]:
        if operation == "list_resource_record_sets":
            held = list(self.records.values()) if arguments["HostedZoneId"] == "Z2" else []
            return [{"ResourceRecordSets": held}]
        zones = [
            {"Id": f"/hostedzone/{key}", "Name": "example.org.", "Config": {"PrivateZone": False}} for key in ZONES
        ]
        return [{"HostedZones": zones[:2]}]


def test_two_public_zones_of_one_name_are_an_error_unless_one_has_records_of_the_stack() -> None:
    place = frozenset({"www.example.org"})
    asked = Scope("shop", "us-east-1", {"dns_record": place}, {"dns_record": place})
    with pytest.raises(StackError, match=r"could hold www\.example\.org: Z1, Z2\. .*load_balancer\.hosted_zone"):
        route53.requests(Twins(), asked)
    assert route53.zones(Twins(), ["Z2"], asked) == {"Z2": "Z2"}
    ours = Twins(SITE, route53.mark(SHOP, "dns_record/x", "A", "www.example.org"))
    assert route53.requests(ours, asked) == [{"HostedZoneId": "Z2"}]
    theirs = Twins(SITE, route53.mark(Scope("other", "us-east-1"), "dns_record/x", "A", "www.example.org"))
    with pytest.raises(StackError):
        route53.zones(theirs, place, asked)


def test_two_public_zones_of_one_name_do_not_keep_a_stack_from_being_taken_down() -> None:
    remembered = Scope("shop", "us-east-1", {"dns_record": frozenset({"www.example.org"})})
    assert route53.requests(Twins(), remembered) == []
    ours = Twins(SITE, route53.mark(SHOP, "dns_record/x", "A", "www.example.org"))
    assert route53.requests(ours, remembered) == [{"HostedZoneId": "Z2"}]


def listed(*records: dict[str, Any]) -> list[dict[str, Any]]:
    soa = {"Name": "example.org.", "Type": "SOA"}
    return route53.marked({**one, "HostedZoneId": "Z1"} for one in (soa, *records))


@pytest.mark.parametrize(
    ("stack", "region", "mine"),
    [("shop", "us-east-1", True), ("shop", "eu-west-1", False), ("shop-2", "us-east-1", False)],
)
def test_a_record_is_whose_mark_stands_beside_it(stack: str, region: str, mine: bool) -> None:
    mark = route53.mark(Scope(stack, region), "dns_record/x", "A", "www.example.org")
    (found,) = listed(SITE, mark)
    assert found["Record"] == SITE
    assert found["ZoneName"] == "example.org"
    assert dns_record.owner(found, SHOP) == ("dns_record/x" if mine else None)
    assert route53.marked([found]) == [found]


@pytest.mark.parametrize(
    "record",
    [
        SITE,
        {**SITE, "Type": "TXT"},
        {**route53.mark(SHOP, "dns_record/x", "A", "www.example.org"), "ResourceRecords": [{"Value": '"hello"'}]},
        {**route53.mark(SHOP, "dns_record/x", "A", "www.example.org"), "Name": "www.example.org."},
    ],
)
def test_what_only_looks_like_a_mark_is_none(record: dict[str, Any]) -> None:
    assert listed(record) == []


def test_the_mark_of_a_wildcard_is_one_of_a_name() -> None:
    mark = route53.mark(SHOP, "dns_record/x", "A", "*.example.org")
    assert mark["Name"] == "a.us-east-1.shop._groundwork._any.example.org."
    (found,) = listed({**SITE, "Name": "\\052.example.org."}, mark)
    assert (found["Name"], found["Record"]["Name"]) == ("*.example.org", "\\052.example.org.")


def test_what_is_weighted_is_not_ours() -> None:
    (found,) = listed({**SITE, "SetIdentifier": "blue"}, route53.mark(SHOP, "dns_record/x", "A", "www.example.org"))
    assert found["Record"] is None


@pytest.mark.parametrize("lost", [0, 1])
def test_a_record_comes_changes_and_goes_with_its_mark(lost: int) -> None:
    zone = Zone(lost=lost)
    live = to_live(dns_record.TYPE, dns_record.create(zone, order()), "x")
    assert sorted(kind for _name, kind in zone.records) == ["A", "TXT"]
    zone.lost = lost
    dns_record.change(
        zone, Edit(live, order(name="w.example.org", values=["192.0.2.2"]), frozenset({"name", "values"}))
    )
    assert [name for name, kind in zone.records if kind == "A"] == ["w.example.org."]
    zone.lost = lost
    dns_record.delete(zone, to_live(dns_record.TYPE, listed(*zone.records.values())[0], "x"))
    assert zone.records == {}
    assert zone.said == 3 * (1 + lost)


def test_a_change_that_aws_refuses_is_told_unless_it_was_made() -> None:
    zone = Zone(SITE)
    route53.change(zone, "Z1", [PROOF], [])
    with pytest.raises(ClientError):
        route53.change(zone, "Z1", [{**SITE, "TTL": 60}], [])
    assert list(zone.records.values()) == [SITE]


def test_the_record_of_somebody_else_is_left_alone() -> None:
    zone = Zone({**SITE, "ResourceRecords": [{"Value": "192.0.2.9"}]})
    with pytest.raises(
        StackError, match=r"dns_record/x: www.example.org has a record of type A that is not the stack's"
    ):
        dns_record.create(zone, order())
    assert len(zone.records) == 1


def test_a_proof_of_somebody_else_serves_and_stays() -> None:
    zone = Zone({**PROOF, "TTL": 60, "ResourceRecords": [{"Value": "_b.aws."}]})
    item = dns_record.create(zone, shared())
    (found,) = listed(*zone.records.values())
    assert item["shared"] == found["shared"] == "shared"
    live = to_live(dns_record.TYPE, found, "x")
    assert dns_record.TYPE.different(shared().properties, live.properties) == frozenset()
    with pytest.raises(StackError, match="somebody else's by now"):
        dns_record.change(zone, Edit(live, shared(), frozenset({"values"})))
    dns_record.delete(zone, live)
    assert [kind for _name, kind in zone.records] == ["CNAME"]


def test_a_proof_with_another_value_is_in_the_way() -> None:
    zone = Zone({**PROOF, "ResourceRecords": [{"Value": "elsewhere."}]})
    with pytest.raises(StackError, match=r"_a.example.org has a record of type CNAME that is not the stack's"):
        dns_record.create(zone, shared())


def test_all_that_is_in_the_way_is_told_before_anything_is_made() -> None:
    zone = Zone(
        SITE, {**SITE, "Name": "ours.example.org."}, route53.mark(SHOP, "dns_record/y", "A", "ours.example.org")
    )
    orders = [
        order(),
        order(zone="example.com"),
        order(name="ours.example.org"),
        order(name="new.example.org"),
        shared(),
    ]
    with pytest.raises(StackError) as raised:
        dns_record.look_up(lambda service: zone, orders)
    told = str(raised.value).splitlines()
    assert len(told) == 3
    assert "www.example.org has a record of type A" in told[0]
    assert "no hosted zone example.com" in told[1]
    assert dns_record.look_up(lambda service: zone, [order(name="new.example.org")]) == {"dns_record/x": {"zone": "Z1"}}


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"name": "a.b", "type": "A"}, "exactly one of"),
        ({"name": "a.b", "type": "A", "values": ["x"], "alias": {"name": "c", "zone": "Z"}}, "exactly one of"),
        ({"type": "A", "values": ["x"]}, "a record has a name"),
        ({"name": "a.b", "type": "NS", "values": ["x"]}, "one of A, AAAA"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(wanted: dict[str, Any], problem: str) -> None:
    assert problem in str(dns_record.TYPE.misfit({"zone": "Z1", **wanted}))


def test_a_proof_for_a_name_that_the_certificate_has_not_is_told() -> None:
    records = {"example.org": {"name": "_a.example.org.", "value": "_b.aws."}}
    with pytest.raises(StackError, match=r"not for example.com, but for example.org"):
        dns_record.TYPE.desired({"zone": "Z1", "validates": {"domain": "example.com", "records": records}})
    unknown = dns_record.TYPE.desired({"zone": "Z1", "validates": {"domain": "example.org", "records": "<later>"}})
    assert unknown["name"] == "<record of example.org>"
