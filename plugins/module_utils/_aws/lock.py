# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time: an expiring lock kept in SSM parameters.

PutParameter without Overwrite is atomic: of two runs that write the same name one succeeds. The lock of a stack is the
highest numbered parameter below its path; a run that finds it expired, or its holder's process ended, writes the next
number. The holder renews its lease from a thread; a run that lost its lock starts no more changes.

The number is AWS's time in seconds, or the next free one: AWS advises against using the name of a parameter again
within 30 seconds of its deletion (SSM API reference, DeleteParameter). For the same reason a lock is deleted only in a
later second than that of its name.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from .answer import UnexpectedAnswerError
from .backoff import SYSTEM_CLOCK, Backoff, Clock
from .errors import StackError, describe_error, error_code, error_context, is_not_found, join_sentences
from .process import Parent, current_user, has_exited, machine_name, start_time
from .sdk import FAILURES, ClientError

POLL_SECONDS = 2.0
# The resolution of AWS's clock, and of the names.
NAME_SECONDS = 1.0
# A run does not wait longer than this to delete its lock, however far AWS's clock is off.
LONGEST_DELETION_DELAY = 10.0


@dataclass(frozen=True)
class Lease:
    """One parameter of the lock: its value, and when AWS says it was written, because runners' clocks may disagree."""

    number: int
    value: dict[str, Any]
    written: float

    @property
    def expires(self) -> float:
        return self.written + float(self.value.get("ttl", 0))

    def is_valid(self, now: float) -> bool:
        """Whether it has not expired, and its holder's process has not ended as far as this machine knows."""
        holder = self.value
        has_ended = has_exited(holder.get("machine", ""), int(holder.get("pid", 0)), holder.get("started", ""))
        return self.expires > max(now, self.written) and not has_ended

    @property
    def holder(self) -> str:
        since = f" since {_format_time(float(self.value['since']))}" if "since" in self.value else ""
        return f"{self.value.get('holder', 'an unknown holder')}{since}"

    def __str__(self) -> str:
        return f"{self.holder}; it expires at {_format_time(self.expires)} unless renewed"


def _format_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


