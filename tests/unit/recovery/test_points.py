# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person asks for, what there is of it, what a backup takes away, and how old the newest point is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import (
    BESIDE,
    REPLACED,
    RESOURCE,
    RESTORE_ASKED,
    RESTORED_FROM,
    STACK,
)
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.backups import plan, surplus
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.look import Holdings, complaint, holdings
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.points import (
    Wish,
    begun,
    choose,
    is_done,
    misfit,
)
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.words import (
    Instance,
    Snapshot,
    Target,
    moment,
    seconds,
    spoken,
)

NOW = datetime(2026, 3, 8, tzinfo=timezone.utc)
DAY = timedelta(days=1)
TARGET = Target("shop", "main", "shop-main", 86400, 3600)
OURS = {STACK: "shop", RESOURCE: "db_instance/main"}


def live(days: int = 5, latest: datetime | None = NOW, **tags: str) -> Instance:
    return Instance("shop-main", "now", "available", "arn", NOW - days * DAY, latest, {**OURS, **tags})


def beside(name: str, days: int = 0, **tags: str) -> Instance:
    mine = {BESIDE: "shop/main", **tags}
    return Instance(name, name, "available", "arn", NOW - days * DAY, NOW - 2 * DAY, mine)


def taken(name: str, days: float, status: str = "available", ours: bool = True, **raw: Any) -> Snapshot:
    return Snapshot(name, status, NOW - days * DAY, 20, OURS, ours, raw)


def held(*instances: Instance, snapshots: tuple[Snapshot, ...] = ()) -> Holdings:
    return holdings(TARGET, instances, snapshots)


def test_the_newest_snapshot_that_can_be_used() -> None:
    found = held(live(), snapshots=(taken("b", 2), taken("a", 3), taken("c", 1, "creating")))
    assert choose(found, Wish(snapshot="newest")).snapshot == "b"
    assert choose(found, Wish(snapshot="a")).to == NOW - 3 * DAY
    for name in ("c", "d"):
        with pytest.raises(StackError, match=f"snapshot {name} is .*the snapshots b, a, and the times shop-main from"):
            choose(found, Wish(snapshot=name))


def test_a_point_in_time_is_looked_for_where_the_database_was_then() -> None:
    old = beside("shop-main-before", days=7, **{REPLACED: "x"})
    found = held(live(days=1), old)
    assert choose(found, Wish(time="latest")).is_latest
    here = choose(found, Wish(time="2026-03-07T12:00:00Z"))
    assert (here.origin and here.origin.id, here.source) == ("shop-main", "time:2026-03-07T12:00:00Z")
    before = choose(found, Wish(time="2026-03-05T12:00:00+00:00"))
    assert before.origin == old
    for missing in ("2026-03-06T12:00:00Z", "2026-03-09T00:00:00Z"):
        with pytest.raises(StackError, match="there is nothing of"):
            choose(found, Wish(time=missing))
    with pytest.raises(StackError, match="yesterday is no point in time"):
        choose(found, Wish(time="yesterday"))


def test_without_backups_there_is_no_latest_point() -> None:
    with pytest.raises(StackError, match="it keeps no backups of its own"):
        choose(held(live(latest=None)), Wish(time="latest"))


NEWEST: Mapping[str, str] = {RESTORE_ASKED: "snapshot:newest"}


def test_what_was_begun_is_gone_on_with() -> None:
    coming = beside("coming", **NEWEST)
    had_its_time = beside("before", **NEWEST, **{REPLACED: "x"})
    assert begun(held(live(), coming, had_its_time), Wish(snapshot="newest")) == coming
    assert begun(held(live(), had_its_time), Wish(snapshot="newest")) is None
    with pytest.raises(StackError, match=r"coming is being restored \(snapshot:newest\)"):
        begun(held(live(), coming), Wish(time="latest"))
    assert begun(held(live(), coming, had_its_time), Wish(instance="before")) == had_its_time
    assert begun(held(live()), Wish(instance="before")) is None


def test_what_was_done_is_done_unless_asked_for_again() -> None:
    found = held(live(**{RESTORED_FROM: "snapshot:a"}), snapshots=(taken("a", 3),))
    for wish in (Wish(snapshot="a"), Wish(snapshot="newest")):
        assert is_done(found, wish, choose(found, wish))
    again = Wish(snapshot="a", again=True)
    assert not is_done(found, again, choose(found, again))
    latest = Wish(time="latest")
    assert not is_done(found, latest, choose(found, latest))


def test_a_snapshot_of_something_else_is_refused() -> None:
    wanted = {"engine": "mysql", "username": "admin", "storage.encrypted": True}
    fits = {"Engine": "mysql", "MasterUsername": "admin", "Encrypted": True}
    assert misfit(taken("a", 1, **fits), wanted) is None
    other = misfit(taken("a", 1, **{**fits, "Engine": "postgres", "Encrypted": False}), wanted)
    assert other == (
        "snapshot a: engine is postgres, and mysql in the document; "
        "storage.encrypted is False, and True in the document"
    )


def test_only_what_a_backup_took_goes_and_only_when_there_is_enough() -> None:
    found = [taken("d", 1), taken("by-hand", 2, ours=False), taken("c", 3), taken("b", 4), taken("a", 9, "failed")]
    assert [one.id for one in surplus(found, 3)] == ["b", "a"]
    assert [one.id for one in surplus(found, 7)] == ["a"]
    assert [one.id for one in surplus(found, 1)] == ["d", "c", "b", "a"]


def test_a_snapshot_that_a_dead_run_has_asked_for_is_waited_for() -> None:
    backup = plan(held(live(), snapshots=(taken("coming", 0, "creating"),)), 7, NOW)
    assert (backup.name, backup.is_under_way) == ("coming", True)
    backup = plan(held(live()), 7, NOW)
    assert (backup.name, backup.is_under_way) == ("shop-main-20260308-000000", False)
    with pytest.raises(StackError, match=r"does not exist\. Run the playbook provision\.yml"):
        plan(held(), 7, NOW)


def test_more_than_may_be_lost_is_complained_of() -> None:
    assert complaint(held(live()), NOW) is None
    assert complaint(held(live(latest=None), snapshots=(taken("a", 0.9),)), NOW) is None
    text = complaint(held(live(latest=None), snapshots=(taken("a", 2),)), NOW)
    assert text == (
        "db_instance/main: the newest point that can be restored is 2026-03-06T00:00:00Z, 48 h 0 min ago; "
        "its objective (rpo) is 24 h 0 min"
    )
    assert "nothing can be restored" in str(complaint(held(live(latest=None)), NOW))


def test_lengths_and_moments() -> None:
    assert [seconds(text) for text in ("90m", "24h", "7d")] == [5400, 86400, 604800]
    with pytest.raises(StackError, match="soon is not a length of time"):
        seconds("soon")
    assert [spoken(value) for value in (-1, 119, 120, 7200)] == ["0 s", "119 s", "2 min 0 s", "2 h 0 min"]
    assert moment("2026-03-01 04:05:06") == moment("2026-03-01T05:05:06+01:00")
