# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger of a stack: the records of its rollouts as SSM parameters, below `/groundwork/<stack>/rollouts/<id>/`.

Only the rollout that holds the lock of the stack writes, and a record exists once `plan/1` does, which is written last
and deleted first. So a run that is killed leaves a complete record, or parameters that are no record; the next rollout
removes those.

PutParameter is throttled at about 3 calls a second (AWS Support, quoted in issue 2944 of
github-aws-runners/terraform-aws-github-runner), so that a batch takes no more than two calls: when it begins, and ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..._aws.backoff import SYSTEM_CLOCK, Clock
from ..._aws.errors import StackError, describe_error, error_code, error_context, join_sentences
from ..._aws.lock import LeaseStore
from ..._aws.sdk import FAILURES, ClientError
from .ledger import (
    END,
    HEAD,
    LedgerError,
    RecordedBatch,
    RolloutRecord,
    Status,
    decode_record,
    encode_batch,
    encode_end,
    encode_plan,
)

# Rollouts that a stack keeps. With the plans of 100 hosts these are some 300 of the 10,000 parameters of a region.
MOST_ROLLOUTS = 10
# SSM API reference, DeleteParameters.
MOST_NAMES = 10
# The texts of each rollout by its id, and by their names below it.
Texts = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Ledger:
    """The rollouts of a stack, the newest first, and why records cannot be read, by the ids of those."""

    records: tuple[RolloutRecord, ...]
    unreadable: Mapping[str, str]


