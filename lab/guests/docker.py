# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Docker Engine: containers of a lab, and what they are doing."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import socket
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..shell import LabError, as_root, run

LAB_LABEL = "groundwork.lab"
INSTANCE_LABEL = "groundwork.instance"
APPLIANCE_LABEL = "groundwork.appliance"
EXIT_CODE = re.compile(r"Exited \((\d+)\)")


@dataclass(frozen=True)
class Container:
    """A container of a lab: the guest of an instance, or an appliance."""

    id: str
    name: str
    instance: str
    state: str
    exit_code: int | None
    appliance: str = ""


class _EngineConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def socket_path() -> str:
    """Where the engine listens."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        raise LabError(f"the lab's guests need a Docker Engine on this machine, and DOCKER_HOST is {host}")
    return host.removeprefix("unix://")


def ask(path: str, **query: str) -> Any:
    """A read of the engine's API: one look a second should not cost a process each."""
    connection = _EngineConnection(socket_path())
    try:
        connection.request("GET", f"{path}?{urllib.parse.urlencode(query)}")
        answer = connection.getresponse()
        body = answer.read()
    except OSError as error:
        raise LabError(f"the Docker Engine does not answer at {socket_path()}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise LabError(f"the Docker Engine answered {answer.status} to {path}: {body.decode()[:200]}")
    return json.loads(body)


def containers(lab: str) -> list[Container]:
    """Every container of the lab, running or not."""
    filters = json.dumps({"label": [f"{LAB_LABEL}={lab}"]})
    found = []
    for one in ask("/containers/json", all="1", filters=filters):
        code = EXIT_CODE.match(one["Status"])
        found.append(
            Container(
                id=one["Id"],
                name=one["Names"][0].lstrip("/"),
                instance=one["Labels"].get(INSTANCE_LABEL, ""),
                state=one["State"],
                exit_code=int(code[1]) if code else None,
                appliance=one["Labels"].get(APPLIANCE_LABEL, ""),
            )
        )
    return found


@dataclass(frozen=True)
class Running:
    """Where a running container is on this machine: its first process, and the network that Docker made for it.

    ``network`` is the path of its network namespace. The container's processes may be in others.
    """

    pid: int
    network: str


def find_running(container: str) -> Running | None:
    """Where a container runs on this machine; None when it does not run."""
    found = ask(f"/containers/{container}/json")
    pid = int(found["State"]["Pid"])
    return Running(pid, found["NetworkSettings"]["SandboxKey"]) if pid else None


class Processes:
    """Where containers run, remembered while their first processes live.

    The number of a process that has ended is given to another one some time. A descriptor of the process tells that it
    has ended, whatever has its number.
    """

    def __init__(self, find: Callable[[str], Running | None] = find_running) -> None:
        self._find = find
        self._known: dict[str, tuple[Running, int]] = {}
        self._lock = threading.Lock()

    def of(self, container: str) -> Running | None:
        """Where a container runs on this machine; None when it does not run."""
        with self._lock:
            known = self._known.get(container)
            if known and not _has_ended(known[1]):
                return known[0]
        self.forget(container)
        found = self._find(container)
        if found is None:
            return None
        try:
            process = os.pidfd_open(found.pid)
        except ProcessLookupError:
            return None
        # The number may have passed on between Docker's answer and the descriptor; Docker knows by now.
        if self._find(container) != found:
            os.close(process)
            return None
        with self._lock:
            before = self._known.get(container)
            self._known[container] = (found, process)
        if before:
            os.close(before[1])
        return found

    def forget(self, container: str) -> None:
        """It is another one from now on, or none."""
        with self._lock:
            known = self._known.pop(container, None)
        if known:
            os.close(known[1])


def _has_ended(process: int) -> bool:
    """Whether the process of a descriptor has ended; pidfd_open(2): it is readable then."""
    poll = select.poll()
    poll.register(process, select.POLLIN)
    return bool(poll.poll(0))


def unpack(container: str, archive: bytes) -> None:
    """Put the files of a tar archive into a container that has not been started."""
    command = as_root("docker", "cp", "-", f"{container}:/")
    done = subprocess.run(command, input=archive, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise LabError(f"could not prepare {container}: {done.stderr.decode('utf-8', 'replace').strip()}")


def docker(*arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 120) -> str:
    """Run the docker client and return what it printed."""
    return run(*as_root("docker", *arguments), stdin=stdin, check=check, timeout=timeout).stdout


def remove_containers(names: Sequence[str]) -> None:
    """Remove containers with their volumes, running or not."""
    if names:
        docker("rm", "--force", "--volumes", *names, check=False)
