# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a data plane has to know of its database, and what every engine knows to do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..servers.model import HOME, Program

COPIES = f"{HOME}/copies"
# Values go into a file and into statements: anything else (formulas of AWS, for one) is left to the engine's default.
PLAIN = re.compile(r"[A-Za-z0-9_.,:/+-]*")


@dataclass(frozen=True)
class Login:
    """Who the master user is."""

    user: str
    password: str = field(repr=False)

    @property
    def mark(self) -> str:
        """Another one for every password, that does not tell it."""
        return hashlib.pbkdf2_hmac("sha256", self.password.encode(), self.user.encode(), 1000).hex()[:32]


@dataclass(frozen=True)
class Database:
    """A database as the API has it; ``initial`` is the name of the database that it begins with, or empty. The
    ``group`` is that of the parameters that its server is to run with; the server ``ends`` when it owes no copy."""

    id: str
    engine: str
    address: str
    port: int
    login: Login
    initial: str
    parameters: Mapping[str, str]
    group: str = ""
    copies: tuple[str, ...] = ()
    origin: str = ""
    ends: bool = False


class Engine(Program[Database], Protocol):
    """A kind of database server."""

    def master(self, database: Database) -> str:
        """The script that makes the master user and the initial database, or gives the user another password."""

    def reload(self, before: Mapping[str, str], database: Database) -> str:
        """The script that has the running server take parameters of another value."""

    def copy(self, place: str) -> str:
        """The script that copies what the running server holds into a directory."""


def plain(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters whose values an engine accepts unchanged."""
    return {name: value for name, value in parameters.items() if value and PLAIN.fullmatch(value)}


def switched_on(parameters: Mapping[str, str], name: str) -> bool:
    """Whether a parameter that is on or off is on."""
    return parameters.get(name, "").lower() in ("1", "on", "true")


def restore(data: str, user: str, copy: str) -> str:
    """The script that makes what was copied the data of a server that has not begun yet."""
    return (
        "set -eu\n"
        f"find {data} -mindepth 1 -delete\n"
        f"tar -xf {COPIES}/{copy}.tar -C {data}\n"
        f"chown -R {user}:{user} {data}\n"
        f"chmod 0700 {data}\n"
    )


def keep(name: str, script: str) -> str:
    """The script that makes a copy, and puts it into its place when it is whole."""
    place = f"{HOME}/copying"
    return (
        "set -eu\numask 077\n"
        f"rm -rf {place}\n"
        f"{script}"
        f"tar -cf {COPIES}/{name}.part -C {place} .\n"
        f"mv {COPIES}/{name}.part {COPIES}/{name}.tar\n"
        f"rm -rf {place}\n"
    )
