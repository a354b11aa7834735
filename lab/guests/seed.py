# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is put into a guest before its first boot: who may log in, and its user data."""

from __future__ import annotations

import io
import tarfile
import time

from ..machines import Machine

ADMIN = 1000
USER_DATA = "var/lib/cloud/instance/user-data.txt"


def seed(machine: Machine) -> bytes:
    """A tar archive to be unpacked at the guest's root."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        if machine.public_key:
            _directory(archive, "home/admin/.ssh", 0o700, ADMIN)
            keys = f"{machine.public_key.strip()}\n".encode()
            _file(archive, "home/admin/.ssh/authorized_keys", keys, 0o600, ADMIN)
        for directory in ("var/lib/cloud", "var/lib/cloud/instance"):
            _directory(archive, directory, 0o755, 0)
        _file(archive, "var/lib/cloud/instance/instance-id", f"{machine.id}\n".encode(), 0o644, 0)
        if machine.user_data:
            _file(archive, USER_DATA, machine.user_data, 0o600, 0)
    return out.getvalue()


def _entry(name: str, mode: int, owner: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.uid, entry.gid, entry.mtime = mode, owner, owner, int(time.time())
    return entry


def _directory(archive: tarfile.TarFile, name: str, mode: int, owner: int) -> None:
    entry = _entry(name, mode, owner)
    entry.type = tarfile.DIRTYPE
    archive.addfile(entry)


def _file(archive: tarfile.TarFile, name: str, content: bytes, mode: int, owner: int) -> None:
    entry = _entry(name, mode, owner)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
