# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificate and the key of the proxy are read as nginx reads them; nothing of them is shown."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from ansible_collections.groundwork.aws.plugins.module_utils._provision.certificate_checks import (
    check_certificates,
    read_validity,
)

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
PRIVATE_FORMATS = serialization.PrivateFormat
BOM = b"\xef\xbb\xbf"
Findings = list[tuple[tuple[str, ...], str]]


@lru_cache
def make_key(name: str, kind: str = "rsa") -> Any:
    """The private key of a name: the same in all tests."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if kind == "short" else 2048)


@lru_cache
def make_certificate(
    name: str = "shop", kind: str = "rsa", begin: datetime = NOW - timedelta(1), end: datetime = NOW + timedelta(90)
) -> bytes:
    key = make_key(name, kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.example.org")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1234567, begin, end)
    algorithm = None if kind == "ed25519" else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM)


def write_key(
    name: str = "shop",
    kind: str = "rsa",
    form: PRIVATE_FORMATS = PRIVATE_FORMATS.PKCS8,
    passphrase: bytes | None = None,
) -> bytes:
    encryption: Any = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return make_key(name, kind).private_bytes(serialization.Encoding.PEM, form, encryption)


def check(folder: Path, certificate: bytes, key: bytes) -> tuple[Findings, Findings]:
    (folder / "chain.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    tls = {"certificate": str(folder / "chain.pem"), "key": str(folder / "key.pem")}
    errors, warnings = check_certificates({"proxy": {"tls": tls}}, NOW)
    for secret in (b"MII", key[40:80] or b"hunter2"):
        assert secret.decode(errors="replace") not in str((errors, warnings))
    return errors, warnings


WORD = "-----BEGIN CERTIFICATE-----"
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
TRADITIONAL = PRIVATE_FORMATS.TraditionalOpenSSL


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        (lambda: make_certificate(), lambda: write_key()),
        (lambda: make_certificate(), lambda: write_key(form=TRADITIONAL)),
        (lambda: make_certificate("ec", "ec"), lambda: write_key("ec", "ec")),
        (lambda: make_certificate("ec", "ec"), lambda: EC_PARAMETERS + write_key("ec", "ec", TRADITIONAL)),
        (lambda: make_certificate("ed", "ed25519"), lambda: write_key("ed", "ed25519")),
        (lambda: make_certificate("old", "short"), lambda: write_key("old", "short")),
        (lambda: make_certificate() + make_certificate("issuer"), lambda: write_key()),
        (lambda: b"subject=shop\n" + make_certificate(), lambda: b"# mine\n" + write_key()),
        (lambda: make_certificate().replace(b"\n", b"\r\n"), lambda: write_key().replace(b"\n", b"\r\n")),
        (lambda: make_certificate().rstrip(), lambda: write_key().rstrip()),
        (lambda: BOM + make_certificate(), lambda: BOM + write_key()),
        (lambda: write_key() + make_certificate(), lambda: make_certificate() + write_key()),
        (lambda: make_certificate(end=datetime(2060, 1, 1, tzinfo=timezone.utc)), lambda: write_key()),
    ],
    ids=(
        "pkcs8",
        "traditional",
        "ec",
        "ec-parameters",
        "ed25519",
        "short-key",
        "chain",
        "comments",
        "crlf",
        "no-newline",
        "byte-order-mark",
        "both-in-one",
        "after-2049",
    ),
)
def test_files_that_nginx_can_use(certificate: Any, key: Any, tmp_path: Path) -> None:
    assert check(tmp_path, certificate(), key()) == ([], [])


@pytest.mark.parametrize(
    ("certificate", "key", "path", "text"),
    [
        (make_certificate, lambda: write_key("other"), "key", "is not the key of the first certificate"),
        (make_certificate, lambda: write_key("ec", "ec"), "key", "is not the key of the first certificate"),
        (
            lambda: make_certificate("issuer") + make_certificate(),
            write_key,
            "key",
            "is not the key of the first certificate",
        ),
        (make_certificate, lambda: write_key(passphrase=b"hunter2"), "key", "is encrypted with a passphrase"),
        (
            make_certificate,
            lambda: write_key(form=TRADITIONAL, passphrase=b"hunter2"),
            "key",
            "is encrypted with a passphrase",
        ),
        (make_certificate, lambda: write_key()[:-200], "key", "has no private key that OpenSSL can read"),
        (
            make_certificate,
            lambda: b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n",
            "key",
            "has no private key that OpenSSL can read",
        ),
        (
            make_certificate,
            lambda: write_key("ed", "ed25519", PRIVATE_FORMATS.OpenSSH),
            "key",
            "has no private key that OpenSSL can read",
        ),
        (lambda: make_certificate()[:-200], write_key, "certificate", "the last certificate is cut off"),
        (
            lambda: make_certificate() + make_certificate("issuer")[:-200],
            write_key,
            "certificate",
            "the last certificate is cut off",
        ),
        (
            lambda: make_certificate() + f"{WORD}\nQUJD\n{WORD.replace('BEGIN', 'END')}\n".encode(),
            write_key,
            "certificate",
            "certificate 2 is damaged",
        ),
        (
            lambda: f"{WORD}\nQUJD\n{WORD.replace('BEGIN', 'END')}\n".encode(),
            lambda: b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n",
            "certificate",
            "certificate 1 is damaged",
        ),
        (write_key, write_key, "certificate", "has no certificate in PEM form"),
        (make_certificate, make_certificate, "key", "has no private key in PEM form"),
    ],
)
def test_files_that_nginx_cannot_use(certificate: Any, key: Any, path: str, text: str, tmp_path: Path) -> None:
    errors, warnings = check(tmp_path, certificate(), key())
    ((where, message),) = errors
    assert where == ("proxy", "tls", path)
    assert text in message
    assert message.endswith(")")
    assert warnings == []


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (NOW - timedelta(90), NOW - timedelta(1), "expired at 2026-05-31 00:00 UTC (renew it)"),
        (NOW + timedelta(1), NOW + timedelta(90), "is not valid before 2026-06-02 00:00 UTC (check the clock)"),
    ],
)
def test_a_certificate_that_is_not_valid_now_is_a_warning(
    begin: datetime, end: datetime, text: str, tmp_path: Path
) -> None:
    errors, warnings = check(tmp_path, make_certificate("shop", "rsa", begin, end), write_key())
    assert errors == []
    assert warnings == [(("proxy", "tls", "certificate"), f"{tmp_path / 'chain.pem'} {text}")]


def test_an_expired_issuer_is_left_to_clients(tmp_path: Path) -> None:
    """Chains have had expired certificates on purpose, for old clients."""
    issuer = make_certificate("issuer", "rsa", NOW - timedelta(9), NOW - timedelta(1))
    assert check(tmp_path, make_certificate() + issuer, write_key()) == ([], [])


@pytest.mark.parametrize("size", range(0, 400, 7))
def test_a_validity_that_cannot_be_read_is_no_error(size: int) -> None:
    der = x509.load_pem_x509_certificate(make_certificate()).public_bytes(serialization.Encoding.DER)
    try:
        begin, end = read_validity(der[:size])
    except (ValueError, IndexError):
        return
    assert (begin, end) == (NOW - timedelta(1), NOW + timedelta(90))


def test_a_key_that_ansible_vault_has_encrypted_is_left_to_the_role(tmp_path: Path) -> None:
    assert check(tmp_path, make_certificate(), b"$ANSIBLE_VAULT;1.1;AES256\n6162\n") == ([], [])
    (error,) = check(tmp_path, b"none", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n")[0]
    assert error[0] == ("proxy", "tls", "certificate")


def test_files_that_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    for name in ("loop", "fifo", "none", "x" * 300, f"{'x/' * 40}y", "."):
        tls = {"certificate": str(tmp_path / name), "key": str(tmp_path / name)}
        errors, _warnings = check_certificates({"proxy": {"tls": tls}}, NOW)
        assert [path[-1] for path, _text in errors] == ["certificate", "key"], name


@pytest.mark.parametrize("proxy", [None, {"tls": None}, {"tls": {"certificate": None, "key": "key.pem"}}])
def test_without_files_there_is_nothing_to_check(proxy: Any) -> None:
    assert check_certificates({"proxy": proxy}, NOW) == ([], [])
