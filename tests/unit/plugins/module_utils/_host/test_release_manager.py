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
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.module_utils._host.release_manager import ReleaseError, ReleaseManager
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_store import (
    FIELD_KINDS,
    Release,
    ReleaseStore,
    StoreLockedError,
    find_previous,
    select_disposable,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.tree_digest import compute_digest, describe_file

ME = pwd.getpwuid(os.geteuid()).pw_name
DEFAULTS = {
    "archive": None,
    "artifact": None,
    "inputs": {},
    "requires": [],
    "environment": None,
    "secrets": None,
    "environment_file": None,
    "restore": False,
    "number": None,
    "step": None,
    "reason": "",
    "keep": 5,
    "owner": ME,
    "public": [],
}


def tree(content: str, commit: str = "") -> dict[str, str]:
    """An artifact as `release_archive` returns it."""
    digest = compute_digest([describe_file("version.txt", content.encode(), executable=False)])
    return {"kind": "tree", "digest": digest, "version": f"v-{content}", "commit": commit}


class Host:
    """A service on a host, and the calls that a deploy makes."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "srv"
        self.file = folder / "api.env"
        self.folder = folder
        self.clock = FakeClock(1_772_337_906)
        self.root.mkdir()

    def call(self, state: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        return ReleaseManager(
            {**DEFAULTS, "root": str(self.root), "state": state, **options}, check_mode, self.clock
        ).run()

    def archive(self, content: str) -> str:
        path = self.folder / "source.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            info = tarfile.TarInfo("version.txt")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content.encode()))
        return str(path)

    def stage(self, content: str, environment: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        artifact = tree(content, options.pop("commit", ""))
        given = {"archive": self.archive(content), "artifact": artifact, "environment": environment or {}}
        return self.call("staged", **{**given, **options})

    def serve(self, number: int, **options: Any) -> dict[str, Any]:
        return self.call("current", number=number, environment_file=str(self.file), **options)

    def deploy(self, content: str, environment: dict[str, Any] | None = None) -> int:
        number = int(self.stage(content, environment)["number"])
        self.serve(number)
        self.call("confirmed", number=number)
        return number

    def served(self) -> str:
        return (self.root / "current" / "version.txt").read_text()


@pytest.fixture(autouse=True)
def without_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing everything to the disk of a busy machine takes seconds."""
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_first_release_is_deployed(host: Host) -> None:
    assert host.deploy("one", {"PORT": 5000}) == 1
    assert host.served() == "one"
    assert host.file.read_text() == "PORT=5000\nRELEASE=v-one\n"
    assert host.file.stat().st_mode & 0o777 == 0o600


def test_directories_are_created_and_corrected(host: Host) -> None:
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


def test_another_environment_leaves_the_release_unsettled(host: Host) -> None:
    host.deploy("one", {"LEVEL": "info"})
    staged = host.stage("one", {"LEVEL": "debug"})
    assert (staged["changed"], staged["number"], staged["settled"]) == (True, 1, False)
    assert "debug" not in str(staged["diff"])


def test_secrets_are_written_only_to_the_environment_file(host: Host) -> None:
    staged = host.stage("one", {"A": "1"}, secrets={"PASSWORD": "hunter2"})
    assert "hunter2" not in str(staged)
    host.serve(1)
    assert "PASSWORD=hunter2\n" in host.file.read_text()


def test_a_release_has_its_commit_and_the_time_of_its_last_switch(host: Host) -> None:
    staged = host.stage("one", commit="3f2a9c01b7de")
    assert (staged["commit"], staged["activated_at"], staged["confirmed"]) == ("3f2a9c01b7de", "", False)
    host.serve(1)
    host.call("confirmed", number=1)
    host.clock.advance(1)
    host.serve(1)  # again, which is no switch
    first = host.call("listed")
    assert (first["commit"], first["activated_at"]) == ("3f2a9c01b7de", "2026-03-01T04:05:06Z")
    assert first["confirmed"]
    host.deploy("two")
    assert host.call("listed")["commit"] == ""
    host.clock.advance(1)
    host.serve(1)
    assert host.call("listed")["activated_at"] == "2026-03-01T04:05:08Z"


def test_the_same_content_of_another_commit_is_the_same_release(host: Host) -> None:
    host.stage("one", commit="aaa-dirty")
    again = host.stage("one", commit="bbb", version="v1.4")
    assert (again["changed"], again["number"], again["commit"], again["version"]) == (True, 1, "bbb", "v-one")
    assert not host.stage("one", commit="bbb")["changed"]
    assert host.stage("one")["commit"] == "bbb"


def test_records_of_other_versions_of_the_collection_are_read(host: Host) -> None:
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
    asked = {"artifact": tree("one"), "environment_file": str(host.file)}
    assert host.call("listed", **asked)["settled"]
    staged = host.stage("one", secrets={"DATABASE_URL": "mysql://api:new@db/app"})
    assert (staged["changed"], staged["number"]) == (True, 1)
    assert not host.call("listed", **asked)["settled"]
    host.serve(1)
    assert "DATABASE_URL=mysql://api:new@db/app\n" in host.file.read_text()


def test_an_edited_environment_file_is_not_settled(host: Host) -> None:
    host.deploy("one")
    host.file.write_text("EDITED=1\n")
    assert not host.call("listed", artifact=tree("one"), environment_file=str(host.file))["settled"]


def test_a_rollback_restores_release_and_environment(host: Host) -> None:
    host.deploy("one", {"LEVEL": "info"})
    host.stage("two", {"LEVEL": "wrong"})
    host.serve(2)
    host.call("failed", number=2, reason="no answer")
    listed = host.call("listed")
    assert (listed["current"], listed["fallback"]) == (2, 1)
    host.serve(1, restore=True)
    assert host.served() == "one"
    assert host.file.read_text() == "LEVEL=info\nRELEASE=v-one\n"


def test_a_rollback_to_the_same_release_restores_its_environment(host: Host) -> None:
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
    assert host.call("listed", artifact=tree("one"))["steps"] == ["build"]


def test_incomplete_releases_are_removed_and_their_number_is_used_again(host: Host) -> None:
    host.deploy("one")
    (host.root / "releases" / "2" / "half").mkdir(parents=True)
    (host.root / "releases" / ".incoming-2").mkdir()
    staged = host.stage("two")
    assert staged["number"] == 2
    assert staged["removed"] == [".incoming-2", "2"]
    assert not (host.root / "releases" / "2" / "half").exists()


def test_the_last_five_and_the_current_release_are_kept(host: Host) -> None:
    for name in ("one", "two", "three", "four", "five", "six", "seven"):
        host.deploy(name)
    host.serve(1)
    host.call("confirmed", number=1)
    assert host.call("pruned")["removed"] == ["3", "2"]
    assert [release["number"] for release in host.call("listed")["releases"]] == [1, 4, 5, 6, 7]
    assert sorted(path.name for path in (host.root / "releases").iterdir()) == ["1", "4", "5", "6", "7"]


def test_pruning_to_one_keeps_the_previous_release() -> None:
    releases = [Release(n, "", "", "", activation=n, confirmed=True) for n in (1, 2, 3)]
    assert [release.number for release in select_disposable(releases, 1, current=3)] == [1]


def test_the_previous_release_is_a_confirmed_one() -> None:
    releases = [Release(1, "", "", "", activation=1, confirmed=True), Release(2, "", "", "", activation=2)]
    back = find_previous([*releases, Release(3, "", "", "", activation=3)], 3)
    assert back is not None
    assert back.number == 1


def test_the_current_release_cannot_be_removed(host: Host) -> None:
    host.deploy("one")
    with pytest.raises(ReleaseError, match="switch to another first"):
        host.call("absent", number=1)


def test_an_absent_release_is_removed_once(host: Host) -> None:
    host.deploy("one")
    host.deploy("two")
    assert host.call("absent", number=1)["changed"]
    assert not host.call("absent", number=1)["changed"]


def test_the_error_of_an_unknown_number_lists_the_existing_ones(host: Host) -> None:
    host.deploy("one")
    with pytest.raises(ReleaseError, match=r"no release 7 \(there are: 1\)"):
        host.serve(7)


def test_check_mode_writes_nothing(host: Host) -> None:
    staged = host.call("staged", check_mode=True, artifact=tree("one"), environment={"A": "1"}, archive=None)
    assert (staged["changed"], staged["number"]) == (True, 1)
    assert list(host.root.iterdir()) == []
    host.deploy("one")
    assert host.call("current", check_mode=True, number=9, environment_file=str(host.file))["changed"]
    assert ReleaseStore(host.root).read_current() == 1


def test_an_unknown_owner_is_named(host: Host) -> None:
    with pytest.raises(ReleaseError, match="no user no-such-user"):
        host.stage("one", owner="no-such-user")


def test_fallbacks_are_the_confirmed_releases_with_the_last_activated_first(host: Host) -> None:
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


def test_a_first_release_has_no_fallback(host: Host) -> None:
    host.stage("one")
    host.serve(1)
    listed = host.call("listed")
    assert (listed["fallbacks"], listed["fallback"]) == ([], None)


def test_a_withdrawn_release_is_no_longer_current(host: Host) -> None:
    host.stage("one")
    host.serve(1)
    host.call("failed", number=1, reason="no answer")
    assert host.call("withdrawn", check_mode=True)["changed"]
    assert host.call("listed")["current"] == 1
    gone = host.call("withdrawn")
    assert (gone["changed"], gone["current"], gone["diff"]["before"]) == (True, None, "current -> 1\n")
    assert not os.path.lexists(host.root / "current")
    assert not host.call("withdrawn")["changed"]
    host.deploy("two")
    assert host.served() == "two"


def test_a_lock_that_another_process_holds_is_waited_for_and_then_an_error(host: Host) -> None:
    host.deploy("one")
    with ReleaseStore(host.root).locked(), pytest.raises(StoreLockedError, match="for 300 s"):
        host.call("pruned")
    assert host.clock.now() == pytest.approx(300)
    assert not host.call("pruned")["changed"]


BUILT = {"requires": ["build"]}


def numbers(host: Host) -> list[int]:
    return sorted(int(path.name) for path in (host.root / "releases").iterdir())


class TestFailedBuilds:
    def test_the_next_attempt_with_the_same_source_has_files_of_its_own(self, host: Host) -> None:
        first = host.stage("one", **BUILT)
        (host.root / "releases/1/half").write_text("written by a build that failed")
        missing = host.call("listed", artifact=tree("one"), **BUILT)
        assert (missing["number"], missing["settled"], missing["steps"]) == (None, False, [])
        identity = host.call("listed", artifact=tree("one"))["releases"][0]["identity"]
        assert (missing["version"], missing["identity"]) == (first["version"], identity)
        second = host.stage("one", **BUILT)
        assert (first["number"], second["number"], second["changed"]) == (1, 2, True)
        assert not (host.root / "releases/2/half").exists()
        # The role reads the staged release once more before it is built.
        assert host.call("listed", artifact=tree("one"))["number"] == 2
        host.call("recorded", number=2, step="build")
        assert host.call("listed", artifact=tree("one"), **BUILT)["number"] == 2
        assert not host.stage("one", **BUILT)["changed"]

    def test_only_the_last_one_stays_until_a_release_serves(self, host: Host) -> None:
        host.deploy("good")
        for content in ("a", "a", "b", "c", "c"):
            host.stage(content, **BUILT)
        assert numbers(host) == [1, 5, 6]
        assert host.stage("d", **BUILT)["removed"] == ["5"]
        host.call("recorded", number=7, step="build")
        host.serve(7)
        host.call("confirmed", number=7)
        assert host.call("pruned")["removed"] == ["6"]
        assert numbers(host) == [1, 7]

    def test_a_first_release_that_never_builds_does_not_fill_the_disk(self, host: Host) -> None:
        for number in range(1, 6):
            host.stage(str(number), **BUILT)
        assert numbers(host) == [4, 5]

    def test_failed_releases_do_not_push_out_those_that_a_rollback_uses(self, host: Host) -> None:
        for content in ("one", "two"):
            host.deploy(content)
        for content in "abcdef":
            number = host.stage(content, **BUILT)["number"]
            host.serve(number)
            host.call("failed", number=number, reason="no answer")
            host.serve(2, restore=True)
            host.call("confirmed", number=2)
        host.call("pruned", keep=2)
        assert host.call("listed")["fallbacks"] == [2, 1]
        assert numbers(host) == [1, 2, 8]

    def test_check_mode_removes_nothing(self, host: Host) -> None:
        for content in "abc":
            host.stage(content, **BUILT)
        before = numbers(host)
        host.call("staged", check_mode=True, artifact=tree("d"), environment={}, archive=None, **BUILT)
        host.call("pruned", check_mode=True)
        assert numbers(host) == before

    def test_the_variables_of_a_build_have_no_secrets(self, host: Host) -> None:
        host.stage("one", {"LEVEL": "info"}, secrets={"PASSWORD": "hunter2", "LEVEL": "secret"})
        record = host.root / ".groundwork/1"
        assert (record / "environment.build").read_text() == "LEVEL=info\nRELEASE=v-one\n"
        assert (record / "environment.build").stat().st_mode & 0o777 == 0o600
        assert "hunter2" in (record / "environment").read_text()
        host.call("recorded", number=1, step="build")
        host.stage("one", {"LEVEL": "debug"})
        assert "info" in (record / "environment.build").read_text()


class TestUnreadableRecords:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff\xfe",
            b"[" * 100000,
            b'{"number": 1}',
            b'{"number": "1", "identity": "", "digest": "", "version": ""}',
            b'{"number": 9, "identity": "", "digest": "", "version": ""}',
            b'{"number": true, "identity": "", "digest": "", "version": ""}',
            b'{"number": 1, "identity": "", "digest": "", "version": "", "steps": null}',
            b'{"number": 1, "identity": "", "digest": "", "version": "", "steps": [1]}',
            b'{"number": 1, "identity": "", "digest": "", "version": "", "activation": "2"}',
            b'{"number": 1, "identity": "", "digest": "", "version": "", "confirmed": 1}',
        ],
        ids=range(14),
    )
    def test_a_record_counts_as_absent_and_is_reported(self, host: Host, content: bytes) -> None:
        host.deploy("one")
        record = host.root / ".groundwork/1/release.json"
        record.write_bytes(content)
        listed = host.call("listed")
        assert (listed["releases"], listed["number"], listed["current"]) == ([], None, 1)
        assert len(listed["unreadable"]) == 1
        assert listed["unreadable"][0].startswith(f"{record} cannot be read (")

    def test_the_release_that_serves_stays_and_the_next_one_gets_another_number(self, host: Host) -> None:
        host.deploy("one")
        (host.root / ".groundwork/1/release.json").write_text("")
        staged = host.stage("one")
        assert (staged["number"], staged["removed"]) == (2, [])
        assert host.served() == "one"
        host.serve(2)
        host.call("confirmed", number=2)
        assert host.stage("three")["removed"] == ["1"]
        assert host.call("listed")["unreadable"] == []

    def test_a_directory_in_place_of_a_record(self, host: Host) -> None:
        host.deploy("one")
        host.deploy("two")
        (host.root / ".groundwork/1/release.json").unlink()
        (host.root / ".groundwork/1/release.json").mkdir()
        assert [one["number"] for one in host.call("listed")["releases"]] == [2]

    @pytest.mark.parametrize("name", ["environment", "environment.confirmed", "environment.build"])
    def test_the_next_deploy_writes_variables_that_cannot_be_read(self, host: Host, name: str) -> None:
        host.deploy("one", {"LEVEL": "info"})
        (host.root / ".groundwork/1" / name).write_bytes(b"\xff")
        assert host.deploy("one", {"LEVEL": "info"}) == 1
        assert host.call("listed", artifact=tree("one"), environment_file=str(host.file))["settled"]

    def test_no_service_starts_without_its_variables(self, host: Host) -> None:
        host.deploy("one", {"LEVEL": "info"})
        host.deploy("two", {"LEVEL": "info"})
        (host.root / ".groundwork/1/environment").write_bytes(b"\xff")
        with pytest.raises(ReleaseError, match=r"environment cannot be read .*; deploy again"):
            host.serve(1)
        assert host.served() == "two"
        # A rollback has another copy.
        host.serve(1, restore=True)
        assert host.file.read_text() == "LEVEL=info\nRELEASE=v-one\n"

    def test_variables_where_the_process_manager_reads_them_are_written_again(self, host: Host) -> None:
        host.deploy("one", {"LEVEL": "info"})
        host.file.write_bytes(b"\xff")
        assert not host.call("listed", artifact=tree("one"), environment_file=str(host.file))["settled"]
        host.serve(1)
        assert host.file.read_text() == "LEVEL=info\nRELEASE=v-one\n"


