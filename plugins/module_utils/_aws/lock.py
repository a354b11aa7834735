# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time: an expiring lock kept in SSM parameters.

PutParameter without Overwrite is atomic: of two who write the same name one wins. The lock of a stack is the highest
numbered parameter below its path; a run that finds it expired, or its holder dead, writes the next number. The holder
renews it from a thread; a run whose lock has gone or been overtaken starts nothing more.

The number is the time of AWS in seconds, or the next one where that is taken: AWS advises against using the name of a
parameter again within 30 seconds of its deletion (SSM API reference, DeleteParameter). For the same reason a lock is
deleted only in a later second than that of its name.
"""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import StackError, code_of, explaining, is_not_found, join_sentences, tell
from .process import is_dead, machine, started, user
from .sdk import FAILURES, ClientError

POLL = 2.0
# The resolution of AWS's clock, and of the names.
TICK = 1.0


@dataclass(frozen=True)
class Held:
    """What a parameter of the lock says, and when AWS last saw it written: the clocks of two runners may disagree."""

    number: int
    value: dict[str, Any]
    written: float

    @property
    def expires(self) -> float:
        return self.written + float(self.value.get("ttl", 0))

    def is_live(self, now: float) -> bool:
        holder = self.value
        dead = is_dead(holder.get("machine", ""), int(holder.get("pid", 0)), holder.get("started", ""))
        return self.expires > max(now, self.written) and not dead

    def __str__(self) -> str:
        since, expires = _clock(float(self.value.get("since", 0))), _clock(self.expires)
        return f"{self.value.get('holder', 'somebody')} since {since}; it expires at {expires} unless renewed"


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


class Lock:
    """The lock of one stack, as a context; ``lost`` tells why the run must not start anything more.

    ``warnings`` says after the context why the lock was not removed; the run's own result is not lost to that.
    """

    def __init__(self, ssm: Any, stack: str, ttl: float, wait: float) -> None:
        self._ssm = ssm
        self._path = f"/groundwork/{stack}/lock"
        self._stack = stack
        self._ttl = ttl
        self._wait = wait
        self._nonce = uuid.uuid4().hex
        self._since = time.time()
        self._renewed = 0.0
        self._now = 0.0
        self._listed = 0.0
        self._number = 0
        self._end = threading.Event()
        self._beat = threading.Thread(target=self._renew_for_ever, name="lock", daemon=True)
        self._lost: str | None = None
        self.warnings: list[str] = []

    def __enter__(self) -> Lock:
        deadline = time.monotonic() + self._wait
        while not self._attempt():
            holder = self._holder()
            if time.monotonic() >= deadline:
                raise StackError(
                    f"stack {self._stack} is locked by {holder or 'another run'}. Nothing was changed. "
                    "Run again when that has ended, or raise lock_wait"
                )
            time.sleep(min(POLL, max(0.0, deadline - time.monotonic())) * random.uniform(0.5, 1.0))
        self._beat.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._end.set()
        self._beat.join()
        self._release()

    def _attempt(self) -> bool:
        with explaining(f"the lock of stack {self._stack} ({self._path})"):
            return self._try()

    def left_behind(self) -> Callable[[], None]:
        """What removes the locks of runs that died or ran out of time; nothing while somebody holds the lock.

        They are in nobody's way, so it is no failure when that cannot be done: ``warnings`` says it.
        """
        try:
            held = self._list()
        except (StackError, *FAILURES):
            held = []
        if any(item.is_live(self._now) for item in held):
            held = []

        def remove() -> None:
            for item in held:
                try:
                    self._delete(item.number)
                except (StackError, *FAILURES) as error:
                    self._warn("an expired lock", item.number, error, "It holds up no run")

        return remove

    def _warn(self, what: str, number: int, error: Exception, effect: str) -> None:
        text = f"{what} of stack {self._stack} ({self._path}/{number}) was not removed: {tell(error)}"
        self.warnings.append(join_sentences(text, effect))

    def lost(self) -> str | None:
        """Why the lock is not this run's any more, None while it is."""
        if self._lost is None and time.monotonic() > self._renewed + self._ttl:
            self._lost = "could not be renewed in time"
        return f"the lock of stack {self._stack} was lost: it {self._lost}" if self._lost else None

    def _list(self) -> list[Held]:
        pages = self._ssm.pages("get_parameters_by_path", {"Path": self._path})
        self._now, self._listed = max(_moment(page) for page in pages), time.monotonic()
        found = [item for page in pages for item in page["Parameters"]]
        return sorted(map(_held, found), key=lambda held: held.number)

    def _holder(self) -> Held | None:
        return next((held for held in reversed(self._list()) if held.is_live(self._now)), None)

    def _try(self) -> bool:
        """Write the next number unless somebody holds the lock; stand back when two did so at once."""
        held = self._list()
        if any(item.is_live(self._now) for item in held):
            return False
        self._number = max([int(self._now), *(item.number + 1 for item in held)])
        if not self._put(self._number):
            return False
        others = [item for item in self._list() if item.value.get("nonce") != self._nonce]
        if any(item.is_live(self._now) for item in others):
            self._delete(self._number)
            return False
        return True

    def _put(self, number: int, renew: bool = False) -> bool:
        asked = time.monotonic()
        try:
            self._ssm.put_parameter(
                Name=f"{self._path}/{number}", Value=json.dumps(self._value()), Type="String", Overwrite=renew
            )
        except ClientError as error:
            if code_of(error) != "ParameterAlreadyExists":
                raise
            # botocore may have said it twice: the parameter is ours when our nonce is in it.
            if not any(item.number == number and item.value.get("nonce") == self._nonce for item in self._list()):
                return False
        self._renewed = asked
        return True

    def _value(self) -> dict[str, Any]:
        return {
            "holder": f"{user()}@{socket.gethostname()} pid {os.getpid()}",
            "machine": machine(),
            "pid": os.getpid(),
            "started": started(os.getpid()),
            "nonce": self._nonce,
            "since": self._since,
            "ttl": self._ttl,
        }

    def _renew_for_ever(self) -> None:
        while not self._end.wait(self._ttl / 3) and self._lost is None:
            try:
                self._renew()
            except (StackError, *FAILURES):
                # Tried again at the next beat; `lost` notices when there are no beats left.
                continue

    def _renew(self) -> None:
        held = self._list()
        if not any(item.number == self._number and item.value.get("nonce") == self._nonce for item in held):
            self._lost = "was removed"
        elif any(item.number > self._number and item.is_live(self._now) for item in held):
            self._lost = "was taken over by another run"
        else:
            self._put(self._number, renew=True)

    def _release(self) -> None:
        """Remove the lock and the dead ones below it, lowest first: others count from the highest number."""
        try:
            for item in self._list():
                if item.value.get("nonce") == self._nonce:
                    self._delete_own()
                elif item.number < self._number:
                    self._delete(item.number)
        except (StackError, *FAILURES) as error:
            # It expires by itself; the run's own result must not be lost to this.
            effect = f"Other runs may have to wait until it expires, {self._ttl:g} s after the end of this one at most"
            self._warn("the lock", self._number, error, effect)

    def _delete_own(self) -> None:
        """Delete the lock of this run, once no later run can choose its name."""
        now = self._now + time.monotonic() - self._listed
        time.sleep(min(10.0, max(0.0, self._number + TICK - now)) if TICK else 0.0)
        self._delete(self._number)

    def _delete(self, number: int) -> None:
        try:
            self._ssm.delete_parameter(Name=f"{self._path}/{number}")
        except ClientError as error:
            if not is_not_found(error):
                raise


def _moment(page: dict[str, Any]) -> float:
    """When AWS answered, by its own clock."""
    date = page.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()


def _held(item: dict[str, Any]) -> Held:
    number = item["Name"].rsplit("/", 1)[1]
    try:
        value = json.loads(item["Value"])
    except ValueError:
        value = {}
    written = item["LastModifiedDate"].timestamp()
    return Held(int(number) if number.isdigit() else 0, value if isinstance(value, dict) else {}, written)
