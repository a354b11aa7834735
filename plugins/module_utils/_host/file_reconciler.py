# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Create, change and remove files, directories and links. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from .atomic_write import has_access, move_directory, replace_file, replace_link, set_access, sync_directory
from .directory_tree import remove_tree
from .ownership import change_owner, find_untrusted_parent

MODES = {"file": "0644", "directory": "0755"}
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


class FileError(ValueError):
    """An entry that cannot be carried out."""


class FileReconciler:
    """One call of the module `files`. In check mode it writes nothing and returns what it would change.

    ``set_context`` gives a path the security context of the host's policy, and returns whether it changed.
    """

    def __init__(self, check_mode: bool, set_context: Callable[[str], bool] = lambda _path: False) -> None:
        self.check_mode = check_mode
        self.set_context = set_context
        self.changed: list[str] = []
        self.diff: list[dict[str, str]] = []

    def run(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        for number, entry in enumerate(entries):
            try:
                path = Path(entry["path"])
                _require_trusted_parents(path)
                getattr(self, f"reconcile_{entry['state']}")(path, entry)
            except (FileError, OSError) as error:
                raise FileError(self._describe_failure(entry["path"], number, len(entries), error)) from error
        return {"changed": bool(self.changed), "changed_paths": self.changed, "diff": self.diff}

    def reconcile_file(self, path: Path, entry: Mapping[str, Any]) -> None:
        kind = read_kind(path)
        if kind == "directory":
            raise FileError("is a directory and should be a file; move it away")
        owner, mode = self._find_owner(entry), _parse_mode(entry)
        if kind == "file" and entry.get("keep"):
            self._apply_access(path, owner, mode)
            return
        content = (entry["content"] or "").encode()
        before = path.read_bytes() if kind == "file" else b""
        if kind != "file" or before != content:
            self._add_change(path, f"-> {os.readlink(path)}\n" if kind == "link" else _decode(before), _decode(content))
            if not self.check_mode:
                _require_parent(path)
                replace_file(path, content, mode, owner)
        self._apply_access(path, owner, mode)

    def reconcile_directory(self, path: Path, entry: Mapping[str, Any]) -> None:
        kind = read_kind(path)
        if kind not in ("", "directory") and not path.is_dir():
            raise FileError(f"is a {kind} and should be a directory; move it away")
        owner, mode = self._find_owner(entry), _parse_mode(entry)
        if entry.get("moved_from") and self._move_from(path, Path(entry["moved_from"]), owner, entry.get("move", True)):
            kind = "directory"
        if not kind:
            self._add_change(path, "", "a directory\n")
            if not self.check_mode:
                path.mkdir(mode=0o700, parents=True)
                set_access(path, mode, owner)
        self._apply_access(path, owner, mode, recursive=entry.get("recursive", False))
        if entry.get("linked_from"):
            self._link_from(Path(entry["linked_from"]), path)

    def _move_from(self, path: Path, before: Path, owner: tuple[int, int], allowed: bool) -> bool:
        """Move the directory from its former path, once; returns whether it did. A directory of another owner stays."""
        if before in path.parents or read_kind(before) != "directory":
            return False
        if before.stat().st_uid not in (owner[0], _find_former_owner()):
            return False
        if not allowed and self.check_mode:
            return False  # outside check mode an earlier task moves it
        if not allowed:
            raise FileError(f"has not been moved yet from {before}; configure this host first, which moves it")
        if read_kind(path) and any(path.iterdir()):
            raise FileError(f"has files already, and so has {before}, its former path; merge them by hand")
        self._add_change(before, "a directory\n", f"-> {path}\n")
        self._add_change(path, "", f"the directory {before}\n")
        if not self.check_mode:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            try:
                move_directory(before, path)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EBUSY):
                    raise
                raise FileError(
                    f"cannot be moved from {before}, which is mounted or in another file system; "
                    f"stop the processes that use it, and mount it at {path}"
                ) from error
        return True

    def _link_from(self, link: Path, path: Path) -> None:
        """Create a link to a directory, unless its path exists already."""
        if link not in path.parents and not read_kind(link):
            self._add_change(link, "", f"-> {path}\n")
            if not self.check_mode:
                _require_parent(link)
                replace_link(link, os.path.relpath(path, link.parent))

    def reconcile_link(self, path: Path, entry: Mapping[str, Any]) -> None:
        kind = read_kind(path)
        if kind == "directory":
            raise FileError("is a directory and should be a link; move it away")
        before = os.readlink(path) if kind == "link" else ""
        if before != entry["target"]:
            self._add_change(path, f"-> {before}\n" if before else kind and f"a {kind}\n", f"-> {entry['target']}\n")
            if not self.check_mode:
                _require_parent(path)
                replace_link(path, entry["target"])

    def reconcile_absent(self, path: Path, entry: Mapping[str, Any]) -> None:
        kind = read_kind(path)
        if kind == "directory" and not entry.get("recursive"):
            raise FileError("is a directory, and only files and links are removed; move it away, or set recursive")
        if kind == "directory":
            self._add_change(path, "a directory\n", "")
            if not self.check_mode:
                remove_tree(path)
                sync_directory(path.parent)
        elif kind:
            # What is removed with `recursive` was written by another user, and may be of any size.
            is_shown = kind == "file" and not entry.get("recursive")
            self._add_change(path, _decode(path.read_bytes()) if is_shown else f"a {kind}\n", "")
            if not self.check_mode:
                path.unlink()
                sync_directory(path.parent)

    def _apply_access(self, path: Path, owner: tuple[int, int], mode: int, recursive: bool = False) -> None:
        """Set owner, mode and security context of a path; in check mode it may not exist yet.

        With ``recursive`` what is in a directory gets its owner too, when that of the directory changes.
        """
        if not path.exists():
            return
        if not has_access(path, mode, owner):
            status, (user, group) = path.stat(), owner
            before = _format_access(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
            desired = (status.st_uid if user == -1 else user, status.st_gid if group == -1 else group, mode)
            self._add_change(path, before, _format_access(*desired))
            if not self.check_mode:
                if recursive and user not in (-1, status.st_uid):
                    change_owner(path, *owner)
                set_access(path, mode, owner)
        if self.set_context(str(path)) and str(path) not in self.changed:
            self.changed.append(str(path))

    def _find_owner(self, entry: Mapping[str, Any]) -> tuple[int, int]:
        return (
            self._find_id(entry["owner"], "user", lambda name: pwd.getpwnam(name).pw_uid),
            self._find_id(entry["group"], "group", lambda name: grp.getgrnam(name).gr_gid),
        )

    def _find_id(self, name: str, kind: str, look_up: Callable[[str], int]) -> int:
        try:
            return look_up(name)
        except KeyError:
            # Outside check mode an earlier task creates it.
            if self.check_mode:
                return -1
            raise FileError(f"should belong to the {kind} {name}, which does not exist on this host") from None

    def _add_change(self, path: Path, before: str, after: str) -> None:
        if str(path) not in self.changed:
            self.changed.append(str(path))
        self.diff.append({"before_header": str(path), "after_header": str(path), "before": before, "after": after})

    def _describe_failure(self, path: str, number: int, count: int, error: Exception) -> str:
        done = ", ".join(one for one in self.changed if one != path) or "none of them had to be changed"
        return (
            f"{path}: {error}. Of {count} entries {number} are as they should be ({done}); "
            "the others were not changed. Correct this and run again"
        )


def read_kind(path: Path) -> str:
    """The kind of an existing path: file, directory, link or special file; empty when it does not exist."""
    try:
        return KINDS.get(stat.S_IFMT(path.lstat().st_mode), "special file")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _find_former_owner() -> int:
    """The user of all services of a host, before each had one of its own; -1 where there was none."""
    try:
        return pwd.getpwnam("app").pw_uid
    except KeyError:
        return -1


def _require_trusted_parents(path: Path) -> None:
    problem = find_untrusted_parent(path)
    if problem:
        raise FileError(f"{problem}; choose a path below directories of root")


def _require_parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileError(f"its directory {path.parent} does not exist; put an entry for that one before it")


def _parse_mode(entry: Mapping[str, Any]) -> int:
    text = entry["mode"] or MODES[entry["state"]]
    try:
        return int(text, 8)
    except ValueError:
        raise FileError(f"mode is {text}; give it in octal digits in quotes, like '0644'") from None


def _format_access(user: int, group: int, mode: int) -> str:
    return f"mode: {mode:04o}\nowner: {user}\ngroup: {group}\n"


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "replace")
