# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The packages that guests share: what one guest leaves there is checked before another one uses it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.image.recipe import ROOTFS
from lab.packages import EVERYBODY, MODES, make_directories, volumes

SCRIPT = ROOTFS / "usr/local/lib/groundwork-lab/check-packages"
ACL = "acl_2.3.1-3_amd64.deb"
VIM = "vim-common_2%3a9.0.1378-2_all.deb"
CONTENT = {ACL: b"the package acl", VIM: b"the package vim-common"}


@dataclass
class Guest:
    """The archives of apt in a guest, the shared cache, and what apt's lists say."""

    root: Path

    @property
    def archives(self) -> Path:
        return self.root / "archives"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def link(self, name: str) -> None:
        (self.archives / name).symlink_to(self.cache / name)

    def check(self, *paths: Path) -> subprocess.CompletedProcess[str]:
        """Install the files at these paths, as apt does."""
        return subprocess.run(
            ["sh", str(SCRIPT), f"{self.archives}/", str(self.cache)],
            input="".join(f"{path}\n" for path in paths),
            env={"PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    found = Guest(tmp_path)
    for directory in (found.archives, found.cache, tmp_path / "bin"):
        directory.mkdir()
    records = {
        "acl:amd64=2.3.1-3": ("acl", "2.3.1-3", "amd64", CONTENT[ACL]),
        "vim-common=2:9.0.1378-2": ("vim-common", "2:9.0.1378-2", "all", CONTENT[VIM]),
    }
    show = "#!/bin/sh\nshift\nfor name; do case $name in\n"
    for name, (package, version, architecture, content) in records.items():
        digest = hashlib.sha256(content).hexdigest()
        text = f"Package: {package}\\nVersion: {version}\\nArchitecture: {architecture}\\nSHA256: {digest}\\n\\n"
        show += f"{name}) printf '{text}' ;;\n"
    (tmp_path / "bin/apt-cache").write_text(f"{show}*) echo no such package >&2; exit 100 ;;\nesac; done\n")
    (tmp_path / "bin/apt-cache").chmod(0o755)
    return found


def test_what_was_downloaded_is_kept_for_the_next_guest(guest: Guest) -> None:
    for name, content in CONTENT.items():
        (guest.archives / name).write_bytes(content)
    assert guest.check(*(guest.archives / name for name in CONTENT)).returncode == 0
    assert {path.name: path.read_bytes() for path in guest.cache.iterdir()} == CONTENT


def test_a_package_of_another_guest_is_copied_before_it_is_installed(guest: Guest) -> None:
    for name, content in CONTENT.items():
        (guest.cache / name).write_bytes(content)
        guest.link(name)
    done = guest.check(*(guest.archives / name for name in CONTENT))
    assert (done.returncode, done.stderr) == (0, "")
    for name, content in CONTENT.items():
        # What the other guest changes now is too late.
        (guest.cache / name).write_bytes(b"changed")
        assert not (guest.archives / name).is_symlink()
        assert (guest.archives / name).read_bytes() == content
    assert len(list(guest.archives.iterdir())) == 2


def test_a_package_with_another_digest_is_removed_and_not_installed(guest: Guest) -> None:
    (guest.cache / ACL).write_bytes(CONTENT[ACL].replace(b"the", b"bad"))
    (guest.cache / VIM).write_bytes(CONTENT[VIM])
    guest.link(ACL)
    guest.link(VIM)
    done = guest.check(guest.archives / ACL, guest.archives / VIM)
    assert done.returncode == 1
    assert ACL in done.stderr
    assert VIM not in done.stderr
    assert "apt downloads the package" in done.stderr
    assert [path.name for path in guest.archives.iterdir()] == [VIM]
    assert [path.name for path in guest.cache.iterdir()] == [VIM]
    # The second run of apt finds nothing, downloads the package and keeps it.
    (guest.archives / ACL).write_bytes(CONTENT[ACL])
    assert guest.check(guest.archives / ACL, guest.archives / VIM).returncode == 0
    assert (guest.cache / ACL).read_bytes() == CONTENT[ACL]


def test_a_package_that_is_not_in_the_lists_is_not_installed(guest: Guest) -> None:
    name = "other_1_amd64.deb"
    (guest.cache / name).write_bytes(b"other")
    guest.link(name)
    done = guest.check(guest.archives / name)
    assert done.returncode == 1
    assert name in done.stderr
    assert not (guest.archives / name).is_symlink()


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "nothing"])
def test_what_is_no_file_in_the_cache_is_not_read(guest: Guest, kind: str) -> None:
    secret = guest.root / "secret"
    secret.write_bytes(CONTENT[ACL])
    if kind == "link":
        (guest.cache / ACL).symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(guest.cache / ACL)
    elif kind == "directory":
        (guest.cache / ACL).mkdir()
    guest.link(ACL)
    assert guest.check(guest.archives / ACL).returncode == 1
    assert list(guest.archives.iterdir()) == []
    assert secret.read_bytes() == CONTENT[ACL]