def test_each_field_of_a_record_is_checked() -> None:
    assert set(FIELD_KINDS) == {one.name for one in fields(Release)}


def test_files_of_a_release_reach_the_disk_before_its_record(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    write = ReleaseStore.write
    monkeypatch.setattr(os, "sync", lambda: order.append("sync"))
    monkeypatch.setattr(ReleaseStore, "write", lambda store, one: (order.append("record"), write(store, one))[0])
    host.stage("one")
    host.call("recorded", number=1, step="build")
    assert order == ["sync", "record", "sync", "record"]


class TestServicesThatLeave:
    def test_everything_but_shared_files_is_removed(self, host: Host) -> None:
        host.deploy("one")
        host.deploy("two")
        (host.root / "shared" / "upload").write_text("data")
        (host.root / ".groundwork" / "1" / "release.json").write_text("damaged")
        planned = host.call("removed", check_mode=True)
        assert (planned["changed"], planned["diff"]) == (
            True,
            {"before": f"{host.root}\n", "after": f"{host.root}/shared\n"},
        )
        assert (host.root / "current").exists()
        assert host.call("removed")["changed"]
        assert [path.name for path in host.root.iterdir()] == ["shared"]
        assert (host.root / "shared" / "upload").read_text() == "data"
        assert not host.call("removed")["changed"]

    def test_a_directory_without_shared_files_goes_too(self, host: Host) -> None:
        host.deploy("one")
        assert host.call("removed")["changed"]
        assert not host.root.exists()
        assert not host.call("removed")["changed"]
        assert not host.root.exists()

    def test_a_service_that_comes_back_starts_anew(self, host: Host) -> None:
        host.deploy("one")
        host.call("removed")
        assert host.deploy("one") == 1

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_a_service_with_another_user_takes_its_files_along(self, host: Host) -> None:
        host.deploy("one", {"A": "b"})
        paths = [
            host.root / "releases" / "1",
            host.root / "releases" / "1" / "version.txt",
            host.root / "shared",
            host.file,
        ]
        for path in paths:
            os.chown(path, 54321, 54321)
        planned = host.call("owned", check_mode=True, environment_file=str(host.file))
        assert planned["changed"]
        assert {path.stat().st_uid for path in paths} == {54321}
        assert host.call("owned", environment_file=str(host.file))["changed"]
        assert {path.stat().st_uid for path in paths} == {0}
        assert not host.call("owned", environment_file=str(host.file))["changed"]


def read_modes(host: Host) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (host.root / "releases").iterdir()}


