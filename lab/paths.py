# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the lab keeps things."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .shell import LabError

CHECKOUT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")


def cache_directory() -> Path:
    """What is kept between labs, and nothing that a lab could not do without."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "groundwork-lab"


def private_cache() -> Path:
    """Root alone enters it: what guests write below it, such as a program with the set-user-ID bit, is for no user.

    It holds the packages that guests downloaded (`packages.py`). Guests write to no other directory of this machine.
    """
    return cache_directory() / "guests"


@contextlib.contextmanager
def alone(work: str) -> Iterator[None]:
    """Of all labs and their tests one is at this work at a time; the others wait. Its file is below the cache."""
    directory = cache_directory()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Also what an earlier version has made: a user who can open the file can lock it, and hold every lab up.
    directory.chmod(0o700)
    with open(directory / f"{work}.lock", "w", opener=_open_privately) as lock:
        os.fchmod(lock.fileno(), 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def labs_directory() -> Path:
    """Holds one directory a lab."""
    return Path(os.environ.get("GROUNDWORK_LAB_HOME") or CHECKOUT / ".lab")


@dataclass(frozen=True)
class LabPaths:
    """The files of one lab."""

    root: Path

    @property
    def description(self) -> Path:
        """What other programs may know of the lab: port, process, addresses."""
        return self.root / "lab.json"

    @property
    def credentials(self) -> Path:
        """The access key of the lab, in the form of AWS's shared credentials file."""
        return self.root / "credentials"

    @property
    def log(self) -> Path:
        return self.root / "daemon.log"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def copies(self) -> Path:
        """The directory of what databases held when they were copied; root's containers write to it."""
        return self.root / "copies"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that issued those of databases, caches and ACM."""
        return self.root / "ca.crt"

    @property
    def authority_key(self) -> Path:
        return self.root / "ca.key"

    @property
    def ssh_key(self) -> Path:
        return self.root / "ssh" / "id_ed25519"


def identity(name: str) -> str:
    """What marks the containers and networks of this lab: another checkout may have a lab of the same name."""
    place = hashlib.sha256(str(lab_paths(name).root.absolute()).encode()).hexdigest()[:6]
    return f"{name}-{place}"


def lab_paths(name: str) -> LabPaths:
    """The paths of the lab of that name."""
    if not NAME.fullmatch(name):
        raise LabError(f'"{name}" cannot be the name of a lab: up to 20 lower-case letters, digits and dashes')
    return LabPaths(labs_directory() / name)
