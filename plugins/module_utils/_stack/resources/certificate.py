# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificate of ACM for names that records in the DNS prove to be ours. AWS renews it as long as these are there.

Which records those are (attribute ``records``) is told some seconds after the request, and it is issued some minutes
after they are there: a reference to the certificate waits until it is issued, one to its records does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import only
from ..._aws.tags import as_list, as_mapping
from ..resource import Client, Detail, Listing, Live, Order, Properties, Raw, ResourceType, Scope, Tagging, Waiter

GOOD = ("PENDING_VALIDATION", "ISSUED")
BAD = ("EXPIRED", "FAILED", "INACTIVE", "REVOKED", "VALIDATION_TIMED_OUT")
# Whether ACM has said which records prove the names; it may also fail before.
TOLD, UNTOLD = "told", "to be told"


def _told(_request: Mapping[str, Any], certificate: Raw) -> Raw:
    """With the records that prove the names to be ours, by the name without its asterisk: that has no other record.
    None where AWS has not told the record yet."""
    options = certificate.get("DomainValidationOptions") or ()
    found: dict[str, Any] = {}
    for one in options:
        record, name = one.get("ResourceRecord"), _bare(one["DomainName"])
        told = {"name": record["Name"], "value": record["Value"]} if record else None
        found[name] = told or found.get(name)
    proof = TOLD if found and None not in found.values() else UNTOLD
    if proof == UNTOLD and certificate.get("Status") in BAD:
        proof = certificate["Status"]
    return certificate | {"Records": found, "Proof": proof}


def _bare(name: str) -> str:
    return name.lower().removeprefix("*.")


DESCRIBED = Listing(
    "describe_certificate",
    "Certificate",
    by_ids=lambda arns: {"CertificateArn": arns[0]},
    within=lambda arn: arn,
    shape=_told,
)
ISSUED = Waiter(
    "issued",
    "Status",
    ("ISSUED",),
    BAD,
    why="FailureReason",
    timeout=2700,
    delay=10,
    listing=DESCRIBED,
    hint="ACM must find its records from everywhere: is the hosted zone the one whose name servers the domain has?",
)


def desired(wanted: Properties) -> dict[str, Any]:
    domain = str(wanted["domain"]).lower()
    names = sorted({str(name).lower() for name in wanted.get("names") or ()} - {domain})
    return {**wanted, "domain": domain, "names": names, "status": "ISSUED"}


def normalize(certificate: Raw) -> dict[str, Any]:
    """A request that failed, or that nobody proved within three days, stays what it is: another has to be made."""
    found: dict[str, Any] = {}
    if "DomainName" in certificate:
        found["domain"] = certificate["DomainName"].lower()
        if "SubjectAlternativeNames" in certificate:
            names = {name.lower() for name in certificate["SubjectAlternativeNames"]}
            found["names"] = sorted(names - {found["domain"]})
    if "Status" in certificate:
        found["status"] = "ISSUED" if certificate["Status"] in GOOD else certificate["Status"]
    return found


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    names = {"SubjectAlternativeNames": wanted["names"]} if wanted["names"] else {}
    made = client.request_certificate(
        DomainName=wanted["domain"],
        **names,
        ValidationMethod="DNS",
        IdempotencyToken=_token(order),
        Tags=as_list(order.tags),
    )
    plain = {"CertificateArn": made["CertificateArn"], "DomainName": wanted["domain"], "Status": GOOD[0], **names}
    return {**plain, "Tags": as_list(order.tags), "Records": {}, "Proof": UNTOLD}


def _token(order: Order) -> str:
    """A token for this run alone: ACM remembers one for an hour, also when its certificate is deleted, and lists no
    deleted ones. It has letters, digits and underscores alone, and 32 of them."""
    return hashlib.sha256(f"{order.token}|{order.run}".encode()).hexdigest()[:32]


def read_tags(client: Client, certificates: list[Raw]) -> list[Raw]:
    answer = client.list_tags_for_certificate(CertificateArn=certificates[0]["CertificateArn"])
    return [only(answer, "Tags")]


def describe(client: Client, certificates: list[Raw]) -> list[Raw]:
    asked = {"CertificateArn": certificates[0]["CertificateArn"]}
    return [_told(asked, client.describe_certificate(**asked)["Certificate"])]


def maybe(certificate: Raw, scope: Scope) -> bool:
    """Tags take a call for each: only what has a name of the document, or is known to the tagging API, is worth one."""
    titles = scope.titles.get("certificate", frozenset())
    return not titles.isdisjoint({certificate.get("CertificateArn"), certificate.get("DomainName")})


def delete(client: Client, live: Live) -> None:
    client.delete_certificate(CertificateArn=live.id)


def _write(client: Client, live: Live, tags: Mapping[str, str]) -> None:
    client.add_tags_to_certificate(CertificateArn=live.id, Tags=as_list(tags))


def _remove(client: Client, live: Live, keys: Sequence[str]) -> None:
    client.remove_tags_from_certificate(CertificateArn=live.id, Tags=[{"Key": key} for key in keys])


TYPE = ResourceType(
    name="certificate",
    service="acm",
    listing=Listing("list_certificates", "CertificateSummaryList"),
    id="CertificateArn",
    title="domain",
    of_arn=lambda arn: arn,
    maybe=maybe,
    tags=Detail(read_tags),
    tagging=Tagging(lambda item: as_mapping(item.get("Tags")), _write, _remove),
    details=(Detail(describe),),
    attributes={"id": "CertificateArn", "arn": "CertificateArn", "records": "Records"},
    awaited={"id": ISSUED, "arn": ISSUED},
    required=frozenset({"domain"}),
    create_only=frozenset({"domain", "names", "status"}),
    # Whoever uses the old one is given the new one before that goes.
    create_first="domain",
    desired=desired,
    normalize=normalize,
    create=create,
    delete=delete,
    # AWS takes some minutes to notice that nobody uses it any more.
    busy=frozenset({"ResourceInUseException"}),
    busy_timeout=1800.0,
    ready=Waiter("told its records", "Proof", (TOLD,), BAD, coming=(UNTOLD,), why="FailureReason", listing=DESCRIBED),
)
