# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of Route 53: their zones, their owners, and changes whose answers are lost."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ResolvedResource,
    ResourceUpdate,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.route53 import common as route53
from ansible_collections.groundwork.aws.plugins.module_utils._resources.route53 import dns_record

SHOP = Scope("shop", "us-east-1")
ZONES = {"Z1": ("example.org.", False), "Z2": ("shop.example.org.", False), "Z3": ("inside.example.org.", True)}
SITE = {"Name": "www.example.org.", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.1"}]}
PROOF = {"Name": "_a.example.org.", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": "_b.aws"}]}
DESIRED = {"zone": "example.org", "name": "www.example.org", "type": "A", "values": ["192.0.2.1"]}


class Zone:
    """A client of Route 53 with one zone in it; the answers to the first changes may be ``lost``."""

    def __init__(self, *records: dict[str, Any], lost: int = 0) -> None:
        self.records = {(one["Name"], one["Type"]): one for one in records}
        self.lost = lost
        self.said = 0

    def pages(self, operation: str, arguments: Any) -> list[dict[str, Any]]:
        if operation == "list_resource_record_sets":
            return [{"ResourceRecordSets": list(self.records.values())}]
        zones = [(f"/hostedzone/{key}", *values) for key, values in ZONES.items()]
        found = [{"Id": key, "Name": name, "Config": {"PrivateZone": inside}} for key, name, inside in zones]
        return [{"HostedZones": found[:2]}, {"HostedZones": found[2:]}]

    def list_resource_record_sets(self, **asked: Any) -> dict[str, Any]:
        assert asked["MaxItems"] == "1"
        one = self.records.get((asked["StartRecordName"], asked["StartRecordType"]))
        later = {"Name": "zz.example.org.", "Type": "A"}
        return {"ResourceRecordSets": [one or later]}

    def change_resource_record_sets(self, **asked: Any) -> None:
        """botocore repeats the call when the answer is lost."""
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


def resource(**more: Any) -> ResolvedResource:
    given = dns_record.TYPE.schema.with_defaults({**DESIRED, **more})
    return ResolvedResource("dns_record/x", "x", given, {}, SHOP, prepared={"zone": "Z1"})


def shared() -> ResolvedResource:
    proof = {"domain": "example.org", "records": {"example.org": {"name": "_a.example.org.", "value": "_b.aws."}}}
    given = dns_record.TYPE.schema.with_defaults({"zone": "example.org", "validates": proof})
    return ResolvedResource("dns_record/x", "x", given, {}, SHOP, prepared={"zone": "Z1"})


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
    assert route53.find_zones(Zone(), [place]) == ({place: [zone]} if zone else {})


class Twice(Zone):
    """An account with two public zones of one name."""

    def pages(self, operation: str, arguments: Any) -> list[dict[str, Any]]:
        twin = {"Id": "/hostedzone/Z7", "Name": "example.org.", "Config": {"PrivateZone": False}}
        return [*super().pages(operation, arguments), {"HostedZones": [twin]}]


@pytest.mark.parametrize("place", ["example.org", "www.example.org"])
def test_of_two_public_zones_with_one_name_the_document_must_say_which(place: str) -> None:
    asked = Scope("shop", "us-east-1", {"dns_record": frozenset({place, "shop.example.org"})})
    with pytest.raises(StackError) as raised:
        route53.list_requests(Twice(), asked)
    assert str(raised.value).splitlines() == [
        f"{place}: this account has 2 public hosted zones for it, Z1 and Z7. Say which one by its id: "
        "load_balancer.hosted_zone of the document, or zone of a dns_record",
        "Nothing was changed.",
    ]


@pytest.mark.parametrize("place", ["Z7", "shop.example.org"])
def test_an_id_or_a_longer_name_says_which_zone(place: str) -> None:
    asked = Scope("shop", "us-east-1", {"dns_record": frozenset({place})})
    assert len(route53.list_requests(Twice(), asked)) == 1


@pytest.mark.parametrize(
    "scope",
    [
        Scope("shop", "us-east-1", {"dns_record": frozenset({"example.org"})}, absent=True),
        # The document says Z7 by now; the name is that of an earlier one, as tags tell.
        Scope("shop", "us-east-1", {"dns_record": frozenset({"Z7"})}, hosted_zones=frozenset({"example.org"})),
    ],
)
def test_records_are_looked_for_in_both_zones_of_one_name(scope: Scope) -> None:
    assert route53.list_requests(Twice(), scope) == [{"HostedZoneId": "Z1"}, {"HostedZoneId": "Z7"}]


def test_no_zones_take_no_call() -> None:
    assert route53.list_requests(None, SHOP) == []
    asked = Scope("shop", "us-east-1", {"dns_record": frozenset({"example.org", "Z1", "example.com"})})
    assert route53.list_requests(Zone(), asked) == [{"HostedZoneId": "Z1"}]


def listed(*records: dict[str, Any]) -> list[dict[str, Any]]:
    soa = {"Name": "example.org.", "Type": "SOA"}
    return route53.find_owned({**one, "HostedZoneId": "Z1"} for one in (soa, *records))


@pytest.mark.parametrize(
    ("stack", "region", "mine"),
    [("shop", "us-east-1", True), ("shop", "eu-west-1", False), ("shop-2", "us-east-1", False)],
)
def test_the_owner_record_names_the_owner(stack: str, region: str, mine: bool) -> None:
    mark = route53.mark(Scope(stack, region), "dns_record/x", "A", "www.example.org")
    (found,) = listed(SITE, mark)
    assert found["Record"] == SITE
    assert found["ZoneName"] == "example.org"
    assert dns_record.owner(found, SHOP) == ("dns_record/x" if mine else None)
    assert route53.find_owned([found]) == [found]


@pytest.mark.parametrize(
    "record",
    [
        SITE,
        {**SITE, "Type": "TXT"},
        {**route53.mark(SHOP, "dns_record/x", "A", "www.example.org"), "ResourceRecords": [{"Value": '"hello"'}]},
        {**route53.mark(SHOP, "dns_record/x", "A", "www.example.org"), "Name": "www.example.org."},
    ],
)
def test_other_txt_records_are_no_owner_records(record: dict[str, Any]) -> None:
    assert listed(record) == []


def test_the_owner_record_of_a_wildcard_has_a_valid_name() -> None:
    mark = route53.mark(SHOP, "dns_record/x", "A", "*.example.org")
    assert mark["Name"] == "a.us-east-1.shop._groundwork._any.example.org."
    (found,) = listed({**SITE, "Name": "\\052.example.org."}, mark)
    assert (found["Name"], found["Record"]["Name"]) == ("*.example.org", "\\052.example.org.")


def test_weighted_records_are_not_owned() -> None:
    (found,) = listed({**SITE, "SetIdentifier": "blue"}, route53.mark(SHOP, "dns_record/x", "A", "www.example.org"))
    assert found["Record"] is None


@pytest.mark.parametrize("lost", [0, 1])
def test_a_record_is_created_changed_and_deleted_with_its_owner_record(lost: int) -> None:
    zone = Zone(lost=lost)
    actual = dns_record.TYPE.to_actual(dns_record.create(zone, resource()), "x")
    assert sorted(kind for _name, kind in zone.records) == ["A", "TXT"]
    zone.lost = lost
    dns_record.change(
        zone,
        ResourceUpdate(actual, resource(name="w.example.org", values=["192.0.2.2"]), frozenset({"name", "values"})),
    )
    assert [name for name, kind in zone.records if kind == "A"] == ["w.example.org."]
    zone.lost = lost
    dns_record.delete(zone, dns_record.TYPE.to_actual(listed(*zone.records.values())[0], "x"))
    assert zone.records == {}
    assert zone.said == 3 * (1 + lost)


def test_a_rejected_change_is_an_error_unless_it_is_made() -> None:
    zone = Zone(SITE)
    route53.change(zone, "Z1", [PROOF], [])
    with pytest.raises(ClientError):
        route53.change(zone, "Z1", [{**SITE, "TTL": 60}], [])
    assert list(zone.records.values()) == [SITE]


def test_a_record_of_another_owner_is_not_changed() -> None:
    zone = Zone({**SITE, "ResourceRecords": [{"Value": "192.0.2.9"}]})
    with pytest.raises(
        StackError, match=r"dns_record/x: www.example.org has a record of type A that is not the stack's"
    ):
        dns_record.create(zone, resource())
    assert len(zone.records) == 1


def test_a_shared_validation_record_is_used_and_stays() -> None:
    zone = Zone({**PROOF, "TTL": 60, "ResourceRecords": [{"Value": "_b.aws."}]})
    item = dns_record.create(zone, shared())
    (found,) = listed(*zone.records.values())
    assert item["shared"] == found["shared"] == "shared"
    actual = dns_record.TYPE.to_actual(found, "x")
    assert dns_record.TYPE.find_differences(shared().properties, actual.properties) == frozenset()
    with pytest.raises(StackError, match="has another owner by now"):
        dns_record.change(zone, ResourceUpdate(actual, shared(), frozenset({"values"})))
    dns_record.delete(zone, actual)
    assert [kind for _name, kind in zone.records] == ["CNAME"]


def test_a_validation_record_with_another_value_is_a_conflict() -> None:
    zone = Zone({**PROOF, "ResourceRecords": [{"Value": "elsewhere."}]})
    with pytest.raises(StackError, match=r"_a.example.org has a record of type CNAME that is not the stack's"):
        dns_record.create(zone, shared())


def test_all_conflicts_are_reported_before_anything_is_created() -> None:
    zone = Zone(
        SITE, {**SITE, "Name": "ours.example.org."}, route53.mark(SHOP, "dns_record/y", "A", "ours.example.org")
    )
    orders = [
        resource(),
        resource(zone="example.com"),
        resource(name="ours.example.org"),
        resource(name="new.example.org"),
        shared(),
    ]
    with pytest.raises(StackError) as raised:
        dns_record.find_zones(lambda service: zone, orders)
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert "www.example.org has a record of type A" in lines[0]
    assert "no hosted zone example.com" in lines[1]
    assert dns_record.find_zones(lambda service: zone, [resource(name="new.example.org")]) == {
        "dns_record/x": {"zone": "Z1"}
    }


@pytest.mark.parametrize(
    ("desired", "problem"),
    [
        ({"name": "a.b", "type": "A"}, "exactly one of"),
        ({"name": "a.b", "type": "A", "values": ["x"], "alias": {"name": "c", "zone": "Z"}}, "exactly one of"),
        ({"type": "A", "values": ["x"]}, "a record has a name"),
        ({"name": "a.b", "type": "NS", "values": ["x"]}, "one of A, AAAA"),
    ],
)
def test_a_record_that_makes_no_sense_is_rejected(desired: dict[str, Any], problem: str) -> None:
    assert problem in str(dns_record.TYPE.validate({"zone": "Z1", **desired}))


def test_a_validation_of_a_foreign_domain_is_rejected() -> None:
    records = {"example.org": {"name": "_a.example.org.", "value": "_b.aws."}}
    with pytest.raises(StackError, match=r"not for example.com, but for example.org"):
        dns_record.TYPE.schema.with_defaults({"zone": "Z1", "validates": {"domain": "example.com", "records": records}})
    unknown = dns_record.TYPE.schema.with_defaults(
        {"zone": "Z1", "validates": {"domain": "example.org", "records": "<later>"}}
    )
    assert unknown["name"] == "<record of example.org>"
