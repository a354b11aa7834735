# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab says when the machine lacks something, and which lab is which."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
from pathlib import Path

import pytest

from lab import cli, shell, updown
from lab.access.keys import ensure_key
from lab.daemon import Formatter
from lab.description import Description, read_description, running_pid, write_description
from lab.engine import dockerd
from lab.engine import machine as engine_machine
from lab.guests import confinement
from lab.guests.confinement import is_restricted
from lab.paths import LabPaths, identity, lab_paths
from lab.shell import CommandError, LabError, escape_controls, read_start, run


def test_errors_show_the_command_and_its_last_words() -> None:
    with pytest.raises(CommandError, match=r"`sh -c echo no >&2; exit 3` ended with status 3: no"):
        run("sh", "-c", "echo no >&2; exit 3")


def test_a_missing_program_is_an_error_with_advice() -> None:
    with pytest.raises(LabError, match=r"no-such-program is not installed; run `python -m lab setup`"):
        run("no-such-program")


def test_without_root_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_machine, "missing_programs", lambda: ["dockerd", "nft"])
    monkeypatch.setattr(engine_machine, "can_become_root", lambda: False)
    monkeypatch.setattr("shutil.which", lambda name, **_: "/usr/bin/" + name)
    with pytest.raises(LabError, match=r"apt-get install docker\.io nftables"):
        engine_machine.ensure_packages(print, engine_answers=False)


def test_an_engine_that_answers_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_machine, "missing_programs", lambda: ["dockerd"])
    engine_machine.ensure_packages(print, engine_answers=True)


@pytest.mark.parametrize(("options", "stopped"), [([], True), (["--keep-engine"], False)])
def test_the_engine_is_kept_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], stopped: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(updown, "engine_answers", lambda: True)
    monkeypatch.setattr(updown, "lab_paths", lambda name: LabPaths(tmp_path / name))
    monkeypatch.setattr(updown.docker, "containers", lambda _mark: [])
    monkeypatch.setattr(updown.docker, "remove_containers", lambda _names: None)
    # Without root or sudo the commands for root would be an error.
    monkeypatch.setattr(updown, "as_root", lambda *command: command)
    monkeypatch.setattr(updown, "run", lambda *_words: subprocess.CompletedProcess((), 0, stdout=""))
    monkeypatch.setattr(updown.wiring, "lab_namespaces", lambda _mark: [])
    monkeypatch.setattr(updown.engine, "stop_engine", lambda _say: asked.append(True))
    assert cli.main(["down", *options]) == 0
    assert bool(asked) is stopped


@pytest.mark.parametrize(("seen", "ended"), [([0, 7], False), ([0, 0], True), ([7], False)])
def test_an_engine_that_is_just_being_started_has_not_ended(
    monkeypatch: pytest.MonkeyPatch, seen: list[int], ended: bool
) -> None:
    monkeypatch.setattr(dockerd, "_own_pid", iter(seen).__next__)
    assert dockerd._has_ended() is ended


def test_a_machine_without_user_namespaces_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    setting = tmp_path / "user" / "max_user_namespaces"
    missing = tmp_path / "kernel" / "unprivileged_userns_clone"
    setting.write_text("0\n")
    with pytest.raises(
        LabError, match=r"user\.max_user_namespaces of this machine is 0.*sysctl -w user\.max_user_namespaces="
    ):
        engine_machine.ensure_user_namespaces(print, [missing, setting])
    setting.write_text("96365\n")
    engine_machine.ensure_user_namespaces(print, [missing, setting])


def test_guests_get_a_profile_where_apparmor_restricts_user_namespaces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded: list[object] = []
    setting = tmp_path / "restrict"
    monkeypatch.setattr(confinement, "is_restricted", lambda: is_restricted(setting))
    monkeypatch.setattr(engine_machine, "is_restricted", lambda: is_restricted(setting))
    monkeypatch.setattr(engine_machine, "as_root", lambda *command: command)
    monkeypatch.setattr(engine_machine, "run", lambda *command, stdin: loaded.append((command, stdin)))
    for content, profile in (("", "unconfined"), ("0\n", "unconfined"), ("1\n", "groundwork-lab-guest")):
        setting.write_text(content)
        engine_machine.ensure_user_namespaces(lambda _text: None, [])
        assert f"apparmor={profile}" in confinement.guest_options()
    assert loaded == [(("apparmor_parser", "--replace"), confinement.PROFILE_TEXT)]
    assert not is_restricted(tmp_path / "missing")


def test_as_root_without_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(shell, "can_become_root", lambda: False)
    with pytest.raises(LabError, match="without a password"):
        shell.as_root("ip")


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-a", "x" * 21])
def test_impossible_names(name: str) -> None:
    with pytest.raises(LabError, match="cannot be the name of a lab"):
        lab_paths(name)


def test_the_description_is_read_back(tmp_path: Path) -> None:
    paths = LabPaths(tmp_path / "a")
    assert read_description(paths) is None
    written = Description(name="a", port=5600, guests=True, identity="a-123456", range="198.51.100.0/24")
    write_description(paths, written)
    assert read_description(paths) == written


def test_a_damaged_description_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text(json.dumps({"unknown": 1}))
    with pytest.raises(LabError, match="`lab down` removes the lab"):
        read_description(LabPaths(tmp_path))


