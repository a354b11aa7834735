# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificate authority of a lab, which stands in for those of RDS, ElastiCache and ACM."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..shell import LabError

YEAR = datetime.timedelta(days=365)


class Authority:
    """Issues certificates; its own, and its key, are files that outlive the lab's process."""

    def __init__(self, certificate: Path, key: Path) -> None:
        if not key.exists() or not certificate.exists():
            _make(certificate, key)
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        held = serialization.load_pem_private_key(key.read_bytes(), None)
        if not isinstance(held, ec.EllipticCurvePrivateKey):
            raise LabError(f"{key} holds another kind of key than the lab makes; `lab down` removes it")
        self._key = held

    def issue(self, *hosts: str) -> tuple[bytes, bytes]:
        """A certificate for the hosts and its key, as PEM texts."""
        key = ec.generate_private_key(ec.SECP256R1())
        draft = _draft(hosts[0][:64], key.public_key(), self._certificate.subject)
        names = [x509.DNSName(host) for host in hosts]
        draft = draft.add_extension(x509.SubjectAlternativeName(names), critical=False)
        draft = draft.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        return draft.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), _pem(key)

    def issue_with_chain(self, *hosts: str) -> tuple[bytes, bytes, bytes]:
        """A certificate for the hosts, its key, and the certificate of the authority, as PEM texts."""
        return *self.issue(*hosts), self._certificate.public_bytes(serialization.Encoding.PEM)


def _make(certificate: Path, key: Path) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = _name("groundwork lab")
    draft = _draft("groundwork lab", secret.public_key(), name)
    draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    with open(key, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(_pem(secret))
    certificate.write_bytes(draft.sign(secret, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _draft(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + 10 * YEAR)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
