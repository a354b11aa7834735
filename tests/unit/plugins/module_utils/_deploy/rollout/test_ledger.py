# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The texts in which the ledger keeps a rollout: they fit, they are read as they were written, or they are rejected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.parameters import Parameters
from support.rollouts import ROLLING, make_record

from ansible_collections.groundwork.aws.plugins.module_utils._aws.backoff import SYSTEM_CLOCK
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    LONGEST_TEXT,
    LedgerError,
    RecordedBatch,
    RecordedMeasurement,
    RecordedMove,
    RecordedService,
    RolloutRecord,
    Status,
    decode_record,
    encode_batch,
    encode_end,
    encode_plan,
    name_rollout,
    shorten,
)


def encode(record: RolloutRecord) -> dict[str, str]:
    """All texts of a record, as the store writes them."""
    texts = {f"plan/{number}": part for number, part in enumerate(encode_plan(record), 1)}
    texts |= {f"batch/{batch.number}": encode_batch(batch) for batch in record.batches if batch.started is not None}
    if record.finished is not None:
        texts["end"] = encode_end(record.status, record.finished, record.reason)
    return texts


def require_accepted(texts: Mapping[str, str]) -> None:
    """Fails where SSM would refuse a text."""
    parameters = Parameters(SYSTEM_CLOCK)
    for name, text in texts.items():
        parameters.put_parameter(Name=f"/groundwork/shop/rollouts/x/{name}", Value=text, Type="String", Overwrite=False)


def read_back(record: RolloutRecord) -> RolloutRecord:
    texts = encode(record)
    require_accepted(texts)
    return decode_record(record.id, texts)


# What is read is what was written

numbers = st.integers(0, 10**6)
moments = st.integers(0, 10**10).map(float)
# Braces that SSM would take for a reference, characters of several bytes, and control characters.
raw_texts = st.text(st.sampled_from('{}ab "\\\n\x7f…é漢🚀\ud800'), max_size=400)
messages = raw_texts.map(shorten)
names = st.text(st.sampled_from('{}ab.-"\\é🚀'), max_size=40)
measurements = st.builds(
    RecordedMeasurement, names.map(shorten), st.sampled_from([True, False, None]), messages, moments
)
# Batches that fit as they are; for the others see below.
small_batches = st.builds(
    RecordedBatch,
    number=st.just(0),
    wave=st.integers(1, 9),
    started=moments,
    ended=st.none() | moments,
    returned=st.none() | moments,
    decision=st.sampled_from(["", "go_on", "abort"]),
    reasons=st.lists(messages.map(lambda text: text[:20].strip()), max_size=5).map(tuple),
    measurements=st.lists(measurements.map(lambda one: replace(one, detail=one.detail[:20].strip())), max_size=3).map(
        tuple
    ),
)
unstarted = st.builds(RecordedBatch, number=st.just(0), wave=st.integers(1, 9))
services = st.builds(
    RecordedService,
    names.map(shorten),
    names.map(shorten),
    st.sampled_from([{}, ROLLING]),
)


@st.composite
def records(draw: st.DrawFn) -> RolloutRecord:
    drawn = draw(st.lists(small_batches | unstarted, min_size=1, max_size=5))
    batches = tuple(replace(batch, number=number) for number, batch in enumerate(drawn, 1))
    moves: list[RecordedMove] = []
    for host in draw(st.lists(names, max_size=12, unique=True)):
        instance, zone = draw(names), draw(names)
        for service in draw(st.lists(names, min_size=1, max_size=3, unique=True)):
            before = draw(st.none() | numbers)
            batch = draw(st.integers(1, len(batches)))
            moves.append(RecordedMove(host, service, before, draw(numbers), batch, instance, zone))
    finished = draw(st.none() | moments)
    ends = [Status.FINISHED, Status.FAILED, Status.ROLLED_BACK]
    return RolloutRecord(
        id="20261130T093000Z-3f",
        action="deploy",
        who=draw(names.map(shorten)),
        started=draw(moments),
        services=draw(st.dictionaries(names, services, max_size=4)),
        moves=tuple(moves),
        batches=batches,
        status=Status.RUNNING if finished is None else draw(st.sampled_from(ends)),
        finished=finished,
        reason="" if finished is None else draw(messages),
    )


@settings(deadline=None)
@given(records())
def test_a_record_is_read_as_it_was_written(record: RolloutRecord) -> None:
    assert read_back(record) == record


