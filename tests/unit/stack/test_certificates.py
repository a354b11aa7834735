# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates of ACM: which are looked at, what their records are, and what becomes of those that fail."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack.poll import verdict
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import certificate

READY = certificate.TYPE.ready


class Acm:
    """A client that tells one certificate."""

    def __init__(self, status: str, **records: str | None) -> None:
        found = {name.replace("_", "."): value for name, value in records.items()}
        self.told = {
            "CertificateArn": "arn",
            "DomainName": "shop.test",
            "Status": status,
            "FailureReason": "INVALID_PUBLIC_DOMAIN",
            "DomainValidationOptions": [
                {
                    "DomainName": name,
                    **({"ResourceRecord": {"Name": value, "Type": "CNAME", "Value": "v."}} if value else {}),
                }
                for name, value in found.items()
            ],
        }

    def describe_certificate(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"CertificateArn": "arn"}
        return {"Certificate": self.told}


def described(acm: Acm) -> dict[str, Any]:
    (found,) = certificate.describe(acm, [{"CertificateArn": "arn"}])
    return found


def test_records_are_told_when_those_of_all_names_are() -> None:
    assert READY
    for acm in (Acm("PENDING_VALIDATION"), Acm("PENDING_VALIDATION", shop_test="_a.shop.test.", www_test=None)):
        assert not verdict(READY, described(acm))
        assert described(acm)["Proof"] in READY.coming
    whole = described(Acm("PENDING_VALIDATION", shop_test="_a.shop.test."))
    assert verdict(READY, whole)
    assert whole["Records"] == {"shop.test": {"name": "_a.shop.test.", "value": "v."}}


def test_a_name_with_an_asterisk_has_the_record_of_the_name() -> None:
    acm = Acm("ISSUED", shop_test="_a.shop.test.")
    acm.told["DomainValidationOptions"][0]["DomainName"] = "*.Shop.test"
    assert list(described(acm)["Records"]) == ["shop.test"]


def test_a_request_that_failed_is_not_waited_for() -> None:
    assert READY
    with pytest.raises(StackError, match=r"waiting for told its records: it is FAILED \(INVALID_PUBLIC_DOMAIN\)"):
        verdict(READY, described(Acm("FAILED", shop_test=None)))
    with pytest.raises(StackError, match="waiting for issued: it is VALIDATION_TIMED_OUT"):
        verdict(certificate.ISSUED, described(Acm("VALIDATION_TIMED_OUT", shop_test="_a.shop.test.")))


def test_tags_are_read_of_what_may_be_the_stacks() -> None:
    titles = {"certificate": frozenset({"shop.test", "arn:old"})}
    scope = Scope("shop", "us-east-1", titles)
    items = [("arn:new", "shop.test"), ("arn:old", "old.test"), ("arn:other", "other.test")]
    found = [certificate.maybe({"CertificateArn": arn, "DomainName": name}, scope) for arn, name in items]
    assert found == [True, True, False]
    assert not certificate.maybe({"CertificateArn": "arn:new", "DomainName": "shop.test"}, Scope("shop", "us-east-1"))
