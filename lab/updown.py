# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking a lab up and down."""

from __future__ import annotations

import dataclasses
import errno
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from . import engine, image, names, packages, ports
from .access.keys import ensure_key
from .al2023 import remove_standins
from .description import Description, read_description, running_pid, write_description
from .engine.dockerd import engine_answers
from .guests import docker, wiring
from .paths import CHECKOUT, LabPaths, alone, cache_directory, identity, lab_paths, labs_directory
from .ranges import create_network
from .shell import LabError, as_root, run

DEFAULT_NAME = "default"
DEFAULT_PORT = 5600
START_TIME = 60.0
HEALTH_TIMEOUT = 2.0
# An outgoing connection that has the port of a lab may end within ten seconds.
PORT_ATTEMPTS, PORT_PAUSE = 50, 0.2
PORT_RETRIES = 4
Say = Callable[[str], None]


class PortTakenError(LabError):
    """The port of a lab is in use by another program."""


def setup(say: Say) -> tuple[str, str]:
    """Everything that the machine needs, once; returns the images of guests and of appliances."""
    # Who comes while another is at it waits, and finds all there.
    with alone("setup"):
        engine.ensure_packages(say, engine_answers())
        engine.ensure_engine(say)
        engine.ensure_kernel_settings(say)
        engine.ensure_user_namespaces(say)
        packages.ensure_directories()
        guests = image.ensure_image(say)
        return guests, image.ensure_appliance_image(guests, say)


def up(name: str, port: int | None, guests: bool, say: Say) -> Description:
    """Make the lab run; returns when its API answers."""
    paths = lab_paths(name)
    known = read_description(paths)
    if known and running_pid(known) and _health(known.port) == name:
        if port and port != known.port:
            raise LabError(f"lab {name} runs already, on port {known.port}; take it down to give it another")
        return known
    claimed = _claim_port(name, port, known, say)
    description = _prepare(name, guests if known is None else known.guests, say, known)
    paths.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Also one that an earlier version has made.
    paths.root.chmod(0o700)
    ensure_key(paths.credentials)
    _make_key(paths, name)
    # Created by the user of `lab up`, who can therefore remove files of root in it.
    paths.copies.mkdir(mode=0o700, exist_ok=True)
    for _retry in range(PORT_RETRIES):
        try:
            return _start(paths, dataclasses.replace(description, port=claimed))
        except PortTakenError:
            # Another program was faster between the look and the start.
            claimed = _claim_port(name, port, known, say)
    return _start(paths, dataclasses.replace(description, port=claimed))


def _prepare(name: str, guests: bool, say: Say, known: Description | None) -> Description:
    description = known or Description(name, 0, guests, identity=identity(name), checkout=str(CHECKOUT))
    description = dataclasses.replace(description, pid=0)
    if not guests:
        return description
    guests_image, appliances = setup(say)
    description = dataclasses.replace(description, image=guests_image, appliances=appliances)
    wiring.check_namespaces()
    network = f"groundwork-lab-{description.identity}"
    if run(*as_root("docker", "network", "inspect", network), check=False).returncode:
        public = create_network(network, f"{docker.LAB_LABEL}={description.identity}")
        return dataclasses.replace(description, network=network, range=str(public.network), gateway=public.gateway)
    if not description.range:
        raise LabError(f"docker has a network {network}, but no such lab is known; `lab down --name {name}` removes it")
    return description


def _claim_port(
    name: str, requested: int | None, known: Description | None, say: Say, sleep: Callable[[float], None] = time.sleep
) -> int:
    """The port for a lab that is about to start: the requested one, its former one, or one of the lab's choice."""
    fixed = requested or (DEFAULT_PORT if name == DEFAULT_NAME and known is None else 0)
    port = fixed or (known.port if known else 0)
    if not port:
        return ports.choose_port(identity(name), _ports_of_labs(name))
    if ports.is_free(port):
        return port
    listener = _find_listener(port)
    # An outgoing connection may end soon; a program that listens does not.
    if not listener and _wait_until_free(port, sleep):
        return port
    if fixed or listener:
        raise PortTakenError(
            f"port {port} of 127.0.0.1 is in use by {listener or 'an outgoing connection'}; choose another with --port"
        )
    chosen = ports.choose_port(identity(name), {port, *_ports_of_labs(name)})
    say(f"port {port} is in use by an outgoing connection; {name} moves to {chosen} (`lab env` has the new exports)")
    return chosen


