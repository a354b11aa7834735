# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which paths of a release other users may read, and which they may only pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.directory_tree import remove_tree
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_access import (
    apply_access,
    find_public,
    plan_access,
)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release as a build leaves it, which every user can read."""
    root = tmp_path / "1"
    for name in ("web/public/css", "web/private", "assets", "node_modules/pg"):
        (root / name).mkdir(parents=True)
    for name in ("server.js", "web/public/css/site.css", "web/private/key", "assets/logo.png", "assets/draft.png"):
        (root / name).write_text(name)
        (root / name).chmod(0o644)
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
    return root


def limit(release: Path, *public: str) -> None:
    apply_access(release, plan_access(release, public))


def is_reachable(release: Path, name: str) -> bool:
    """Whether a user who is neither the owner nor in the group can read a path."""
    path = release / name
    ways = [parent for parent in path.parents if parent == release or release in parent.parents]
    return all(way.stat().st_mode & 0o001 for way in ways) and bool(path.stat().st_mode & 0o004)


def list_reachable(release: Path) -> list[str]:
    names = sorted(str(path.relative_to(release)) for path in release.rglob("*") if path.is_file())
    return [name for name in names if is_reachable(release, name)]


def test_no_other_user_can_enter_a_release_without_static_files(release: Path) -> None:
    assert "server.js" in list_reachable(release)
    limit(release)
    assert list_reachable(release) == []
    assert release.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["web/public", "/web/public/", "web//public"])
def test_static_files_can_be_read_and_nothing_next_to_them(release: Path, name: str) -> None:
    limit(release, name)
    assert list_reachable(release) == ["web/public/css/site.css"]
    # The way there can be passed, but not listed.
    assert [path.stat().st_mode & 0o777 for path in (release, release / "web")] == [0o711, 0o711]


def test_the_group_gets_no_more_than_others(release: Path) -> None:
    """nginx is in the group of each service that listens on a socket."""
    limit(release, "web/public")
    assert [
        name for name in ("server.js", "node_modules", "web/private") if (release / name).stat().st_mode & 0o070
    ] == []


def test_several_directories_of_which_one_is_in_another(release: Path) -> None:
    limit(release, "web/public", "web/public/css", "assets")
    assert list_reachable(release) == ["assets/draft.png", "assets/logo.png", "web/public/css/site.css"]


def test_a_second_run_changes_nothing(release: Path) -> None:
    for public in ([], ["web/public"], ["web/public", "assets"]):
        limit(release, *public)
        assert plan_access(release, public) == {}


def test_directories_become_private_and_public_again(release: Path) -> None:
    limit(release, "web/public")
    limit(release, "assets")
    assert list_reachable(release) == ["assets/draft.png", "assets/logo.png"]
    limit(release, "web/public")
    assert list_reachable(release) == ["web/public/css/site.css"]
    limit(release)
    assert list_reachable(release) == []


def test_what_links_of_a_public_directory_lead_to_is_public(release: Path) -> None:
    (release / "web/public/logo.png").symlink_to("../../assets/logo.png")
    limit(release, "web/public")
    assert list_reachable(release) == ["assets/logo.png", "web/public/css/site.css", "web/public/logo.png"]


def test_a_public_directory_may_be_a_link(release: Path) -> None:
    (release / "static").symlink_to("web/public")
    limit(release, "static")
    assert list_reachable(release) == ["web/public/css/site.css"]


def test_links_that_lead_out_in_circles_or_nowhere_change_nothing_else(release: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    for name, target in {"out": str(secret), "loop": "loop", "up": "..", "gone": "missing", "all": "/"}.items():
        (release / "web/public/css" / name).symlink_to(target)
    assert find_public(release, ["web/public"]) == {release / "web/public"}
    limit(release, "web/public")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert is_reachable(release, "web/public/css/site.css")
    assert not is_reachable(release, "server.js")


@pytest.mark.parametrize("name", ["../2", "missing", "/etc"])
def test_a_directory_that_the_release_does_not_have_opens_nothing(release: Path, name: str) -> None:
    limit(release, name)
    assert list_reachable(release) == []


def test_a_release_may_be_public_as_a_whole(release: Path) -> None:
    limit(release)
    limit(release, ".")
    assert "server.js" in list_reachable(release)


@pytest.mark.parametrize("exchanged", ["web/public", "web"])
def test_what_becomes_a_link_meanwhile_is_not_followed(release: Path, tmp_path: Path, exchanged: str) -> None:
    """A build whose deploy was interrupted may still run, as the user of the service."""
    victim = tmp_path / "etc"
    (victim / "public").mkdir(parents=True)
    (victim / "public").chmod(0o700)
    (release / "web/public").chmod(0o733)
    modes = plan_access(release, ["web/public"])
    assert modes[release / "web/public"] == 0o777
    (release / exchanged).rename(tmp_path / "moved")
    (release / exchanged).symlink_to(victim / "public" if exchanged == "web/public" else victim)
    apply_access(release, modes)
    assert (victim / "public").stat().st_mode & 0o777 == 0o700
    # The rest has its modes.
    assert release.stat().st_mode & 0o777 == 0o711


def test_what_disappears_meanwhile_is_left_out(release: Path) -> None:
    modes = plan_access(release, ["web/public"])
    (release / "server.js").unlink()
    apply_access(release, modes)
    assert list_reachable(release) == ["web/public/css/site.css"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_hard_link_to_a_file_of_another_user_keeps_its_mode(release: Path, tmp_path: Path) -> None:
    (tmp_path / "shadow").touch(0o600)
    for path in (release, *release.rglob("*")):
        os.chown(path, 54321, 54321)
    os.link(tmp_path / "shadow", release / "web/public/hard")
    (release / "web/static").symlink_to("public/hard")
    limit(release, "web/static")
    assert (tmp_path / "shadow").stat().st_mode & 0o777 == 0o600


def test_directories_may_be_nested_deeper_than_python_recurses(release: Path) -> None:
    folder = os.open(release / "assets", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.symlink(release / "web" / "public", "link", dir_fd=folder)
    os.close(folder)
    limit(release, "assets")
    assert is_reachable(release, "assets/logo.png")
    # The path of the link has 3,000 characters.
    assert is_reachable(release, "web/public/css/site.css")
    # pytest removes directories with Python's own functions, which recurse.
    remove_tree(release)


def test_what_lies_deeper_than_the_longest_path_is_left_out(release: Path) -> None:
    folder = os.open(release / "assets", os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=folder)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    limit(release, "assets")
    assert is_reachable(release, "assets/logo.png")
