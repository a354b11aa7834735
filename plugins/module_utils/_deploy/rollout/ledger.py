# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a rollout, and the texts in which the ledger keeps it. Pure functions; `ledger_store.py` has the calls.

A record is a plan, which is written when the rollout begins, an entry for each batch that has begun, and an end. Each
text is a JSON document that fits a standard parameter of SSM. A long plan is split into several documents that are
merged when it is read; the first of them says how many there are, and is written last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import StrEnum
from typing import Any

FORMAT = 1
# Characters of a value (Systems Manager user guide, Managing parameter tiers: 4 KB). The texts are ASCII.
LONGEST_TEXT = 4096
LONGEST_MESSAGE = 300
LONGEST_NAME = 100
MOST_REASONS = 5
# Messages of a batch are cut to the first of these lengths with which the batch fits.
MESSAGE_LENGTHS = (LONGEST_MESSAGE, 150, 75, 40)
# The year 5138: far below what a datetime can hold.
LATEST_MOMENT = 1e11
HEAD, END = "plan/1", "end"


class LedgerError(ValueError):
    """A record that cannot be written, or was not written by this collection."""


class Status(StrEnum):
    """The state of a rollout. Those without an end are running, or abandoned when they no longer hold the lock."""

    RUNNING = "running"
    FINISHED = "finished"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    ABANDONED = "abandoned"


# Hosts may have been left between two releases.
UNFINISHED = (Status.RUNNING, Status.ABANDONED)


@dataclass(frozen=True)
class RecordedService:
    """What a service moves to. ``strategy`` has the values that its strategy was planned with, as JSON has them."""

    version: str = ""
    commit: str = ""
    strategy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class RecordedMove:
    """One service of one host: its release before (None where it had none) and after, and the number of its batch."""

    host: str
    service: str
    before: int | None
    after: int
    batch: int
    instance: str = ""
    zone: str = ""


@dataclass(frozen=True)
class RecordedMeasurement:
    """What a gate measured; ``passed`` is None where it could not measure."""

    gate: str
    passed: bool | None
    detail: str
    at: float


