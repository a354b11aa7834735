# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab has to know of a server, and of the program that it is."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

HOME = "/lab"
CONFIGURATION = f"{HOME}/engine.conf"
CERTIFICATE, KEY = f"{HOME}/tls.crt", f"{HOME}/tls.key"
# It is empty whenever the container starts.
RUN = "/run/lab"
READY = f"{RUN}/ready"


class Server(Protocol):
    """A server as the API has it."""

    @property
    def id(self) -> str:
        """The appliance that it is."""

    @property
    def address(self) -> str:
        """The name that its certificate is for."""


DesiredServer = TypeVar("DesiredServer", bound=Server)
Given = TypeVar("Given", contravariant=True)


class Program(Protocol[Given]):
    """A kind of server. Scripts are run by a shell of root in the container."""

    # The directory of its data; whose that is; how the container begins; what ends it in order.
    data: str
    user: str
    start: str
    end: signal.Signals

    def configuration(self, desired: Given) -> Mapping[str, str]:
        """The files that the server reads, by their path."""

    def answers(self, root: Path) -> bool:
        """Whether the server serves; ``root`` is the container's root directory as this machine sees it."""


def launcher(user: str, command: str) -> str:
    """The first process of a container: it waits until the lab has put everything in place, then is the server."""
    return (
        "umask 077\n"
        f"chmod 0755 {HOME} && chown {user}:{user} {RUN}\n"
        f"until [ -e {READY} ]; do sleep 0.05; done\n"
        f"exec setpriv --reuid={user} --regid={user} --clear-groups {command}\n"
    )
