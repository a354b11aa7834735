# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time: an expiring lock kept in SSM parameters.

PutParameter without Overwrite is atomic: of two runs that write the same name one succeeds. The lock of a stack is the
highest numbered parameter below its path; a run that finds it expired, or its holder's process ended, writes the next
number. A run that lost its lock starts no more changes.

`Lock` is for a run in one process: a thread renews its lease. `TokenLock` is for a run of many processes, such as the
tasks of a rollout: one call acquires it, later ones renew it by its token, and another releases it. A run in one
process that is a part of such a rollout works under its lock: `Lock` renews it, and leaves it when the run ends.

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
from collections.abc import Callable, Mapping
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
# The numbers of a lease, and how large they are at most: seconds, seconds since 1970, and the pid_max of Linux.
LARGEST = {"ttl": 10.0**9, "since": 10.0**10, "pid": 2.0**22}

# How a lock was lost: `it …`.
REMOVED = "was removed"


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
    def nonce(self) -> Any:
        return self.value.get("nonce")

    @property
    def subject(self) -> str:
        """The id of what the lock is held for; empty for a run that has none."""
        return str(self.value.get("subject", ""))

    @property
    def holder(self) -> str:
        since = f" since {_format_time(float(self.value['since']))}" if "since" in self.value else ""
        return f"{self.value.get('holder', 'an unknown holder')}{since}"

    def __str__(self) -> str:
        return f"{self.holder}; it expires at {_format_time(self.expires)} unless renewed"


def _format_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


