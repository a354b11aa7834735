# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the containers that stand behind the instances of one lab."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import names, packages
from ..access.keys import RoleCredentials
from ..machines import Machine, Power
from ..metadata.service import MetadataServices
from ..shell import LabError, as_root, escape_controls, read_start
from . import docker, wiring
from .confinement import ENTER, guest_options
from .seed import seed

BOOT_TIME = 90.0
STOP_TIME = 30
# What the init of a guest ends with when it would restart, or switch off: systemd-reboot.service.d and its neighbours
# in lab/image/rootfs.
REBOOTED, SWITCHED_OFF = 129, 130
log = logging.getLogger("lab.guests")


@dataclass(frozen=True)
class Ground:
    """What every guest of a lab stands on."""

    lab: str
    name: str
    image: str
    network: str
    cidr: str
    gateway: str
    cache: Path
    # The image of appliances.
    appliances: str = ""

    def container(self, id: str) -> str:
        """The name of the container of a guest or an appliance."""
        return f"lab-{self.name}-{id}"


class DockerGuests:
    """The guests of one lab."""

    def __init__(self, ground: Ground, roles: RoleCredentials) -> None:
        self._ground = ground
        self._metadata = MetadataServices(roles)
        self._plugs = wiring.Plugs(ground.lab, ground.gateway, ground.cidr)
        self._processes = docker.Processes()
        self._warned: set[str] = set()

    def adopt(self, instance_ids: Iterable[str]) -> None:
        """Nothing is to be done: the containers ran on, and are looked at anyway."""

    def name(self, instance_id: str) -> str:
        """The name of an instance's container."""
        return self._ground.container(instance_id)

    def observe(self) -> Mapping[str, Power]:
        return {one.instance: power(one) for one in docker.containers(self._ground.lab) if one.instance}

    def boot(self, machine: Machine) -> None:
        began = time.monotonic()
        power = self.observe().get(machine.id, Power.ABSENT)
        if power is Power.ABSENT:
            self._create(machine)
        if power is not Power.RUNNING:
            docker.docker("start", self.name(machine.id))
        self._processes.forget(self.name(machine.id))
        try:
            self.wire(machine)
        except (LabError, OSError):
            # Nothing can be connected to a guest that has ended, and its console says why it has.
            self._reject_ended(machine)
            raise
        self._wait_for_boot(machine)
        log.info("%s is up at %s after %.1f s", machine.id, machine.private_ip, time.monotonic() - began)

    def wire(self, machine: Machine) -> None:
        running = self._running(machine.id)
        self._plugs.wire(machine, running.network)
        self._metadata.serve(machine, running.network)
        # While a guest boots its file may be away for a moment; we look again in a second.
        with contextlib.suppress(OSError):
            try:
                names.write_inside(running.pid, self._ground.lab, machine.names)
                self._warned.discard(machine.id)
            except names.HostsFileError as error:
                # The guest boots and runs all the same.
                if machine.id not in self._warned:
                    self._warned.add(machine.id)
                    log.warning("%s: %s", machine.id, error)

    def reboot(self, machine: Machine) -> None:
        log.info("%s reboots", machine.id)
        docker.docker("stop", "--time", str(STOP_TIME), self.name(machine.id))
        self.boot(machine)

    def shut_down(self, instance_id: str) -> None:
        docker.docker("stop", "--time", str(STOP_TIME), self.name(instance_id))
        self._forget(instance_id)

    def interrupt(self, instance_id: str) -> None:
        docker.docker("kill", self.name(instance_id), check=False)

    def remove(self, instance_id: str) -> None:
        docker.remove_containers([self.name(instance_id)])
        self._forget(instance_id)

    def tidy(self, vpcs: Collection[str]) -> None:
        kept = {wiring.namespace_name(self._ground.lab, vpc) for vpc in vpcs}
        wiring.remove_namespaces(set(wiring.lab_namespaces(self._ground.lab)) - kept)

    def console(self, instance_id: str) -> str:
        """What the guest printed on its console, and what its user data printed."""
        command = as_root("docker", "logs", "--tail", "600", self.name(instance_id))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
        return done.stdout.decode("utf-8", "replace")

    def close(self) -> None:
        """Stop serving metadata; the guests run on."""
        self._metadata.close()

    def _forget(self, instance_id: str) -> None:
        self._metadata.stop(instance_id)
        self._plugs.forget(instance_id)
        self._processes.forget(self.name(instance_id))

    def _running(self, instance_id: str) -> docker.Running:
        found = self._processes.of(self.name(instance_id))
        if not found:
            raise LabError(f"the container {self.name(instance_id)} does not run")
        return found

    def _create(self, machine: Machine) -> None:
        name = self.name(machine.id)
        docker.docker(
            *("create", "--name", name, "--hostname", machine.hostname.split(".")[0]),
            *("--label", f"{docker.LAB_LABEL}={self._ground.lab}"),
            *("--label", f"{docker.INSTANCE_LABEL}={machine.id}"),
            *("--network", self._ground.network, *guest_options()),
            *(word for volume in packages.volumes(self._ground.cache) for word in ("--volume", volume)),
            *(self._ground.image, ENTER, "/sbin/init"),
        )
        docker.unpack(name, seed(machine))

    def _wait_for_boot(self, machine: Machine) -> None:
        name = self.name(machine.id)
        ends = time.monotonic() + BOOT_TIME
        state = ""
        while time.monotonic() < ends:
            self._reject_ended(machine)
            state = read_start(*as_root("docker", "exec", name, "systemctl", "is-system-running")).strip()
            if state in ("running", "degraded"):
                return
            time.sleep(0.2)
        raise LabError(f"{name} did not boot within {BOOT_TIME:.0f} s: systemd says {state or 'nothing'}")

    def _reject_ended(self, machine: Machine) -> None:
        """Raise `LabError` with the end of the console of a guest that does not run."""
        if self.observe().get(machine.id) is not Power.RUNNING:
            tail = map(escape_controls, self.console(machine.id).strip().splitlines()[-5:])
            name = self.name(machine.id)
            raise LabError(f"{name} ended while it booted; its console ends with: {' / '.join(tail)}")


def power(container: docker.Container) -> Power:
    """What a container does, from how it ended."""
    if container.state in ("running", "paused"):
        return Power.RUNNING
    if container.state == "created":
        return Power.CRASHED
    return {REBOOTED: Power.REBOOTING, SWITCHED_OFF: Power.OFF}.get(container.exit_code or 0, Power.CRASHED)
