# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Giving files to another user, who may exchange some of them meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import ownership
from ansible_collections.groundwork.aws.plugins.module_utils._host.ownership import change_owner, find_untrusted_parent

USER, OTHER = 54321, 54322
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def owners(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): path.lstat().st_uid for path in [root, *sorted(root.rglob("*"))]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "release"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("x")
    (root / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").write_text("of root")
    return root


@as_root
def test_everything_changes_its_owner_and_the_target_of_a_link_does_not(tree: Path) -> None:
    change_owner(tree, USER, USER)
    assert set(owners(tree).values()) == {USER}
    assert (tree.parent / "outside").stat().st_uid == 0


@as_root
def test_a_directory_changes_its_owner_after_its_content(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who gets a directory finds nothing in it that root will still change."""
    changed: list[str] = []
    real = os.chown

    def record(path: str, *owner: int, **options: object) -> None:
        changed.append(Path(path).name)
        real(path, *owner, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ownership.os, "chown", record)
    change_owner(tree, USER, USER)
    assert changed.index("file") < changed.index("b") < changed.index("a") < changed.index("release")


@as_root
def test_a_directory_that_becomes_a_link_meanwhile_is_not_followed(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "etc"
    victim.mkdir()
    (victim / "shadow").write_text("secret")
    real = os.chown

    def attack(path: str, *owner: int, **options: object) -> None:
        if Path(path).name == "file":
            # The attacker owns `a` already in this test, and exchanges it.
            (tree / "a").rename(tmp_path / "moved")
            (tree / "a").symlink_to(victim)
        real(path, *owner, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ownership.os, "chown", attack)
    change_owner(tree, USER, USER)
    assert owners(victim) == {".": 0, "shadow": 0}


@as_root
def test_a_hard_link_to_a_file_of_a_third_user_stays_theirs(tree: Path, tmp_path: Path) -> None:
    os.chown(tmp_path / "outside", OTHER, OTHER)
    os.link(tmp_path / "outside", tree / "a" / "hard")
    change_owner(tree, USER, USER)
    assert (tmp_path / "outside").stat().st_uid == OTHER
    assert owners(tree)["a/b/file"] == USER


@as_root
def test_a_hard_link_that_a_former_user_left_to_a_file_of_root_stays_of_root(tree: Path, tmp_path: Path) -> None:
    """The service was removed, which gave its files to root, and is there again."""
    os.link(tmp_path / "outside", tree / "a" / "hard")
    os.link(tree / "a" / "b" / "file", tree / "same")
    change_owner(tree, USER, USER)
    change_owner(tree, 0, 0)
    change_owner(tree, USER, USER)
    assert (tmp_path / "outside").stat().st_uid == 0
    found = owners(tree)
    assert (found.pop("a/hard"), set(found.values())) == (0, {USER})


@as_root
def test_a_service_moves_from_one_user_to_another(tree: Path) -> None:
    change_owner(tree, USER, USER)
    os.link(tree / "a" / "b" / "file", tree / "same")
    change_owner(tree, OTHER, OTHER)
    assert set(owners(tree).values()) == {OTHER}


@as_root
def test_parents_that_another_user_controls_are_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "below").mkdir(parents=True)
    assert find_untrusted_parent(home / "below" / "x") == ""
    os.chown(home, USER, USER)
    assert find_untrusted_parent(home) == ""
    expected = f"{home} belongs to the user {USER}, who could put a link in its place"
    assert find_untrusted_parent(home / "below") == expected
    assert find_untrusted_parent(home / "below" / "missing" / "x") == expected


def test_a_directory_that_everybody_writes_is_not_trusted_unless_it_is_sticky(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    for mode, expected in (
        (0o777, f"every user may write {shared}, and could put a link there"),
        (0o1777, ""),
        (0o775, ""),
    ):
        shared.chmod(mode)
        assert find_untrusted_parent(shared / "x") == expected


@as_root
def test_a_link_of_root_is_followed_and_one_of_a_user_is_not(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "log"
    link.symlink_to("disk")
    assert find_untrusted_parent(link / "x") == ""
    os.chown(tmp_path / "disk", USER, USER)
    assert f"{tmp_path / 'disk'} belongs to the user" in find_untrusted_parent(link / "x")
    os.chown(tmp_path / "disk", 0, 0)
    os.chown(link, USER, USER, follow_symlinks=False)
    assert f"{link} belongs to the user" in find_untrusted_parent(link / "x")