class Lock:
    """The lock of one stack, as a context; ``lost`` returns why the run must not start another change.

    ``warnings`` gets what a person should know of the lock: that a run that died left it, that it was renewed late, or
    that it was not removed. The caller owns the list and has it also when the run fails.
    """

    def __init__(
        self,
        ssm: Any,
        stack: str,
        ttl: float,
        wait: float,
        warnings: list[str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._ssm = ssm
        self._clock = clock
        self._path = f"/groundwork/{stack}/lock"
        self._stack = stack
        self._ttl = ttl
        self._wait = wait
        self._nonce = uuid.uuid4().hex
        self._since = clock.time()
        self._renewed_at = 0.0
        # AWS's time when the lock was last listed, and this machine's at the same moment.
        self._aws_time = 0.0
        self._listed_at = 0.0
        self._number = 0
        self._end = threading.Event()
        self._renewals = threading.Thread(target=self._renew_until_end, name="lock", daemon=True)
        self._lost: str | None = None
        self._renewal_error = ""
        self._parent = Parent()
        self.warnings: list[str] = [] if warnings is None else warnings

    def __enter__(self) -> Lock:
        polling = Backoff(seconds=self._wait, first=POLL_SECONDS, longest=POLL_SECONDS)
        for _attempt in polling.repeat(self._clock):
            self._require_parent()
            if self._try_to_acquire():
                self._renewals.start()
                return self
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            holder = self._find_holder()
        raise StackError(
            f"stack {self._stack} is locked by {holder or 'another run'}. Nothing was changed. "
            "Run again when that has ended, or raise lock_wait"
        )

    def _require_parent(self) -> None:
        """Raise `StackError` when the caller of this run has ended: the run must not begin when its turn comes."""
        if self._parent.has_ended():
            raise StackError(f"{self._describe_ended_parent()}. Nothing was changed. Run again")

    def _describe_ended_parent(self) -> str:
        return f"the process that started this run (pid {self._parent.pid}) has ended"

    def __exit__(self, *_error: Any) -> None:
        self._end.set()
        self._renewals.join()
        self._release()

    def find_expired(self) -> Callable[[], None]:
        """Return a function that removes the leases of runs that died; it removes nothing while a run holds the lock.

        They block no run, so a failure to remove them is only a warning. An incomplete list is an error: it could hide
        the lock of another run.
        """
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            try:
                expired = self._list()
            except UnexpectedAnswerError:
                raise
            except (StackError, *FAILURES):
                expired = []
        if any(lease.is_valid(self._aws_time) for lease in expired):
            expired = []

        def remove() -> None:
            for lease in expired:
                try:
                    self._delete(lease.number)
                except (StackError, *FAILURES) as error:
                    self._warn_not_removed("an expired lock", lease.number, error, "It holds up no run")

        return remove

    def _warn_not_removed(self, subject: str, number: int, error: Exception, effect: str) -> None:
        text = f"{subject} of stack {self._stack} ({self._path}/{number}) was not removed: {describe_error(error)}"
        self.warnings.append(join_sentences(text, effect))

    def lost(self) -> str | None:
        """Why the run must not start another change (its lock is lost, or its caller has ended); None while it may."""
        if self._parent.has_ended():
            return self._describe_ended_parent()
        if self._lost is None and self._clock.now() > self._renewed_at + self._ttl:
            self._lost = join_reason("could not be renewed in time", self._renewal_error)
        return f"the lock of stack {self._stack} was lost: it {self._lost}" if self._lost else None

    def _list(self) -> list[Lease]:
        pages = self._ssm.pages("get_parameters_by_path", {"Path": self._path})
        self._aws_time, self._listed_at = max(self._read_aws_time(page) for page in pages), self._clock.now()
        parameters = [item for page in pages for item in page["Parameters"]]
        return sorted(map(_parse_lease, parameters), key=lambda lease: lease.number)

    def _read_aws_time(self, page: dict[str, Any]) -> float:
        """When AWS answered, by its own clock."""
        date = page.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        return parsedate_to_datetime(date).timestamp() if date else self._clock.time()

    def _find_holder(self) -> Lease | None:
        return next((lease for lease in reversed(self._list()) if lease.is_valid(self._aws_time)), None)

    def _try_to_acquire(self) -> bool:
        """Write the next number unless another run holds the lock; withdraw it when two runs did so at once."""
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            leases = self._list()
            if any(lease.is_valid(self._aws_time) for lease in leases):
                return False
            self._warn_of_dead_holder(leases)
            self._number = max([int(self._aws_time), *(lease.number + 1 for lease in leases)])
            if not self._put(self._number):
                return False
            try:
                others = [lease for lease in self._list() if not self._is_own(lease)]
            except (StackError, *FAILURES):
                self._withdraw()
                raise
            if any(lease.is_valid(self._aws_time) for lease in others):
                self._delete(self._number)
                return False
            return True

    def _withdraw(self) -> None:
        """Remove the lock of a run that ends before it has begun."""
        try:
            self._wait_for_next_name()
            self._delete(self._number)
        except (StackError, *FAILURES) as error:
            self._warn_not_removed("the lock", self._number, error, self._describe_expiry())

    def _is_own(self, lease: Lease) -> bool:
        return lease.value.get("nonce") == self._nonce

    def _warn_of_dead_holder(self, leases: list[Lease]) -> None:
        """Name the run whose lock this one takes over: this run continues what that one left."""
        if leases:
            reason = "that run died, or could not remove it"
            text = f"the lock of stack {self._stack} was left by {leases[-1].holder}: {reason}"
            self.warnings += [text] if text not in self.warnings else []

    def _put(self, number: int, renew: bool = False) -> bool:
        asked_at = self._clock.now()
        try:
            self._ssm.put_parameter(
                Name=f"{self._path}/{number}", Value=json.dumps(self._value()), Type="String", Overwrite=renew
            )
        except ClientError as error:
            if error_code(error) != "ParameterAlreadyExists":
                raise
            # botocore may have sent it twice: a parameter with this run's nonce is its own.
            if not any(lease.number == number and self._is_own(lease) for lease in self._list()):
                return False
        self._renewed_at = asked_at
        return True

    def _value(self) -> dict[str, Any]:
        return {
            "holder": f"{current_user()}@{socket.gethostname()} pid {os.getpid()}",
            "machine": machine_name(),
            "pid": os.getpid(),
            "started": start_time(os.getpid()),
            "nonce": self._nonce,
            "since": self._since,
            "ttl": self._ttl,
        }

    def _renew_until_end(self) -> None:
        while not self._clock.wait(self._end, self._ttl / 3) and self._lost is None:
            try:
                self._renew()
            except (StackError, *FAILURES) as error:
                # The next renewal tries again; `lost` reports it when the lease runs out before.
                self._renewal_error = describe_error(error)
                continue
            if self._renewal_error:
                text = f"the lock of stack {self._stack} was renewed late"
                self.warnings.append(join_reason(text, self._renewal_error))
                self._renewal_error = ""

    def _renew(self) -> None:
        leases = self._list()
        if not any(lease.number == self._number and self._is_own(lease) for lease in leases):
            self._lost = "was removed"
        elif any(lease.number > self._number and lease.is_valid(self._aws_time) for lease in leases):
            self._lost = "was taken over by another run"
        else:
            self._put(self._number, renew=True)

    def _release(self) -> None:
        """Remove the lock and the expired leases below it, lowest first: other runs count from the highest number."""
        try:
            for lease in self._list():
                if self._is_own(lease):
                    self._wait_for_next_name()
                    self._delete(self._number)
                elif lease.number < self._number:
                    self._delete(lease.number)
        except (StackError, *FAILURES) as error:
            # The lease expires by itself; this must not hide the result of the run.
            self._warn_not_removed("the lock", self._number, error, self._describe_expiry())

    def _describe_expiry(self) -> str:
        return f"Other runs may have to wait until it expires, {self._ttl:g} s after the end of this one at most"

    def _wait_for_next_name(self) -> None:
        """Wait until a later run can no longer choose the name of this lock."""
        aws_time = self._aws_time + self._clock.now() - self._listed_at
        self._clock.sleep(min(LONGEST_DELETION_DELAY, max(0.0, self._number + NAME_SECONDS - aws_time)))

    def _delete(self, number: int) -> None:
        try:
            self._ssm.delete_parameter(Name=f"{self._path}/{number}")
        except ClientError as error:
            if not is_not_found(error):
                raise


def join_reason(text: str, reason: str) -> str:
    """A text with the reason for it, where one is known."""
    return f"{text} ({reason.rstrip('.')})" if reason else text


def _parse_lease(item: dict[str, Any]) -> Lease:
    number = item["Name"].rpartition("/")[2]
    try:
        value = json.loads(item.get("Value") or "")
    except ValueError:
        value = {}
    written = item["LastModifiedDate"].timestamp()
    return Lease(int(number) if number.isdigit() else 0, value if isinstance(value, dict) else {}, written)
