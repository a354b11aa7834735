# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module `files` does: files, directories and links as they should be. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from .atomic import grant, is_granted, move, point, replace

MODES = {"file": "0644", "directory": "0755"}
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


class FilesProblem(ValueError):
    """An entry that cannot be brought about."""


class Keeper:
    """One call of the module. With ``pretend`` nothing is written and the result is the one that would be.

    ``label`` gives a path the security context that the host's policy has for it, and returns whether that is news.
    """

    def __init__(self, pretend: bool, label: Callable[[str], bool] = lambda _path: False) -> None:
        self.pretend = pretend
        self.label = label
        self.changed: list[str] = []
        self.diff: list[dict[str, str]] = []

    def run(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        for number, entry in enumerate(entries):
            try:
                getattr(self, f"keep_{entry['state']}")(Path(entry["path"]), entry)
            except (FilesProblem, OSError) as problem:
                raise FilesProblem(self._failure(entry["path"], number, len(entries), problem)) from problem
        return {"changed": bool(self.changed), "changed_paths": self.changed, "diff": self.diff}

    def keep_file(self, path: Path, entry: Mapping[str, Any]) -> None:
        found = kind_of(path)
        if found == "directory":
            raise FilesProblem("is a directory and should be a file; move it away")
        wanted, owner, mode = entry["content"].encode(), self._owner(entry), _mode(entry)
        before = path.read_bytes() if found == "file" else b""
        if found != "file" or before != wanted:
            self._note(path, f"-> {os.readlink(path)}\n" if found == "link" else _text(before), _text(wanted))
            if not self.pretend:
                _within(path)
                replace(path, wanted, mode, owner)
        self._settle(path, owner, mode)

    def keep_directory(self, path: Path, entry: Mapping[str, Any]) -> None:
        found = kind_of(path)
        if found not in ("", "directory") and not path.is_dir():
            raise FilesProblem(f"is a {found} and should be a directory; move it away")
        owner, mode = self._owner(entry), _mode(entry)
        if entry.get("moved_from") and self._moves(path, Path(entry["moved_from"]), owner, entry.get("move", True)):
            found = "directory"
        if not found:
            self._note(path, "", "a directory\n")
            if not self.pretend:
                path.mkdir(mode=0o700, parents=True)
                grant(path, mode, owner)
        self._settle(path, owner, mode)
        if entry.get("linked_from"):
            self._link_from(Path(entry["linked_from"]), path)

    def _moves(self, path: Path, before: Path, owner: tuple[int, int], allowed: bool) -> bool:
        """Move the directory from where it was before, once. One that is not its owner's is something else."""
        if before in path.parents or kind_of(before) != "directory" or before.stat().st_uid != owner[0]:
            return False
        if not allowed and self.pretend:
            return False  # a task before this one would have moved it
        if not allowed:
            raise FilesProblem(f"has not been moved yet from {before}; configure this host first, which does that")
        if kind_of(path) and any(path.iterdir()):
            raise FilesProblem(
                f"has files already, and so has {before}, where it was before; put them together by hand"
            )
        self._note(before, "a directory\n", f"-> {path}\n")
        self._note(path, "", f"the directory {before}\n")
        if not self.pretend:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            try:
                move(before, path)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EBUSY):
                    raise
                raise FilesProblem(
                    f"cannot take in {before}, which is mounted or in another file system; "
                    f"stop what uses it, and mount it at {path}"
                ) from error
        return True

    def _link_from(self, place: Path, path: Path) -> None:
        """A second path of a directory, unless there is something else."""
        if place not in path.parents and not kind_of(place):
            self._note(place, "", f"-> {path}\n")
            if not self.pretend:
                _within(place)
                point(place, os.path.relpath(path, place.parent))

    def keep_link(self, path: Path, entry: Mapping[str, Any]) -> None:
        found = kind_of(path)
        if found == "directory":
            raise FilesProblem("is a directory and should be a link; move it away")
        before = os.readlink(path) if found == "link" else ""
        if before != entry["target"]:
            self._note(path, f"-> {before}\n" if before else found and f"a {found}\n", f"-> {entry['target']}\n")
            if not self.pretend:
                _within(path)
                point(path, entry["target"])

    def keep_absent(self, path: Path, entry: Mapping[str, Any]) -> None:
        found = kind_of(path)
        if found == "directory":
            raise FilesProblem("is a directory, and only files and links are removed; move it away")
        if found:
            self._note(path, _text(path.read_bytes()) if found == "file" else f"a {found}\n", "")
            if not self.pretend:
                path.unlink()

    def _settle(self, path: Path, owner: tuple[int, int], mode: int) -> None:
        """Owner, mode and security context of what is there. What would only come to be has none yet."""
        if not path.exists():
            return
        if not is_granted(path, mode, owner):
            status, (user, group) = path.stat(), owner
            before = _access(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
            wanted = (status.st_uid if user == -1 else user, status.st_gid if group == -1 else group, mode)
            self._note(path, before, _access(*wanted))
            if not self.pretend:
                grant(path, mode, owner)
        if self.label(str(path)) and str(path) not in self.changed:
            self.changed.append(str(path))

    def _owner(self, entry: Mapping[str, Any]) -> tuple[int, int]:
        return (
            self._id(entry["owner"], "user", lambda name: pwd.getpwnam(name).pw_uid),
            self._id(entry["group"], "group", lambda name: grp.getgrnam(name).gr_gid),
        )

    def _id(self, name: str, what: str, look_up: Callable[[str], int]) -> int:
        try:
            return look_up(name)
        except KeyError:
            # A task before this one would have made it.
            if self.pretend:
                return -1
            raise FilesProblem(f"should belong to the {what} {name}, which does not exist on this host") from None

    def _note(self, path: Path, before: str, after: str) -> None:
        if str(path) not in self.changed:
            self.changed.append(str(path))
        self.diff.append({"before_header": str(path), "after_header": str(path), "before": before, "after": after})

    def _failure(self, path: str, number: int, count: int, problem: Exception) -> str:
        done = ", ".join(one for one in self.changed if one != path) or "none of them had to be changed"
        return (
            f"{path}: {problem}. Of {count} entries {number} are as they should be ({done}); "
            "the others were left alone. Mend this and run again"
        )


def kind_of(path: Path) -> str:
    """What there is: a file, a directory, a link, a special file, or nothing."""
    try:
        return KINDS.get(stat.S_IFMT(path.lstat().st_mode), "special file")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _within(path: Path) -> None:
    if not path.parent.is_dir():
        raise FilesProblem(f"its directory {path.parent} does not exist; put an entry for that one before it")


def _mode(entry: Mapping[str, Any]) -> int:
    told = entry["mode"] or MODES[entry["state"]]
    try:
        return int(told, 8)
    except ValueError:
        raise FilesProblem(f"mode is {told}; give it in octal digits in quotes, like '0644'") from None


def _access(user: int, group: int, mode: int) -> str:
    return f"mode: {mode:04o}\nowner: {user}\ngroup: {group}\n"


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
