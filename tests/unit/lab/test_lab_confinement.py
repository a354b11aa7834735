# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that confine guests: those of the lab, and the same ones of the scenarios of molecule."""

from __future__ import annotations

import configparser
import itertools
import json
import operator
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.guests.appliances import CONFINEMENT
from lab.guests.confinement import CAPABILITIES, ENTER, SECCOMP, guest_options
from lab.guests.docker import Container
from lab.guests.driver import power
from lab.image.recipe import ROOTFS
from lab.machines import Power
from lab.packages import volumes
from lab.paths import CHECKOUT, alone, cache_directory, private_cache

SCENARIOS = (".config/molecule/config.yml", "molecule/al2023/molecule.yml")
# What Docker gives a container by default: Docker documentation, "Runtime privilege and Linux capabilities".
DEFAULT = {
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
} | {*("NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")}


def values(options: tuple[str, ...], name: str) -> list[str]:
    return [value for key, value in itertools.pairwise(options) if key == name]


@pytest.mark.parametrize("options", [guest_options(), CONFINEMENT], ids=["guest", "appliance"])
def test_no_container_has_more_than_docker_gives_by_default(options: tuple[str, ...]) -> None:
    assert values(options, "--cap-drop") == ["ALL"]
    assert set(values(options, "--cap-add")) < DEFAULT - {"MKNOD", "NET_RAW"}
    assert "--privileged" not in options
    assert not values(options, "--device")


def test_a_guest_gets_nothing_of_the_machine() -> None:
    options = guest_options()
    assert values(options, "--volume") == []
    assert values(options, "--cgroupns") == ["private"]
    assert f"seccomp={SECCOMP}" in values(options, "--security-opt")
    assert values(options, "--cap-add") == list(CAPABILITIES)


@pytest.mark.parametrize("path", SCENARIOS)
def test_scenarios_are_confined_as_guests_are(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    platform: dict[str, Any] = yaml.safe_load((CHECKOUT / path).read_text())["platforms"][0]
    security = dict(one.split("=", 1) for one in platform["security_opts"])
    assert json.loads(security.pop("seccomp")) == json.loads(SECCOMP.read_text())
    assert security == {"apparmor": "${GROUNDWORK_LAB_APPARMOR:-unconfined}"}
    assert platform["command"] == f"{ENTER} /sbin/init"
    assert platform["cgroupns_mode"] == "private"
    assert platform["privileged"] is False
    assert "capabilities" not in platform
    expanded = tuple(one.replace("${XDG_CACHE_HOME:-~/.cache}", "/cache") for one in platform["volumes"])
    assert expanded == volumes(private_cache())
    options = guest_options()
    assert platform["tmpfs"] == values(options, "--tmpfs")
    assert [platform["stop_signal"]] == values(options, "--stop-signal")
    assert [f"{key}={value}" for key, value in platform["env"].items()] == values(options, "--env")


def test_guests_cannot_write_what_the_lab_itself_writes() -> None:
    assert private_cache().parent == cache_directory()
    for volume in volumes(private_cache()):
        source = Path(volume.partition(":")[0])
        # Below a directory that root alone enters, and that guests do not see: they cannot put a link in its place.
        assert source.parent == private_cache()
        assert not (cache_directory() / "setup.lock").is_relative_to(source)


def test_the_locks_of_labs_are_for_their_user_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who can open the file of a lock can hold every lab up."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    directory = tmp_path / "groundwork-lab"
    for _ in range(2):
        with alone("setup"):
            assert directory.stat().st_mode & 0o777 == 0o700
            assert (directory / "setup.lock").stat().st_mode & 0o777 == 0o600
        # As an earlier version has made them.
        directory.chmod(0o755)
        (directory / "setup.lock").chmod(0o644)


def test_a_lock_that_is_a_link_is_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "groundwork-lab").mkdir()
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "groundwork-lab/setup.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic"), alone("setup"):
        pass
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize(("unit", "found"), [("reboot", Power.REBOOTING), ("poweroff", Power.OFF), ("halt", Power.OFF)])
def test_the_lab_understands_how_a_guest_ends(unit: str, found: Power) -> None:
    drop_in = configparser.RawConfigParser(strict=False)
    drop_in.optionxform = str  # type: ignore[assignment,method-assign]
    drop_in.read(ROOTFS / f"etc/systemd/system/systemd-{unit}.service.d/lab.conf")
    assert drop_in["Unit"]["SuccessAction"] == "exit-force"
    status = int(drop_in["Unit"]["SuccessActionExitStatus"])
    assert power(Container("id", "name", "i-1", "exited", status)) is found


def denied_families(call: str) -> set[int]:
    """The families of sockets, and values that the kernel takes for one, for which a system call is denied."""
    compare = {"SCMP_CMP_EQ": operator.eq, "SCMP_CMP_GE": operator.ge}
    rules = [rule for rule in json.loads(SECCOMP.read_text())["syscalls"] if call in rule["names"]]
    conditions = [condition for rule in rules for condition in rule["args"]]
    assert rules
    assert all(rule["action"] == "SCMP_ACT_ERRNO" for rule in rules)
    assert all(condition["index"] == 0 for condition in conditions)
    # The kernel uses the lower 32 bits of the argument, a filter compares all 64.
    values = {upper << 32 | family for upper in (0, 1, 0xFFFFFFFF) for family in range(256)} | {2**64 - 1}
    return {one for one in values if any(compare[rule["op"]](one, rule["value"]) for rule in conditions)}


@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_guests_have_only_sockets_that_network_namespaces_separate(call: str) -> None:
    # AF_UNSPEC is no family.
    allowed = {0, socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}
    denied = denied_families(call)
    assert set(range(256)) - denied == allowed
    assert {1 << 32 | socket.AF_VSOCK, 0xFFFFFFFF << 32 | 3, 2**64 - 1} <= denied


def test_programs_for_32_bits_have_no_other_way_to_a_socket() -> None:
    rules = json.loads(SECCOMP.read_text())["syscalls"]
    assert [rule["action"] for rule in rules if "socketcall" in rule["names"] and "args" not in rule] == [
        "SCMP_ACT_ERRNO"
    ]


def test_the_first_program_of_a_guest_is_in_the_image() -> None:
    assert (ROOTFS / Path(ENTER).relative_to("/")).is_file()
