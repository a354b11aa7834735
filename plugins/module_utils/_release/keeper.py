# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module `release` does for each of its states. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
import pwd
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Mapping

from .._files.atomic import grant, is_granted
from . import environment
from .store import Release, Store, disposable, identity, list_fallbacks, previous, read_or_empty, replace
from .unpack import unpack


class KeeperProblem(ValueError):
    """Something was asked that cannot be done to these releases."""


class Keeper:
    """One call of the module. With ``pretend`` nothing is written and the result is the one that would be."""

    def __init__(self, options: Mapping[str, Any], pretend: bool) -> None:
        self.options = options
        self.pretend = pretend
        self.store = Store(Path(options["root"]))
        self.changed = False
        self.removed: list[str] = []
        self.diff: dict[str, str] = {"before": "", "after": ""}

    def run(self) -> dict[str, Any]:
        act: Callable[[], Release | None] = getattr(self, f"make_{self.options['state']}")
        if self.pretend or self.options["state"] == "listed":
            return self.result(act())
        with self.store.locked():
            return self.result(act())

    def make_listed(self) -> Release | None:
        if self.options["digest"]:
            return self.staged()
        number = self.options["number"] or self.store.current()
        return self.store.read(number) if number else None

    def make_staged(self) -> Release:
        self.lay_out()
        release = self.staged() or self.unpacked()
        self.write_commit(release)
        self.write_environment(release)
        return release

    def make_recorded(self) -> Release:
        release = self.known()
        if self.options["step"] not in release.steps:
            release.steps.append(self.options["step"])
            self.write(release, f"release {release.number}: {self.options['step']} done\n")
        return release

    def make_current(self) -> Release:
        release = self.known()
        if self.options["restore"]:
            self.restore_environment(release)
        self.deliver_environment(release)
        before = self.store.current()
        if before != release.number:
            release.confirmed = False
            release.activation = max((other.activation for other in self.store.all()), default=0) + 1
            release.activated_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.differ(f"current -> {before}\n" if before else "", f"current -> {release.number}\n")
            if not self.pretend:
                self.store.write(release)
                self.store.point(release.number)
        return release

    def make_confirmed(self) -> Release:
        release = self.known()
        wanted = read_or_empty(self.store.note(release.number, "environment"))
        if not release.confirmed or read_or_empty(self.store.note(release.number, "environment.confirmed")) != wanted:
            release.confirmed, release.failed = True, None
            self.put(self.store.note(release.number, "environment.confirmed"), wanted)
            self.write(release, f"release {release.number} confirmed\n")
        return release

    def make_failed(self) -> Release:
        release = self.known()
        reason = self.options["reason"] or "unknown"
        if release.confirmed or release.failed != reason:
            release.confirmed, release.failed = False, reason
            self.write(release, f"release {release.number} failed\n")
        return release

    def make_withdrawn(self) -> None:
        before = self.store.current()
        if os.path.lexists(self.store.link):
            self.differ(f"current -> {before}\n", "")
            if not self.pretend:
                self.store.unlink()

    def make_pruned(self) -> None:
        for release in disposable(self.store.all(), self.options["keep"], self.store.current()):
            self.remove(release.number)

    def make_absent(self) -> None:
        number = self.options["number"]
        if number == self.store.current():
            raise KeeperProblem(f"release {number} is the current one; switch to another first")
        if self.store.read(number):
            self.remove(number)

    def lay_out(self) -> None:
        """Have the directories of the service; the shared one is the service's own."""
        for place in (self.store.root, self.store.releases):
            self.directory(place, 0o755, (os.geteuid(), os.getegid()))
        self.directory(self.store.shared, 0o750, self.owner())

    def staged(self) -> Release | None:
        """The whole release that has the wanted source and inputs."""
        wanted = identity(self.options["digest"], self.options["inputs"])
        return next((release for release in self.store.all() if release.identity == wanted), None)

    def unpacked(self) -> Release:
        """Unpack the archive beside the others; the notes, which make it a release, come last."""
        number = max((release.number for release in self.store.all()), default=0) + 1
        release = Release(
            number=number,
            identity=identity(self.options["digest"], self.options["inputs"]),
            digest=self.options["digest"],
            version=self.options["version"],
        )
        if not self.pretend:
            self.removed = self.store.sweep()
            if not self.options["archive"]:
                raise KeeperProblem("there is no archive to unpack (option archive)")
            incoming = self.store.releases / f".incoming-{number}"
            unpack(Path(self.options["archive"]), incoming)
            give(incoming, *self.owner())
            os.replace(incoming, self.store.path(number))
        self.write(release, f"release {number}: {release.version}\n")
        return release

    def write_commit(self, release: Release) -> None:
        """Keep the newest commit with this content: it may have been staged before it was committed."""
        commit = self.options.get("commit") or ""
        if commit and release.commit != commit:
            release.commit = commit
            self.write(release, f"release {release.number}: commit {commit}\n")

    def write_environment(self, release: Release) -> None:
        if self.options["environment"] is None:
            return
        variables = {**self.options["environment"], **(self.options["secrets"] or {}), "RELEASE": release.version}
        content = environment.render(variables)
        self.put(self.store.note(release.number, "environment"), content)

    def restore_environment(self, release: Release) -> None:
        confirmed = self.store.note(release.number, "environment.confirmed")
        if confirmed.exists():
            self.put(self.store.note(release.number, "environment"), confirmed.read_text(encoding="utf-8"))

    def deliver_environment(self, release: Release) -> None:
        """Copy the environment of the release to where the process manager reads it."""
        if self.options["environment_file"]:
            content = read_or_empty(self.store.note(release.number, "environment"))
            self.put(Path(self.options["environment_file"]), content, self.owner())

    def directory(self, path: Path, mode: int, owner: tuple[int, int]) -> None:
        if path.is_dir() and is_granted(path, mode, owner):
            return
        self.differ("", f"{path}/ {mode:o}\n")
        if not self.pretend:
            path.mkdir(parents=True, exist_ok=True)
            grant(path, mode, owner)

    def put(self, path: Path, content: str, owner: tuple[int, int] = (-1, -1)) -> None:
        before = read_or_empty(path)
        if path.exists() and before == content and is_granted(path, 0o600, owner):
            return
        old, new = environment.changes(before, content)
        self.differ(f"{path}\n{old}" if old else "", f"{path}\n{new}")
        if not self.pretend:
            replace(path, content, 0o600, owner)

    def write(self, release: Release, what: str) -> None:
        self.differ("", what)
        if not self.pretend:
            self.store.write(release)

    def remove(self, number: int) -> None:
        self.removed.append(str(number))
        self.differ(f"release {number}\n", "")
        if not self.pretend:
            self.store.remove(number)

    def differ(self, before: str, after: str) -> None:
        self.changed = True
        self.diff["before"] += before
        self.diff["after"] += after

    def owner(self) -> tuple[int, int]:
        try:
            entry = pwd.getpwnam(self.options["owner"])
        except KeyError:
            if self.pretend:
                return (-1, -1)
            raise KeeperProblem(f"there is no user {self.options['owner']} on this host") from None
        return entry.pw_uid, entry.pw_gid

    def known(self) -> Release:
        """The release that the call names. In check mode it may be one that only would exist."""
        number = self.options["number"]
        release = self.store.read(number)
        if release:
            return release
        if self.pretend:
            return Release(number=number, identity="", digest="", version="")
        numbers = ", ".join(str(release.number) for release in self.store.all()) or "none"
        raise KeeperProblem(f"there is no release {number} (there are: {numbers})")

    def result(self, release: Release | None) -> dict[str, Any]:
        releases = self.store.all()
        current = self.store.current()
        back = previous(releases, current)
        fallbacks = list_fallbacks(releases, current)
        return {
            "changed": self.changed,
            "diff": self.diff,
            "current": current,
            "previous": back.number if back else None,
            "fallback": fallbacks[0] if fallbacks else None,
            "fallbacks": fallbacks,
            "releases": [asdict(one) for one in releases],
            "removed": self.removed,
            **(self.about(release, current) if release else {"number": None}),
        }

    def about(self, release: Release, current: int | None) -> dict[str, Any]:
        return {
            "number": release.number,
            "path": str(self.store.path(release.number)),
            "version": release.version,
            "commit": release.commit,
            "activated_at": release.activated_at,
            "confirmed": release.confirmed,
            "steps": release.steps,
            "settled": release.number == current and release.confirmed and self.environment_settled(release),
        }

    def environment_settled(self, release: Release) -> bool:
        """Whether the process has the environment that it was last seen healthy with."""
        wanted = read_or_empty(self.store.note(release.number, "environment"))
        places = [self.store.note(release.number, "environment.confirmed")]
        places += [Path(self.options["environment_file"])] if self.options["environment_file"] else []
        return all(read_or_empty(place) == wanted for place in places)


def give(place: Path, user: int, group: int) -> None:
    """Hand a directory and all below it to a user, links themselves and not what they point to."""
    os.lchown(place, user, group)
    for folder, directories, files in os.walk(place):
        for name in directories + files:
            os.lchown(os.path.join(folder, name), user, group)
