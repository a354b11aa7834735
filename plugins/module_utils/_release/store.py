# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The releases of one service on a host: what there is, and what is known of each. Runs on managed hosts: Python 3.9.

    /srv/api/releases/<n>/        one release, immutable once it was built; belongs to the service's user
    /srv/api/shared/              what outlives a release; belongs to the service's user
    /srv/api/current              symbolic link to the one that serves
    /srv/api/.groundwork/<n>/     what is known of it: release.json, environment, environment.confirmed; root's alone

A release counts only when its release.json is there, which is written last: whatever a killed deploy leaves
half-unpacked is not a release and is removed by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Iterator, Mapping

from .._files import atomic


@dataclass
class Release:
    """What is known of one release.

    ``steps`` are the things done once (build, migrate). ``activation`` counts the switches of `current`, so that
    "previous" follows time and not numbers. ``confirmed`` says that it was seen healthy after its last switch.
    ``commit`` is the commit of its source, ``activated_at`` the time of its last switch (UTC, ISO 8601); both are empty
    where they are not known, and in the notes of releases that were made before they were written down.
    """

    number: int
    identity: str
    digest: str
    version: str
    steps: list[str] = field(default_factory=list)
    activation: int = 0
    confirmed: bool = False
    failed: str | None = None
    commit: str = ""
    activated_at: str = ""


def identity(digest: str, inputs: Mapping[str, Any]) -> str:
    """One text for a source together with everything else that its build depends on."""
    content = json.dumps([digest, dict(inputs)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def previous(releases: list[Release], current: int | None) -> Release | None:
    """The release that served, healthy, before the current one."""
    activation = next((release.activation for release in releases if release.number == current), None)
    before = [
        release
        for release in releases
        if release.confirmed and release.number != current and (activation is None or release.activation < activation)
    ]
    return max(before, key=lambda release: release.activation, default=None)


def list_fallbacks(releases: list[Release], current: int | None) -> list[int]:
    """Numbers of the releases to go back to, the best first: the current one, then those that served last."""
    healthy = [release for release in releases if release.confirmed]
    healthy.sort(key=lambda release: (release.number == current, release.activation), reverse=True)
    return [release.number for release in healthy]


def disposable(releases: list[Release], keep: int, current: int | None) -> list[Release]:
    """Those beyond the last ``keep``; the current one and the one to go back to always stay."""
    back = previous(releases, current)
    spared = {current, back.number} if back else {current}
    newest_first = sorted(releases, key=lambda release: (release.number in spared, release.number), reverse=True)
    return newest_first[max(keep, len(spared)) :]


class Store:
    """The directory of one service."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.releases = root / "releases"
        self.shared = root / "shared"
        self.link = root / "current"
        self.notes = root / ".groundwork"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One change at a time, also between two runs of Ansible on one host."""
        self.notes.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.notes / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def path(self, number: int) -> Path:
        return self.releases / str(number)

    def note(self, number: int, name: str) -> Path:
        return self.notes / str(number) / name

    def all(self) -> list[Release]:
        """Every whole release, oldest first."""
        found = (self.read(int(place.name)) for place in self.notes.glob("*") if place.name.isdigit())
        return sorted((release for release in found if release), key=lambda release: release.number)

    def read(self, number: int) -> Release | None:
        try:
            content = self.note(number, "release.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        if not self.path(number).is_dir():
            return None
        known = {one.name for one in fields(Release)}
        # A later version of this collection may have written more, before it was taken back.
        return Release(**{key: value for key, value in json.loads(content).items() if key in known})

    def current(self) -> int | None:
        try:
            name = Path(os.readlink(self.link)).name
        except OSError:
            return None
        return int(name) if name.isdigit() else None

    def write(self, release: Release) -> None:
        replace(self.note(release.number, "release.json"), json.dumps(asdict(release), indent=2) + "\n", 0o600)

    def point(self, number: int) -> None:
        """Make `current` the given release; at no moment is there none."""
        atomic.point(self.link, str(self.path(number)))

    def unlink(self) -> None:
        """Have no current release any more."""
        self.link.unlink(missing_ok=True)

    def remove(self, number: int) -> None:
        """The notes go first, so that what an interrupted removal leaves is not taken for a release."""
        shutil.rmtree(self.notes / str(number), ignore_errors=True)
        if self.path(number).exists():
            shutil.rmtree(self.path(number))

    def sweep(self) -> list[str]:
        """Remove what killed deploys left; the names of it."""
        whole = {str(release.number) for release in self.all()}
        left = [place for place in self.releases.glob("*") if place.name not in whole]
        for place in left:
            shutil.rmtree(place)
        for place in self.notes.glob("*"):
            if place.name.isdigit() and place.name not in whole:
                shutil.rmtree(place)
        return sorted(place.name for place in left)


def read_or_empty(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def replace(path: Path, content: str, mode: int, owner: tuple[int, int] = (-1, -1)) -> None:
    """Write a file in one step, and its directory where there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic.replace(path, content.encode(), mode, owner)
