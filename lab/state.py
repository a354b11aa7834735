# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the API holds, kept in a file, so that the lab's process may be killed at any time.

All of it is one graph of objects (a load balancer refers to subnets, an instance to volumes), so that it is written
as one. Requests at the same time share one write: a request that changed the state waits until a snapshot that
was taken after the change is in the file.
"""

from __future__ import annotations

import io
import logging
import marshal
import os
import pickle
import sys
import threading
import types
from pathlib import Path
from typing import Any

import moto
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.iam.models import AWSManagedPolicy
from moto.ssm.models import ParameterDict

from .hooks.speed import published_policies
from .shell import LabError

FORMAT = 3
log = logging.getLogger("lab.state")


class _Pickler(pickle.Pickler):
    """Writes what pickle refuses, and leaves out what comes with moto itself.

    Functions without a name are written as their code, and private keys and certificates (of KMS, ACM) in their usual
    form. The parameters and policies that AWS publishes are megabytes that never change.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            plain = serialization.NoEncryption()
            form = value.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, plain)
            return _private_key, (form,)
        if isinstance(value, x509.Certificate):
            return _certificate, (value.public_bytes(serialization.Encoding.DER),)
        if isinstance(value, types.FunctionType) and "<locals>" in value.__qualname__:
            if value.__closure__:
                raise pickle.PicklingError(f"{value.__qualname__} of {value.__module__} has a closure")
            return _function, (marshal.dumps(value.__code__), value.__module__)
        if type(value) is ParameterDict:
            own = {name: versions for name, versions in dict.items(value) if not name.startswith("/aws/service/")}
            return _parameters, (value.account_id, value.region_name, own)
        if type(value) is AWSManagedPolicy:
            return _policy, (value.account_id, value.partition, value.name, value.attachment_count)
        return NotImplemented


def _private_key(form: bytes) -> Any:
    return serialization.load_der_private_key(form, None)


def _certificate(form: bytes) -> x509.Certificate:
    # pickle does not find the function itself under the name that it bears.
    return x509.load_der_x509_certificate(form)


def _function(code: bytes, module: str) -> types.FunctionType:
    return types.FunctionType(marshal.loads(code), vars(sys.modules[module]))


def _parameters(account: str, region: str, own: dict[str, Any]) -> ParameterDict:
    parameters = ParameterDict(account, region)
    dict.update(parameters, own)
    return parameters


def _policy(account: str, partition: str, name: str, attached: int) -> AWSManagedPolicy:
    make: Any = AWSManagedPolicy
    policy: AWSManagedPolicy = make(name, account_id=account, region=partition, **published_policies()[name])
    policy.attachment_count = attached
    return policy


class StateStore:
    """The file that holds the state of the API."""

    def __init__(self, path: Path, lock: threading.RLock) -> None:
        self._path = path
        self._lock = lock
        self._turn = threading.Condition()
        self._changed = 0
        self._saved = 0
        self._writing = False

    def load(self) -> None:
        """Give moto's backends what the file holds; without a file they start empty."""
        if not self._path.exists():
            return
        try:
            held = pickle.loads(self._path.read_bytes())
        except Exception as error:
            raise LabError(f"cannot read the lab's state in {self._path}: {error}; `lab down` removes it") from error
        made_by = (held["format"], held["moto"], held["python"])
        if made_by != _maker():
            raise LabError(
                f"the state in {self._path} was written by another version of the lab ({made_by}, this is {_maker()}): "
                "take the lab down and up again"
            )
        for service, accounts in held["backends"].items():
            backends: Any = get_backend(service)
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    backends[account][region] = backend

    def mark(self) -> int:
        """Say that something changed; the lock of the API is held. Returns what to wait for."""
        with self._turn:
            self._changed += 1
            return self._changed

    def wait(self, ticket: int) -> None:
        """Return when the change is in the file; the lock of the API is not held."""
        while True:
            with self._turn:
                while self._writing and self._saved < ticket:
                    self._turn.wait()
                if self._saved >= ticket:
                    return
                self._writing = True
            self._write()

    def _write(self) -> None:
        seen = self._saved
        try:
            with self._lock:
                with self._turn:
                    seen = self._changed
                content = _snapshot()
            part = self._path.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_bytes(content)
            os.replace(part, self._path)
        except Exception:
            # The API goes on; what is lost is that a restart remembers it.
            log.exception("could not keep the state in %s", self._path)
        finally:
            with self._turn:
                self._saved = seen
                self._writing = False
                self._turn.notify_all()


def _maker() -> tuple[int, str, str]:
    return FORMAT, moto.__version__, "{}.{}".format(*sys.version_info)


def _snapshot() -> bytes:
    backends: dict[str, dict[str, dict[str, Any]]] = {}
    known: list[BackendDict[Any]] = list(BackendDict._instances)  # type: ignore[misc]
    for instance in known:
        accounts = backends.setdefault(instance.service_name, {})
        for account, regions in list(instance.items()):
            accounts[account] = dict(list(regions.items()))
    form, version, python = _maker()
    out = io.BytesIO()
    _Pickler(out, pickle.HIGHEST_PROTOCOL).dump(
        {"format": form, "moto": version, "python": python, "backends": backends}
    )
    return out.getvalue()