def _wait_until_free(port: int, sleep: Callable[[float], None]) -> bool:
    """Whether the port becomes free soon."""
    for _attempt in range(PORT_ATTEMPTS):
        sleep(PORT_PAUSE)
        if ports.is_free(port):
            return True
    return False


def _ports_of_labs(name: str) -> set[int]:
    """The ports of the other labs, also of those that do not run at the moment."""
    found = set()
    for directory in labs_directory().glob("*"):
        try:
            description = read_description(LabPaths(directory)) if directory.name != name else None
        except LabError:
            # The user of that lab gets the error.
            continue
        if description:
            found.add(description.port)
    return found


def _find_listener(port: int) -> str:
    """The program that listens on a port of loopback; empty when there is none."""
    other = _health(port)
    if other:
        return f'the lab "{other}"'
    listening = run("ss", "-Hltnp", f"sport = :{port}", check=False).stdout
    if not listening.strip():
        return ""
    return listening.partition("users:((")[2].partition("))")[0] or "another program"


def _health(port: int) -> str:
    """The name of the lab that answers on that port; empty when none does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HEALTH_TIMEOUT)
    try:
        connection.request("GET", "/groundwork-lab/health")
        return str(json.loads(connection.getresponse().read()).get("name", ""))
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _make_key(paths: LabPaths, name: str) -> None:
    if not paths.ssh_key.exists():
        paths.ssh_key.parent.mkdir(parents=True, exist_ok=True)
        paths.ssh_key.parent.chmod(0o700)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"groundwork-lab-{name}", "-f", str(paths.ssh_key))


def _start(paths: LabPaths, description: Description) -> Description:
    write_description(paths, description)
    command = (sys.executable, "-m", "lab", "serve", "--name", description.name)
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "GROUNDWORK_LAB_HOME": str(paths.root.parent),
        # The process may run as root, whose home is another.
        "XDG_CACHE_HOME": str(cache_directory().parent),
    }
    with paths.log.open("ab") as out:
        process = subprocess.Popen(
            _with_environment(command) if description.guests else command,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    description = dataclasses.replace(description, pid=process.pid)
    write_description(paths, description)
    ends = time.monotonic() + START_TIME
    while _health(description.port) != description.name:
        if process.poll() is not None or time.monotonic() > ends:
            if process.poll() == errno.EADDRINUSE:
                raise PortTakenError(f"port {description.port} of 127.0.0.1 was taken just when the lab started")
            last = paths.log.read_text(errors="replace").strip().splitlines()[-1:] or ["it printed nothing"]
            raise LabError(f"lab {description.name} did not start: {last[0]} (log: {paths.log})")
        time.sleep(0.1)
    return description


def _with_environment(command: tuple[str, ...]) -> tuple[str, ...]:
    """Guests need root; sudo drops environment variables unless it is called with -E."""
    whole = as_root(*command)
    return whole if whole == command else ("sudo", "-n", "-E", *command)


def down(name: str, say: Say, keep_engine: bool = False) -> None:
    """Remove everything that the lab made, whether its process runs or not, and nothing else.

    An engine of the lab's own is stopped with the last container, unless others are about to use it: ``keep_engine``.
    """
    paths = lab_paths(name)
    try:
        description = read_description(paths)
    except LabError:
        description = None
    _end_process(running_pid(description))
    mark = description.identity if description else identity(name)
    if engine_answers():
        docker.remove_containers([one.name for one in docker.containers(mark)])
        label = f"label={docker.LAB_LABEL}={mark}"
        for network in run(*as_root("docker", "network", "ls", "--quiet", "--filter", label)).stdout.split():
            run(*as_root("docker", "network", "rm", network))
        for volume in run(*as_root("docker", "volume", "ls", "--quiet", "--filter", label)).stdout.split():
            run(*as_root("docker", "volume", "rm", "--force", volume))
        if not keep_engine:
            engine.stop_engine(say)
    wiring.remove_namespaces(wiring.lab_namespaces(mark))
    names.remove(mark)
    if paths.root.exists():
        shutil.rmtree(paths.root)


def _end_process(pid: int) -> None:
    if not pid:
        return
    for number, patience in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
        run(*as_root("kill", f"-{number.value}", str(pid)), check=False)
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            if not _alive(pid):
                return
            time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def clean(say: Say) -> None:
    """Remove what is kept for the next lab: images and caches."""
    if engine_answers():
        for tag in [*remove_standins(), *image.remove_images()]:
            say(f"removed {tag}")
    directory = cache_directory()
    if directory.exists():
        run(*as_root("rm", "-rf", str(directory)))
        say(f"removed {directory}")