@dataclass(frozen=True)
class LockToken:
    """What identifies a lock to the processes of one run: the number in its name, and a text that only it has."""

    number: int
    nonce: str


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: a text for people, and the process whose end frees it.

    ``subject`` is the id of what the lock is held for (a rollout): others find by it that this still runs.
    """

    text: str
    pid: int
    subject: str = ""


class LockLostError(StackError):
    """A lock was removed or taken over: the run that held it must not start another change."""


class LeaseStore:
    """The parameters below the path of a stack's lock."""

    def __init__(self, ssm: Any, stack: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._ssm = ssm
        self._clock = clock
        self.path = f"/groundwork/{stack}/lock"
        # AWS's time when the lock was last listed, and this machine's at the same moment.
        self.aws_time = 0.0
        self._listed_at = 0.0

    def read(self) -> list[Lease]:
        """All leases, lowest number first."""
        pages = self._ssm.pages("get_parameters_by_path", {"Path": self.path})
        self.aws_time, self._listed_at = max(self._read_aws_time(page) for page in pages), self._clock.now()
        parameters = [item for page in pages for item in page["Parameters"]]
        return sorted(map(_parse_lease, parameters), key=lambda lease: lease.number)

    def _read_aws_time(self, page: dict[str, Any]) -> float:
        """When AWS answered, by its own clock."""
        date = page.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        return parsedate_to_datetime(date).timestamp() if date else self._clock.time()

    def find_holder(self) -> Lease | None:
        """The lease of the run that holds the lock; None while it is free."""
        return next((lease for lease in reversed(self.read()) if lease.is_valid(self.aws_time)), None)

    def put(self, number: int, value: Mapping[str, Any], renew: bool = False) -> bool:
        """Write a lease. Whether it is the run's own: another run may have written the same number first.

        A lease that is to be renewed, but was removed since it was read, is removed again: its first version is new.
        """
        try:
            written = self._ssm.put_parameter(
                Name=f"{self.path}/{number}", Value=json.dumps(value), Type="String", Overwrite=renew
            )
        except ClientError as error:
            if error_code(error) != "ParameterAlreadyExists":
                raise
            # botocore may have sent it twice: a parameter with this run's nonce is its own.
            return any(lease.number == number and lease.nonce == value["nonce"] for lease in self.read())
        if renew and written["Version"] == 1:
            self.delete(number)
            return False
        return True

    def delete(self, number: int) -> None:
        try:
            self._ssm.delete_parameter(Name=f"{self.path}/{number}")
        except ClientError as error:
            if not is_not_found(error):
                raise

    def wait_for_next_name(self, number: int) -> None:
        """Wait until a later run can no longer choose this number."""
        aws_time = self.aws_time + self._clock.now() - self._listed_at
        self._clock.sleep(min(LONGEST_DELETION_DELAY, max(0.0, number + NAME_SECONDS - aws_time)))


class _StackLock:
    """The steps that both locks of a stack have in common."""

    def __init__(
        self,
        ssm: Any,
        stack: str,
        ttl: float,
        wait: float,
        warnings: list[str] | None,
        clock: Clock,
        describe_holder: Callable[[LockToken], Holder],
    ) -> None:
        self._clock = clock
        self._leases = LeaseStore(ssm, stack, clock)
        self._path = self._leases.path
        self._stack = stack
        self._ttl = ttl
        self._wait = wait
        self._describe_holder = describe_holder
        self._token = LockToken(0, uuid.uuid4().hex)
        self._since = clock.time()
        self._renewed_at = 0.0
        self._parent = Parent()
        self.warnings: list[str] = [] if warnings is None else warnings

    def _acquire(self) -> None:
        """Acquire the lock within the time to wait. Raises `StackError` that names the holder."""
        polling = Backoff(seconds=self._wait, first=POLL_SECONDS, longest=POLL_SECONDS)
        for _attempt in polling.repeat(self._clock):
            self._require_parent()
            if self._try_to_acquire():
                return
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            holder = self._leases.find_holder()
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

    def _try_to_acquire(self) -> bool:
        """Write the next number unless another run holds the lock; withdraw it when two runs did so at once."""
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            leases = self._leases.read()
            if any(lease.is_valid(self._leases.aws_time) for lease in leases):
                return False
            self._warn_of_dead_holder(leases)
            number = max([int(self._leases.aws_time), *(lease.number + 1 for lease in leases)])
            self._token = LockToken(number, self._token.nonce)
            if not self._put(self._make_value()):
                return False
            try:
                others = [lease for lease in self._leases.read() if not self._is_own(lease)]
            except (StackError, *FAILURES):
                self._withdraw()
                raise
            if any(lease.is_valid(self._leases.aws_time) for lease in others):
                self._leases.delete(number)
                return False
            return True

    def _withdraw(self) -> None:
        """Remove the lock of a run that ends before it has begun."""
        try:
            self._leases.wait_for_next_name(self._token.number)
            self._leases.delete(self._token.number)
        except (StackError, *FAILURES) as error:
            self._warn_not_removed("the lock", self._token.number, error, self._describe_expiry())

    def _is_own(self, lease: Lease) -> bool:
        return lease.nonce == self._token.nonce

    def _warn_of_dead_holder(self, leases: list[Lease]) -> None:
        """Name the run whose lock this one takes over: this run continues what that one left."""
        if leases:
            reason = "that run died, or could not remove it"
            text = f"the lock of stack {self._stack} was left by {leases[-1].holder}: {reason}"
            self.warnings += [text] if text not in self.warnings else []

    def _put(self, value: Mapping[str, Any], renew: bool = False) -> bool:
        """Write the lease of the run. Whether it is its own: `LeaseStore.put`."""
        asked_at = self._clock.now()
        is_own = self._leases.put(self._token.number, value, renew)
        if is_own:
            self._renewed_at = asked_at
        return is_own

    def _make_value(self) -> dict[str, Any]:
        holder = self._describe_holder(self._token)
        value = {
            "holder": holder.text,
            "machine": machine_name(),
            "pid": holder.pid,
            "started": start_time(holder.pid),
            "nonce": self._token.nonce,
            "since": self._since,
            "ttl": self._ttl,
        }
        return {**value, "subject": holder.subject} if holder.subject else value

    def _find_own(self, leases: list[Lease]) -> Lease | None:
        return next((lease for lease in leases if lease.number == self._token.number and self._is_own(lease)), None)

    def _find_loss(self, leases: list[Lease]) -> str | None:
        """How the lock was lost, None while it is not: `it …`."""
        if self._find_own(leases) is None:
            return REMOVED
        aws_time = self._leases.aws_time
        if any(lease.number > self._token.number and lease.is_valid(aws_time) for lease in leases):
            return "was taken over by another run"
        return None

    def _require_own(self, leases: list[Lease], state: str = "") -> Lease:
        """The lease of the run. Raises `LockLostError`, whose text ends with ``state``, when it was lost."""
        own, reason = self._find_own(leases), self._find_loss(leases)
        if own is None or reason:
            raise LockLostError(f"{self._describe_loss(reason or REMOVED)}{state}")
        return own

    def _extend(self, own: Lease) -> bool:
        """Let the lease last from now on; its holder stays. False when it was removed since it was read."""
        return self._put({**own.value, "ttl": self._ttl}, renew=True)

    def _require_extended(self, own: Lease, state: str = "") -> None:
        """Extend the lease. Raises `LockLostError`, whose text ends with ``state``, when it was removed meanwhile."""
        if not self._extend(own):
            raise LockLostError(f"{self._describe_loss(REMOVED)}{state}")

    def _describe_loss(self, reason: str) -> str:
        return f"the lock of stack {self._stack} was lost: it {reason}"

    def _warn_of_late_renewal(self, reason: str) -> None:
        self.warnings.append(join_reason(f"the lock of stack {self._stack} was renewed late", reason))

    def _release(self) -> None:
        """Remove the lock and the expired leases below it, lowest first: other runs count from the highest number."""
        number = self._token.number
        try:
            for lease in self._leases.read():
                if self._is_own(lease):
                    self._leases.wait_for_next_name(number)
                    self._leases.delete(number)
                elif lease.number < number:
                    self._leases.delete(lease.number)
        except (StackError, *FAILURES) as error:
            # The lease expires by itself; this must not hide the result of the run.
            self._warn_not_removed("the lock", number, error, self._describe_expiry())

    def _describe_expiry(self) -> str:
        return f"Other runs may have to wait until it expires, {self._ttl:g} s after the end of this one at most"

    def _warn_not_removed(self, subject: str, number: int, error: Exception, effect: str) -> None:
        text = f"{subject} of stack {self._stack} ({self._path}/{number}) was not removed: {describe_error(error)}"
        self.warnings.append(join_sentences(text, effect))


class Lock(_StackLock):
    """The lock of one stack, as a context; ``lost`` returns why the run must not start another change.

    ``warnings`` gets what a person should know of the lock: that a run that died left it, that it was renewed late, or
    that it was not removed. The caller owns the list and has it also when the run fails. ``held`` is the lock of a
    rollout of which this run is a part; it stays held when the run ends.
    """

    def __init__(
        self,
        ssm: Any,
        stack: str,
        ttl: float,
        wait: float,
        warnings: list[str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
        held: LockToken | None = None,
    ) -> None:
        super().__init__(ssm, stack, ttl, wait, warnings, clock, _describe_this_process)
        self._held = held
        self._end = threading.Event()
        self._renewals = threading.Thread(target=self._renew_until_end, name="lock", daemon=True)
        self._lost: str | None = None
        self._renewal_error = ""

    def __enter__(self) -> Lock:
        if self._held is None:
            self._acquire()
        else:
            self._use(self._held)
        self._renewals.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._end.set()
        self._renewals.join()
        if self._held is None:
            self._release()

    def _use(self, held: LockToken) -> None:
        """Work under a lock that is held already. Raises `LockLostError` when it was removed or taken over."""
        self._token = held
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            state = ". Nothing was changed. Run again"
            own = self._require_own(self._leases.read(), state)
            # The rollout goes on for longer than this run.
            self._ttl = max(self._ttl, float(own.value.get("ttl", 0)))
            self._require_extended(own, state)

    def find_expired(self) -> Callable[[], None]:
        """Return a function that removes the leases of runs that died; it removes nothing while a run holds the lock.

        They block no run, so a failure to remove them is only a warning. An incomplete list is an error: it could hide
        the lock of another run.
        """
        with error_context(f"the lock of stack {self._stack} ({self._path})"):
            try:
                expired = self._leases.read()
            except UnexpectedAnswerError:
                raise
            except (StackError, *FAILURES):
                expired = []
        if any(lease.is_valid(self._leases.aws_time) for lease in expired):
            expired = []

        def remove() -> None:
            for lease in expired:
                try:
                    self._leases.delete(lease.number)
                except (StackError, *FAILURES) as error:
                    self._warn_not_removed("an expired lock", lease.number, error, "It holds up no run")

        return remove

    def lost(self) -> str | None:
        """Why the run must not start another change (its lock is lost, or its caller has ended); None while it may."""
        if self._parent.has_ended():
            return self._describe_ended_parent()
        if self._lost is None and self._clock.now() > self._renewed_at + self._ttl:
            self._lost = join_reason("could not be renewed in time", self._renewal_error)
        return self._describe_loss(self._lost) if self._lost else None

    def _renew_until_end(self) -> None:
        while not self._clock.wait(self._end, self._ttl / 3) and self._lost is None:
            try:
                self._renew()
            except (StackError, *FAILURES) as error:
                # The next renewal tries again; `lost` reports it when the lease runs out before.
                self._renewal_error = describe_error(error)
                continue
            if self._renewal_error:
                self._warn_of_late_renewal(self._renewal_error)
                self._renewal_error = ""

    def _renew(self) -> None:
        leases = self._leases.read()
        self._lost = self._find_loss(leases)
        own = self._find_own(leases)
        if own is not None and self._lost is None and not self._extend(own):
            self._lost = REMOVED


class TokenLock(_StackLock):
    """The lock of one stack for a run of many processes, each with an object of its own.

    The holder is a process that outlives them, such as ansible-playbook. The lease has to last from one renewal to the
    next: nothing renews it in between. ``warnings`` is as of `Lock`.
    """

    def __init__(
        self,
        ssm: Any,
        stack: str,
        ttl: float,
        wait: float,
        describe_holder: Callable[[LockToken], Holder],
        warnings: list[str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(ssm, stack, ttl, wait, warnings, clock, describe_holder)

    def acquire(self) -> LockToken:
        """Acquire the lock, and return the token for the other calls. Raises `StackError` that names the holder."""
        pid = self._describe_holder(self._token).pid
        if machine_name() and not start_time(pid):
            raise StackError(
                f"the lock of stack {self._stack} cannot be held by process {pid}: it does not run on this machine. "
                "Nothing was changed. Give the pid of ansible-playbook"
            )
        self._acquire()
        return self._token

    def renew(self, token: LockToken) -> None:
        """Extend the lease. Raises `LockLostError` when the lock was removed or taken over; never acquires it again."""
        self._token = token
        try:
            self._renew()
        except LockLostError:
            raise
        except (StackError, *FAILURES) as error:
            text = f"the lock of stack {self._stack} ({self._path}) could not be renewed: {describe_error(error)}"
            raise StackError(text) from error

    def _renew(self) -> None:
        own = self._require_own(self._leases.read())
        is_late = not own.is_valid(self._leases.aws_time)
        self._require_extended(own)
        if is_late:
            self._require_sole_holder()
            self._warn_of_late_renewal("it had expired, and no other run took it")

    def release(self, token: LockToken) -> None:
        """Remove the lock. One that was removed or taken over before is left alone; a failure is a warning."""
        self._token = token
        self._release()

    def _require_sole_holder(self) -> None:
        """Withdraw a lease that had expired when another run acquired the lock before it was written again."""
        try:
            self._require_own(self._leases.read())
        except LockLostError:
            self._leases.delete(self._token.number)
            raise


def _describe_this_process(_token: LockToken) -> Holder:
    return Holder(f"{describe_user()} pid {os.getpid()}", os.getpid())


def describe_user() -> str:
    """Who runs this process, and on which machine: `alice@laptop`."""
    return f"{current_user()}@{socket.gethostname()}"


def join_reason(text: str, reason: str) -> str:
    """A text with the reason for it, where one is known."""
    return f"{text} ({reason.rstrip('.')})" if reason else text


def _parse_lease(item: dict[str, Any]) -> Lease:
    number = item["Name"].rpartition("/")[2]
    written = item["LastModifiedDate"].timestamp()
    return Lease(int(number) if number.isdigit() else 0, _parse_value(item.get("Value") or ""), written)


def _parse_value(text: str) -> dict[str, Any]:
    """The members of a lease. A person may have written it: numbers that no run writes are left out."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {key: member for key, member in value.items() if key not in LARGEST or _is_usable(member, LARGEST[key])}


def _is_usable(member: Any, largest: float) -> bool:
    return isinstance(member, int | float) and not isinstance(member, bool) and 0 <= member <= largest