def test_no_other_user_can_enter_a_release(host: Host) -> None:
    host.stage("one")
    assert read_modes(host) == {"1": 0o700}


def test_every_release_of_an_earlier_version_is_closed_once(host: Host) -> None:
    host.deploy("one")
    host.deploy("two")
    for number in ("1", "2"):
        (host.root / "releases" / number).chmod(0o755)
    assert host.stage("two", check_mode=True)["changed"]
    assert read_modes(host) == {"1": 0o755, "2": 0o755}
    assert host.stage("two")["changed"]
    assert read_modes(host) == {"1": 0o700, "2": 0o700}
    assert not host.stage("two")["changed"]


def test_a_release_whose_record_cannot_be_read_is_closed_as_well(host: Host) -> None:
    host.deploy("one")
    host.deploy("two")
    ReleaseStore(host.root).record_path(1, "release.json").write_text("{")
    (host.root / "releases" / "1").chmod(0o755)
    host.stage("two")
    assert read_modes(host) == {"1": 0o700, "2": 0o700}


def test_the_release_that_is_served_has_its_public_directories_readable(host: Host) -> None:
    """A build makes them, so they may be missing before."""
    host.stage("one", public=["dist"])
    dist = host.root / "releases" / "1" / "dist"
    dist.mkdir(mode=0o755)
    assert read_modes(host) == {"1": 0o700}
    host.call("current", number=1, environment_file=str(host.file), public=["dist"])
    assert (read_modes(host), dist.stat().st_mode & 0o777) == ({"1": 0o711}, 0o755)
    assert not host.call("current", number=1, environment_file=str(host.file), public=["dist"])["changed"]


class TestDigest:
    """What is unpacked must be what the controller has packed."""

    def test_another_archive_is_rejected_and_leaves_no_release(self, host: Host) -> None:
        host.stage("one")
        with pytest.raises(ReleaseError, match=r"has files with the digest \w{64}, and the release v-two has \w{64}"):
            host.call("staged", artifact=tree("two"), environment={}, archive=host.archive("another"))
        assert sorted(path.name for path in (host.root / "releases").iterdir()) == ["1"]
        assert host.stage("two")["number"] == 2
