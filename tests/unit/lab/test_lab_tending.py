# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Appliances reach their desired state from any state and despite failures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from lab import names
from lab.machines import Appliance, Power
from lab.shell import LabError
from lab.tending import Tender


class Ground:
    """Appliances that are only written down."""

    mark = "t-1"

    def __init__(self, **found: Power) -> None:
        self.found = dict(found)

    def observe(self) -> Mapping[str, Power]:
        return dict(self.found)

    def ensure(self, appliance: Appliance, found: Power) -> int:
        assert found is self.found.get(appliance.id, Power.ABSENT)
        self.found[appliance.id] = Power.RUNNING
        return 7

    def remove(self, appliance_id: str) -> None:
        del self.found[appliance_id]

    def execute(self, appliance_id: str, *command: str, stdin: str | None = None) -> str:
        raise AssertionError(f"nothing is to be run in {appliance_id}")


class Service:
    """A service with some appliances; the one called bad cannot be tended."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.tended: list[tuple[str, int]] = []

    def desired(self) -> Iterable[Appliance]:
        for one in self.ids:
            yield Appliance(one, ("true",), "vpc-1", ("10.0.0.0/16",), "02:00:00:00:00:01", ("10.0.1.4",))

    def tend(self, appliance: Appliance, pid: int) -> None:
        self.tended.append((appliance.id, pid))
        if appliance.id == "bad":
            raise LabError("it is bad")


def look(ground: Ground, *kinds: Service, times: int = 1) -> None:
    tender = Tender(threading.RLock(), ground, kinds)
    for _ in range(times):
        tender.look()
        # What was begun is done.
        tender._pool.submit(lambda: None).result()
        while tender._busy:
            pass
    tender.stop()


@pytest.fixture(autouse=True)
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    monkeypatch.setattr(names, "MACHINE", path)
    return path


def test_desired_servers_run_and_others_are_removed() -> None:
    ground = Ground(old=Power.RUNNING, crashed=Power.CRASHED)
    kinds = (Service("new", "crashed"), Service("other"))
    look(ground, *kinds)
    assert ground.found == dict.fromkeys(("new", "crashed", "other"), Power.RUNNING)
    assert sorted(kinds[0].tended) == [("crashed", 7), ("new", 7)]
    assert kinds[1].tended == [("other", 7)]


def test_a_failure_is_retried_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    kind = Service("bad", "good")
    with caplog.at_level(logging.ERROR):
        look(Ground(), kind, times=3)
    assert kind.tended.count(("bad", 7)) == kind.tended.count(("good", 7)) == 3
    assert [one.getMessage() for one in caplog.records] == ["cannot look after bad: it is bad"]


def test_names_that_cannot_be_written_stop_nothing(hosts: Path, caplog: pytest.LogCaptureFixture) -> None:
    hosts.unlink()
    ground = Ground(old=Power.RUNNING)
    look(ground, Service("new"))
    assert ground.found == {"new": Power.RUNNING}
    assert "No such file" in caplog.text
