# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates of ACM: issued once records in Route 53 prove their names, held while a listener has them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from moto.acm.models import AWSCertificateManagerBackend, CertBundle, acm_backends
from moto.core.exceptions import AWSError
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, elbv2_backends
from moto.route53.models import route53_backends

from .lifecycle import note, read_note
from .patch import Hook, around

# AWS takes seconds to tell the records, and minutes to find them.
MOMENT = 0.5
PENDING = "PENDING_VALIDATION"
# A certificate for some names, its key, and the certificate of the authority that issued it, as PEM texts.
Issue = Callable[..., tuple[bytes, bytes, bytes]]
_issue: Issue | None = None


class InUse(AWSError):
    """The certificate to delete is in use."""

    TYPE = "ResourceInUseException"


def issue_by(issue: Issue | None) -> None:
    """Say who issues certificates; without anybody moto's own do."""
    global _issue
    _issue = issue


@around(AWSCertificateManagerBackend, "request_certificate")
def request_certificate(original: Hook, backend: Any, domain_name: str, token: str, *args: Any, **kwargs: Any) -> str:
    """A token stands for one certificate for an hour, also after that was deleted: nothing is requested. moto fails.

    Source: ACM API reference, RequestCertificate, IdempotencyToken.
    """
    spent = backend._get_arn_from_idempotency_token(token)
    if spent and spent not in backend._certificates:
        return str(spent)
    arn: str = original(backend, domain_name, token, *args, **kwargs)
    prove(backend.account_id)
    return arn


def _record(account: str, domain: str) -> dict[str, str]:
    """The record that proves a name: it is the same for all certificates of the account."""
    name = domain.removeprefix("*.")
    digest = hashlib.sha256(f"{account} {name}".encode()).hexdigest()
    value = f"_{digest[32:]}.acm-validations.aws."
    return {"Name": f"_{digest[:32]}.{name}.", "Type": "CNAME", "Value": value}


@around(CertBundle, "describe")
def describe(original: Hook, bundle: Any) -> dict[str, Any]:
    """moto has the same record for everybody, and tells it at once; when it was issued it tells before it is."""
    answer: dict[str, Any] = original(bundle)
    found = answer["Certificate"]
    found["InUseBy"] = _users(bundle.arn)
    if found["Status"] != "ISSUED":
        for key in ("IssuedAt", "NotBefore", "NotAfter", "Serial"):
            found.pop(key, None)
    early = time.time() - bundle.created_at.timestamp() < MOMENT if _is_requested(bundle) else False
    for option in found.get("DomainValidationOptions", ()):
        option["ResourceRecord"] = _record(_account(bundle), option["DomainName"])
        if early:
            del option["ResourceRecord"]
    return answer


def _is_requested(bundle: Any) -> bool:
    return str(bundle.type) == "AMAZON_ISSUED"


def _account(bundle: Any) -> str:
    return str(bundle.arn.split(":")[4])


@around(CertBundle, "check")
def check(original: Hook, bundle: Any) -> None:
    """moto issues a certificate without validation after a minute."""
    if not _is_requested(bundle) or bundle.status != PENDING:
        original(bundle)
    elif read_note(bundle, "proved") and time.time() - read_note(bundle, "proved") > MOMENT:
        bundle.status = "ISSUED"


def prove(account: str) -> None:
    """Look for the records of the certificates that wait for them; the lock of the API is held."""
    there = {
        (record.name, value.rstrip("."))
        for backend in route53_backends[account].values()
        for zone in backend.zones.values()
        for record in ([] if zone.private_zone else zone.rrsets)
        for value in (record.records or () if record.type == "CNAME" else ())
    }
    for backend in list(acm_backends[account].values()):
        for bundle in list(backend._certificates.values()):
            if _is_requested(bundle) and bundle.status == PENDING and not read_note(bundle, "proved"):
                records = [_record(account, name) for name in {bundle.common_name, *bundle.sans}]
                if all((one["Name"], one["Value"].rstrip(".")) in there for one in records):
                    _sign(bundle)


def _sign(bundle: Any) -> None:
    note(bundle, "proved", time.time())
    if _issue is None:
        return
    names = dict.fromkeys((bundle.common_name, *bundle.sans))
    bundle.cert, bundle.key, bundle.chain = _issue(*names)
    bundle._cert = x509.load_pem_x509_certificate(bundle.cert)
    bundle._key = serialization.load_pem_private_key(bundle.key, None)


def _users(arn: str) -> list[str]:
    """The load balancers that have a certificate."""
    account, region = arn.split(":")[4], arn.split(":")[3]
    balancers = list(elbv2_backends[account][region].load_balancers.values())
    return sorted(
        balancer.arn
        for balancer in balancers
        if any(arn in listener.certificates for listener in balancer.listeners.values())
    )


@around(AWSCertificateManagerBackend, "delete_certificate")
def delete_certificate(original: Hook, backend: Any, arn: str) -> None:
    if arn in backend._certificates and _users(arn):
        account = backend.account_id
        raise InUse(f"Certificate {arn} in account {account} is in use.")
    original(backend, arn)


@around(ELBv2Backend, "create_listener")
def create_listener(
    original: Hook, backend: Any, load_balancer_arn: str, protocol: str, port: Any, certificate: Any = None, **more: Any
) -> Any:
    _must_be_issued(backend, certificate)
    return original(backend, load_balancer_arn, protocol=protocol, port=port, certificate=certificate, **more)


@around(ELBv2Backend, "modify_listener")
def modify_listener(original: Hook, backend: Any, arn: str, *args: Any, **kwargs: Any) -> Any:
    for one in kwargs.get("certificates") or (args[3] if len(args) > 3 else None) or ():
        _must_be_issued(backend, one["CertificateArn"])
    return original(backend, arn, *args, **kwargs)


def _must_be_issued(backend: Any, arn: str | None) -> None:
    held = acm_backends[backend.account_id][backend.region_name]
    if arn in held._certificates and held.get_certificate(arn).status != "ISSUED":
        raise ELBClientError(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
            "key size.",
        )