@settings(deadline=None)
@given(st.lists(raw_texts, max_size=20), st.lists(st.tuples(raw_texts, raw_texts), max_size=60), raw_texts)
def test_any_batch_fits_one_parameter_and_can_be_read(
    reasons: list[str], measured: list[tuple[str, str]], decision: str
) -> None:
    taken = [
        RecordedMeasurement(gate, [True, False, None][number % 3], detail, float(number))
        for number, (gate, detail) in enumerate(measured)
    ]
    batch = RecordedBatch(1, 1, 1.0, 2.0, None, decision, tuple(reasons), tuple(taken))
    record = replace(make_record(hosts=1), batches=(batch,))
    (found,) = read_back(record).batches
    assert len(found.measurements) + found.left_out == len(measured)
    # What is read and written again, when the batch goes on, loses nothing more.
    assert read_back(replace(record, batches=(found,))).batches == (found,)


@pytest.mark.parametrize("hosts", [0, 1, 14, 100])
@pytest.mark.parametrize("services", [1, 7])
def test_a_plan_of_many_hosts_fits(hosts: int, services: int) -> None:
    record = make_record(hosts=hosts, services=services)
    parts = encode_plan(record)
    assert all(len(part.encode()) <= LONGEST_TEXT for part in parts)
    assert read_back(record) == record
    assert len(parts) <= 1 + hosts * (120 + services * 25) // LONGEST_TEXT + 1


def test_a_small_plan_is_one_part() -> None:
    assert len(encode_plan(make_record(hosts=14))) == 1


def test_parts_are_filled_to_the_limit() -> None:
    """Each part but the last would be too long with one more move."""
    parts = encode_plan(make_record(hosts=100, services=7))
    assert all(len(part) > LONGEST_TEXT - 150 for part in parts[:-1])


def test_a_name_that_is_too_long_for_a_parameter_is_an_error() -> None:
    with pytest.raises(LedgerError, match=r"^hosts\.aaa.*… is too long for the ledger"):
        encode_plan(replace(make_record(), moves=(RecordedMove("a" * 5000, "api", 1, 2, 1),)))


# Texts are cut


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a" * LONGEST_MESSAGE, "a" * LONGEST_MESSAGE),
        ("a" * (LONGEST_MESSAGE + 1), "a" * (LONGEST_MESSAGE - 1) + "…"),
        ("one\n  two\tthree\r\n", "one two three"),
        ("\x00\x1b[31mred\x7f", "[31mred"),
        ("\ud800broken", "broken"),
    ],
)
def test_messages_are_one_line_of_limited_length(text: str, expected: str) -> None:
    assert shorten(text) == expected


@pytest.mark.parametrize("status", [Status.RUNNING, Status.ABANDONED])
def test_the_end_of_a_rollout_has_the_status_of_one(status: Status) -> None:
    with pytest.raises(LedgerError, match=f"a rollout does not end as {status}"):
        encode_end(status, 1.0)


def test_all_texts_of_a_record_are_cut() -> None:
    long = "x" * 1000
    record = replace(
        make_record(who=long, action=long),
        services={"api": RecordedService(long, long)},
        status=Status.FAILED,
        finished=1.0,
        reason=long,
    )
    found = read_back(record)
    assert {len(text) for text in (found.who, found.action, found.services["api"].version)} == {LONGEST_NAME}
    assert len(found.reason) == LONGEST_MESSAGE


def test_failures_and_the_newest_measurements_are_kept_when_not_all_fit() -> None:
    failed = RecordedMeasurement("http", False, "🚀" * 400, 0.0)
    unknown = RecordedMeasurement("metric", None, "🚀" * 400, 1.0)
    passed = [RecordedMeasurement("http", True, "🚀" * 400, float(moment)) for moment in range(2, 60)]
    batch = RecordedBatch(1, started=1.0, measurements=(failed, unknown, *passed))
    (found,) = read_back(replace(make_record(hosts=1), batches=(batch,))).batches
    kept = [one.at for one in found.measurements]
    assert kept[:2] == [0.0, 1.0]
    assert kept[2:] == [float(moment) for moment in range(60 - len(kept[2:]), 60)]
    assert len(kept) > 5
    assert found.left_out == 60 - len(kept)


def test_details_are_cut_before_measurements_are_left_out() -> None:
    taken = tuple(RecordedMeasurement("http", True, "x" * 300, float(moment)) for moment in range(20))
    batch = RecordedBatch(1, started=1.0, measurements=taken)
    (found,) = read_back(replace(make_record(hosts=1), batches=(batch,))).batches
    assert (found.left_out, {len(one.detail) for one in found.measurements}) == (0, {150})


def test_more_reasons_than_fit_are_counted() -> None:
    batch = RecordedBatch(1, started=1.0, reasons=tuple(f"reason {number}" for number in range(8)))
    (found,) = read_back(replace(make_record(hosts=1), batches=(batch,))).batches
    assert found.reasons == ("reason 0", "reason 1", "reason 2", "reason 3", "and 4 more")


# What a record answers


