# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A certificate, the records that prove its names, and a listener that has it, in the life of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rig.faults import Fault, Lose, named, nth
from rig.stacks import Stack, Stacks, assert_same, base_of

SECURED = replace(base_of("secured"), zones=("example.test", "example.org"))
RECORDS = ["dns_record/all", "dns_record/other-proof", "dns_record/proof", "dns_record/site"]
PARTS = ["certificate/site", *RECORDS, "listener/https"]
MARK = "_groundwork"


def zone(stack: Stack, name: str) -> str:
    (found,) = stack.account.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return str(found["Id"])


def records(stack: Stack, name: str = "example.test") -> dict[tuple[str, str], Any]:
    """What is in a zone besides what is in every one, by name and type."""
    answer = stack.account.client("route53").list_resource_record_sets(HostedZoneId=zone(stack, name))
    found = {(one["Name"], one["Type"]): one for one in answer["ResourceRecordSets"]}
    return {key: one for key, one in found.items() if key[1] not in ("NS", "SOA")}


def say(stack: Stack, action: str, record: Mapping[str, Any], name: str = "example.test") -> None:
    """A change of a zone by hand."""
    batch: Any = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    stack.account.client("route53").change_resource_record_sets(HostedZoneId=zone(stack, name), ChangeBatch=batch)


