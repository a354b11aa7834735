# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The AWS API of the lab: moto's server in this process, with the lab's hooks in it."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

# moto reads these when it is imported or when a backend is first used.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "false")
# Web pages have nothing to ask of the API. (The gate drops the headers too, for moto may have been imported before.)
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from . import hooks
from .access.guard import Guard
from .access.keys import AccessKey, make_key
from .access.source import list_hosts
from .balancing.driver import Balancers
from .caches.driver import Caches
from .databases.driver import Databases
from .gate import ApiCall, Gate
from .paths import LabPaths
from .reconcile import Guests, NoGuests, Reconciler
from .servers.authority import Authority
from .state import StateStore
from .tending import Appliances, Kind, Tender

ACCOUNT = "123456789012"


class Handler(MotoRequestHandler):
    """Connections stay open between requests, and nothing is printed."""

    protocol_version = "HTTP/1.1"
    # Answers go out at once, and the headers together with the body.
    disable_nagle_algorithm = True
    wbufsize = -1

    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests are not logged."""


class LabServer:
    """The lab's API on a port of 127.0.0.1; a context manager.

    moto keeps its objects in the process, so that there is one running LabServer in a process at a time; each one
    starts empty, or with what the state directory holds. ``guests=False`` leaves out the machines: instances pass
    through their states all the same. So do the services that have ``appliances`` behind them; these want the
    ``state`` file of a lab, and keep their files next to it.

    Requests have to be signed by ``key``, which is random where none is given. ``signed=False`` takes those of any
    client, for tests with a proxy that changes requests; only those of web pages are rejected then.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        guests: Guests | Literal[False] = False,
        appliances: Appliances | None = None,
        state: Path | None = None,
        name: str = "in-process",
        key: AccessKey | None = None,
        signed: bool = True,
    ) -> None:
        self._port = port
        self._name = name
        self._key = key or make_key()
        self._signed = signed
        self.lock = threading.RLock()
        self._store = StateStore(state, self.lock) if state else None
        self._reconciler = Reconciler(self.lock, guests or NoGuests(), self._keep)
        self._authority: Authority | None = None
        self._tender: Tender | None = None
        if appliances and state:
            paths = LabPaths(state.parent)
            self._authority = Authority(paths.authority, paths.authority_key)
            self._tender = Tender(self.lock, appliances, self._kinds(appliances, paths, self._authority))
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the lab's server is not running")
        return self._server.port

    @property
    def endpoint(self) -> str:
        """The endpoint URL for AWS clients."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of AWS clients."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self._key.id,
            "AWS_SECRET_ACCESS_KEY": self._key.secret,
        }

    def start(self) -> LabServer:
        """Answer from now on; raises an OSError where another program has the port, and then nothing has changed."""
        listener = socket.create_server(("127.0.0.1", self._port))
        hooks.install()
        hooks.targets.measure(self._tender is not None)
        hooks.plane.drive(self._tender is not None)
        hooks.certificates.issue_by(self._authority.issue_with_chain if self._authority else None)
        BackendDict.reset()
        if self._store:
            self._store.load()
        host, port = listener.getsockname()
        guard = Guard(list_hosts(port), self._key) if self._signed else Guard()
        moto = DomainDispatcherApplication(create_backend_app)
        application = Gate(moto, self.lock, self._after_change, self._name, guard)
        with listener:
            self._server = make_server(
                host, port, application, threaded=True, request_handler=Handler, fd=listener.fileno()
            )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, name="api", daemon=True)
        self._thread.start()
        self._reconciler.start()
        if self._tender:
            self._tender.start()
        return self

    def _kinds(self, appliances: Appliances, paths: LabPaths, authority: Authority) -> list[Kind]:
        """Whatever has appliances in the lab."""
        return [
            Balancers(self.lock, appliances, self._keep),
            Databases(self.lock, appliances, self._keep, paths.copies, authority),
            Caches(self.lock, appliances, self._keep, authority),
        ]

    def stop(self) -> None:
        """Stop answering; guests and appliances go on running."""
        if self._tender:
            self._tender.stop()
        self._reconciler.stop()
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._server = None
        hooks.remove()

    def _after_change(self, call: ApiCall) -> None:
        self._reconciler.wake()
        if self._tender:
            self._tender.wake()
        self._keep()

    def _keep(self) -> None:
        """Return when what changed is stored."""
        if self._store:
            self._store.wait(self._store.mark())

    def __enter__(self) -> LabServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
