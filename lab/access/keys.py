# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access keys: the one of a lab, in a file of its own, and the temporary ones of its instances."""

from __future__ import annotations

import base64
import binascii
import configparser
import contextlib
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ..shell import LabError

# Access key ids have 20 characters. Those of users begin with AKIA, temporary ones with ASIA: IAM user guide, "IAM
# identifiers". The rest is upper-case base32, as in the ids that AWS gives out.
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ID_LENGTH = 16
PROFILE = "default"
# How long a set of temporary credentials stays the current one of an instance. It is valid for twice as long, so that
# a new set is there well before the old one ends, as on AWS.
ROTATION = timedelta(hours=6)


@dataclass(frozen=True)
class AccessKey:
    """What signs requests; ``account`` is empty where the request may name any account of the lab."""

    id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    account: str = ""
    expires: datetime | None = None


def make_key() -> AccessKey:
    """A random access key of a user."""
    letters = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
    return AccessKey(f"AKIA{letters}", secrets.token_urlsafe(30))


def ensure_key(path: Path) -> AccessKey:
    """The access key of a lab, made at the first call; the file has the form of AWS's shared credentials file.

    Raises a LabError when the file holds no key.
    """
    if not path.exists():
        _write(path, make_key())
    path.chmod(0o600)
    return read_key(path)


def read_key(path: Path) -> AccessKey:
    """The access key in the file; raises a LabError when there is none."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text())
        return AccessKey(parser[PROFILE]["aws_access_key_id"], parser[PROFILE]["aws_secret_access_key"])
    except FileNotFoundError:
        raise LabError(f"{path} is missing; `lab down` and `lab up` make a lab with a new access key") from None
    except (KeyError, configparser.Error) as error:
        raise LabError(f"{path} holds no access key ({error}); `lab down` removes the lab") from error


def _write(path: Path, key: AccessKey) -> None:
    """Write the file in one step, readable by its owner only; a key that is there stays."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    text = f"[{PROFILE}]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    with open(part, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()


class RoleCredentials:
    """Issues the temporary credentials of instances, and recognises them.

    All of a set follows from its session token, which carries a code that only the secret can produce. So nothing of
    what was issued has to be stored, and it stays valid when the lab's process restarts.
    """

    def __init__(self, secret: str) -> None:
        self._secret = hmac.digest(secret.encode(), b"credentials of instance roles", hashlib.sha256)

    def issue(self, account: str, instance: str, role: str, now: datetime) -> tuple[AccessKey, datetime]:
        """The credentials that an instance has at the time, and since when."""
        start = now.astimezone(timezone.utc)
        hours = ROTATION // timedelta(hours=1)
        start = start.replace(hour=start.hour // hours * hours, minute=0, second=0, microsecond=0)
        claims = {"account": account, "instance": instance, "role": role, "start": int(start.timestamp())}
        return self._derive(json.dumps(claims, sort_keys=True).encode()), start

    def find(self, id: str, token: str) -> AccessKey | None:
        """The credentials with this id and session token, expired or not; None where they were not issued here."""
        encoded, _, code = token.partition(".")
        try:
            claims = base64.urlsafe_b64decode(encoded.encode())
            given = base64.urlsafe_b64decode(code.encode())
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(given, self._code(b"token", claims)):
            return None
        key = self._derive(claims)
        return key if hmac.compare_digest(key.id.encode(), id.encode()) and key.token == token else None

    def _derive(self, claims: bytes) -> AccessKey:
        read = json.loads(claims)
        letters = base64.b32encode(self._code(b"id", claims)).decode()[:ID_LENGTH]
        secret = base64.urlsafe_b64encode(self._code(b"secret", claims)).decode()[:40]
        code = base64.urlsafe_b64encode(self._code(b"token", claims)).decode()
        token = f"{base64.urlsafe_b64encode(claims).decode()}.{code}"
        expires = datetime.fromtimestamp(read["start"], timezone.utc) + 2 * ROTATION
        return AccessKey(f"ASIA{letters}", secret, token, read["account"], expires)

    def _code(self, purpose: bytes, claims: bytes) -> bytes:
        return hmac.digest(self._secret, purpose + b"\0" + claims, hashlib.sha256)
