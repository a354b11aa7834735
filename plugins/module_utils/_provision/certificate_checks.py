# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check files with certificates and keys on the controller.

OpenSSL reads the certificate and the key of the proxy here as it does for nginx on a host. No message repeats a text of
these files.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from .._topology.document.examine import VAULT_HEADER
from .._topology.schema.kinds import Finding, display_path
from .._topology.view import Document

CERTIFICATE, KEY = ("proxy", "tls", "certificate"), ("proxy", "tls", "key")
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*CERTIFICATE-----")
# The reasons of OpenSSL for a key of another certificate, of the same algorithm or of another one.
OTHER_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
# Tags of DER (ITU-T X.690, 8.19 and X.680, 8.6): the version of a certificate, and the two types of times.
VERSION, UTC_TIME, GENERALIZED_TIME = 0xA0, 0x17, 0x18


class _EncryptedKeyError(Exception):
    """A key has a passphrase."""


def check_certificates(document: Document, now: datetime | None = None) -> tuple[list[Finding], list[Finding]]:
    """The errors and warnings about the files of the proxy's certificate and its key."""
    tls = (document["proxy"] or {}).get("tls") or {}
    errors: list[Finding] = []
    files: list[Path] = []
    for path, kind in ((CERTIFICATE, "CERTIFICATE"), (KEY, "PRIVATE KEY")):
        file = tls.get(path[-1])
        if not file or not os.path.isabs(file) or is_vault(Path(file)):
            continue
        files.append(Path(file))
        problem = find_pem_problem(Path(file), kind)
        if problem is not None:
            errors.append((path, f"{problem} (name the PEM file on the controller)"))
    if errors or len(files) < 2:
        return errors, []
    certificate, key = files
    unusable = _find_pair_problem(certificate, key)
    return ([unusable], []) if unusable else ([], list(_find_expiry(certificate, now or datetime.now(timezone.utc))))


def is_vault(path: Path) -> bool:
    """Whether a file is encrypted by ansible-vault. The role nginx decrypts it; here the password is not known."""
    try:
        return path.is_file() and path.read_bytes().startswith(VAULT_HEADER.encode())
    except (OSError, ValueError):
        return False


def find_pem_problem(path: Path, kind: str) -> str | None:
    """Why a file has no text of a kind (``CERTIFICATE``) in PEM form, or None."""
    try:
        if not path.is_file():
            return f"there is no file {display_path(path)}"
        text = path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        return f"{display_path(path)} cannot be read: {getattr(error, 'strerror', None) or error}"
    return None if f"{kind}-----" in text else f"{display_path(path)} has no {kind.lower()} in PEM form"


def _find_pair_problem(certificate: Path, key: Path) -> Finding | None:
    """Why nginx cannot use a certificate with a key, or None."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with suppress(ssl.SSLError):  # other libraries than OpenSSL have no such levels
        context.set_ciphers("ALL:@SECLEVEL=0")  # whether a key is long enough depends on the settings of the host

    def refuse_passphrase() -> str:
        raise _EncryptedKeyError

    try:
        context.load_cert_chain(certificate, key, password=refuse_passphrase)
    except _EncryptedKeyError:
        text = f"{display_path(key)} is encrypted with a passphrase, which nginx cannot ask for"
        return KEY, f"{text} (write it without one: openssl pkey -in <file> -out <new file>)"
    except OSError as error:  # also ssl.SSLError
        broken = _find_broken_certificate(certificate)
        if broken is not None:
            return CERTIFICATE, f"{display_path(certificate)}: {broken}"
        if getattr(error, "reason", None) in OTHER_KEY:
            text = f"{display_path(key)} is not the key of the first certificate in {display_path(certificate)}"
            return KEY, f"{text} (name its key, or put the certificate of the server before those of its issuers)"
        text = f"{display_path(key)} has no private key that OpenSSL can read: it is damaged or cut off"
        return KEY, f"{text} (name a key in PEM form, as openssl pkey writes it)"
    return None


def _find_broken_certificate(path: Path) -> str | None:
    """The problem of the first certificate in a file that cannot be read, or None."""
    text = path.read_text(encoding="utf-8", errors="replace")
    blocks = BLOCK.findall(text)
    for number, block in enumerate(blocks, 1):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=ssl.PEM_cert_to_DER_cert(block))
        except (OSError, ValueError):
            return f"certificate {number} is damaged (copy the file anew)"
    if len(blocks) < len(BEGIN.findall(text)):
        return "the last certificate is cut off (copy the file anew)"
    return None


def _find_expiry(path: Path, now: datetime) -> Iterator[Finding]:
    """The warning that the certificate of the server has expired, or is not valid yet."""
    block = BLOCK.search(path.read_text(encoding="utf-8", errors="replace"))
    try:
        begin, end = read_validity(ssl.PEM_cert_to_DER_cert(block[0] if block else ""))
    except (ValueError, IndexError):
        return
    if end < now:
        yield CERTIFICATE, f"{display_path(path)} expired at {end:%Y-%m-%d %H:%M} UTC (renew it)"
    elif begin > now:
        yield CERTIFICATE, f"{display_path(path)} is not valid before {begin:%Y-%m-%d %H:%M} UTC (check the clock)"


def read_validity(certificate: bytes) -> tuple[datetime, datetime]:
    """The begin and the end of the validity of a certificate in DER (RFC 5280, 4.1). Raises ValueError, IndexError.

    The module ssl shows them only for the certificate of a peer.
    """
    _tag, at, _end = _read_element(certificate, 0)
    _tag, at, _end = _read_element(certificate, at)
    tag, _content, end = _read_element(certificate, at)
    at = end if tag == VERSION else at
    for _field in ("serialNumber", "signature", "issuer"):
        _tag, _content, at = _read_element(certificate, at)
    _tag, at, _end = _read_element(certificate, at)
    begin, at = _read_time(certificate, at)
    return begin, _read_time(certificate, at)[0]


def _read_element(data: bytes, at: int) -> tuple[int, int, int]:
    """The tag of an element of DER, the place of its content, and that after it."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    return tag, at, at + length


def _read_time(data: bytes, at: int) -> tuple[datetime, int]:
    """A time, and the place after it. RFC 5280, 4.1.2.5.1: a year of two digits is from 1950 to 2049."""
    tag, at, end = _read_element(data, at)
    text = data[at:end].decode("ascii")
    if tag == UTC_TIME:
        text = f"{'19' if text[:2] >= '50' else '20'}{text}"
    elif tag != GENERALIZED_TIME:
        raise ValueError("not a time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc), end
