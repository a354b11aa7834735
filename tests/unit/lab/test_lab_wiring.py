# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which network and which process of a guest the lab acts on."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.guests import namespaces, wiring
from lab.guests.docker import Processes, Running
from lab.machines import Machine, Rule
from lab.shell import LabError

NETWORK = "/var/run/docker/netns/0123456789ab"
MACHINE = Machine(
    id="i-1",
    region="us-east-1",
    mac="02:00:00:00:00:01",
    vpc="vpc-1",
    vpc_cidrs=("10.0.0.0/16",),
    private_ip="10.0.1.4",
    public_ip="198.51.100.9",
    egress=True,
)


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a network namespace that does not count as this machine's."""
    monkeypatch.setattr(namespaces, "MY_NETWORK", "/proc/self/ns/uts")
    return "/proc/self/ns/net"


def owned_by(monkeypatch: pytest.MonkeyPatch, answer: str | OSError) -> None:
    def ioctl(_file: int, request: int) -> int:
        assert request == namespaces.NS_GET_USERNS
        if isinstance(answer, OSError):
            raise answer
        return os.open(answer, os.O_RDONLY)

    monkeypatch.setattr("lab.guests.namespaces.fcntl.ioctl", ioctl)


def open_files() -> set[str]:
    return {one for one in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{one}").exists()}


def test_a_network_namespace_of_the_machines_user_namespace_is_opened(
    foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned_by(monkeypatch, "/proc/self/ns/user")
    before = open_files()
    namespaces.check_network(foreign)
    assert open_files() == before


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ("/proc/self/ns/ipc", "belongs to another user namespace"),
        (OSError(errno.EPERM, "not permitted"), "belongs to another user namespace"),
        (OSError(errno.ENOTTY, "no namespace"), "its container has ended"),
    ],
    ids=["below", "above", "no-namespace"],
)
def test_a_network_that_its_guest_could_change_is_rejected(
    owner: str | OSError, message: str, foreign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned_by(monkeypatch, owner)
    before = open_files()
    with pytest.raises(LabError, match=message):
        namespaces.open_network(foreign)
    assert open_files() == before


def test_the_network_of_this_machine_is_rejected() -> None:
    with pytest.raises(LabError, match="network namespace of this machine"):
        namespaces.enter_network("/proc/self/ns/net")


@pytest.mark.parametrize("path", ["", "/run/no-such-namespace"])
def test_a_container_without_a_network_is_an_error(path: str) -> None:
    with pytest.raises(LabError, match="has lost its network namespace"):
        namespaces.check_network(path)


def test_a_file_that_is_no_namespace_any_more_is_an_error(tmp_path: Path) -> None:
    """Docker leaves the file for a moment after the namespace has gone."""
    left = tmp_path / "left"
    left.touch()
    with pytest.raises(LabError, match="its container has ended"):
        namespaces.check_network(str(left))


class Commands:
    """Records what the wiring runs, instead of running it."""

    def __init__(self) -> None:
        self.run: list[tuple[str, ...]] = []
        self.missing = True

    def __call__(self, *command: str, stdin: str | None = None, check: bool = True) -> Any:
        self.run.append((*command, *((stdin,) if stdin else ())))
        failed = self.missing and command[-4:] == ("ip", "link", "show", "ens5")
        return subprocess.CompletedProcess(command, 1 if failed else 0, "", "")

    def steps(self) -> list[str]:
        """Which steps there were, in order."""
        marks = {"table bridge": "guard", "peer": "port", "delete table inet": "rules", "drop_others": "addresses"}
        found = [name for command in self.run for mark, name in marks.items() if mark in " ".join(command)]
        self.run.clear()
        return found


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    made = Commands()
    monkeypatch.setattr(wiring, "run", made)
    monkeypatch.setattr(wiring, "as_root", lambda *command: command)
    monkeypatch.setattr(namespaces, "as_root", lambda *command: command)
    monkeypatch.setattr(wiring, "check_network", lambda path: None)
    monkeypatch.setattr(wiring, "name_servers", lambda: ("192.0.2.1",))
    return made


@pytest.fixture
def plugs() -> wiring.Plugs:
    return wiring.Plugs("lab-1", "198.51.100.1", "198.51.100.0/24")


def test_the_guard_is_there_before_the_port(commands: Commands, plugs: wiring.Plugs) -> None:
    plugs.wire(MACHINE, NETWORK)
    assert commands.steps() == ["guard", "port", "rules", "addresses"]


def test_every_step_in_a_guest_is_in_the_network_that_docker_made(commands: Commands, plugs: wiring.Plugs) -> None:
    plugs.wire(MACHINE, NETWORK)
    entered = [command[1] for command in commands.run if command[0] == "nsenter"]
    vpc = f"--net=/run/netns/{wiring.namespace_name('lab-1', 'vpc-1')}"
    assert set(entered) == {f"--net={NETWORK}", vpc}
    port = next(command for command in commands.run if "peer" in command)
    assert port[-2:] == ("netns", NETWORK)


def test_what_is_wired_is_not_wired_again(commands: Commands, plugs: wiring.Plugs) -> None:
    plugs.wire(MACHINE, NETWORK)
    commands.steps()
    commands.missing = False
    plugs.wire(MACHINE, NETWORK)
    assert commands.run == []
    # A network interface more: the guard comes first, or the new address would be dropped.
    plugs.wire(dataclasses.replace(MACHINE, private_ip="10.0.1.5"), NETWORK)
    assert commands.steps() == ["guard", "addresses"]
    plugs.wire(
        dataclasses.replace(MACHINE, private_ip="10.0.1.5", ingress=(Rule("-1", None, None, ("0.0.0.0/0",)),)), NETWORK
    )
    assert commands.steps() == ["rules"]


def test_a_guest_that_starts_again_is_wired_again(commands: Commands, plugs: wiring.Plugs) -> None:
    plugs.wire(MACHINE, NETWORK)
    commands.steps()
    plugs.wire(MACHINE, "/var/run/docker/netns/ba9876543210")
    assert commands.steps() == ["guard", "port", "rules", "addresses"]


def test_name_servers_are_those_of_the_time_when_the_guest_started(
    commands: Commands, plugs: wiring.Plugs, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugs.wire(MACHINE, NETWORK)
    commands.steps()
    monkeypatch.setattr(wiring, "name_servers", lambda: ("192.0.2.2",))
    plugs.wire(MACHINE, NETWORK)
    assert commands.run == []
    plugs.wire(MACHINE, "/var/run/docker/netns/ba9876543210")
    assert any("ip daddr 192.0.2.2 meta" in command[-1] for command in commands.run)


def test_nothing_is_done_in_a_network_that_is_rejected(
    commands: Commands, plugs: wiring.Plugs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "check_network", namespaces.check_network)
    with pytest.raises(LabError):
        plugs.wire(MACHINE, "/proc/self/ns/net")
    assert commands.run == []


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def test_a_process_is_asked_for_once_while_it_lives(process: subprocess.Popen[bytes]) -> None:
    asked = []

    def find(container: str) -> Running | None:
        asked.append(container)
        return Running(process.pid, NETWORK)

    processes = Processes(find)
    assert processes.of("guest") == Running(process.pid, NETWORK)
    count = len(asked)
    assert processes.of("guest") == Running(process.pid, NETWORK)
    assert len(asked) == count
    assert processes.of("another guest") is not None
    assert len(asked) > count


def test_a_process_that_has_ended_is_not_acted_on_although_its_number_is_in_use(
    process: subprocess.Popen[bytes],
) -> None:
    answers: list[Running | None] = [Running(process.pid, NETWORK)] * 2
    processes = Processes(lambda container: answers.pop(0) if answers else None)
    assert processes.of("guest") == Running(process.pid, NETWORK)
    process.kill()
    # Nobody has waited for it: its directory in /proc is there, as that of another process would be.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{process.pid}").exists()
    assert processes.of("guest") is None


def test_a_number_that_passed_on_before_it_was_held_is_not_used(process: subprocess.Popen[bytes]) -> None:
    answers = [Running(process.pid, NETWORK), None]
    before = open_files()
    assert Processes(lambda container: answers.pop(0)).of("guest") is None
    assert open_files() == before


def test_a_container_that_does_not_run_has_no_process() -> None:
    assert Processes(lambda container: None).of("guest") is None
    done = subprocess.Popen(["true"])
    done.wait()
    assert Processes(lambda container: Running(done.pid, NETWORK)).of("guest") is None


def test_a_forgotten_process_leaves_no_open_file(process: subprocess.Popen[bytes]) -> None:
    processes = Processes(lambda container: Running(process.pid, NETWORK))
    before = open_files()
    processes.of("guest")
    processes.forget("guest")
    processes.forget("guest")
    assert open_files() == before
