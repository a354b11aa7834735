# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificate of ACM, validated by DNS records. AWS renews it as long as these records exist.

ACM publishes the validation records (attribute ``records``) some seconds after the request, and issues the certificate
some minutes after they exist. A reference to the certificate waits until it is issued, one to its records does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._aws.answer import single_item
from ..._aws.tags import tags_to_dict, tags_to_list
from ..._engine.condition import Condition, Waiter
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import EVERY, Items, Matching, OneOf, PropertyProblem
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    Schema,
    Tagging,
)
from ..._engine.scope import Scope

GOOD = ("PENDING_VALIDATION", "ISSUED")
BAD = ("EXPIRED", "FAILED", "INACTIVE", "REVOKED", "VALIDATION_TIMED_OUT")
# Whether ACM has published the validation records; the request may also fail before.
PUBLISHED, NOT_PUBLISHED = "published", "not published"


class DescribeCertificate(Listing):
    def complete_item(self, _request: Mapping[str, Any], item: Raw) -> Raw:
        return _with_records(item)

    def parent_of(self, identifier: str) -> str | None:
        """The call takes one certificate, so that each is asked for by itself."""
        return identifier


def _with_records(certificate: Raw) -> Raw:
    """The certificate with its validation records by domain, without the asterisk of a wildcard, which has no record of
    its own. A record is None until ACM has published it."""
    records: dict[str, Any] = {}
    for option in certificate.get("DomainValidationOptions") or ():
        record, domain = option.get("ResourceRecord"), _bare(option["DomainName"])
        published = {"name": record["Name"], "value": record["Value"]} if record else None
        records[domain] = published or records.get(domain)
    state = PUBLISHED if records and None not in records.values() else NOT_PUBLISHED
    if state == NOT_PUBLISHED and certificate.get("Status") in BAD:
        state = certificate["Status"]
    return certificate | {"Records": records, "RecordsState": state}


def _bare(name: str) -> str:
    return name.lower().removeprefix("*.")


DESCRIBE = DescribeCertificate("describe_certificate", "Certificate", by_ids=lambda arns: {"CertificateArn": arns[0]})
ISSUED = Waiter(
    Condition("issued", "Status", ("ISSUED",), BAD, reason_path="FailureReason"),
    timeout=2700,
    delay=10,
    listing=DESCRIBE,
    hint="ACM must find its records from everywhere: is the hosted zone the one whose name servers the domain has?",
)
RECORDS_PUBLISHED = Waiter(
    Condition(
        "given its validation records",
        "RecordsState",
        (PUBLISHED,),
        BAD,
        pending=(NOT_PUBLISHED,),
        reason_path="FailureReason",
    ),
    listing=DESCRIBE,
)


# ACM API Reference, RequestCertificate: the first name has at most 64 characters (RFC 5280), further ones 253.
_DOMAIN = r"(?:\*\.)?(?:(?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9]\.)+(?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9]"
_DOMAIN_NAME = "a domain like shop.example.org or *.example.org"


# ACM API Reference, RequestCertificate, SubjectAlternativeNames.
MOST_NAMES = 100


def check_names(given: Properties) -> Iterator[PropertyProblem]:
    names = {str(name).lower() for name in given.get("names") or ()} - {str(given["domain"]).lower()}
    if len(names) > MOST_NAMES:
        text = f"has {len(names)}, and ACM allows {MOST_NAMES} in a certificate"
        yield ("names",), f"{text} (remove {len(names) - MOST_NAMES}, or use another certificate for them)"


def with_defaults(desired: Properties) -> dict[str, Any]:
    domain = str(desired["domain"]).lower()
    names = sorted({str(name).lower() for name in desired.get("names") or ()} - {domain})
    return {**desired, "domain": domain, "names": names, "status": "ISSUED"}


