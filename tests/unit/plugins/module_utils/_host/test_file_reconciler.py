# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module `files` does, in a directory of its own."""

from __future__ import annotations

import errno
import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.file_reconciler import FileError, FileReconciler

ME = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name


def entry(path: Path, state: str = "file", **more: Any) -> dict[str, Any]:
    defaults = {"content": None, "target": None, "owner": ME, "group": GROUP, "mode": None}
    return {**defaults, "path": str(path), "state": state, **more}


def reconcile(*entries: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    return FileReconciler(check_mode).run(entries)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture
def entries(tmp_path: Path) -> list[dict[str, Any]]:
    home = tmp_path / "a" / "home"
    return [
        entry(home, "directory", mode="0750"),
        entry(home / "settings", content="one\n"),
        entry(home / "key", content="two\n", mode="0600"),
        entry(home / "link", "link", target="settings"),
        entry(home / "gone", "absent"),
    ]


def test_all_entries_are_carried_out_and_a_second_run_changes_nothing(tmp_path: Path, entries: list) -> None:
    home = tmp_path / "a" / "home"
    assert reconcile(*entries)["changed_paths"] == [str(home / name) for name in ("", "settings", "key", "link")]
    assert [mode_of(home), mode_of(home / "settings"), mode_of(home / "key")] == [0o750, 0o644, 0o600]
    assert (home / "link").read_text() == "one\n"
    again = reconcile(*entries)
    assert (again["changed"], again["changed_paths"], again["diff"]) == (False, [], [])
    assert sorted(path.name for path in home.iterdir()) == ["key", "link", "settings"]


def test_check_mode_returns_the_same_and_writes_nothing(tmp_path: Path, entries: list) -> None:
    planned = reconcile(*entries, check_mode=True)
    assert list(tmp_path.iterdir()) == []
    assert reconcile(*entries) == planned
    (tmp_path / "a" / "home" / "key").chmod(0o644)
    assert reconcile(*entries, check_mode=True)["changed_paths"] == [str(tmp_path / "a" / "home" / "key")]
    assert mode_of(tmp_path / "a" / "home" / "key") == 0o644


def test_differences_are_shown_and_corrected(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("old\n")
    path.chmod(0o666)
    (shown,) = reconcile(entry(path, content="new\n"))["diff"]
    assert (shown["before_header"], shown["before"], shown["after"]) == (str(path), "old\n", "new\n")
    assert (path.read_text(), mode_of(path)) == ("new\n", 0o644)
    path.chmod(0o600)
    (shown,) = reconcile(entry(path, content="new\n"))["diff"]
    assert (shown["before"].splitlines()[0], shown["after"].splitlines()[0]) == ("mode: 0600", "mode: 0644")


def test_a_file_replaces_a_link_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs\n")
    (tmp_path / "settings").symlink_to("other")
    reconcile(entry(tmp_path / "settings", content="ours\n"))
    assert (tmp_path / "other").read_text() == "theirs\n"
    assert not (tmp_path / "settings").is_symlink()


def test_a_link_replaces_a_file_and_gets_another_target(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.write_text("a file\n")
    for target in ("one", "two"):
        assert reconcile(entry(path, "link", target=target))["changed"]
        assert os.readlink(path) == target


def test_absent(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_text("bye\n")
    planned = reconcile(entry(tmp_path / "link", "absent"), entry(tmp_path / "file", "absent"))
    assert len(planned["changed_paths"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_absent_removes_a_directory_only_recursively(tmp_path: Path) -> None:
    (tmp_path / "there" / "below").mkdir(parents=True)
    (tmp_path / "there" / "below" / "file").write_text("x")
    (tmp_path / "file").write_text("of another user")
    entries = [entry(tmp_path / name, "absent", recursive=True) for name in ("there", "file", "missing")]
    planned = reconcile(*entries, check_mode=True)
    assert planned["changed_paths"] == [str(tmp_path / "there"), str(tmp_path / "file")]
    assert [change["before"] for change in planned["diff"]] == ["a directory\n", "a file\n"]
    assert (tmp_path / "there" / "below" / "file").exists()
    assert reconcile(*entries) == planned
    assert list(tmp_path.iterdir()) == []
    assert not reconcile(*entries)["changed"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"state": "absent"}, "is a directory, and only files and links are removed"),
        ({"state": "link", "target": "x"}, "is a directory and should be a link"),
        ({"content": "x"}, "is a directory and should be a file"),
        ({"path": "there/file/x", "state": "directory"}, "Not a directory"),
        ({"path": "there/file", "state": "directory"}, "is a file and should be a directory"),
        ({"path": "nowhere/x", "content": "x"}, "nowhere does not exist; put an entry for that one before it"),
        ({"path": "x", "content": "x", "mode": "rw"}, "mode is rw; give it in octal digits"),
        ({"path": "x", "content": "x", "owner": "no-such-user"}, "the user no-such-user, which does not exist"),
        ({"path": "x", "content": "x", "group": "no-such-group"}, "the group no-such-group, which does not exist"),
    ],
)
def test_an_error_names_the_entry_and_those_done_before(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("kept\n")
    path = tmp_path / wrong.pop("path", "there")
    with pytest.raises(FileError) as caught:
        reconcile(entry(tmp_path / "first", content="first\n"), entry(path, **{"state": "file", **wrong}))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert f"Of 2 entries 1 are as they should be ({tmp_path / 'first'})" in str(caught.value)
    assert (tmp_path / "there" / "file").read_text() == "kept\n"


def test_in_check_mode_a_user_may_not_exist_yet(tmp_path: Path) -> None:
    assert reconcile(entry(tmp_path / "x", content="x", owner="no-such-user"), check_mode=True)["changed"]


@pytest.fixture
def moving(tmp_path: Path) -> dict[str, Any]:
    """The directory of a service at its former path, and the entry with its new one."""
    before = tmp_path / "lib" / "api"
    before.mkdir(parents=True, mode=0o700)
    (before / "api.db").write_text("data\n")
    return entry(tmp_path / "lib" / "groundwork" / "api", "directory", mode="0700", moved_from=str(before))


def test_a_directory_is_moved_once_and_its_former_path_is_a_link(tmp_path: Path, moving: dict[str, Any]) -> None:
    before, after = Path(moving["moved_from"]), Path(moving["path"])
    planned = reconcile(moving, check_mode=True)
    assert not after.exists()
    assert reconcile(moving) == planned
    assert planned["changed_paths"] == [str(before), str(after)]
    assert (os.readlink(before), (after / "api.db").read_text()) == ("groundwork/api", "data\n")
    assert (mode_of(after), mode_of(after.parent)) == (0o700, 0o755)
    (before / "api.db").write_text("more\n")
    assert (after / "api.db").read_text() == "more\n"
    assert reconcile(moving)["changed"] is False


def test_a_directory_is_moved_to_the_path_of_an_empty_one(moving: dict[str, Any]) -> None:
    Path(moving["path"]).mkdir(parents=True)
    reconcile(moving)
    assert (Path(moving["path"]) / "api.db").read_text() == "data\n"


def test_two_directories_with_files_are_an_error(moving: dict[str, Any]) -> None:
    Path(moving["path"]).mkdir(parents=True)
    (Path(moving["path"]) / "other").write_text("")
    with pytest.raises(FileError, match=r"has files already, and so has .*/lib/api"):
        reconcile(moving)
    assert (Path(moving["moved_from"]) / "api.db").read_text() == "data\n"


def test_a_directory_of_another_owner_is_not_moved(moving: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as /var/lib/dpkg, where a service is called dpkg."""
    monkeypatch.setattr(FileReconciler, "_find_owner", lambda *_: (os.geteuid() + 1, os.getegid()))
    assert reconcile(moving, check_mode=True)["changed_paths"] == [moving["path"]]


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EBUSY])
def test_a_mount_is_not_moved(moving: dict[str, Any], monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def mounted(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "rename", mounted)
    with pytest.raises(FileError, match=rf"mount it at {moving['path']}"):
        reconcile(moving)


def test_a_directory_is_not_moved_when_move_is_false(moving: dict[str, Any]) -> None:
    before, path = Path(moving["moved_from"]), Path(moving["path"])
    with pytest.raises(FileError, match=r"has not been moved yet from .*configure this host first"):
        reconcile({**moving, "move": False})
    assert reconcile({**moving, "move": False}, check_mode=True)["changed"] is True
    assert not path.exists()
    reconcile(moving)
    assert reconcile({**moving, "move": False})["changed"] is False
    assert before.is_symlink()


@pytest.mark.parametrize("kind", ["nothing", "file", "link"])
def test_only_a_directory_is_moved(moving: dict[str, Any], kind: str) -> None:
    before = Path(moving["moved_from"])
    before.rename(before.with_name("aside"))
    if kind == "file":
        before.write_text("")
    elif kind == "link":
        before.symlink_to("aside")
    assert reconcile(moving)["changed_paths"] == [moving["path"]]
    assert list(Path(moving["path"]).iterdir()) == []


def test_a_directory_is_not_moved_into_itself(tmp_path: Path) -> None:
    inside = tmp_path / "log" / "shop"
    reconcile(entry(inside, "directory", moved_from=str(inside.parent), linked_from=str(inside.parent)))
    assert inside.is_dir()
    assert not inside.parent.is_symlink()


def test_a_move_without_a_link_is_undone(moving: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "symlink_to", full)
    with pytest.raises(FileError, match="No space left"):
        reconcile(moving)
    assert (Path(moving["moved_from"]) / "api.db").read_text() == "data\n"
    assert not Path(moving["path"]).exists()


def test_a_link_is_created_only_at_a_free_path(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    kept = [
        entry(tmp_path / "groundwork" / name, "directory", linked_from=str(tmp_path / name))
        for name in ("shop", "journal")
    ]
    planned = reconcile(*kept, check_mode=True)
    assert reconcile(*kept) == planned
    assert os.readlink(tmp_path / "shop") == "groundwork/shop"
    assert not (tmp_path / "journal").is_symlink()
    assert reconcile(*kept)["changed"] is False


def test_a_file_that_is_kept_is_created_once_and_then_only_gets_its_access(tmp_path: Path) -> None:
    log = entry(tmp_path / "web.log", keep=True, mode="0640")
    assert reconcile(log)["changed_paths"] == [str(tmp_path / "web.log")]
    assert (tmp_path / "web.log").read_bytes() == b""
    (tmp_path / "web.log").write_text("a line\n")
    assert not reconcile(log)["changed"]
    (tmp_path / "web.log").chmod(0o644)
    assert reconcile(log, check_mode=True)["changed"]
    assert reconcile(log)["changed"]
    assert ((tmp_path / "web.log").read_text(), mode_of(tmp_path / "web.log")) == ("a line\n", 0o640)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@as_root
@pytest.mark.parametrize(
    "wrong", [{"state": "directory"}, {"content": "x"}, {"state": "link", "target": "x"}, {"state": "absent"}]
)
def test_nothing_is_changed_below_a_directory_of_another_user(tmp_path: Path, wrong: dict[str, Any]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "x").symlink_to("/etc")
    os.chown(home, 54321, 54321)
    with pytest.raises(FileError, match=rf"{home} belongs to the user 54321.* choose a path below directories of root"):
        reconcile(entry(home / "x", **wrong))
    assert os.readlink(home / "x") == "/etc"


@as_root
def test_a_directory_that_gets_another_owner_takes_its_content_along(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "data").mkdir(parents=True)
    (state / "data" / "file").write_text("x")
    (state / "link").symlink_to("/etc/passwd")
    for path in (state, state / "data", state / "data" / "file"):
        os.chown(path, 54321, 54321)
    assert reconcile(entry(state, "directory", mode="0700", recursive=True))["changed_paths"] == [str(state)]
    assert {path.lstat().st_uid for path in (state, *state.rglob("*"))} == {0}
    assert not reconcile(entry(state, "directory", mode="0700", recursive=True))["changed"]
