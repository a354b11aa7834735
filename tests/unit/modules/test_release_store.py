# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `release` in a directory of its own, call by call."""

from __future__ import annotations

import io
import json
import os
import pwd
import shutil
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._release.keeper import Keeper, KeeperProblem
from ansible_collections.groundwork.aws.plugins.module_utils._release.store import Release, Store, disposable, previous

real_gmtime = time.gmtime
ME = pwd.getpwuid(os.geteuid()).pw_name
DEFAULTS = {
    "archive": None,
    "digest": None,
    "inputs": {},
    "version": None,
    "environment": None,
    "secrets": None,
    "environment_file": None,
    "restore": False,
    "number": None,
    "step": None,
    "reason": "",
    "keep": 5,
    "owner": ME,
}


class Host:
    """A service on a host, and the calls that a deploy makes."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "srv"
        self.file = folder / "api.env"
        self.folder = folder
        self.root.mkdir()

    def call(self, state: str, pretend: bool = False, **options: Any) -> dict[str, Any]:
        return Keeper({**DEFAULTS, "root": str(self.root), "state": state, **options}, pretend).run()

    def archive(self, content: str) -> str:
        path = self.folder / "source.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            info = tarfile.TarInfo("version.txt")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content.encode()))
        return str(path)

    def stage(self, content: str, environment: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        given = {"archive": self.archive(content), "digest": content, "version": f"v-{content}"}
        return self.call("staged", environment=environment or {}, **{**given, **options})

    def serve(self, number: int, **options: Any) -> dict[str, Any]:
        return self.call("current", number=number, environment_file=str(self.file), **options)

    def deploy(self, content: str, environment: dict[str, Any] | None = None) -> int:
        number = int(self.stage(content, environment)["number"])
        self.serve(number)
        self.call("confirmed", number=number)
        return number

    def served(self) -> str:
        return (self.root / "current" / "version.txt").read_text()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_first_release(host: Host) -> None:
    assert host.deploy("one", {"PORT": 5000}) == 1
    assert host.served() == "one"
    assert host.file.read_text() == "PORT=5000\nRELEASE=v-one\n"
    assert host.file.stat().st_mode & 0o777 == 0o600


def test_the_directories_are_laid_out_and_kept_so(host: Host) -> None:
    places = {"": 0o755, "releases": 0o755, "shared": 0o750}
    for wrong in (None, 0o777):
        if wrong:
            for name in places:
                (host.root / name).chmod(wrong)
        assert host.stage("one")["changed"]
        assert {name: (host.root / name).stat().st_mode & 0o7777 for name in places} == places
    assert not host.stage("one")["changed"]


def test_the_same_source_again_changes_nothing(host: Host) -> None:
    host.deploy("one", {"PORT": 5000})
    staged = host.stage("one", {"PORT": 5000})
    assert (staged["changed"], staged["number"], staged["settled"]) == (False, 1, True)
    assert not host.serve(1)["changed"]
    assert not host.call("confirmed", number=1)["changed"]


def test_other_inputs_make_another_release(host: Host) -> None:
    host.deploy("one")
    assert host.stage("one", inputs={"build": "make"})["number"] == 2


def test_another_environment_is_the_same_release_that_is_not_settled(host: Host) -> None:
    host.deploy("one", {"LEVEL": "info"})
    staged = host.stage("one", {"LEVEL": "debug"})
    assert (staged["changed"], staged["number"], staged["settled"]) == (True, 1, False)
    assert "debug" not in str(staged["diff"])


def test_secrets_go_into_the_file_and_nowhere_else(host: Host) -> None:
    staged = host.stage("one", {"A": "1"}, secrets={"PASSWORD": "hunter2"})
    assert "hunter2" not in str(staged)
    host.serve(1)
    assert "PASSWORD=hunter2\n" in host.file.read_text()


def test_a_release_has_its_commit_and_the_time_of_its_last_switch(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((1_772_337_906, 1_772_337_907, 1_772_337_908))
    monkeypatch.setattr(time, "gmtime", lambda: real_gmtime(next(clock)))
    staged = host.stage("one", commit="3f2a9c01b7de")
    assert (staged["commit"], staged["activated_at"], staged["confirmed"]) == ("3f2a9c01b7de", "", False)
    host.serve(1)
    host.call("confirmed", number=1)
    host.serve(1)  # again, which is no switch
    first = host.call("listed")
    assert (first["commit"], first["activated_at"]) == ("3f2a9c01b7de", "2026-03-01T04:05:06Z")
    assert first["confirmed"]
    host.deploy("two")
    assert host.call("listed")["commit"] == ""
    host.serve(1)
    assert host.call("listed")["activated_at"] == "2026-03-01T04:05:08Z"


def test_the_same_content_of_another_commit_is_the_same_release(host: Host) -> None:
    host.stage("one", commit="aaa-dirty")
    again = host.stage("one", commit="bbb", version="v1.4")
    assert (again["changed"], again["number"], again["commit"], again["version"]) == (True, 1, "bbb", "v-one")
    assert not host.stage("one", commit="bbb")["changed"]
    assert host.stage("one")["commit"] == "bbb"


def test_notes_of_other_versions_of_the_collection_are_read(host: Host) -> None:
    host.deploy("one")
    note = host.root / ".groundwork" / "1" / "release.json"
    older = {key: value for key, value in json.loads(note.read_text()).items() if key not in ("commit", "activated_at")}
    for content in (older, {**older, "of_a_later_version": True}):
        note.write_text(json.dumps(content))
        found = host.call("listed")
        assert (found["number"], found["commit"], found["activated_at"], found["confirmed"]) == (1, "", "", True)


def test_a_secret_that_was_rotated_reaches_the_service(host: Host) -> None:
    host.stage("one", secrets={"DATABASE_URL": "mysql://api:old@db/app"})
    host.serve(1)
    host.call("confirmed", number=1)
    asked = {"digest": "one", "environment_file": str(host.file)}
    assert host.call("listed", **asked)["settled"]
    staged = host.stage("one", secrets={"DATABASE_URL": "mysql://api:new@db/app"})
    assert (staged["changed"], staged["number"]) == (True, 1)
    assert not host.call("listed", **asked)["settled"]
    host.serve(1)
    assert "DATABASE_URL=mysql://api:new@db/app\n" in host.file.read_text()


def test_a_file_that_somebody_edited_is_not_settled(host: Host) -> None:
    host.deploy("one")
    host.file.write_text("EDITED=1\n")
    assert not host.call("listed", digest="one", environment_file=str(host.file))["settled"]


def test_going_back_restores_release_and_environment(host: Host) -> None:
    host.deploy("one", {"LEVEL": "info"})
    host.stage("two", {"LEVEL": "wrong"})
    host.serve(2)
    host.call("failed", number=2, reason="no answer")
    listed = host.call("listed")
    assert (listed["current"], listed["fallback"]) == (2, 1)
    host.serve(1, restore=True)
    assert host.served() == "one"
    assert host.file.read_text() == "LEVEL=info\nRELEASE=v-one\n"


def test_a_wrong_environment_of_the_same_release_is_taken_back(host: Host) -> None:
    host.deploy("one", {"LEVEL": "info"})
    host.stage("one", {"LEVEL": "wrong"})
    host.serve(1)
    assert "wrong" in host.file.read_text()
    host.serve(1, restore=True)
    assert "LEVEL=info\n" in host.file.read_text()


def test_previous_follows_time_and_not_numbers(host: Host) -> None:
    host.deploy("one")
    host.deploy("two")
    host.serve(1)
    host.call("confirmed", number=1)
    assert host.call("listed")["previous"] == 2
    host.call("failed", number=2, reason="rolled back")
    assert host.call("listed")["previous"] is None


def test_a_switch_that_was_not_confirmed_falls_back_to_what_served_before(host: Host) -> None:
    host.deploy("one")
    host.stage("two")
    host.serve(2)
    listed = host.call("listed")
    assert (listed["current"], listed["fallback"], listed["settled"]) == (2, 1, False)


def test_a_step_is_done_once(host: Host) -> None:
    host.stage("one")
    assert host.call("recorded", number=1, step="build")["changed"]
    assert not host.call("recorded", number=1, step="build")["changed"]
    assert host.call("listed", digest="one")["steps"] == ["build"]


def test_what_a_killed_run_left_is_swept_and_its_number_used_again(host: Host) -> None:
    host.deploy("one")
    (host.root / "releases" / "2" / "half").mkdir(parents=True)
    (host.root / "releases" / ".incoming-2").mkdir()
    staged = host.stage("two")
    assert staged["number"] == 2
    assert staged["removed"] == [".incoming-2", "2"]
    assert not (host.root / "releases" / "2" / "half").exists()


def test_five_stay_and_the_one_that_serves_is_among_them(host: Host) -> None:
    for name in ("one", "two", "three", "four", "five", "six", "seven"):
        host.deploy(name)
    host.serve(1)
    host.call("confirmed", number=1)
    assert host.call("pruned")["removed"] == ["3", "2"]
    assert [release["number"] for release in host.call("listed")["releases"]] == [1, 4, 5, 6, 7]
    assert sorted(path.name for path in (host.root / "releases").iterdir()) == ["1", "4", "5", "6", "7"]


def test_pruning_to_one_keeps_the_one_to_go_back_to() -> None:
    releases = [Release(n, "", "", "", activation=n, confirmed=True) for n in (1, 2, 3)]
    assert [release.number for release in disposable(releases, 1, current=3)] == [1]


def test_previous_is_a_healthy_one() -> None:
    releases = [Release(1, "", "", "", activation=1, confirmed=True), Release(2, "", "", "", activation=2)]
    back = previous([*releases, Release(3, "", "", "", activation=3)], 3)
    assert back is not None
    assert back.number == 1


def test_the_current_release_cannot_be_removed(host: Host) -> None:
    host.deploy("one")
    with pytest.raises(KeeperProblem, match="switch to another first"):
        host.call("absent", number=1)


def test_absent(host: Host) -> None:
    host.deploy("one")
    host.deploy("two")
    assert host.call("absent", number=1)["changed"]
    assert not host.call("absent", number=1)["changed"]


def test_a_number_that_does_not_exist_is_named_with_those_that_do(host: Host) -> None:
    host.deploy("one")
    with pytest.raises(KeeperProblem, match=r"no release 7 \(there are: 1\)"):
        host.serve(7)


def test_check_mode_tells_and_writes_nothing(host: Host) -> None:
    staged = host.call("staged", pretend=True, digest="one", version="v1", environment={"A": "1"}, archive=None)
    assert (staged["changed"], staged["number"]) == (True, 1)
    assert list(host.root.iterdir()) == []
    host.deploy("one")
    assert host.call("current", pretend=True, number=9, environment_file=str(host.file))["changed"]
    assert Store(host.root).current() == 1


def test_an_unknown_owner_is_named(host: Host) -> None:
    with pytest.raises(KeeperProblem, match="no user nobody-of-that-name"):
        host.stage("one", owner="nobody-of-that-name")


def test_fallbacks_are_all_healthy_releases_and_the_last_that_served_comes_first(host: Host) -> None:
    for content in ("one", "two", "three"):
        host.deploy(content)
    assert host.call("listed")["fallbacks"] == [3, 2, 1]
    # By time, not by number.
    host.serve(1)
    host.call("confirmed", number=1)
    assert host.call("listed")["fallbacks"] == [1, 3, 2]
    # One that is being switched to is none, nor is one that failed, nor one that is gone.
    host.stage("four")
    host.serve(4)
    host.call("failed", number=3, reason="damaged")
    shutil.rmtree(host.root / "releases" / "2")
    listed = host.call("listed")
    assert (listed["fallbacks"], listed["fallback"]) == ([1], 1)


def test_a_first_release_has_nothing_to_go_back_to(host: Host) -> None:
    host.stage("one")
    host.serve(1)
    listed = host.call("listed")
    assert (listed["fallbacks"], listed["fallback"]) == ([], None)


def test_what_is_withdrawn_is_started_no_more(host: Host) -> None:
    host.stage("one")
    host.serve(1)
    host.call("failed", number=1, reason="no answer")
    assert host.call("withdrawn", pretend=True)["changed"]
    assert host.call("listed")["current"] == 1
    gone = host.call("withdrawn")
    assert (gone["changed"], gone["current"], gone["diff"]["before"]) == (True, None, "current -> 1\n")
    assert not os.path.lexists(host.root / "current")
    assert not host.call("withdrawn")["changed"]
    host.deploy("two")
    assert host.served() == "two"