@dataclass(frozen=True)
class RecordedBatch:
    """A batch and how it went. It has begun when ``started`` is set: some of its hosts may have moved since.

    ``returned`` is when all its hosts were back at their previous releases. ``left_out`` counts measurements that did
    not fit into the record; those that passed are left out first.
    """

    number: int
    wave: int = 1
    started: float | None = None
    ended: float | None = None
    returned: float | None = None
    decision: str = ""
    reasons: tuple[str, ...] = ()
    measurements: tuple[RecordedMeasurement, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class RolloutRecord:
    """One rollout: who moved what, when, from which release to which, and with what result."""

    id: str
    action: str
    who: str
    started: float
    services: Mapping[str, RecordedService]
    moves: tuple[RecordedMove, ...]
    batches: tuple[RecordedBatch, ...]
    status: Status = Status.RUNNING
    finished: float | None = None
    reason: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether hosts may have been left between two releases: it runs, or was abandoned."""
        return self.status in UNFINISHED

    def list_moves(self, batch: int) -> list[RecordedMove]:
        """The moves of one batch."""
        return [move for move in self.moves if move.batch == batch]

    def list_begun_moves(self) -> list[RecordedMove]:
        """The moves of all batches that have begun and were not returned: each may have been made, or not."""
        begun = {batch.number for batch in self.batches if batch.started is not None and batch.returned is None}
        return [move for move in self.moves if move.batch in begun]

    def get_previous_releases(self) -> dict[str, dict[str, int | None]]:
        """The releases that each host had before, by host and service."""
        found: dict[str, dict[str, int | None]] = {}
        for move in self.moves:
            found.setdefault(move.host, {})[move.service] = move.before
        return found


def find_end(moves: Iterable[Mapping[str, Any]], serving: Mapping[tuple[str, str], int | None]) -> Status | None:
    """How a rollout that was killed has ended, by the release that each host serves now, by host and service.

    ``moves`` are those of its record. None where a host serves neither of its two releases, or is not known, or where
    some hosts have moved and others have not.
    """
    recorded = [((move["host"], move["service"]), move["before"], move["after"]) for move in moves]
    if any(pair not in serving for pair, _before, _after in recorded):
        return None
    if all(serving[pair] == after for pair, _before, after in recorded):
        return Status.FINISHED
    return Status.ROLLED_BACK if all(serving[pair] == before for pair, before, _after in recorded) else None


def name_rollout(moment: float, nonce: str) -> str:
    """The id of a rollout: sorted by time, and unique where each moment or nonce is given once."""
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y%m%dT%H%M%SZ}-{nonce[:2]}"


def shorten(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """A text on one line, with at most so many characters."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


# Encoding


def encode_plan(record: RolloutRecord) -> list[str]:
    """The texts of a plan; the first is the one to write last. Raises `LedgerError` for names that are too long."""
    parts: list[dict[str, Any]] = [{"format": FORMAT, "parts": 0}]
    for path, value in _list_leaves(_plan_document(record)):
        if not _insert_if_fits(parts[-1], path, value):
            parts.append({})
            if not _insert_if_fits(parts[-1], path, value):
                raise LedgerError(f"{'.'.join(path)[:LONGEST_NAME]}… is too long for the ledger")
    parts[0]["parts"] = len(parts)
    return [_dump(part) for part in parts]


def _plan_document(record: RolloutRecord) -> dict[str, Any]:
    services: dict[str, Any] = {}
    for name, service in record.services.items():
        services[name] = {
            "version": shorten(service.version, LONGEST_NAME),
            "commit": shorten(service.commit, LONGEST_NAME),
            "strategy": dict(service.strategy),
        }
    hosts: dict[str, Any] = {}
    for move in record.moves:
        host = hosts.setdefault(move.host, {"instance": move.instance, "zone": move.zone, "moves": {}})
        host["moves"][move.service] = [move.before, move.after, move.batch]
    return {
        "action": shorten(record.action, LONGEST_NAME),
        "who": shorten(record.who, LONGEST_NAME),
        "started": round(record.started, 3),
        "moves": len(record.moves),
        "waves": {str(batch.number): batch.wave for batch in record.batches},
        "services": services,
        "hosts": hosts,
    }


def _list_leaves(document: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The path and value of everything in a document that is no mapping, or an empty one."""
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from _list_leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _insert_if_fits(part: dict[str, Any], path: Sequence[str], value: Any) -> bool:
    """Insert a leaf unless the part would be too long with it."""
    parent, created = part, None
    for key in path[:-1]:
        if key not in parent:
            created = created or (parent, key)
            parent[key] = {}
        parent = parent[key]
    created = created or (parent, path[-1])
    parent[path[-1]] = value
    # The number of parts is not known yet: room for four digits.
    if len(_dump(part)) + 3 <= LONGEST_TEXT:
        return True
    del created[0][created[1]]
    return False


def encode_batch(batch: RecordedBatch) -> str:
    """The text of a batch that has begun. Messages are cut, and measurements left out, so that it fits."""
    for longest in MESSAGE_LENGTHS:
        text = _dump(_batch_document(batch, longest))
        if len(text) <= LONGEST_TEXT:
            return text
    kept = list(batch.measurements)
    while len(text) > LONGEST_TEXT:
        # Failures explain the verdict, and the newest measurement of a gate counts.
        kept.remove(min(kept, key=lambda one: (one.passed is not True, one.at)))
        left_out = batch.left_out + len(batch.measurements) - len(kept)
        shorter = replace(batch, measurements=tuple(kept), left_out=left_out)
        text = _dump(_batch_document(shorter, MESSAGE_LENGTHS[-1]))
    return text


def _batch_document(batch: RecordedBatch, longest: int) -> dict[str, Any]:
    reasons = list(batch.reasons)
    if len(reasons) > MOST_REASONS:
        reasons[MOST_REASONS - 1 :] = [f"and {len(reasons) - MOST_REASONS + 1} more"]
    return {
        "started": _round(batch.started),
        "ended": _round(batch.ended),
        "returned": _round(batch.returned),
        "decision": shorten(batch.decision, MESSAGE_LENGTHS[-1]),
        "reasons": [shorten(reason, longest) for reason in reasons],
        "measurements": [
            [shorten(one.gate, min(longest, LONGEST_NAME)), one.passed, shorten(one.detail, longest), round(one.at, 3)]
            for one in batch.measurements
        ],
        "left_out": batch.left_out,
    }


def encode_end(status: Status, finished: float, reason: str = "") -> str:
    """The text of the end of a rollout. Raises `LedgerError` for the status of one that has no end."""
    if status in UNFINISHED:
        raise LedgerError(f"a rollout does not end as {status}")
    return _dump({"status": status.value, "finished": round(finished, 3), "reason": shorten(reason)})


def _round(moment: float | None) -> float | None:
    return None if moment is None else round(moment, 3)


def _dump(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    # SSM refuses values with text in double braces (API reference, PutParameter). Only strings can have two in a row.
    return text.replace("{{", "{\\u007b")


# Decoding


def decode_record(rollout: str, texts: Mapping[str, str]) -> RolloutRecord:
    """The record from its texts, by their names below the id (`plan/1`, `batch/3`, `end`).

    Raises `LedgerError` for anything that this collection does not write, whatever it is.
    """
    try:
        return _decode(rollout, texts)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        if isinstance(error, LedgerError):
            raise
        raise LedgerError(f"{type(error).__name__}: {shorten(str(error), LONGEST_NAME)}") from error


def _decode(rollout: str, texts: Mapping[str, str]) -> RolloutRecord:
    plan = _decode_plan(texts)
    waves = {_to_number(name): _as_integer(wave) for name, wave in plan["waves"].items()}
    entries: dict[int, RecordedBatch] = {}
    for name, text in texts.items():
        folder, _slash, number = name.partition("/")
        if folder == "batch":
            entries[_to_number(number)] = _decode_batch(_to_number(number), _load(name, text))
        elif folder not in ("plan", END):
            raise LedgerError(f"{shorten(name, LONGEST_NAME)} is not part of a record")
    if not entries.keys() <= waves.keys():
        raise LedgerError(f"the plan has no batch {max(entries.keys() - waves.keys())}")
    batches = [replace(entries.get(number, RecordedBatch(number)), wave=waves[number]) for number in sorted(waves)]
    moves = _decode_moves(plan["hosts"])
    if len(moves) != plan["moves"]:
        raise LedgerError(f"the plan has {len(moves)} moves, and it was written with another number of them")
    if not {move.batch for move in moves} <= waves.keys():
        raise LedgerError("a move is in a batch that the plan does not have")
    record = RolloutRecord(
        id=rollout,
        action=_as_text(plan["action"]),
        who=_as_text(plan["who"]),
        started=_as_moment(plan["started"]),
        services={name: _decode_service(service) for name, service in plan["services"].items()},
        moves=moves,
        batches=tuple(batches),
    )
    return _add_end(record, _load(END, texts[END])) if END in texts else record


def _decode_plan(texts: Mapping[str, str]) -> dict[str, Any]:
    """The merged parts of a plan, of which all must exist."""
    plan = _load(HEAD, texts[HEAD])
    if plan["format"] != FORMAT:
        raise LedgerError(f"format {shorten(str(plan['format']), 20)}: it is of another version of this collection")
    for number in range(2, _as_integer(plan["parts"]) + 1):
        name = f"plan/{number}"
        if name not in texts:
            raise LedgerError(f"{name} is missing")
        _merge(plan, _load(name, texts[name]))
    return {"waves": {}, "services": {}, "hosts": {}, **plan}


def _merge(document: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            _merge(document[key], value)
        elif key in document:
            raise LedgerError(f"{shorten(key, LONGEST_NAME)} is in two parts of the plan")
        else:
            document[key] = value


def _decode_service(service: Mapping[str, Any]) -> RecordedService:
    return RecordedService(_as_text(service["version"]), _as_text(service["commit"]), _as_mapping(service["strategy"]))


def _decode_moves(hosts: Mapping[str, Any]) -> tuple[RecordedMove, ...]:
    moves: list[RecordedMove] = []
    for host, entry in hosts.items():
        instance, zone = _as_text(entry["instance"]), _as_text(entry["zone"])
        for service, (before, after, batch) in _as_mapping(entry["moves"]).items():
            previous = None if before is None else _as_integer(before)
            moves.append(RecordedMove(host, service, previous, _as_integer(after), _as_integer(batch), instance, zone))
    return tuple(moves)


def _decode_batch(number: int, entry: Mapping[str, Any]) -> RecordedBatch:
    return RecordedBatch(
        number,
        started=_as_optional_moment(entry["started"]),
        ended=_as_optional_moment(entry["ended"]),
        returned=_as_optional_moment(entry["returned"]),
        decision=_as_text(entry["decision"]),
        reasons=tuple(_as_text(reason) for reason in _as_list(entry["reasons"])),
        measurements=tuple(
            RecordedMeasurement(_as_text(gate), _as_passed(passed), _as_text(detail), _as_moment(at))
            for gate, passed, detail, at in _as_list(entry["measurements"])
        ),
        left_out=_as_integer(entry["left_out"]),
    )


def _add_end(record: RolloutRecord, entry: Mapping[str, Any]) -> RolloutRecord:
    status = Status(entry["status"])
    if status in UNFINISHED:
        raise LedgerError(f"a rollout does not end as {status}")
    return replace(
        record,
        status=status,
        finished=_as_moment(entry["finished"]),
        reason=_as_text(entry["reason"]),
    )


def _load(name: str, text: str) -> dict[str, Any]:
    try:
        return _as_mapping(json.loads(text, parse_constant=_reject_constant))
    except (ValueError, TypeError, RecursionError) as error:
        raise LedgerError(f"{name} is no JSON object of this collection") from error


def _reject_constant(name: str) -> None:
    raise LedgerError(f"{name} is no number")


def _to_number(name: str) -> int:
    if not (name.isascii() and name.isdigit()):
        raise LedgerError(f"{shorten(name, LONGEST_NAME)!r} is no number")
    return int(name)


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise LedgerError(f"{shorten(repr(value), LONGEST_NAME)} is no text")
    return value


def _as_integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise LedgerError(f"{shorten(repr(value), LONGEST_NAME)} is no integer")
    return value


def _as_moment(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < LATEST_MOMENT:
        raise LedgerError(f"{shorten(repr(value), LONGEST_NAME)} is no time")
    return float(value)


def _as_optional_moment(value: Any) -> float | None:
    return None if value is None else _as_moment(value)


def _as_passed(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise LedgerError(f"{shorten(repr(value), LONGEST_NAME)} is neither true, false nor null")
    return value


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise LedgerError(f"{shorten(repr(value), LONGEST_NAME)} is no list")
    return value


def _as_mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LedgerError(f"{shorten(repr(value), LONGEST_NAME)} is no mapping")
    return value
