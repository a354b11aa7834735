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
from ..hooks.lifecycle import note, read_note
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

    def desired(self) -> Iterator[Appliance]:
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

    def program(self, desired: Database) -> Engine:
        return ENGINES[desired.engine]

    def is_up(self, thing: Any) -> bool:
        return thing.status in databases.ALTERABLE

    def go_away(self, thing: Any) -> None:
        databases.go_away(thing)

    def is_over(self, thing: Any, desired: Database) -> bool:
        """A copy that is owed comes before the end."""
        return super().is_over(thing, desired) and not desired.copies

    def fill(self, desired: Database, root: Path) -> bool:
        """Begin with the copy of another database, where it is to."""
        if desired.origin:
            if not (self._home / f"{desired.origin}.tar").exists():
                return False
            engine = ENGINES[desired.engine]
            self.run(desired, restore(engine.data, engine.user, desired.origin))
        return True

    def begin(self, thing: Any, desired: Database) -> None:
        super().begin(thing, desired)
        note(thing, "origin", "")
        note(thing, "parameters", "in-sync")
        note(thing, "in_force", InForce(desired.group, desired.parameters))

    def settle(self, backend: Any, thing: Any, desired: Database, root: Path, pid: int) -> None:
        """Its master user, its parameters, the copies that it owes; then it is available, or stops."""
        engine = ENGINES[desired.engine]
        if read_note(thing, "login") != desired.login.mark:
            self.run(desired, engine.master(desired))
            self.change(lambda: _remember_login(thing, desired))
        now = read_note(thing, "in_force")
        if dict(now.values) != dict(desired.parameters):
            self.configure(desired, root)
            self.run(desired, engine.reload(now.values, desired))
            self.change(lambda: note(thing, "in_force", InForce(desired.group, desired.parameters)))
        for name in desired.copies:
            self.run(desired, keep(name, engine.copy(f"{HOME}/copying")))
            log.info("%s has been copied as %s", desired.id, name)
            self.change(lambda name=name: database_snapshots.paid(backend, thing, name))  # type: ignore[misc]
        if desired.ends:
            self.halt(thing, pid, desired)
        elif thing.status != "available":
            self.change(lambda: databases.come_up(thing))

    def halt(self, thing: Any, pid: int, desired: Database) -> None:
        super().halt(thing, pid, desired)

        def ended() -> None:
            if thing.status == "stopping":
                databases.enter(thing, "stopped")

        self.change(ended)

    def clear(self, desired: Database) -> None:
        docker.docker("volume", "rm", "--force", self._volume(desired.id))

    def finish(self, backend: Any, thing: Any) -> None:
        databases.finish_deletion(backend, thing)


def _remember_login(database: Any, desired: Database) -> None:
    """The password is in force; a rotation that waited for it is done."""
    note(database, "login", desired.login.mark)
    if database.manage_master_user_password and login(database) == desired.login:
        secrets.finish_rotation(database.master_user_secret.secret)
