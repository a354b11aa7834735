# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates and records as the API shows them: what the lab adds to moto."""

from __future__ import annotations

from typing import Any

import pytest
from labtools import Account, client, refused, until

A = {"Name": "www.lab.test", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
TAGS = [{"Key": "a", "Value": "b"}]


@pytest.fixture
def acm(account: Account) -> Any:
    return client("acm", account.endpoint, account.number)


class Dns:
    """A hosted zone, and what is done to it."""

    def __init__(self, account: Account) -> None:
        self.api = client("route53", account.endpoint, account.number)
        self.zone = self.api.create_hosted_zone(Name="lab.test", CallerReference="x")["HostedZone"]["Id"]

    def say(self, *changes: tuple[str, dict[str, Any]], zone: str | None = None) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        self.api.change_resource_record_sets(HostedZoneId=zone or self.zone, ChangeBatch=batch)

    def records(self, **start: Any) -> list[tuple[str, str]]:
        described = self.api.list_resource_record_sets(HostedZoneId=self.zone, **start)["ResourceRecordSets"]
        return [(one["Name"], one["Type"]) for one in described if one["Type"] not in ("NS", "SOA")]


@pytest.fixture
def dns(account: Account) -> Dns:
    return Dns(account)


def read_certificate(acm: Any, arn: str) -> dict[str, Any]:
    return dict(acm.describe_certificate(CertificateArn=arn)["Certificate"])


def proof(acm: Any, arn: str) -> dict[str, Any]:
    """The record that proves the first name of a certificate, as it is made; empty until ACM tells it."""
    record = read_certificate(acm, arn)["DomainValidationOptions"][0].get("ResourceRecord")
    if not record:
        return {}
    return {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}


def request(acm: Any, name: str = "shop.lab.test", **more: Any) -> str:
    return str(acm.request_certificate(DomainName=name, ValidationMethod="DNS", **more)["CertificateArn"])


def test_a_certificate_is_issued_when_records_prove_its_names_and_not_before(acm: Any, dns: Dns) -> None:
    arn = request(acm, SubjectAlternativeNames=["*.shop.lab.test", "lab.test"])
    assert proof(acm, arn) == {}, "AWS takes some seconds to tell it"
    until("the certificate shows its record", lambda: proof(acm, arn))
    records = {
        one["DomainName"]: one["ResourceRecord"] for one in read_certificate(acm, arn)["DomainValidationOptions"]
    }
    assert records["shop.lab.test"] == records["*.shop.lab.test"] != records["lab.test"]
    assert "IssuedAt" not in read_certificate(acm, arn)
    made = [
        {"Name": one["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": one["Value"]}]}
        for one in (records["shop.lab.test"], records["lab.test"])
    ]
    dns.say(("CREATE", made[0]), ("CREATE", {**made[1], "ResourceRecords": [{"Value": "elsewhere."}]}))
    assert read_certificate(acm, arn)["Status"] == "PENDING_VALIDATION"
    dns.say(("UPSERT", made[1]))
    assert read_certificate(acm, arn)["Status"] == "PENDING_VALIDATION"
    until("it is issued", lambda: read_certificate(acm, arn)["Status"] == "ISSUED")
    # Another one for the same name has the same record, which is there already.
    second = request(acm)
    until("so is the second", lambda: read_certificate(acm, second)["Status"] == "ISSUED")


def test_what_is_in_a_private_zone_proves_nothing(acm: Any, dns: Dns, account: Account) -> None:
    config = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": {"VPCRegion": "us-east-1", "VPCId": account.vpc}}
    inside = dns.api.create_hosted_zone(Name="lab.test", CallerReference="y", **config)["HostedZone"]["Id"]
    arn = request(acm)
    record = until("the certificate shows its record", lambda: proof(acm, arn))
    dns.say(("CREATE", record), zone=inside)
    # The right record in the right zone proves the other one, requested later: by then this one would be issued too.
    other = request(acm, "other.lab.test")
    dns.say(("CREATE", until("the certificate shows its record", lambda: proof(acm, other))))
    until("the other is issued", lambda: read_certificate(acm, other)["Status"] == "ISSUED")
    assert read_certificate(acm, arn)["Status"] == "PENDING_VALIDATION"


def test_a_token_is_one_certificate_for_an_hour_also_when_that_has_gone(acm: Any) -> None:
    again = {"IdempotencyToken": "t1", "Tags": TAGS}
    arn = request(acm, **again)
    assert request(acm, **again) == arn
    acm.delete_certificate(CertificateArn=arn)
    assert refused(acm.describe_certificate, CertificateArn=arn) == "ResourceNotFoundException"
    assert request(acm, **again) == arn
    assert request(acm, **{**again, "IdempotencyToken": "t2"}) != arn


def test_records_are_as_they_are_and_not_as_they_were(dns: Dns) -> None:
    dns.say(("CREATE", A))
    assert refused(dns.say, ("CREATE", {**A, "TTL": 300})) == "InvalidChangeBatch"
    assert refused(dns.say, ("DELETE", {**A, "TTL": 300})) == "InvalidChangeBatch"
    assert (
        refused(dns.say, ("CREATE", {**A, "Type": "CNAME", "ResourceRecords": [{"Value": "x."}]}))
        == "InvalidChangeBatch"
    )
    assert refused(dns.say, ("CREATE", {**A, "Name": "www.other.test"})) == "InvalidChangeBatch"
    dns.say(("DELETE", A), ("CREATE", {**A, "TTL": 300}))
    dns.say(("DELETE", {**A, "TTL": 300}))
    assert refused(dns.say, ("DELETE", {**A, "TTL": 300})) == "InvalidChangeBatch"
    dns.say(("CREATE", A))
    assert dns.records() == [("www.lab.test.", "A")]


def test_a_batch_is_made_as_a_whole_or_not_at_all(dns: Dns) -> None:
    dns.say(("CREATE", A))
    more = {**A, "Name": "more.lab.test"}
    assert refused(dns.say, ("CREATE", more), ("CREATE", A)) == "InvalidChangeBatch"
    assert dns.records() == [("www.lab.test.", "A")]


def test_an_asterisk_is_shown_as_its_code_and_found_as_both(dns: Dns) -> None:
    dns.say(("CREATE", {**A, "Name": "*.lab.test"}), ("CREATE", {**A, "Name": "0.lab.test"}))
    for name in ("*.lab.test", "\\052.lab.test"):
        assert dns.records(StartRecordName=name, StartRecordType="A", MaxItems="1") == [("\\052.lab.test.", "A")]
