# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The process of a lab: the API, the reconciler and the metadata services."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import sys
import threading
from types import FrameType

from .access.keys import RoleCredentials, ensure_key
from .description import Description, read_description
from .guests.appliances import DockerAppliances
from .guests.driver import DockerGuests, Ground
from .hooks import addresses, console
from .paths import lab_paths, private_cache
from .ranges import PublicRange
from .server import LabServer
from .shell import LabError, escape_controls

log = logging.getLogger("lab")


class Formatter(logging.Formatter):
    """Escapes what a terminal would act upon: guests and clients write parts of many messages."""

    def format(self, record: logging.LogRecord) -> str:
        return escape_controls(super().format(record))


def serve(name: str) -> int:
    """Run the lab of that name until a signal ends it; `lab up` has written its description.

    Returns an exit status: EADDRINUSE tells `lab up` that another program has taken the port.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    paths = lab_paths(name)
    description = read_description(paths)
    if description is None:
        raise LabError(f"there is no lab {name}; run `lab up --name {name}`")
    key = ensure_key(paths.credentials)
    ground = _ground(description) if description.guests else None
    guests = DockerGuests(ground, RoleCredentials(key.secret)) if ground else None
    appliances = DockerAppliances(ground) if ground else None
    if guests:
        console.read_with(guests.console)
    server = LabServer(
        description.port, guests=guests or False, appliances=appliances, state=paths.state, name=name, key=key
    )
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    status = _answer(server, name, ended)
    if guests:
        guests.close()
    return status


def _answer(server: LabServer, name: str, ended: threading.Event) -> int:
    try:
        with server:
            log.info("lab %s answers at %s (process %s)", name, server.endpoint, os.getpid())
            ended.wait()
            log.info("lab %s ends; its guests go on running", name)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        log.error("lab %s cannot listen: %s", name, error)
        return errno.EADDRINUSE
    return 0


def _ground(description: Description) -> Ground:
    public = PublicRange(ipaddress.IPv4Network(description.range))
    addresses.pool.use(public.network, public.first, public.last)
    return Ground(
        lab=description.identity,
        name=description.name,
        image=description.image,
        appliances=description.appliances,
        network=description.network,
        cidr=description.range,
        gateway=public.gateway,
        cache=private_cache(),
    )