def test_labs_of_two_checkouts_are_distinguished(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marks = set()
    for checkout in ("a", "b"):
        monkeypatch.setenv("GROUNDWORK_LAB_HOME", str(tmp_path / checkout))
        marks |= {identity("default"), identity("other")}
    assert len(marks) == 4
    assert all(mark.startswith(("default-", "other-")) for mark in marks)


def test_another_process_with_the_number_is_not_the_lab() -> None:
    assert running_pid(Description(name="a", port=1, guests=False, pid=os.getpid())) == 0
    assert running_pid(None) == 0


def test_exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDWORK_LAB_HOME", str(tmp_path))
    (tmp_path / "a").mkdir()
    key = ensure_key(lab_paths("a").credentials)
    found = cli.environment(Description(name="a", port=5601, guests=True, gateway="198.51.100.1"))
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5601"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == (key.id, key.secret)
    assert found["GROUNDWORK_LAB_CLIENT_CIDR"] == "198.51.100.1/32"
    assert found["GROUNDWORK_LAB_SSH_KEY"] == str(tmp_path / "a/ssh/id_ed25519")


def test_a_lab_of_an_earlier_version_has_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDWORK_LAB_HOME", str(tmp_path))
    with pytest.raises(LabError, match="`lab down` and `lab up` make a lab with a new access key"):
        cli.environment(Description(name="a", port=5601, guests=False))


def test_a_session_token_of_another_account_is_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDWORK_LAB_HOME", str(tmp_path))
    write_description(lab_paths("a"), Description(name="a", port=5601, guests=False))
    ensure_key(lab_paths("a").credentials)
    assert cli.main(["env", "--name", "a"]) == 0
    script = (
        f"export AWS_SESSION_TOKEN=other; {capsys.readouterr().out} echo ${{AWS_SESSION_TOKEN-unset}} $AWS_ENDPOINT_URL"
    )
    assert run("sh", "-c", script).stdout == "unset http://127.0.0.1:5601\n"


def test_only_its_user_enters_the_directory_of_a_lab(tmp_path: Path) -> None:
    paths = LabPaths(tmp_path / "a")
    write_description(paths, Description(name="a", port=5601, guests=False))
    assert paths.root.stat().st_mode & 0o777 == 0o700


def test_a_missing_lab_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDWORK_LAB_HOME", str(tmp_path))
    assert cli.main(["env", "--name", "missing"]) == 1
    assert capsys.readouterr().err == "lab: there is no lab missing; `python -m lab up --name missing` makes it\n"


def test_a_program_that_may_not_be_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "locked").write_text("")
    with pytest.raises(LabError, match="locked"):
        run(str(tmp_path / "locked"))


def test_a_missing_program_is_not_installed_although_a_directory_of_path_is_locked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", "no-such-program")

    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(LabError, match="no-such-program is not installed"):
        run("no-such-program")


CONTROL = "\x1b]0;title\x07\x1b[31mred\x9b2J\rover\u202etxt\x00\u2028"
HARMLESS = r"\x1b]0;title\x07\x1b[31mred\x9b2J\rover\u202etxt\x00\u2028"


@pytest.mark.parametrize(
    ("text", "shown"),
    [(CONTROL, HARMLESS), ("a\tb\r\nc é 漢 ✓ C:\\n", "a\tb\nc é 漢 ✓ C:\\n"), ("\udce9", r"\udce9"), ("", "")],
)
def test_nothing_that_a_guest_writes_controls_the_terminal(text: str, shown: str) -> None:
    assert escape_controls(text) == shown


def test_errors_of_programs_are_escaped() -> None:
    with pytest.raises(CommandError, match=r"ended with status 3: \\x1b\[31mred") as caught:
        run("sh", "-c", "printf '\\033[31mred\\n' >&2; exit 3")
    assert "\x1b" not in caught.value.output


def test_the_log_is_escaped() -> None:
    record = logging.LogRecord("lab.guests", logging.ERROR, "", 1, "cannot boot %s", (CONTROL,), None)
    assert Formatter("%(message)s").format(record) == f"cannot boot {HARMLESS}"
    try:
        raise ValueError(CONTROL)
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    record.exc_text = None
    assert "\x1b" not in Formatter("%(message)s").format(record)


def test_a_message_for_the_user_is_escaped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> None:
        raise LabError(f"the lab {CONTROL} has the port")

    monkeypatch.setattr(updown, "up", fail)
    assert cli.main(["up"]) == 1
    assert capsys.readouterr().err == f"lab: the lab {HARMLESS} has the port\n"


@pytest.mark.parametrize("port", ["80000", "-1", "0", "x", "9" * 5000])
def test_a_port_that_is_none_is_an_error_of_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["up", "--no-guests", f"--port={port}"])
    assert "is not a port (1-65535)" in capsys.readouterr().err


def test_only_the_start_of_what_a_guest_prints_is_read() -> None:
    began = time.monotonic()
    assert read_start("yes", limit=4) == "y\ny\n"
    assert read_start("printf", "run\033ning\n") == "run\\x1bning\n"
    assert read_start("sh", "-c", "exec sleep 30", timeout=0.2) == ""
    assert time.monotonic() - began < 10