@pytest.mark.parametrize("target", ["file", "directory", "missing"])
def test_no_link_in_the_cache_is_followed_when_a_package_is_kept(guest: Guest, target: str) -> None:
    victim = guest.root / "victim"
    if target == "file":
        victim.write_bytes(b"mine")
    elif target == "directory":
        victim.mkdir()
    (guest.cache / ACL).symlink_to(victim)
    (guest.archives / ACL).write_bytes(CONTENT[ACL])
    assert guest.check(guest.archives / ACL).returncode == 0
    assert (guest.cache / ACL).is_symlink()
    assert victim.exists() is (target != "missing")
    if target == "file":
        assert victim.read_bytes() == b"mine"
    elif target == "directory":
        assert list(victim.iterdir()) == []


def test_packages_from_elsewhere_are_left_alone(guest: Guest) -> None:
    """`apt install ./package.deb`: it is in no list, and not downloaded."""
    mine = guest.root / "mine_1_amd64.deb"
    mine.write_bytes(b"mine")
    (guest.root / "link_1_amd64.deb").symlink_to(mine)
    done = guest.check(mine, guest.root / "link_1_amd64.deb")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(guest.cache.iterdir()) == []


def test_an_image_without_the_cache_installs_packages(guest: Guest) -> None:
    guest.cache.rmdir()
    (guest.archives / ACL).write_bytes(CONTENT[ACL])
    assert guest.check(guest.archives / ACL).returncode == 0
    assert guest.check().returncode == 0


def test_apt_runs_the_check_with_its_archives() -> None:
    settings = (ROOTFS / "etc/apt/apt.conf.d/90groundwork-lab").read_text()
    command = f"sh /{SCRIPT.relative_to(ROOTFS)} /var/cache/apt/archives /var/cache/groundwork-lab/apt"
    assert f'DPkg::Pre-Install-Pkgs {{ "{command}"; }};' in settings


def test_the_boot_of_a_guest_changes_nothing_in_the_cache() -> None:
    lines = (ROOTFS / "usr/local/lib/groundwork-lab/guest-init").read_text().splitlines()
    code = "\n".join(line for line in lines if not line.startswith("#"))
    assert not [word for word in ("mkdir", "chmod", "setfacl", "chown", "cp ", "mv ") if word in code]


def test_the_directories_are_made_by_the_machine(tmp_path: Path) -> None:
    make_directories(tmp_path / "guests")
    # A guest may change the mode of what is mounted.
    (tmp_path / "guests/npm").chmod(0)
    make_directories(tmp_path / "guests")
    assert (tmp_path / "guests").stat().st_mode & 0o777 == 0o700
    found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "guests").iterdir()}
    assert found == MODES == {"apt": 0o755, "npm": 0o777}


def test_what_a_user_makes_for_npm_is_written_by_others(tmp_path: Path) -> None:
    make_directories(tmp_path / "guests")
    if "system.posix_acl_default" not in os.listxattr(tmp_path / "guests/npm"):
        # A file system without access control lists: the directories are made without.
        with pytest.raises(OSError, match="not supported"):
            os.setxattr(tmp_path, "system.posix_acl_default", EVERYBODY)
        return
    before = os.umask(0o077)
    try:
        (tmp_path / "guests/npm/made").mkdir()
    finally:
        os.umask(before)
    assert (tmp_path / "guests/npm/made").stat().st_mode & 0o777 == 0o777


def test_each_directory_is_mounted_by_itself() -> None:
    assert volumes(Path("/guests")) == (
        "/guests/apt:/var/cache/groundwork-lab/apt",
        "/guests/npm:/var/cache/groundwork-lab/npm",
    )
