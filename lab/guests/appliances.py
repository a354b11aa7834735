# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the containers of one lab that are no instances: load balancers, databases, caches."""

from __future__ import annotations

import io
import logging
import tarfile
from collections.abc import Mapping

from ..machines import Appliance, Power
from ..shell import LabError, escape_controls
from . import docker, wiring
from .driver import Ground, power

log = logging.getLogger("lab.appliances")

# The servers begin as root, put their files in place and become a user; HAProxy stays root for its ports.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
CONFINEMENT = (
    *("--cap-drop", "ALL", *(word for name in CAPABILITIES for word in ("--cap-add", name))),
    *("--security-opt", "no-new-privileges"),
)


class DockerAppliances:
    """The appliances of one lab: plain containers, without an init, that stand in a VPC as guests do."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._plugs = wiring.Plugs(ground.lab, ground.gateway, ground.cidr)
        self._processes = docker.Processes()

    @property
    def mark(self) -> str:
        """What the containers and names of the lab are marked with."""
        return self._ground.lab

    def observe(self) -> Mapping[str, Power]:
        """The appliances that there are, by their id."""
        return {one.appliance: power(one) for one in docker.containers(self._ground.lab) if one.appliance}

    def ensure(self, appliance: Appliance, found: Power) -> int:
        """Make it run, wired as it should be; returns its first process."""
        name = self._ground.container(appliance.id)
        if found is Power.ABSENT:
            self._create(name, appliance)
        if found is not Power.RUNNING:
            docker.docker("start", name)
            self._processes.forget(name)
        running = self._running(name)
        self._plugs.wire(appliance, running.network)
        return running.pid

    def _running(self, name: str) -> docker.Running:
        found = self._processes.of(name)
        if not found:
            said = escape_controls(docker.docker("logs", "--tail", "5", name, check=False).strip())
            raise LabError(f"the container {name} does not stay up; it said: {said or 'nothing'}")
        return found

    def remove(self, appliance_id: str) -> None:
        """Take an appliance away with everything that belongs to it."""
        name = self._ground.container(appliance_id)
        docker.remove_containers([name])
        self._plugs.forget(appliance_id)
        self._processes.forget(name)

    def execute(self, appliance_id: str, *command: str, stdin: str | None = None) -> str:
        """Run a program inside and return what it printed."""
        return docker.docker("exec", "--interactive", self._ground.container(appliance_id), *command, stdin=stdin)

    def _create(self, name: str, appliance: Appliance) -> None:
        docker.docker(
            *("create", "--name", name, "--hostname", appliance.id[:63]),
            *("--label", f"{docker.LAB_LABEL}={self._ground.lab}"),
            *("--label", f"{docker.APPLIANCE_LABEL}={appliance.id}"),
            *("--network", self._ground.network, *CONFINEMENT, *appliance.options),
            *(self._ground.appliances, *appliance.command),
        )
        docker.unpack(name, archive(appliance.files))


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of files that only root may read, to be unpacked at the root."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for path, content in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.size = 0o600, len(content)
            packed.addfile(entry, io.BytesIO(content))
    return out.getvalue()