class LedgerStore:
    """Writes and reads the ledger of one stack.

    ``warnings`` gets what a person should know of it: records that cannot be read, or were not removed.
    """

    def __init__(self, ssm: Any, stack: str, warnings: list[str] | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._ssm = ssm
        self._leases = LeaseStore(ssm, stack, clock)
        self._subject = f"the ledger of stack {stack} (/groundwork/{stack}/rollouts)"
        self._path = f"/groundwork/{stack}/rollouts"
        self.warnings: list[str] = [] if warnings is None else warnings

    def begin(self, record: RolloutRecord) -> None:
        """Write the plan of a rollout, under the lock of the stack and before its first change. Raises `StackError`.

        Before, remove the oldest records, so that there are never more than `MOST_ROLLOUTS`.
        """
        self._prune_or_warn(MOST_ROLLOUTS - 1)
        with error_context(self._subject):
            try:
                parts = encode_plan(record)
            except ValueError as error:
                raise StackError(f"the plan of rollout {record.id} cannot be written: {error}") from error
            for number in range(len(parts), 0, -1):
                self._create(f"{record.id}/plan/{number}", parts[number - 1])

    def record_batch(self, rollout: str, batch: RecordedBatch) -> None:
        """Write how far a batch is, in the place of what was written of it before. Raises `StackError`."""
        with self._explain(f"batch {batch.number} of rollout {rollout} was not written"):
            self._put(f"{rollout}/batch/{batch.number}", encode_batch(batch), overwrite=True)

    def finish(self, rollout: str, status: Status, finished: float, reason: str = "") -> None:
        """Write the end of a rollout, before its lock is released. Raises `StackError`."""
        with self._explain(f"the end of rollout {rollout} was not written"):
            self._put(f"{rollout}/{END}", encode_end(status, finished, reason), overwrite=True)

    def read(self, rollout: str) -> RolloutRecord | None:
        """The record of one rollout; None where there is none, or it cannot be read, which is a warning."""
        return next((record for record in self.read_all().records if record.id == rollout), None)

    def read_latest(self) -> RolloutRecord | None:
        """The record of the newest rollout that can be read; None where there is none."""
        return next(iter(self.read_all().records), None)

    def read_all(self) -> Ledger:
        """All rollouts. One without an end is abandoned, unless it holds the lock. Raises `StackError`."""
        with self._explain("was not read"):
            ledger = _decode_ledger(self._read_texts())
            unfinished = {record.id for record in ledger.records if record.is_unfinished}
            holder = self._leases.find_holder() if unfinished else None
            abandoned = unfinished - {holder.subject if holder else ""}
            if abandoned or ledger.unreadable:
                # A rollout may have ended, or written or removed a record, while the pages or the lock were read.
                ledger = _decode_ledger(self._read_texts())
        for rollout, reason in ledger.unreadable.items():
            self._warn(f"{self._subject}: the record of rollout {rollout} is ignored: it cannot be read ({reason})")
        return replace(ledger, records=tuple(_mark_abandoned(record, abandoned) for record in ledger.records))

    def prune(self, keep: int = MOST_ROLLOUTS) -> None:
        """Remove what is no complete record, and all records but the newest. Only for who holds the lock.

        The newest rollout that finished is kept: it says which releases a rollback returns to. Raises `StackError`.
        """
        with self._explain("was not pruned"):
            texts = self._read_texts()
            kept = _select_kept(texts, keep)
            self._delete({rollout: names for rollout, names in texts.items() if rollout not in kept})

    def is_empty(self) -> bool:
        """Whether there is nothing to remove, not even parts of a record. Raises `StackError`."""
        with self._explain("was not read"):
            return not self._read_texts()

    def remove(self) -> None:
        """Remove the whole ledger, at the end of its stack. A failure is a warning."""
        try:
            self._delete(self._read_texts())
        except (StackError, *FAILURES) as error:
            effect = "The records take no part in anything; remove the parameters by hand"
            self._warn(join_sentences(f"{self._subject} was not removed: {describe_error(error)}", effect))

    def _prune_or_warn(self, keep: int) -> None:
        try:
            self.prune(keep)
        except StackError as error:
            self._warn(join_sentences(str(error), "The rollout goes on; old records stay"))

    def _warn(self, text: str) -> None:
        self.warnings += [text] if text not in self.warnings else []

    @contextmanager
    def _explain(self, problem: str) -> Iterator[None]:
        try:
            yield
        except (StackError, *FAILURES) as error:
            raise StackError(f"{self._subject}: {problem}: {describe_error(error)}") from error

    def _create(self, name: str, text: str) -> None:
        try:
            self._put(name, text, overwrite=False)
        except ClientError as error:
            if error_code(error) != "ParameterAlreadyExists":
                raise
            # botocore may have sent it twice.
            rollout, _slash, inner = name.partition("/")
            if self._read_texts().get(rollout, {}).get(inner) != text:
                raise StackError(f"there is another rollout {rollout} already; begin one with a new id") from error

    def _put(self, name: str, text: str, overwrite: bool) -> None:
        # Without a tier the default of the account counts, and a larger one costs money (PutParameter).
        self._ssm.put_parameter(
            Name=f"{self._path}/{name}", Value=text, Type="String", Overwrite=overwrite, Tier="Standard"
        )

    def _read_texts(self) -> Texts:
        found: Texts = {}
        for page in self._ssm.pages("get_parameters_by_path", {"Path": self._path, "Recursive": True}):
            for item in page["Parameters"]:
                rollout, _slash, name = item["Name"].removeprefix(f"{self._path}/").partition("/")
                found.setdefault(rollout, {})[name] = item.get("Value") or ""
        return found

    def _delete(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        """Delete all parameters of these rollouts; first what makes them records."""
        names = [f"{self._path}/{rollout}/{name}".rstrip("/") for rollout, inner in texts.items() for name in inner]
        heads = [name for name in names if name.endswith(f"/{HEAD}")]
        others = sorted(set(names) - set(heads))
        for group in (heads, others):
            for start in range(0, len(group), MOST_NAMES):
                self._ssm.delete_parameters(Names=group[start : start + MOST_NAMES])


def _decode_ledger(texts: Texts) -> Ledger:
    """The records, without what a killed run has left that is none."""
    records: list[RolloutRecord] = []
    unreadable: dict[str, str] = {}
    for rollout in _list_records(texts):
        try:
            records.append(decode_record(rollout, texts[rollout]))
        except LedgerError as error:
            unreadable[rollout] = str(error)
    return Ledger(tuple(records), unreadable)


def _list_records(texts: Texts) -> list[str]:
    """The ids of the rollouts that have a record, the newest first."""
    return sorted((rollout for rollout, names in texts.items() if HEAD in names), reverse=True)


def _mark_abandoned(record: RolloutRecord, abandoned: set[str]) -> RolloutRecord:
    is_abandoned = record.is_unfinished and record.id in abandoned
    return replace(record, status=Status.ABANDONED) if is_abandoned else record


def _select_kept(texts: Texts, keep: int) -> Sequence[str]:
    """The newest records, among them the newest of a rollout that finished."""
    ids = _list_records(texts)
    records = _decode_ledger(texts).records
    finished = next((record.id for record in records if record.status is Status.FINISHED), None)
    if finished is None or finished in ids[:keep]:
        return ids[:keep]
    return [*ids[: keep - 1], finished]
