# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The releases of one service on a host, and their records. Runs on managed hosts: Python 3.9.

    /srv/api/releases/<n>/        one release, immutable once it was built; belongs to the service's user
    /srv/api/shared/              files that outlive a release; belongs to the service's user
    /srv/api/current              symbolic link to the current release
    /srv/api/.groundwork/<n>/     its record, which only root can read: release.json, and the variables of its build
                                  (environment.build), of its processes (environment), and those of its processes when
                                  they were last healthy (environment.confirmed)

release.json is written last, and a directory without it is not a release: the next deploy removes what a killed one
left. A record that cannot be read counts as absent, and is reported.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Iterator, Mapping

from .artifact import TREE
from .atomic_write import is_disk_full, overwrite_file, replace_file, replace_link, sync_directory
from .directory_tree import remove_tree
from .ownership import change_owner
from .polling import SYSTEM_CLOCK, Clock, poll

# A deploy changes the releases of a service within seconds.
LOCK_SECONDS = 300.0


class StoreLockedError(RuntimeError):
    """Another process changes the releases of the service, and does not end."""


@dataclass
class Release:
    """The record of one release.

    ``steps`` are done once (build, migrate). ``activation`` counts the switches of `current`, so that "previous" means
    the time and not the number. ``confirmed`` means that it was healthy after its last switch. ``commit`` is the commit
    of its source, ``activated_at`` the time of its last switch (UTC, ISO 8601); both are empty where they are unknown.
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
    artifact_kind: str = TREE


FIELD_KINDS: dict[str, tuple[type, ...]] = {
    "number": (int,),
    "identity": (str,),
    "digest": (str,),
    "version": (str,),
    "steps": (list,),
    "activation": (int,),
    "confirmed": (bool,),
    "failed": (str, type(None)),
    "commit": (str,),
    "activated_at": (str,),
    "artifact_kind": (str,),
}


def hash_content(digest: str, inputs: Mapping[str, Any]) -> str:
    """A hash of a source and all other inputs of its build."""
    content = json.dumps([digest, dict(inputs)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def find_previous(releases: list[Release], current: int | None) -> Release | None:
    """The last confirmed release before the current one."""
    activation = next((release.activation for release in releases if release.number == current), None)
    before = [
        release
        for release in releases
        if release.confirmed and release.number != current and (activation is None or release.activation < activation)
    ]
    return max(before, key=lambda release: release.activation, default=None)


def list_fallbacks(releases: list[Release], current: int | None) -> list[int]:
    """Numbers of the releases for a rollback: the current one first, then the others, the last activated first."""
    confirmed = [release for release in releases if release.confirmed]
    confirmed.sort(key=lambda release: (release.number == current, release.activation), reverse=True)
    return [release.number for release in confirmed]


def select_unused(releases: list[Release], current: int | None) -> list[Release]:
    """The releases that no rollback uses, newest first: they never served (a failed build, for example), or failed."""
    unused = [one for one in releases if one.number != current and (one.failed is not None or one.activation == 0)]
    return sorted(unused, key=lambda release: release.number, reverse=True)


def select_disposable(releases: list[Release], keep: int, current: int | None) -> list[Release]:
    """The releases beyond the last ``keep``; the current and the previous one always stay.

    Of those that no rollback uses, only the newest stays, to be looked at, as long as no later release serves.
    """
    unused = select_unused(releases, current)
    inspected = [one.number for one in unused[:1] if one.number > (current or 0)]
    previous = find_previous(releases, current)
    spared = {current, previous.number} if previous else {current}
    used = [one for one in releases if one not in unused]
    newest_first = sorted(used, key=lambda release: (release.number in spared, release.number), reverse=True)
    return newest_first[max(keep, len(spared)) :] + [one for one in unused if one.number not in inspected]


class ReleaseStore:
    """The directory of one service."""

    def __init__(self, root: Path, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.root = root
        self.releases = root / "releases"
        self.shared = root / "shared"
        self.link = root / "current"
        self.records = root / ".groundwork"
        self.unreadable: dict[Path, str] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the service: two runs of Ansible on one host change it one after the other."""
        self.records.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.records / "lock", "w", encoding="utf-8") as lock:
            self._acquire(lock)
            yield

    def _acquire(self, lock: IO[str]) -> None:
        for _attempt in poll(LOCK_SECONDS, 0.5, self.clock):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                continue
        raise StoreLockedError(
            f"another process has held {self.records / 'lock'} for {LOCK_SECONDS:g} s; wait for that run, or end it"
        )

    def path(self, number: int) -> Path:
        return self.releases / str(number)

    def record_path(self, number: int, name: str) -> Path:
        return self.records / str(number) / name

    def list_releases(self) -> list[Release]:
        """All complete releases, oldest first."""
        numbers = sorted(int(path.name) for path in self.records.glob("*") if path.name.isdigit())
        found = [self.read(number) for number in numbers]
        return [release for release in found if release]

    def read(self, number: int) -> Release | None:
        path = self.record_path(number, "release.json")
        content = self.read_state(path)
        if content is None or not self.path(number).is_dir():
            return None
        try:
            return parse_release(content, number)
        except ValueError as error:
            self.unreadable[path] = str(error)
            return None

    def read_state(self, path: Path) -> str | None:
        """The text of a file; None where there is none, and where it cannot be read, which is reported."""
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self.unreadable[path] = str(error)
            return None

    def describe_unreadable(self) -> list[str]:
        return [
            f"{path} cannot be read ({reason}). It counts as absent: a release without its record is no longer used, "
            "and the next deploy makes another one."
            for path, reason in self.unreadable.items()
        ]

    def read_current(self) -> int | None:
        try:
            name = Path(os.readlink(self.link)).name
        except OSError:
            return None
        return int(name) if name.isdigit() else None

    def write(self, release: Release) -> None:
        write_file(
            self.record_path(release.number, "release.json"), json.dumps(asdict(release), indent=2) + "\n", 0o600
        )

    def set_current(self, number: int) -> None:
        """Point `current` to a release; the link exists at every moment."""
        replace_link(self.link, str(self.path(number)))

    def unset_current(self) -> None:
        """Remove the link `current`."""
        self.link.unlink(missing_ok=True)
        sync_directory(self.root)

    def remove(self, number: int) -> None:
        """Remove a release, its record first: an interrupted removal leaves no release."""
        with suppress(OSError):
            remove_tree(self.records / str(number))
        if self.path(number).exists():
            remove_tree(self.path(number))

    def holds_shared_files(self) -> bool:
        """Whether there is a file that outlives releases."""
        return self.shared.is_dir() and any(self.shared.iterdir())

    def remove_all(self) -> None:
        """Remove everything but shared files. `current` goes first: nothing starts a release that is half removed."""
        if os.path.lexists(self.link):
            self.unset_current()
        if self.releases.exists():
            remove_tree(self.releases)
        if self.holds_shared_files():
            change_owner(self.shared, os.geteuid(), os.getegid())
        elif self.shared.exists():
            self.shared.rmdir()
        # The records hold the lock of this run; they are removed last.
        remove_tree(self.records)
        if not any(self.root.iterdir()):
            self.root.rmdir()

    def remove_incomplete(self) -> list[str]:
        """Remove the directories that killed deploys left; returns their names.

        The current release stays in any case: it serves, also when its record cannot be read.
        """
        complete = {str(release.number) for release in self.list_releases()} | {str(self.read_current())}
        incomplete = [path for path in self.releases.glob("*") if path.name not in complete]
        for path in incomplete:
            remove_tree(path)
        for path in self.records.glob("*"):
            if path.name.isdigit() and path.name not in complete:
                remove_tree(path)
        return sorted(path.name for path in incomplete)


def parse_release(content: str, number: int) -> Release:
    """The release of a record. Raises `ValueError` for what this module cannot have written."""
    try:
        data = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    # A later version of this collection may have written more fields.
    known = {key: value for key, value in data.items() if key in FIELD_KINDS}
    for key, value in known.items():
        kinds = FIELD_KINDS[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"{key} has a value of another kind")
    if known.get("number") != number or not all(isinstance(step, str) for step in known.get("steps", ())):
        raise ValueError("it is the record of another release, or damaged")
    try:
        return Release(**known)
    except TypeError:
        raise ValueError("it lacks a field") from None


def write_file(path: Path, content: str, mode: int, owner: tuple[int, int] = (-1, -1)) -> None:
    """Replace a file in one step, and create its directory.

    On a full disk an existing file is overwritten: a release has to be restored there, too.
    """
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_directory(path.parent.parent)
    try:
        replace_file(path, content.encode(), mode, owner)
    except OSError as error:
        if not is_disk_full(error) or not path.exists():
            raise
        overwrite_file(path, content.encode(), mode, owner)
