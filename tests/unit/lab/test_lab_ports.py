# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The port of a lab: chosen so that it stays the lab's while the lab restarts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import ports, updown
from lab.description import Description, write_description
from lab.paths import lab_paths
from lab.shell import LabError

LINUX = range(32768, 61000)


@pytest.mark.parametrize(
    ("local", "possible"),
    [
        (LINUX, [*range(20000, 32768), *range(61000, 65536)]),
        (range(1024, 61000), range(61000, 65536)),
        (range(32768, 65536), range(20000, 32768)),
        (range(20001, 65536), [20000]),
        (range(20000, 65535), [65535]),
        # No room at all: a port that may be lost is better than none.
        (range(1024, 65536), range(20000, 65536)),
        (range(0), range(20000, 65536)),
    ],
    ids=["linux", "above", "below", "one below", "one above", "nowhere", "empty"],
)
def test_candidates_lie_outside_of_the_range_of_the_kernel(local: range, possible: Any) -> None:
    assert sorted(ports.list_candidates(local, (), "a")) == list(possible)


def test_candidates_leave_out_ports_that_are_used() -> None:
    assert ports.list_candidates(range(20002, 65536), {20000}, "a") == [20001]
    assert 20000 not in ports.list_candidates(range(20000, 65536), {20000}, "a")


def test_labs_begin_at_different_ports() -> None:
    firsts = {ports.list_candidates(LINUX, (), f"lab-{number}")[0] for number in range(20)}
    assert len(firsts) > 15
    assert ports.list_candidates(LINUX, (), "lab-1")[0] == ports.list_candidates(LINUX, (), "lab-1")[0]


def test_the_next_candidate_is_taken_where_one_is_not_free() -> None:
    first, second, third = ports.list_candidates(LINUX, (), "a")[:3]
    assert ports.choose_port("a", (), LINUX, free=lambda port: True) == first
    assert ports.choose_port("a", (), LINUX, free=lambda port: port not in (first, second)) == third


def test_no_free_port_is_an_error_that_says_so() -> None:
    with pytest.raises(LabError, match=r"no port of 127\.0\.0\.1 from 20000 to 65535 is free"):
        ports.choose_port("a", (), LINUX, free=lambda port: False)


def test_the_range_of_the_kernel_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "LOCAL_PORTS", tmp_path / "range")
    assert ports.read_local_ports() == LINUX
    (tmp_path / "range").write_text("1024\t65535\n")
    assert ports.read_local_ports() == range(1024, 65536)


@pytest.fixture
def outgoing() -> Iterator[int]:
    """A port of an outgoing connection, without a listening program."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        yield int(client.getsockname()[1])


@pytest.fixture(autouse=True)
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GROUNDWORK_LAB_HOME", str(tmp_path / "labs"))
    return tmp_path / "labs"


def claim(name: str, requested: int | None = None, known: int | None = None) -> tuple[int, list[str]]:
    said: list[str] = []
    description = Description(name, known, False) if known else None
    return updown._claim_port(name, requested, description, said.append, sleep=lambda _seconds: None), said


def test_a_port_of_an_outgoing_connection_is_not_free(outgoing: int) -> None:
    assert not ports.is_free(outgoing)


def test_a_lab_keeps_its_port(labs: Path) -> None:
    port = ports.choose_port("kept")
    assert claim("kept", known=port) == (port, [])


def test_a_lab_whose_port_a_connection_has_moves_and_reports_it(outgoing: int) -> None:
    port, said = claim("moved", known=outgoing)
    assert port != outgoing
    assert port not in ports.read_local_ports()
    assert said == [
        f"port {outgoing} is in use by an outgoing connection; moved moves to {port} (`lab env` has the new exports)"
    ]


def test_a_requested_port_is_not_exchanged(outgoing: int) -> None:
    with pytest.raises(LabError, match=f"port {outgoing} of 127.0.0.1 is in use by an outgoing connection; choose"):
        claim("asked", requested=outgoing)


def test_a_port_of_another_program_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # The server below accepts connections and answers nothing.
    monkeypatch.setattr(updown, "HEALTH_TIMEOUT", 0.05)
    monkeypatch.setattr(updown, "_wait_until_free", None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LabError, match=f"port {port} of 127.0.0.1 is in use by .*; choose another with --port"):
            claim("mine", known=port)


def test_a_port_is_free_after_its_connection_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(ports, "is_free", lambda port: next(answers))
    monkeypatch.setattr(updown, "_find_listener", lambda port: "")
    assert claim("patient", known=40000) == (40000, [])


def test_the_ports_of_other_labs_are_not_used(labs: Path) -> None:
    first = ports.list_candidates(ports.read_local_ports(), (), updown.identity("new"))[0]
    write_description(lab_paths("stopped"), Description("stopped", first, False))
    (labs / "damaged").mkdir()
    (labs / "damaged" / "lab.json").write_text("{")
    assert claim("new")[0] != first
    # Its own does not count.
    write_description(lab_paths("new"), Description("new", first, False))
    assert updown._ports_of_labs("new") == {first}


def test_a_port_that_is_taken_while_the_lab_starts_is_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def start(paths: Any, description: Description) -> Description:
        tried.append(description.port)
        if len(tried) == 1:
            monkeypatch.setattr(ports, "is_free", lambda port: port != tried[0])
            raise updown.PortTakenError("taken")
        return description

    monkeypatch.setattr(updown, "_start", start)
    made = updown.up("raced", None, False, lambda text: None)
    assert len(tried) == 2
    assert made.port == tried[1] != tried[0]
