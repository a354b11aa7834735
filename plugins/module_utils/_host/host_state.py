# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read packages, users, units, paths and programs of a host. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

from .file_reconciler import read_kind

# Runs a command; returns its status, output and error output. A status of 127 means that there is no such program.
RunCommand = Callable[[Sequence[str]], "tuple[int, str, str]"]

NO_PROGRAM = 127
SHADOW = Path("/etc/shadow")
# What both package managers call a package. Versions, groups and URLs are only the package manager's to understand.
PACKAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
# The states of unit files for which `systemctl is-enabled` succeeds, except for one that lasts until the next boot.
ENABLED_STATES = ("enabled", "static", "alias", "indirect", "generated", "transient")
SETTLED_UNIT = {"enabled": True, "active": True, "outdated": False}
UNIT_PROPERTIES = ("ActiveState", "UnitFileState", "NeedDaemonReload")


class StateError(RuntimeError):
    """The host cannot be asked."""


def find_missing_packages(names: Sequence[str], run: RunCommand) -> list[str]:
    """The packages that are not installed completely, in their order.

    A name that only the package manager understands is always missing: it decides whether there is something to do.
    """
    known = [name for name in names if PACKAGE_NAME.fullmatch(name)]
    installed = _read_installed_packages(known, run) if known else set()
    return [name for name in names if name not in installed]


def _read_installed_packages(names: Sequence[str], run: RunCommand) -> set[str]:
    # Both print what they find, and fail when one of the packages is unknown.
    if shutil.which("dpkg-query"):
        _status, output, _errors = run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\n", *names]
        )
        # Three letters: what is wanted of the package, what it is, and an error (dpkg-query(1)).
        return {line[4:] for line in output.splitlines() if line[1:3] == "i "}
    if shutil.which("rpm"):
        _status, output, _errors = run(["rpm", "--query", "--queryformat=%{NAME}\n", *names])
        return set(output.splitlines())
    raise StateError("this host has neither dpkg-query nor rpm, so its packages cannot be read")


def read_users(names: Sequence[str], shadow: Path = SHADOW) -> dict[str, Optional[dict[str, Any]]]:
    """The users by name; None for one that does not exist."""
    passwords = _read_passwords(shadow) if names else {}
    users: dict[str, Optional[dict[str, Any]]] = {}
    for name in names:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            users[name] = None
            continue
        users[name] = {
            "own_group": _has_own_group(account),
            "home": account.pw_dir,
            "shell": account.pw_shell,
            "locked": passwords.get(name, "").startswith(("!", "*")),
        }
    return users


def _read_passwords(shadow: Path) -> dict[str, str]:
    lines = [line.split(":") for line in shadow.read_text(encoding="utf-8", errors="replace").splitlines()]
    return {fields[0]: fields[1] for fields in lines if len(fields) > 1}


def _has_own_group(account: pwd.struct_passwd) -> bool:
    try:
        return grp.getgrgid(account.pw_gid).gr_name == account.pw_name
    except KeyError:
        return False


def read_units(names: Sequence[str], run: RunCommand) -> dict[str, dict[str, bool]]:
    """The units of systemd by name; one that does not exist is neither enabled nor active."""
    if not names:
        return {}
    status, output, errors = run(["systemctl", "show", f"--property={','.join(UNIT_PROPERTIES)}", "--", *names])
    blocks = output.strip("\n").split("\n\n")
    if status != 0 or len(blocks) != len(names):
        raise StateError(f"systemctl cannot show {', '.join(names)}: {errors.strip() or output.strip() or status}")
    return {name: _parse_unit(block) for name, block in zip(names, blocks)}  # noqa: B905 (Python 3.9)


def _parse_unit(block: str) -> dict[str, bool]:
    shown = dict(line.partition("=")[::2] for line in block.splitlines())
    return {
        "enabled": shown.get("UnitFileState") in ENABLED_STATES,
        # As in M(ansible.builtin.systemd_service), one that is starting is active.
        "active": shown.get("ActiveState") in ("active", "activating", "reloading"),
        "outdated": shown.get("NeedDaemonReload") == "yes",
    }


def read_paths(paths: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The kind of each path (empty when it does not exist), the target of a link, and whether a directory is empty."""
    found = {}
    for path in paths:
        kind = read_kind(Path(path))
        found[path] = {
            "kind": kind,
            "target": os.readlink(path) if kind == "link" else "",
            "is_empty": kind == "directory" and not any(os.scandir(path)),
        }
    return found


def read_programs(commands: Mapping[str, Sequence[str]], run: RunCommand) -> dict[str, dict[str, Any]]:
    """The status and output of each command, by name. Programs may print their version to either stream."""
    programs = {}
    for name, command in commands.items():
        status, output, errors = run(command)
        programs[name] = {"status": status, "output": (output or errors).strip()}
    return programs
