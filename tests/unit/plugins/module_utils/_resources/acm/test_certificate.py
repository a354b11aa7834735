# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ACM certificates: which may be owned, their validation records, and failed requests."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.acm import certificate

PUBLISHED = certificate.RECORDS_PUBLISHED.condition


class Acm:
    """A client with one certificate."""

    def __init__(self, status: str, **records: str | None) -> None:
        found = {name.replace("_", "."): value for name, value in records.items()}
        self.certificate = {
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
        return {"Certificate": self.certificate}


def described(acm: Acm) -> dict[str, Any]:
    (found,) = certificate.describe(acm, [{"CertificateArn": "arn"}])
    return found


def test_records_are_published_when_those_of_all_domains_are() -> None:
    for acm in (Acm("PENDING_VALIDATION"), Acm("PENDING_VALIDATION", shop_test="_a.shop.test.", www_test=None)):
        assert not PUBLISHED.is_met(described(acm))
        assert PUBLISHED.is_pending(described(acm))
    whole = described(Acm("PENDING_VALIDATION", shop_test="_a.shop.test."))
    assert PUBLISHED.is_met(whole)
    assert whole["Records"] == {"shop.test": {"name": "_a.shop.test.", "value": "v."}}


def test_a_name_with_an_asterisk_has_the_record_of_the_name() -> None:
    acm = Acm("ISSUED", shop_test="_a.shop.test.")
    acm.certificate["DomainValidationOptions"][0]["DomainName"] = "*.Shop.test"
    assert list(described(acm)["Records"]) == ["shop.test"]


def test_a_request_that_failed_ends_the_waiting() -> None:
    with pytest.raises(
        StackError, match=r"waiting for given its validation records: it is FAILED \(INVALID_PUBLIC_DOMAIN\)"
    ):
        PUBLISHED.is_met(described(Acm("FAILED", shop_test=None)))
    with pytest.raises(StackError, match="waiting for issued: it is VALIDATION_TIMED_OUT"):
        certificate.ISSUED.condition.is_met(described(Acm("VALIDATION_TIMED_OUT", shop_test="_a.shop.test.")))


def test_only_certificates_with_a_known_domain_or_arn_may_be_owned() -> None:
    names = {"certificate": frozenset({"shop.test", "arn:old"})}
    scope = Scope("shop", "us-east-1", names)
    items = [("arn:new", "shop.test"), ("arn:old", "old.test"), ("arn:other", "other.test")]
    found = [certificate.TYPE.may_be_owned({"CertificateArn": arn, "DomainName": name}, scope) for arn, name in items]
    assert found == [True, True, False]
    assert not certificate.TYPE.may_be_owned(
        {"CertificateArn": "arn:new", "DomainName": "shop.test"}, Scope("shop", "us-east-1")
    )
