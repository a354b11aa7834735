# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the server of each database, and tells the API how it is."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..guests import docker
from ..hooks import database_places, database_snapshots, databases, secrets
from ..hooks.lifecycle import note, noted
from ..machines import Appliance
from ..snapshot import stand
from ..tending import Appliances
from .authority import Authority
from .model import CERTIFICATE, COPIES, HOME, KEY, READY, RUN, Database, Engine, keep, restore
from .mysql import MySQL
from .postgres import PostgreSQL
from .snapshot import InForce, appliance_id, describe, login, runs

ENGINES: dict[str, Engine] = {"mysql": MySQL(), "postgres": PostgreSQL()}
# How long we wait for a server: that it answers, before we look again; that it ends; that it answers at all, when
# it was not even started again.
PATIENCE, STOP_TIME, SILENCE = 3.0, 30.0, 5.0
# How often a server that answered is asked again.
RHYTHM = 2.0
log = logging.getLogger("lab.databases")


class Databases:
    """The databases of the lab: a kind of appliance. ``home`` holds the copies of their data."""

    def __init__(
        self,
        lock: threading.RLock,
        appliances: Appliances,
        keep: Callable[[], None],
        home: Path,
        authority: Authority,
    ) -> None:
        self._lock = lock
        self._appliances = appliances
        self._keep = keep
        self._home = home
        self._authority = authority
        self._heard: dict[str, tuple[int, float]] = {}
        self._tending: set[str] = set()

    def wanted(self) -> Iterator[Appliance]:
        for _backend, database in databases.all_databases():
            if runs(database):
                self._miss(database)
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
            command=("sh", f"{HOME}/start"),
            files={f"{HOME}/start": engine.start.encode()},
            options=(
                *("--mount", f"type=volume,source={self._volume(id)},target={engine.data},{label}"),
                *("--mount", f"type=bind,source={self._home},target={COPIES}"),
                *("--tmpfs", f"{RUN}:mode=0755"),
            ),
            **stand([database_places.interface(database)]),
        )

    def _volume(self, id: str) -> str:
        return f"lab-{self._appliances.mark}-{id}"

    def _miss(self, database: Any) -> None:
        """A server that cannot even be started is not available."""
        id, now = appliance_id(database), time.monotonic()
        _pid, heard = self._heard.setdefault(id, (0, now))
        if id not in self._tending and now - heard > SILENCE:
            databases.go_away(database)

    def tend(self, appliance: Appliance, pid: int) -> None:
        with self._lock:
            found = _find(appliance.id)
            self._tending.add(appliance.id)
        try:
            if found:
                self._tend(*found, pid)
        finally:
            with self._lock:
                self._tending.discard(appliance.id)

    def _tend(self, backend: Any, database: Any, pid: int) -> None:
        root = Path(f"/proc/{pid}/root")
        ready = Path(f"{root}{READY}").exists()
        with self._lock:
            wanted = describe(database, fresh=not ready)
            status, restart = database.status, bool(noted(database, "restart"))
        if status == "deleting" and not wanted.copies:
            self._delete(backend, database, wanted)
        elif restart and ready:
            self._halt(database, pid, wanted)
        elif (ready or self._prepare(database, wanted, root)) and self._answers(database, wanted, root, pid):
            self._settle(backend, database, wanted, root)
            if status in ("stopping", "stopped"):
                self._halt(database, pid, wanted)
            else:
                self._change(lambda: databases.come_up(database))

    def _prepare(self, database: Any, wanted: Database, root: Path) -> bool:
        """Put everything in place that a server starts with, and let it start; returns whether it could be done."""
        engine = ENGINES[wanted.engine]
        owner = os.stat(f"{root}{engine.data}").st_uid
        if wanted.origin:
            if not (self._home / f"{wanted.origin}.tar").exists():
                return False
            self._run(wanted, restore(engine.data, engine.user, wanted.origin))
        certificate, key = self._authority.issue(wanted.address)
        for name, content in engine.configuration(wanted).items():
            _write(root, name, content.encode(), 0o644)
        _write(root, CERTIFICATE, certificate, 0o644)
        _write(root, KEY, key, 0o600, owner)

        def begin() -> None:
            note(database, "origin", "")
            note(database, "restart", False)
            note(database, "parameters", "in-sync")
            note(database, "in_force", InForce(wanted.group, wanted.parameters))

        self._change(begin)
        _write(root, READY, b"", 0o644)
        return True

    def _answers(self, database: Any, wanted: Database, root: Path, pid: int) -> bool:
        """Whether the server takes logins; the API learns it when it does not."""
        before, heard = self._heard.get(wanted.id, (0, 0.0))
        ends = time.monotonic() + PATIENCE
        if before == pid and ends - PATIENCE - heard < RHYTHM and database.status == "available":
            return True
        while not _probe(ENGINES[wanted.engine], root):
            if database.status in databases.ALTERABLE:
                self._change(lambda: databases.go_away(database))
            if time.monotonic() > ends or not root.exists():
                return False
            time.sleep(0.05)
        self._heard[wanted.id] = (pid, time.monotonic())
        return True

    def _settle(self, backend: Any, database: Any, wanted: Database, root: Path) -> None:
        """Make the server what the API says: its master user, its parameters, the copies that it owes."""
        engine = ENGINES[wanted.engine]
        if noted(database, "login") != wanted.login.mark:
            self._run(wanted, engine.master(wanted))
            self._change(lambda: _remember_login(database, wanted))
        now = noted(database, "in_force")
        if dict(now.values) != dict(wanted.parameters):
            for name, content in engine.configuration(wanted).items():
                _write(root, name, content.encode(), 0o644)
            self._run(wanted, engine.reload(now.values, wanted))
            self._change(lambda: note(database, "in_force", InForce(wanted.group, wanted.parameters)))
        for name in wanted.copies:
            self._run(wanted, keep(name, engine.copy(f"{HOME}/copying")))
            log.info("%s has been copied as %s", wanted.id, name)
            self._change(lambda name=name: database_snapshots.paid(backend, database, name))  # type: ignore[misc]

    def _halt(self, database: Any, pid: int, wanted: Database) -> None:
        """End the server in order; whoever wants it sees to it that it comes again."""
        process = Path(f"/proc/{pid}")
        os.kill(pid, ENGINES[wanted.engine].end)
        ends = time.monotonic() + STOP_TIME
        while process.exists():
            if time.monotonic() > ends:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

        def ended() -> None:
            if database.status == "stopping":
                databases.enter(database, "stopped")

        self._change(ended)

    def _delete(self, backend: Any, database: Any, wanted: Database) -> None:
        self._appliances.remove(wanted.id)
        docker.docker("volume", "rm", "--force", self._volume(wanted.id))
        self._heard.pop(wanted.id, None)
        self._change(lambda: databases.finish_deletion(backend, database))

    def _run(self, wanted: Database, script: str) -> None:
        """Run a script inside; it comes through standard input, which nobody else sees."""
        self._appliances.execute(wanted.id, "sh", "-s", stdin=script)

    def _change(self, change: Callable[[], None]) -> None:
        """Change what the API holds, and keep it."""
        with self._lock:
            change()
        self._keep()


def _find(id: str) -> tuple[Any, Any] | None:
    return next((pair for pair in databases.all_databases() if appliance_id(pair[1]) == id), None)


def _probe(engine: Engine, root: Path) -> bool:
    try:
        return engine.answers(root)
    except OSError:
        return False


def _remember_login(database: Any, wanted: Database) -> None:
    """The password is in force; a rotation that waited for it is done."""
    note(database, "login", wanted.login.mark)
    if database.manage_master_user_password and login(database) == wanted.login:
        secrets.finish_rotation(database.master_user_secret.secret)


def _write(root: Path, path: str, content: bytes, mode: int, owner: int = 0) -> None:
    """Put a file into the container; a link that somebody left there would lead to a file of this machine."""
    place = f"{root}{path}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    descriptor = os.open(place, flags, mode)
    try:
        os.write(descriptor, content)
        os.fchmod(descriptor, mode)
        os.fchown(descriptor, owner, 0)
    finally:
        os.close(descriptor)
    os.replace(place, f"{root}{path}")