def normalize(certificate: Raw) -> dict[str, Any]:
    """A request that failed, or was not validated within three days, stays so: the certificate is replaced."""
    found: dict[str, Any] = {}
    if "DomainName" in certificate:
        found["domain"] = certificate["DomainName"].lower()
        if "SubjectAlternativeNames" in certificate:
            names = {name.lower() for name in certificate["SubjectAlternativeNames"]}
            found["names"] = sorted(names - {found["domain"]})
    if "Status" in certificate:
        found["status"] = "ISSUED" if certificate["Status"] in GOOD else certificate["Status"]
    return found


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    names = {"SubjectAlternativeNames": desired["names"]} if desired["names"] else {}
    made = client.request_certificate(
        DomainName=desired["domain"],
        **names,
        ValidationMethod="DNS",
        IdempotencyToken=_token(resource),
        Tags=tags_to_list(resource.tags),
    )
    plain = {"CertificateArn": made["CertificateArn"], "DomainName": desired["domain"], "Status": GOOD[0], **names}
    return {**plain, "Tags": tags_to_list(resource.tags), "Records": {}, "RecordsState": NOT_PUBLISHED}


def _token(resource: ResolvedResource) -> str:
    """A token for this run: ACM remembers one for an hour, also after its certificate is deleted, and lists no deleted
    certificates. It takes up to 32 letters, digits and underscores."""
    return hashlib.sha256(f"{resource.token}|{resource.run_id}".encode()).hexdigest()[:32]


def read_tags(client: Client, certificates: list[Raw]) -> list[Raw]:
    answer = client.list_tags_for_certificate(CertificateArn=certificates[0]["CertificateArn"])
    return [single_item(answer, "Tags")]


def describe(client: Client, certificates: list[Raw]) -> list[Raw]:
    asked = {"CertificateArn": certificates[0]["CertificateArn"]}
    return [_with_records(client.describe_certificate(**asked)["Certificate"])]


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_certificate(CertificateArn=actual.id)


def _write(client: Client, actual: ActualResource, tags: Mapping[str, str]) -> None:
    client.add_tags_to_certificate(CertificateArn=actual.id, Tags=tags_to_list(tags))


def _remove(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
    client.remove_tags_from_certificate(CertificateArn=actual.id, Tags=[{"Key": key} for key in keys])


class CertificateType(ResourceType):
    """ACM lists certificates by domain, without tags: which ones may be the stack's is known by domain or by ARN."""

    name_property = "domain"

    def may_be_owned(self, item: Raw, scope: Scope) -> bool:
        known = scope.document_names.get(self.name, frozenset())
        return not known.isdisjoint({item.get("CertificateArn"), item.get("DomainName")})

    def name_in_arn(self, arn: str) -> str | None:
        return arn

    def usable_waiter(self, attribute: str) -> Waiter | None:
        """Load balancers take a certificate once it is issued."""
        return ISSUED if attribute in ("id", "arn") else None


TYPE = CertificateType(
    Schema(
        name="certificate",
        service="acm",
        id_path="CertificateArn",
        attributes={"id": "CertificateArn", "arn": "CertificateArn", "records": "Records"},
        required=frozenset({"domain"}),
        references={("domain",): ("dns_record.name",), ("names", EVERY): ("dns_record.name",)},
        create_only=frozenset({"domain", "names", "status"}),
        limits={
            ("domain",): Matching(_DOMAIN_NAME, pattern=_DOMAIN, longest=64),
            ("status",): OneOf("ISSUED, which every certificate of a stack is", values=("ISSUED",)),
            ("names",): Items(),
            ("names", EVERY): Matching(_DOMAIN_NAME, pattern=_DOMAIN, longest=253),
        },
        checks=(check_names,),
        with_defaults=with_defaults,
        normalize=normalize,
    ),
    Discovery(
        listing=Listing("list_certificates", "CertificateSummaryList"),
        tag_detail=Detail(read_tags),
        details=(Detail(describe),),
        tagging=Tagging(lambda item: tags_to_dict(item.get("Tags")), _write, _remove),
    ),
    Lifecycle(
        create=create,
        delete=delete,
        ready=RECORDS_PUBLISHED,
        # Listeners are changed to the new certificate before the old one is deleted.
        create_before_destroy=True,
        # AWS takes some minutes to notice that it is not used any more.
        in_use_codes=frozenset({"ResourceInUseException"}),
        in_use_timeout=1800.0,
    ),
)
