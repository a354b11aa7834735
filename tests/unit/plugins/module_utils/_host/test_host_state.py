# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module `host_info` makes of the answers of a host. The roles' own tests ask real hosts."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import host_state
from ansible_collections.groundwork.aws.plugins.module_utils._host.host_state import (
    SETTLED_UNIT,
    StateError,
    find_missing_packages,
    read_paths,
    read_programs,
    read_units,
    read_users,
)

Answer = tuple[int, str, str]


class Host:
    """Answers each command with the same text, and records what it was asked."""

    def __init__(self, output: str, status: int = 0, errors: str = "") -> None:
        self.answer = (status, output, errors)
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> Answer:
        self.asked.append(list(command))
        return self.answer


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def install(*names: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in names else None)

    return install


DPKG = "ii  nginx-light\nrc  tar\nhi  chrony\niU  logrotate\niiR nftables\nii  tzdata\n"


def test_only_packages_that_are_installed_completely_are_not_missing(manager: Callable[[str], None]) -> None:
    manager("dpkg-query")
    host = Host(DPKG, status=1, errors="dpkg-query: no packages found matching git")
    names = ["nginx-light", "tar", "chrony", "logrotate", "nftables", "git", "tzdata"]
    # tar has only its settings, logrotate is unpacked, nftables has to be installed again; chrony is held.
    assert find_missing_packages(names, host) == ["tar", "logrotate", "nftables", "git"]
    assert host.asked[0][:2] == ["dpkg-query", "--show"]


def test_packages_of_rpm(manager: Callable[[str], None]) -> None:
    manager("rpm")
    host = Host("nginx\npackage git is not installed\n", status=1)
    assert find_missing_packages(["nginx", "git"], host) == ["git"]


@pytest.mark.parametrize("name", ["nginx=1.22", "nginx*", "@development", "https://example.org/a.rpm", "-f", "a b", ""])
def test_a_request_that_is_no_plain_name_is_left_to_the_package_manager(
    name: str, manager: Callable[[str], None]
) -> None:
    manager("dpkg-query")
    host = Host("ii  tar\n")
    assert find_missing_packages([name, "tar"], host) == [name]
    assert all(name not in command for command in host.asked)


def test_no_packages_are_not_asked_for(manager: Callable[[str], None]) -> None:
    manager()
    assert find_missing_packages([], Host("")) == []
    with pytest.raises(StateError, match="neither dpkg-query nor rpm"):
        find_missing_packages(["tar"], Host(""))


RUNNING = "ActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no"
UNKNOWN = "ActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no"


@pytest.mark.parametrize(
    ("shown", "unit"),
    [
        (RUNNING, SETTLED_UNIT),
        (RUNNING.replace("=active", "=activating"), SETTLED_UNIT),
        (RUNNING.replace("=active", "=reloading"), SETTLED_UNIT),
        (RUNNING.replace("=active", "=failed"), {**SETTLED_UNIT, "active": False}),
        (RUNNING.replace("=active", "=deactivating"), {**SETTLED_UNIT, "active": False}),
        (RUNNING.replace("=enabled", "=static"), SETTLED_UNIT),
        (RUNNING.replace("=enabled", "=enabled-runtime"), {**SETTLED_UNIT, "enabled": False}),
        (RUNNING.replace("=enabled", "=masked"), {**SETTLED_UNIT, "enabled": False}),
        (RUNNING.replace("=no", "=yes"), {**SETTLED_UNIT, "outdated": True}),
        (UNKNOWN, {"enabled": False, "active": False, "outdated": False}),
    ],
)
def test_a_unit(shown: str, unit: dict[str, bool]) -> None:
    assert read_units(["web.service"], Host(f"{shown}\n")) == {"web.service": unit}


def test_units_are_told_apart_by_their_order() -> None:
    host = Host(f"{RUNNING}\n\n{UNKNOWN}\n")
    assert {name: unit["active"] for name, unit in read_units(["a.service", "b.timer"], host).items()} == {
        "a.service": True,
        "b.timer": False,
    }
    assert host.asked[0][-3:] == ["--", "a.service", "b.timer"]


def test_no_units_are_not_asked_for() -> None:
    host = Host("", status=1)
    assert (read_units([], host), host.asked) == ({}, [])


@pytest.mark.parametrize("host", [Host("", 1, "Failed to connect to bus"), Host(f"{RUNNING}\n"), Host("")])
def test_a_systemd_that_does_not_answer_is_an_error(host: Host) -> None:
    with pytest.raises(StateError, match=r"systemctl cannot show a\.service, b\.service"):
        read_units(["a.service", "b.service"], host)


def test_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text("web:!:1::\nworker:$6$hash:1::\nstar:*:1::\nopen::1::\nodd\n")
    accounts = {name: pwd.struct_passwd((name, "x", 7, 7, "", "/nonexistent", "/bin/sh")) for name in ("web", "worker")}
    accounts["star"] = pwd.struct_passwd(("star", "x", 8, 8, "", "/", ""))
    accounts["open"] = pwd.struct_passwd(("open", "x", 9, 9, "", "/", ""))
    monkeypatch.setattr(pwd, "getpwnam", accounts.__getitem__)
    monkeypatch.setattr(
        grp, "getgrgid", {7: grp.struct_group(("web", "x", 7, [])), 8: grp.struct_group(("s", "x", 8, []))}.__getitem__
    )
    found = read_users(["web", "worker", "star", "open", "gone"], shadow)
    assert found["web"] == {"own_group": True, "home": "/nonexistent", "shell": "/bin/sh", "locked": True}
    assert found["gone"] is None
    assert {name: user and (user["locked"], user["own_group"]) for name, user in found.items()} == {
        "web": (True, True),
        "worker": (False, False),
        "star": (True, False),
        "open": (False, False),
        "gone": None,
    }


def test_no_users_take_no_privileges(tmp_path: Path) -> None:
    assert read_users([], tmp_path / "unreadable") == {}


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    paths = [str(tmp_path), *(str(tmp_path / name) for name in ("file", "link", "pipe", "gone", "file/below"))]
    found = read_paths(paths)
    assert [found[path]["kind"] for path in paths] == ["directory", "file", "link", "special file", "", ""]
    assert found[str(tmp_path / "link")]["target"] == "nowhere"
    # A name of any bytes.
    os.mkdir(os.fsencode(tmp_path) + b"/full")
    os.mkdir(os.fsencode(tmp_path) + b"/full/bad\xff")
    (tmp_path / "none").mkdir()
    found = read_paths([str(tmp_path / name) for name in ("full", "none", "file", "link")])
    assert [path["is_empty"] for path in found.values()] == [False, True, False, False]


def test_programs_may_print_to_either_stream() -> None:
    assert read_programs({"node": ["node", "--version"]}, Host("v24.1.0\n")) == {
        "node": {"status": 0, "output": "v24.1.0"}
    }
    assert read_programs({"nginx": ["nginx", "-v"]}, Host("", 0, "nginx/1.22.1\n"))["nginx"]["output"] == "nginx/1.22.1"
    assert read_programs({"gone": ["gone"]}, Host("", host_state.NO_PROGRAM, "No such file"))["gone"]["status"] == 127
