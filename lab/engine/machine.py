# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packages and kernel settings."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from ..guests.confinement import PROFILE_TEXT, is_restricted
from ..shell import LabError, as_root, can_become_root, run

# Each program that the lab runs, and the Debian package that it comes in.
PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setsid": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sysctl": "procps",
}
# A guest takes about six, and past the limit containers end without a word.
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_INSTANCES = 1024
# Settings that must not be 0 where they exist; the second is Debian's own. Guests have a user namespace each.
USER_NAMESPACES = (
    Path("/proc/sys/user/max_user_namespaces"),
    Path("/proc/sys/kernel/unprivileged_userns_clone"),
)
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing_programs() -> list[str]:
    """What is not installed."""
    return [name for name in PROGRAMS if not (shutil.which(name) or shutil.which(name, path=SYSTEM_PATH))]


def ensure_packages(say: Callable[[str], None], engine_answers: bool) -> None:
    """Install what is missing; an engine that answers is used as it is, wherever it came from."""
    missing = missing_programs()
    if engine_answers:
        missing = [name for name in missing if name not in ("dockerd", "iptables")]
    packages = sorted({PROGRAMS[name] for name in missing})
    if not packages:
        return
    package_list = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise LabError(
            f"the lab needs {', '.join(missing)}, and this is not a Debian machine: install them, then again"
        )
    if not can_become_root():
        raise LabError(
            f"the lab needs the packages {package_list}: run `apt-get install {package_list}` as root, or run this as "
            "root or as a user who may use sudo without a password"
        )
    say(f"installing {package_list}")
    apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
    run(*as_root(*apt, "update"), timeout=600)
    run(*as_root(*apt, "install", "--yes", "--no-install-recommends", *packages), timeout=1800)


def ensure_kernel_settings(say: Callable[[str], None]) -> None:
    """Raise what is too low for twenty guests."""
    if INOTIFY.exists() and int(INOTIFY.read_text()) < INOTIFY_INSTANCES:
        say(f"raising fs.inotify.max_user_instances to {INOTIFY_INSTANCES}")
        run(*as_root("sysctl", "-q", "-w", f"fs.inotify.max_user_instances={INOTIFY_INSTANCES}"))


def ensure_user_namespaces(say: Callable[[str], None], settings: Iterable[Path] = USER_NAMESPACES) -> None:
    """Fail early and clearly where guests cannot have user namespaces; load the profile that AppArmor may ask for."""
    for setting in settings:
        if setting.exists() and setting.read_text().strip() == "0":
            name = ".".join(setting.parts[-2:])
            raise LabError(
                f"guests need user namespaces, and {name} of this machine is 0. Nothing was started. Allow them with "
                f"`sysctl -w {name}={15000 if name.startswith('user.') else 1}`, or use `up --no-guests`"
            )
    if is_restricted():
        say("loading the AppArmor profile of guests")
        run(*as_root("apparmor_parser", "--replace"), stdin=PROFILE_TEXT)