def certificate(stack: Stack) -> dict[str, Any]:
    arn = stack.id_of("certificate/site")
    return dict(stack.account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def read_certificate_arn(stack: Stack) -> str:
    (answer,) = stack.account.client("elbv2").describe_listeners(ListenerArns=[stack.id_of("listener/https")])[
        "Listeners"
    ]
    return str(answer["Certificates"][0]["CertificateArn"])


def test_a_stack_is_created_and_deleted(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    made = stack.made()
    assert certificate(stack)["Status"] == "ISSUED"
    assert read_certificate_arn(stack) == made.result["resources"]["certificate/site"]["arn"]
    found = records(stack)
    alias = found["shop.example.test.", "A"]["AliasTarget"]
    assert alias["DNSName"].rstrip(".") == made.result["resources"]["load_balancer/main"]["dns_name"]
    assert found["\\052.shop.example.test.", "CNAME"]["TTL"] == 60
    marks = [key for key in found if MARK in key[0]]
    assert len(marks) == 3
    assert len(found) == 6
    assert len(records(stack, "example.org")) == 2
    stack.assert_quiet()
    assert stack.absent().ok
    stack.assert_empty()
    assert (records(stack), records(stack, "example.org")) == ({}, {})


def test_the_listener_gets_a_new_certificate_before_the_old_one_is_deleted(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    stack.made()
    old = read_certificate_arn(stack)
    fewer = {"resources": {"certificate/site": {"names": []}, "dns_record/other-proof": None}}
    before = records(stack)
    outcome = stack.present(fewer)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {
        "certificate/site": "replace",
        "dns_record/other-proof": "delete",
        "dns_record/proof": "update",
        "listener/https": "update",
        # It forgets the zone in which nothing is any more.
        "vpc/main": "update",
    }
    assert read_certificate_arn(stack) == certificate(stack)["CertificateArn"] != old
    assert certificate(stack)["SubjectAlternativeNames"] == ["shop.example.test"]
    assert len(stack.account.client("acm").list_certificates()["CertificateSummaryList"]) == 1
    # The record for a name is the same for every certificate of the account.
    assert records(stack) == before
    stack.assert_quiet(fewer)


def test_drift_is_reported_and_corrected(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    stack.made()
    there = records(stack)
    say(stack, "UPSERT", {**there["\\052.shop.example.test.", "CNAME"], "TTL": 3600})
    say(stack, "DELETE", there["shop.example.test.", "A"])
    mark = next(one for (name, _type), one in records(stack, "example.org").items() if MARK in name)
    say(stack, "DELETE", mark, "example.org")
    acm = stack.account.client("acm")
    tag = {"Key": "groundwork:resource", "Value": "certificate/site"}
    acm.add_tags_to_certificate(
        CertificateArn=read_certificate_arn(stack), Tags=[{"Key": "Name", "Value": "mine"}, tag]
    )
    drift = stack.info().result["drift"]
    assert drift["missing"] == ["dns_record/other-proof"]
    assert {(one["address"], one["property"]) for one in drift["changed"]} == {
        ("certificate/site", "tags"),
        ("dns_record/all", "ttl"),
        ("dns_record/site", "alias"),
    }
    assert drift["unexpected"] == []
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert records(stack) == there
    stack.assert_quiet()


def test_a_name_has_records_of_several_types(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    stack.made()
    name, balancer = "shop.example.test.", "load_balancer/main"
    alias = {key: {"ref": balancer, "attribute": it} for key, it in (("name", "dns_name"), ("zone", "zone_id"))}
    six = {"zone": "example.test", "name": name.rstrip("."), "type": "AAAA"}
    there = records(stack)
    for said, action in (({"alias": alias}, "create"), ({"values": ["2001:db8::1"], "ttl": 60}, "update")):
        more = {"resources": {"dns_record/site-6": {**six, **said}}}
        outcome = stack.present(more)
        assert outcome.ok, str(outcome)
        assert outcome.actions == {"dns_record/site-6": action}
        stack.assert_quiet(more)
        found = records(stack)
        if action == "create":
            assert found[name, "AAAA"]["AliasTarget"] == found[name, "A"]["AliasTarget"]
        else:
            assert found[name, "AAAA"]["ResourceRecords"] == [{"Value": "2001:db8::1"}]
    assert stack.present().actions == {"dns_record/site-6": "delete"}
    assert records(stack) == there


def test_foreign_records_are_not_changed_and_are_named(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    theirs = {"Name": "shop.example.test.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    say(stack, "CREATE", theirs)
    say(
        stack,
        "CREATE",
        {**theirs, "Name": "*.shop.example.test.", "Type": "CNAME", "ResourceRecords": [{"Value": "x."}]},
    )
    before = records(stack)
    outcome = stack.present()
    assert not outcome.ok
    for address, what in (
        ("dns_record/site", "shop.example.test has a record of type A"),
        ("dns_record/all", "*.shop"),
    ):
        (line,) = [line for line in outcome.message.splitlines() if line.startswith(f"{address}: ")]
        assert what in line
        assert "remove that one" in line
    assert outcome.message.splitlines()[-1] == "Nothing was changed."
    assert records(stack) == before
    stack.assert_empty()


def test_a_missing_hosted_zone_is_an_error_before_anything_is_changed(stacks: Stacks) -> None:
    stack = stacks(replace(SECURED, zones=("example.test",)))
    outcome = stack.present()
    assert "dns_record/other-proof: this account has no hosted zone shop.example.org" in outcome.message
    assert "dns_record/proof" not in outcome.message
    stack.assert_empty()


def test_an_existing_validation_record_is_used_and_kept(stacks: Stacks) -> None:
    """Another certificate of the account for the same name has the same record, and is renewed by it."""
    stack = stacks(SECURED)
    acm = stack.account.client("acm")
    arn = acm.request_certificate(DomainName="shop.example.test", ValidationMethod="DNS")["CertificateArn"]
    answer: dict[str, Any] = {}
    while "ResourceRecord" not in answer:
        answer = dict(acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0])
    record = answer["ResourceRecord"]
    theirs = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
    say(stack, "CREATE", theirs)
    stack.made()
    assert certificate(stack)["Status"] == "ISSUED"
    assert records(stack)[record["Name"], "CNAME"] == theirs
    stack.assert_quiet()
    say(stack, "DELETE", theirs)
    assert stack.info().result["drift"]["changed"][0]["address"] == "dns_record/proof"
    outcome = stack.present()
    assert outcome.actions == {"dns_record/proof": "update"}, str(outcome)
    assert records(stack)[record["Name"], "CNAME"]["TTL"] == 300
    stack.assert_quiet()
    say(stack, "DELETE", records(stack)[record["Name"], "CNAME"])
    say(
        stack,
        "DELETE",
        next(one for (name, _), one in records(stack).items() if name.endswith(f"{MARK}.{record['Name']}")),
    )
    say(stack, "CREATE", theirs)
    assert stack.present().ok
    assert stack.absent().ok
    assert records(stack) == {(record["Name"], "CNAME"): theirs}


SITE: Mapping[str, Any] = {
    "resources": dict.fromkeys([*PARTS, "load_balancer/main", "security_group/balancer"]),
    "load_balancer": {
        "subnets": "public",
        "domain": "www.example.test",
        "alternative_names": ["*.www.example.test", "shop.example.org"],
        "tls": {},
    },
    "services": {
        "web": {
            "runtime": "pm2",
            "instances": {"subnets": "public"},
            "port": 3000,
            "entry": "server.js",
            "routes": ["/*"],
            "source": {"git": "https://git.example/web.git"},
        }
    },
}


def test_a_document_needs_only_the_domain(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    made = stack.made(SITE)
    assert made.result["outputs"]["url"] == "https://www.example.test/"
    alias = {key[0] for key, one in {**records(stack), **records(stack, "example.org")}.items() if "AliasTarget" in one}
    assert alias == {"www.example.test.", "\\052.www.example.test.", "shop.example.org."}
    stack.assert_quiet(SITE)
    assert stack.info(SITE).result["outputs"] == made.result["outputs"]
    plain = {**SITE, "load_balancer": {"subnets": "public"}}
    outcome = stack.present(plain)
    assert outcome.ok, str(outcome)
    assert {address for address, action in outcome.actions.items() if action == "delete"} == {
        "certificate/alb",
        "dns_record/any-www-example-test",
        "dns_record/proof-shop-example-org",
        "dns_record/proof-www-example-test",
        "dns_record/shop-example-org",
        "dns_record/www-example-test",
        "listener/https",
    }
    assert (records(stack), records(stack, "example.org")) == ({}, {})
    stack.assert_quiet(plain)


def lose_changes(stack: Stack, count: int) -> list[Fault]:
    """The answers to so many changes of records, the request for a certificate and its deletion, are lost."""
    changes = [
        stack.proxy.faults.add(nth(2 * number + 1, named("ChangeResourceRecordSets")), Lose(after=True), times=1)
        for number in range(count)
    ]
    return [*changes, stack.proxy.faults.add(named("RequestCertificate"), Lose(after=True), times=1)]


def test_lost_answers_create_no_duplicates(stacks: Stacks) -> None:
    expected, stack = stacks(SECURED), stacks(SECURED)
    expected.made()
    faults = lose_changes(stack, len(RECORDS))
    outcome = stack.present(parallel=1)
    assert outcome.ok, str(outcome)
    assert [fault.struck for fault in faults] == [1] * len(faults)
    assert_same(stack.account.state(), expected.account.state())
    stack.assert_quiet()
    lost = [stack.proxy.faults.add(named(one), Lose(after=True), times=1) for one in ("DeleteCertificate",)]
    lost += lose_changes(stack, len(RECORDS))[:-1]
    outcome = stack.absent(parallel=1)
    assert outcome.ok, str(outcome)
    assert [fault.struck for fault in lost] == [1] * len(lost)
    stack.assert_empty()
    assert records(stack) == {}


def test_many_records_and_foreign_certificates_take_no_more_calls(stacks: Stacks) -> None:
    stack = stacks(SECURED)
    stack.made()
    stack.assert_quiet()
    few = sorted(stack.proxy.names())
    text = {"zone": "example.test", "type": "TXT", "values": ['"text"']}
    more = {"resources": {f"dns_record/n{number}": {**text, "name": f"n{number}.example.test"} for number in range(20)}}
    for number in range(5):
        stack.account.client("acm").request_certificate(DomainName=f"{number}.example.org", ValidationMethod="DNS")
    stack.made(more)
    stack.assert_quiet(more)
    assert sorted(stack.proxy.names()) == few
