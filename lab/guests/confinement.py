# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps root in a guest from being root of this machine.

The first process of a guest leaves the user namespace of the machine before it becomes systemd
(`lab/image/rootfs/usr/local/lib/groundwork-lab/enter`). From then on it has every capability over what belongs to the
guest, and none over the machine: it mounts file systems for the sandboxes of units, but no device, no kernel module
and no network setting is within its reach.

The options here hold for the moments before that, and for what `docker exec` starts. The scenarios of molecule have the
same ones in `.config/molecule/config.yml`; docker's default capabilities stay there, because Ansible comes through
`docker exec`.
"""

from __future__ import annotations

from pathlib import Path

# What writes the maps of the user namespace needs: user_namespaces(7), "Defining user and group ID mappings".
CAPABILITIES = ("SETUID", "SETGID", "SETFCAP")
# System calls that no guest needs. Most of them need a capability of the machine anyway; the others have often been a
# way to reach faults of the kernel. Sockets are those of the families 0 to 2, 10 and 16 (AF_UNSPEC, AF_UNIX, AF_INET,
# AF_INET6, AF_NETLINK): AF_VSOCK is in no network namespace. runc makes a rule of each comparison of the same argument.
# The last one, from 17 on, also holds for 2**32 + 3, of which the kernel takes the lower half. `socketcall` of programs
# for 32 bits keeps the family where no rule can read it.
SECCOMP = Path(__file__).with_name("seccomp.json")
ENTER = "/usr/local/lib/groundwork-lab/enter"
# Ubuntu lets only programs with a profile that allows it use user namespaces (since 23.10).
RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
PROFILE = "groundwork-lab-guest"
PROFILE_TEXT = f"""abi <abi/4.0>,
profile {PROFILE} flags=(unconfined) {{
  userns,
}}
"""


def is_restricted(setting: Path = RESTRICTED) -> bool:
    """Whether AppArmor keeps programs without a profile from having capabilities in a user namespace."""
    try:
        return setting.read_text().strip() not in ("", "0")
    except OSError:
        return False


def apparmor_profile() -> str:
    """The AppArmor profile of guests. Docker's own forbids every mount, so that systemd could not start."""
    return PROFILE if is_restricted() else "unconfined"


def guest_options() -> tuple[str, ...]:
    """The options of `docker create` for a container in which systemd is the first process."""
    return (
        *("--cap-drop", "ALL"),
        *(word for name in CAPABILITIES for word in ("--cap-add", name)),
        *("--security-opt", f"seccomp={SECCOMP}", "--security-opt", f"apparmor={apparmor_profile()}"),
        # The container sees its own control groups only. `enter` mounts them writable; docker's mounts are read-only.
        *("--cgroupns", "private"),
        *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec"),
        *("--env", "container=docker", "--stop-signal", "SIGRTMIN+3", "--tty"),
    )