def test_begun_moves_are_those_of_batches_with_a_start_that_were_not_returned() -> None:
    record = make_record(hosts=4)
    assert record.list_begun_moves() == []
    first, second = record.batches
    begun = replace(record, batches=(replace(first, started=1.0, ended=2.0), second))
    assert [move.host for move in begun.list_begun_moves()] == ["app-1.shop.internal"]
    both = replace(record, batches=(replace(first, started=1.0), replace(second, started=2.0)))
    assert both.list_begun_moves() == list(record.moves)
    returned = replace(record, batches=(replace(first, started=1.0, returned=5.0), replace(second, started=2.0)))
    assert returned.list_begun_moves() == returned.list_moves(2) == list(record.moves[1:])


def test_previous_releases_are_those_of_each_host_and_service() -> None:
    record = make_record(hosts=2, services=2)
    assert record.get_previous_releases() == {
        "app-1.shop.internal": {"service-1": 7, "service-2": 7},
        "app-2.shop.internal": {"service-1": None, "service-2": None},
    }


@pytest.mark.parametrize("status", Status)
def test_only_running_and_abandoned_rollouts_are_unfinished(status: Status) -> None:
    expected = status in (Status.RUNNING, Status.ABANDONED)
    assert replace(make_record(), status=status).is_unfinished is expected


def test_ids_are_sorted_by_time() -> None:
    assert name_rollout(1_796_031_000, "3fa0c1") == "20261130T093000Z-3f"
    assert name_rollout(1_796_031_000, "ff") < name_rollout(1_796_031_001, "00")


# What this collection has not written


TEXTS = encode(
    replace(
        make_record(hosts=60, services=3),
        batches=(
            RecordedBatch(1, started=1.0, measurements=(RecordedMeasurement("http", True, "200", 1.0),)),
            RecordedBatch(2),
        ),
        status=Status.FINISHED,
        finished=9.0,
    )
)


def test_the_texts_to_break_are_of_several_parts() -> None:
    assert {"plan/1", "plan/2", "batch/1", "end"} <= TEXTS.keys()
    decode_record("x", TEXTS)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "null", "3", '"text"', "[" * 4096, '{"a":' * 800, "{}x", '{"started": NaN}', "{}"],
)
def test_a_text_that_was_edited_is_rejected(name: str, text: str) -> None:
    with pytest.raises(LedgerError):
        decode_record("x", {**TEXTS, name: text})


@pytest.mark.parametrize("missing", [name for name in TEXTS if name.startswith("plan/")])
def test_a_plan_without_one_of_its_parts_is_rejected(missing: str) -> None:
    with pytest.raises(LedgerError):
        decode_record("x", {name: text for name, text in TEXTS.items() if name != missing})


def change(name: str, **members: Any) -> dict[str, str]:
    return {**TEXTS, name: json.dumps({**json.loads(TEXTS[name]), **members})}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (change("plan/1", format=2), "format 2: it is of another version"),
        (change("plan/1", started=True), "True is no time"),
        (change("plan/1", started=-1), "-1 is no time"),
        (change("plan/1", started=1e300), "1e\\+300 is no time"),
        (change("plan/1", parts="2"), "'2' is no integer"),
        (change("plan/1", parts=10**9), "plan/\\d+ is missing"),
        (change("plan/1", who=None), "None is no text"),
        (change("plan/1", waves={"one": 1}), "'one' is no number"),
        (change("plan/1", waves={"1": 1}), "a move is in a batch that the plan does not have"),
        (change("plan/1", waves=[]), "AttributeError"),
        (change("plan/1", moves=3), "the plan has 180 moves, and it was written with another number"),
        (change("plan/2", format=1), "format is in two parts"),
        (change("batch/1", measurements=[["http", 1, "", 2]]), "1 is neither true, false nor null"),
        (change("batch/1", measurements=[["http"]]), "ValueError"),
        (change("batch/1", reasons="text"), "'text' is no list"),
        (change("batch/1", ended="now"), "'now' is no time"),
        (change("end", status="done"), "'done' is not a valid Status"),
        (change("end", status="running"), "a rollout does not end as running"),
        ({**TEXTS, "batch/9": TEXTS["batch/1"]}, "the plan has no batch 9"),
        ({**TEXTS, "batch/": TEXTS["batch/1"]}, "'' is no number"),
        ({**TEXTS, "notes": "{}"}, "notes is not part of a record"),
        ({**TEXTS, "": "{}"}, "is not part of a record"),
        ({}, "plan/1"),
    ],
)
def test_the_reason_for_a_rejection_is_named(texts: dict[str, str], message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        decode_record("x", texts)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_any_edit_gives_a_record_or_a_ledger_error(name: str, data: st.DataObject) -> None:
    document = json.loads(TEXTS[name])
    key = data.draw(st.sampled_from(sorted(document)))
    document[key] = data.draw(json_values)
    try:
        found = decode_record("x", {**TEXTS, name: json.dumps(document)})
    except LedgerError:
        return
    # What was accepted can be shown and written.
    encode(found)
    found.get_previous_releases()
