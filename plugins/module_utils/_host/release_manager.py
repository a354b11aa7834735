# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out the states of the module `release`. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
import pwd
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Mapping

from .artifact import Artifact
from .atomic_write import has_access, set_access
from .directory_tree import remove_tree
from .environment_file import describe_changes, render_environment
from .ownership import change_owner
from .polling import SYSTEM_CLOCK, Clock
from .release_access import apply_access, plan_access
from .release_archive import unpack_archive
from .release_store import (
    Release,
    ReleaseStore,
    find_previous,
    hash_content,
    list_fallbacks,
    select_disposable,
    select_unused,
    write_file,
)
from .tree_digest import digest_directory


class ReleaseError(ValueError):
    """A state that cannot be reached with the existing releases."""


class ReleaseManager:
    """One call of the module. In check mode it writes nothing and returns what it would change."""

    def __init__(self, options: Mapping[str, Any], check_mode: bool, clock: Clock = SYSTEM_CLOCK) -> None:
        self.options = options
        self.check_mode = check_mode
        self.clock = clock
        self.store = ReleaseStore(Path(options["root"]), clock)
        self.changed = False
        self.removed: list[str] = []
        self.diff: dict[str, str] = {"before": "", "after": ""}

    @property
    def artifact(self) -> Artifact:
        """The artifact of the options, for the states that need one."""
        return Artifact.from_option(self.options["artifact"])

    def run(self) -> dict[str, Any]:
        act: Callable[[], Release | None] = getattr(self, f"reach_{self.options['state']}")
        if self.check_mode or self.options["state"] == "listed":
            return self.build_result(act())
        with self.store.locked():
            return self.build_result(act())

    def reach_listed(self) -> Release | None:
        if self.options["artifact"]:
            return self.find_staged()
        number = self.options["number"] or self.store.read_current()
        return self.store.read(number) if number else None

    def reach_staged(self) -> Release:
        self.create_directories()
        release = self.find_staged() or self.unpack()
        self.write_commit(release)
        self.write_environment(release)
        # Also those that an earlier version left readable for every user, and those whose records cannot be read.
        for path in sorted(self.store.releases.glob("*")):
            self.limit_access(path)
        return release

    def reach_recorded(self) -> Release:
        release = self.require_release()
        if self.options["step"] not in release.steps:
            if not self.check_mode:
                os.sync()  # what the step wrote reaches the disk before the record of it
            release.steps.append(self.options["step"])
            self.write_record(release, f"release {release.number}: {self.options['step']} done\n")
        return release

    def reach_current(self) -> Release:
        release = self.require_release()
        if self.options["restore"]:
            self.restore_environment(release)
        self.deliver_environment(release)
        self.limit_access(self.store.path(release.number))
        before = self.store.read_current()
        if before != release.number:
            release.confirmed = False
            release.activation = max((other.activation for other in self.store.list_releases()), default=0) + 1
            release.activated_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock.time()))
            self.add_diff(f"current -> {before}\n" if before else "", f"current -> {release.number}\n")
            if not self.check_mode:
                self.store.write(release)
                self.store.set_current(release.number)
        return release

    def reach_confirmed(self) -> Release:
        release = self.require_release()
        environment = self.read_record(release, "environment")
        confirmed = self.read_record(release, "environment.confirmed")
        if not release.confirmed or confirmed != environment:
            release.confirmed, release.failed = True, None
            self.write_private(self.store.record_path(release.number, "environment.confirmed"), environment)
            self.write_record(release, f"release {release.number} confirmed\n")
        return release

    def reach_failed(self) -> Release:
        release = self.require_release()
        reason = self.options["reason"] or "unknown"
        if release.confirmed or release.failed != reason:
            release.confirmed, release.failed = False, reason
            self.write_record(release, f"release {release.number} failed\n")
        return release

    def reach_withdrawn(self) -> None:
        before = self.store.read_current()
        if os.path.lexists(self.store.link):
            self.add_diff(f"current -> {before}\n", "")
            if not self.check_mode:
                self.store.unset_current()

    def reach_pruned(self) -> None:
        for release in select_disposable(self.store.list_releases(), self.options["keep"], self.store.read_current()):
            self.remove(release.number)

    def reach_owned(self) -> None:
        """Give the releases, the shared directory and the environment to their user, who may be another one now."""
        user, group = self.find_owner()
        paths = [*(self.store.path(release.number) for release in self.store.list_releases()), self.store.shared]
        paths += [Path(self.options["environment_file"])] if self.options["environment_file"] else []
        for path in paths:
            if path.exists() and user not in (-1, path.stat().st_uid):
                self.add_diff(f"{path} owner {path.stat().st_uid}\n", f"{path} owner {user}\n")
                if not self.check_mode and path.is_dir():
                    change_owner(path, user, group)
                elif not self.check_mode:
                    os.chown(path, user, group)

    def reach_removed(self) -> None:
        """Remove all releases with their records, also those that cannot be read. Shared files stay, owned by root."""
        kept = f"{self.store.shared}\n" if self.store.holds_shared_files() else ""
        if self.store.releases.exists() or os.path.lexists(self.store.link):
            self.add_diff(f"{self.store.root}\n", kept)
        if not self.check_mode:
            self.store.remove_all()

    def reach_absent(self) -> None:
        number = self.options["number"]
        if number == self.store.read_current():
            raise ReleaseError(f"release {number} is the current one; switch to another first")
        if self.store.read(number):
            self.remove(number)

    def create_directories(self) -> None:
        """Create the directories of the service; the shared one belongs to its user."""
        for path in (self.store.root, self.store.releases):
            self.ensure_directory(path, 0o755, (os.geteuid(), os.getegid()))
        self.ensure_directory(self.store.shared, 0o750, self.find_owner())

    def find_identity(self) -> str:
        """What tells releases of the service apart: the content of the artifact, and what it was built with."""
        return hash_content(self.artifact.digest, self.options["inputs"])

    def find_staged(self) -> Release | None:
        """The newest release with the source and inputs of the options, and all steps that they require.

        A build that failed, or was interrupted, may have left its files half written, so its release is not used again.
        """
        identity = self.find_identity()
        same = [
            one
            for one in self.store.list_releases()
            if (one.identity, one.artifact_kind) == (identity, self.artifact.kind)
            and set(self.options["requires"]) <= set(one.steps)
        ]
        return same[-1] if same else None

    def unpack(self) -> Release:
        """Unpack the archive as a new release; its record is written last."""
        releases, current = self.store.list_releases(), self.store.read_current()
        # The current release may have no record that can be read.
        number = max((release.number for release in releases), default=0)
        number = max(number, current or 0) + 1
        release = Release(
            number=number,
            identity=self.find_identity(),
            digest=self.artifact.digest,
            version=self.artifact.version,
            artifact_kind=self.artifact.kind,
        )
        if not self.check_mode:
            self.removed = self.store.remove_incomplete()
            if not self.options["archive"]:
                raise ReleaseError("there is no archive to unpack (option archive)")
            incoming = self.store.releases / f".incoming-{number}"
            unpack_archive(Path(self.options["archive"]), incoming)
            self.check_digest(incoming)
            change_owner(incoming, *self.find_owner())
            os.replace(incoming, self.store.path(number))
            os.sync()
        # One build after the other may fail without a deploy that prunes.
        for unused in select_unused(releases, current)[1:]:
            self.remove(unused.number)
        self.write_record(release, f"release {number}: {release.version}\n")
        return release

    def check_digest(self, incoming: Path) -> None:
        """Raise `ReleaseError` if the files are not those of the artifact, and remove them."""
        found = digest_directory(incoming)
        if found != self.artifact.digest:
            remove_tree(incoming)
            raise ReleaseError(
                f"{self.options['archive']} has files with the digest {found}, and the release {self.artifact.version} "
                f"has {self.artifact.digest}: another run has replaced the archive, or it was damaged. Run again"
            )

    def write_commit(self, release: Release) -> None:
        """Record the newest commit of this content: it may have been staged before it was committed."""
        commit = self.artifact.commit
        if commit and release.commit != commit:
            release.commit = commit
            self.write_record(release, f"release {release.number}: commit {commit}\n")

    def write_environment(self, release: Release) -> None:
        if self.options["environment"] is None:
            return
        public = {**self.options["environment"], "RELEASE": release.version}
        content = render_environment({**public, **(self.options["secrets"] or {}), "RELEASE": release.version})
        self.write_private(self.store.record_path(release.number, "environment"), content)
        # A build runs code of dependencies, so its variables have no secrets.
        if "build" not in release.steps:
            self.write_private(self.store.record_path(release.number, "environment.build"), render_environment(public))

    def restore_environment(self, release: Release) -> None:
        confirmed = self.store.read_state(self.store.record_path(release.number, "environment.confirmed"))
        if confirmed is not None:
            self.write_private(self.store.record_path(release.number, "environment"), confirmed)

    def deliver_environment(self, release: Release) -> None:
        """Copy the environment of the release to where the process manager reads it."""
        if self.options["environment_file"]:
            path = self.store.record_path(release.number, "environment")
            content = self.store.read_state(path)
            if content is None and path.exists():
                raise ReleaseError(
                    f"{path} cannot be read ({self.store.unreadable[path]}), so that the service would start without "
                    "its variables; deploy again, which writes it"
                )
            self.write_private(Path(self.options["environment_file"]), content or "", self.find_owner())

    def ensure_directory(self, path: Path, mode: int, owner: tuple[int, int]) -> None:
        if path.is_dir() and has_access(path, mode, owner):
            return
        self.add_diff("", f"{path}/ {mode:o}\n")
        if not self.check_mode:
            path.mkdir(parents=True, exist_ok=True)
            set_access(path, mode, owner)

    def limit_access(self, release: Path) -> None:
        """Let other users read the public directories of a release, and nothing else of it."""
        modes = plan_access(release, self.options["public"]) if release.is_dir() else {}
        for one, mode in modes.items():
            self.add_diff(f"{one} {one.stat().st_mode & 0o7777:o}\n", f"{one} {mode:o}\n")
        if not self.check_mode:
            apply_access(release, modes)

    def write_private(self, path: Path, content: str, owner: tuple[int, int] = (-1, -1)) -> None:
        before = self.store.read_state(path) or ""
        if path.exists() and before == content and has_access(path, 0o600, owner):
            return
        old, new = describe_changes(before, content)
        self.add_diff(f"{path}\n{old}" if old else "", f"{path}\n{new}")
        if not self.check_mode:
            write_file(path, content, 0o600, owner)

    def write_record(self, release: Release, description: str) -> None:
        self.add_diff("", description)
        if not self.check_mode:
            self.store.write(release)

    def remove(self, number: int) -> None:
        self.removed.append(str(number))
        self.add_diff(f"release {number}\n", "")
        if not self.check_mode:
            self.store.remove(number)

    def add_diff(self, before: str, after: str) -> None:
        self.changed = True
        self.diff["before"] += before
        self.diff["after"] += after

    def find_owner(self) -> tuple[int, int]:
        try:
            entry = pwd.getpwnam(self.options["owner"])
        except KeyError:
            if self.check_mode:
                return (-1, -1)
            raise ReleaseError(f"there is no user {self.options['owner']} on this host") from None
        return entry.pw_uid, entry.pw_gid

    def require_release(self) -> Release:
        """The release of the option ``number``. In check mode it may not exist yet."""
        number = self.options["number"]
        release = self.store.read(number)
        if release:
            return release
        if self.check_mode:
            return Release(number=number, identity="", digest="", version="")
        numbers = ", ".join(str(release.number) for release in self.store.list_releases()) or "none"
        raise ReleaseError(f"there is no release {number} (there are: {numbers})")

    def build_result(self, release: Release | None) -> dict[str, Any]:
        releases = self.store.list_releases()
        current = self.store.read_current()
        previous = find_previous(releases, current)
        fallbacks = list_fallbacks(releases, current)
        return {
            "changed": self.changed,
            "diff": self.diff,
            "current": current,
            "previous": previous.number if previous else None,
            "fallback": fallbacks[0] if fallbacks else None,
            "fallbacks": fallbacks,
            "releases": [asdict(one) for one in releases],
            "removed": self.removed,
            "unreadable": self.store.describe_unreadable(),
            **(self.describe_release(release, current) if release else self.describe_missing()),
        }

    def describe_missing(self) -> dict[str, Any]:
        """What a release of the artifact would be, where the options have one and it is not staged."""
        missing: dict[str, Any] = {"number": None, "confirmed": False, "steps": [], "settled": False}
        if self.options["artifact"]:
            missing |= {
                "version": self.artifact.version,
                "commit": self.artifact.commit,
                "identity": self.find_identity(),
            }
        return missing

    def describe_release(self, release: Release, current: int | None) -> dict[str, Any]:
        return {
            "number": release.number,
            "path": str(self.store.path(release.number)),
            "version": release.version,
            "commit": release.commit,
            "activated_at": release.activated_at,
            "confirmed": release.confirmed,
            "steps": release.steps,
            "settled": release.number == current and release.confirmed and self.has_confirmed_environment(release),
        }

    def has_confirmed_environment(self, release: Release) -> bool:
        """Whether the service runs with the environment with which it was last healthy."""
        environment = self.read_record(release, "environment")
        paths = [self.store.record_path(release.number, "environment.confirmed")]
        paths += [Path(self.options["environment_file"])] if self.options["environment_file"] else []
        return all((self.store.read_state(path) or "") == environment for path in paths)

    def read_record(self, release: Release, name: str) -> str:
        """A file of the record of a release; empty where there is none, or none that can be read."""
        return self.store.read_state(self.store.record_path(release.number, name)) or ""
