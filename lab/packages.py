# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The directories of this machine in which guests keep the packages that they downloaded for the next guest.

Each is made here and mounted by itself, so that no guest can put a link in its place. What a guest finds in one of them
may come from any other guest: apt checks it (`lab/image/rootfs/usr/local/lib/groundwork-lab/check-packages`), and npm
does with a lock file. pip and uv would take built wheels unchecked, so that they share nothing.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from pathlib import Path

from .paths import CHECKOUT, private_cache
from .shell import as_root, run

# Where guests have them.
MOUNT = "/var/cache/groundwork-lab"
# Users of any id install with npm, only root with apt.
MODES = {"apt": 0o755, "npm": 0o777}
# acl(5) and linux/posix_acl_xattr.h: version 2, then tag, permissions and id of the owner, the group and others.
EVERYBODY = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, 7, 0xFFFFFFFF) for tag in (0x01, 0x04, 0x20))


def volumes(directory: Path) -> tuple[str, ...]:
    """The volumes of a guest's container, as docker's option has them."""
    return tuple(f"{directory / name}:{MOUNT}/{name}" for name in MODES)


def ensure_directories() -> None:
    """Make what is missing, as root, below a directory that root alone enters."""
    run(*as_root("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "lab.packages", str(private_cache())))


def make_directories(directory: Path) -> None:
    """Make the directories below this one; a guest may have changed the mode of one that is there."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    for name, mode in MODES.items():
        (directory / name).mkdir(exist_ok=True)
        (directory / name).chmod(mode)
        if mode & 0o002:
            # What one user makes there is written by others: each guest gives its users ids of its own. Where the file
            # system knows no such lists, npm downloads more often.
            with contextlib.suppress(OSError):
                os.setxattr(directory / name, "system.posix_acl_default", EVERYBODY)


if __name__ == "__main__":
    make_directories(Path(sys.argv[1]))
