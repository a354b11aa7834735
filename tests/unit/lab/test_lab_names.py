# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of a lab's services in a hosts file that others write as well."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from lab.names import LIMIT, HostsFileError, block, replace, write

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


def test_a_lock_of_the_guest_holds_nothing_up(tmp_path: Path) -> None:
    hosts = tmp_path / "etc" / "hosts"
    hosts.parent.mkdir()
    hosts.write_text("# lab one: begin\n")
    with hosts.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        writer = threading.Thread(target=write, args=(hosts, "one", [SHOP], tmp_path), daemon=True)
        writer.start()
        writer.join(5)
        assert not writer.is_alive()
    assert SHOP[0] in hosts.read_text()


def test_labs_wait_for_each_other_with_the_file_of_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        writer = threading.Thread(target=write, args=(path, "one", [SHOP]), daemon=True)
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        assert SHOP[0] not in path.read_text()
    writer.join(5)
    assert SHOP[0] in path.read_text()


@pytest.mark.parametrize("names", [[SHOP], []], ids=["names", "no names"])
def test_a_large_file_of_a_guest_is_not_read(tmp_path: Path, names: list[tuple[str, str]]) -> None:
    path = tmp_path / "hosts"
    path.touch()
    os.truncate(path, LIMIT + 1)
    with pytest.raises(HostsFileError, match=r"larger than 1 MB.*Make the file smaller"):
        write(path, "one", names, tmp_path)
    assert path.stat().st_size == LIMIT + 1
    os.truncate(path, LIMIT)
    write(path, "one", [SHOP], tmp_path)
    assert SHOP[0] in path.read_text()


def test_other_bytes_of_a_guest_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    before = b"10.0.0.1 caf\xe9\r\n10.0.0.2 b\n"
    path.write_bytes(before)
    write(path, "one", [SHOP], tmp_path)
    assert path.read_bytes() == before + block("one", [SHOP]).encode()
    write(path, "one", [], tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("a\n# lab one: begin\nb\n# lab one: end\nc\n", "a\nc\n"),
        ("# lab one: begin\nb\n# lab one: end\n# lab one: begin\nc\n# lab one: end\n", ""),
        ("# lab one: begin\nb\n", "# lab one: begin\nb\n"),
        ("b\n# lab one: end\n", "b\n# lab one: end\n"),
        ("# lab one: begin\n# lab one: begin\nb\n# lab one: end\n", ""),
    ],
)
def test_only_whole_blocks_are_exchanged(text: str, rest: str) -> None:
    assert replace(text, "one", "") == rest


def test_many_marks_take_no_time(tmp_path: Path) -> None:
    """A guest could hold the lab up with a file that takes long to search."""
    began = time.monotonic()
    text = "# lab one: begin\n" * (LIMIT // 17)
    assert replace(text, "one", "") == text
    assert time.monotonic() - began < 2
