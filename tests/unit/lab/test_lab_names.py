# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of a lab's services in a hosts file that others write as well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.names import block, write

SHOP = ("shop-1.us-east-1.elb.amazonaws.com", "198.51.100.9")


def test_two_labs_and_a_person_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost")
    write(path, "one", [SHOP])
    write(path, "two", [("db", "198.18.0.9")])
    place = path.stat().st_ino
    write(path, "one", [SHOP, (SHOP[0], "198.51.100.8")])
    assert path.stat().st_ino == place
    assert path.read_text() == "127.0.0.1 localhost\n" + block("two", [("db", "198.18.0.9")]) + (
        f"# lab one: begin\n198.51.100.8 {SHOP[0]}\n198.51.100.9 {SHOP[0]}\n# lab one: end\n"
    )
    write(path, "one", [])
    write(path, "two", [])
    assert path.read_text() == "127.0.0.1 localhost\n"


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    write(path, "one", [SHOP])
    before = path.stat().st_mtime_ns
    write(path, "one", [SHOP])
    write(path, "two", [])
    assert path.stat().st_mtime_ns == before


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("127.0.0.1 localhost\n")
    (tmp_path / "hosts").symlink_to("victim")
    with pytest.raises(OSError, match="symbolic"):
        write(tmp_path / "hosts", "one", [SHOP])
    assert SHOP[0] not in (tmp_path / "victim").read_text()


def test_a_link_in_the_place_of_a_directory_is_not_followed(tmp_path: Path) -> None:
    guest, machine = tmp_path / "guest", tmp_path / "machine"
    guest.mkdir()
    machine.mkdir()
    (machine / "hosts").write_text("127.0.0.1 localhost\n")
    (guest / "etc").symlink_to(machine)
    with pytest.raises(OSError, match=r"directory|symbolic"):
        write(guest / "etc" / "hosts", "one", [SHOP], guest)
    assert SHOP[0] not in (machine / "hosts").read_text()
    (guest / "etc").unlink()
    (guest / "etc").mkdir()
    (guest / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    write(guest / "etc" / "hosts", "one", [SHOP], guest)
    assert SHOP[0] in (guest / "etc" / "hosts").read_text()


def test_a_pipe_in_its_place_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hosts")
    with pytest.raises(OSError, match="not a regular file"):
        write(tmp_path / "hosts", "one", [SHOP])
