# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the server of each database, and tells the API how it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..guests import docker
from ..hooks import database_places, database_snapshots, databases, secrets
from ..hooks.lifecycle import note, noted
from ..machines import Appliance
from ..servers.authority import Authority
from ..servers.driver import Servers
from ..servers.model import HOME
from ..snapshot import stand
from ..tending import Appliances
from .model import COPIES, Database, Engine, keep, restore
from .mysql import MySQL
from .postgres import PostgreSQL
from .snapshot import InForce, appliance_id, describe, login, runs

ENGINES: dict[str, Engine] = {"mysql": MySQL(), "postgres": PostgreSQL()}
log = logging.getLogger("lab.databases")


class Databases(Servers[Database]):
    """The databases of the lab: a kind of appliance. ``home`` holds the copies of their data."""

    def __init__(
        self,
        lock: threading.RLock,
        appliances: Appliances,
        keep: Callable[[], None],
        home: Path,
        authority: Authority,
    ) -> None:
        super().__init__(lock, appliances, keep, authority)
        self._home = home

    def wanted(self) -> Iterator[Appliance]:
        for _backend, database in databases.all_databases():
            if runs(database):
                self.miss(appliance_id(database), database)
                yield self._appliance(database)
        in_use = database_snapshots.copies_in_use()
        for path in self._home.glob("copy-*.tar"):
            if path.stem not in in_use:
                path.unlink()

    def _appliance(self, database: Any) -> Appliance:
        id, engine = appliance_id(database), ENGINES[database.engine]
        label = f"volume-label={docker.LAB_LABEL}={self._appliances.mark}"
        return Appliance(
            id=id,
            options=(
                *("--mount", f"type=volume,source={self._volume(id)},target={engine.data},{label}"),
                *("--mount", f"type=bind,source={self._home},target={COPIES}"),
                *self.options(),
            ),
            **self.launch(engine),
            **stand([database_places.interface(database)]),
        )

    def _volume(self, id: str) -> str:
        return f"lab-{self._appliances.mark}-{id}"

    def find(self, id: str) -> tuple[Any, Any] | None:
        return next((pair for pair in databases.all_databases() if appliance_id(pair[1]) == id), None)

    def describe(self, thing: Any, fresh: bool) -> Database:
        return describe(thing, fresh)

    def program(self, wanted: Database) -> Engine:
        return ENGINES[wanted.engine]

    def is_up(self, thing: Any) -> bool:
        return thing.status in databases.ALTERABLE

    def go_away(self, thing: Any) -> None:
        databases.go_away(thing)

    def is_over(self, thing: Any, wanted: Database) -> bool:
        """A copy that is owed comes before the end."""
        return super().is_over(thing, wanted) and not wanted.copies

    def fill(self, wanted: Database, root: Path) -> bool:
        """Begin with the copy of another database, where it is to."""
        if wanted.origin:
            if not (self._home / f"{wanted.origin}.tar").exists():
                return False
            engine = ENGINES[wanted.engine]
            self.run(wanted, restore(engine.data, engine.user, wanted.origin))
        return True

    def begin(self, thing: Any, wanted: Database) -> None:
        super().begin(thing, wanted)
        note(thing, "origin", "")
        note(thing, "parameters", "in-sync")
        note(thing, "in_force", InForce(wanted.group, wanted.parameters))

    def settle(self, backend: Any, thing: Any, wanted: Database, root: Path, pid: int) -> None:
        """Its master user, its parameters, the copies that it owes; then it is available, or stops."""
        engine = ENGINES[wanted.engine]
        if noted(thing, "login") != wanted.login.mark:
            self.run(wanted, engine.master(wanted))
            self.change(lambda: _remember_login(thing, wanted))
        now = noted(thing, "in_force")
        if dict(now.values) != dict(wanted.parameters):
            self.configure(wanted, root)
            self.run(wanted, engine.reload(now.values, wanted))
            self.change(lambda: note(thing, "in_force", InForce(wanted.group, wanted.parameters)))
        for name in wanted.copies:
            self.run(wanted, keep(name, engine.copy(f"{HOME}/copying")))
            log.info("%s has been copied as %s", wanted.id, name)
            self.change(lambda name=name: database_snapshots.paid(backend, thing, name))  # type: ignore[misc]
        if wanted.ends:
            self.halt(thing, pid, wanted)
        elif thing.status != "available":
            self.change(lambda: databases.come_up(thing))

    def halt(self, thing: Any, pid: int, wanted: Database) -> None:
        super().halt(thing, pid, wanted)

        def ended() -> None:
            if thing.status == "stopping":
                databases.enter(thing, "stopped")

        self.change(ended)

    def clear(self, wanted: Database) -> None:
        docker.docker("volume", "rm", "--force", self._volume(wanted.id))

    def finish(self, backend: Any, thing: Any) -> None:
        databases.finish_deletion(backend, thing)


def _remember_login(database: Any, wanted: Database) -> None:
    """The password is in force; a rotation that waited for it is done."""
    note(database, "login", wanted.login.mark)
    if database.manage_master_user_password and login(database) == wanted.login:
        secrets.finish_rotation(database.master_user_secret.secret)
