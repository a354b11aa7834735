# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network namespaces that Docker makes for containers.

A guest decides itself in which namespaces its processes are, so that no process of a guest says where its network is:
the file that Docker keeps of the namespace does (`SandboxKey`). Only root of this machine can exchange that file.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os

from ..shell import LabError, as_root

CLONE_NEWNET = 0x40000000
# ioctl_nsfs(2): the user namespace that a namespace belongs to.
NS_GET_USERNS = 0xB701
MY_NETWORK, MY_USERS = "/proc/self/ns/net", "/proc/self/ns/user"


def open_network(path: str) -> int:
    """Open the network namespace of a container; the caller closes it.

    A namespace that is this machine's own, or that belongs to another user namespace than the lab's, is rejected: rules
    for a guest would cut the machine off, and root of a guest could lift them.
    """
    try:
        network = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LabError(f"a container has lost its network namespace {path or '(none)'}: {error.strerror}") from None
    try:
        if _identity(network) == _identity_of(MY_NETWORK):
            raise LabError(f"{path} is the network namespace of this machine, not that of a container")
        if not _is_ours(network, path):
            raise LabError(
                f"the network namespace {path} belongs to another user namespace than the lab's, so that its container "
                "could change it; the lab does not work with user namespaces of Docker (userns-remap, rootless)"
            )
    except BaseException:
        os.close(network)
        raise
    return network


def check_network(path: str) -> None:
    """Raise where `open_network` does."""
    os.close(open_network(path))


def enter_network(path: str) -> None:
    """Move the calling thread into the network namespace of a container."""
    network = open_network(path)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(network, CLONE_NEWNET):
            raise LabError(f"cannot enter the network namespace {path}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(network)


def inside(path: str, *command: str) -> tuple[str, ...]:
    """The command line that runs a program of this machine in the network namespace of a container."""
    return as_root("nsenter", f"--net={path}", *command)


def _is_ours(network: int, path: str) -> bool:
    try:
        owner = fcntl.ioctl(network, NS_GET_USERNS)
    except OSError as error:
        if error.errno == errno.EPERM:
            # The owner is neither the user namespace of this process nor one below it.
            return False
        raise LabError(f"{path} is not a network namespace any more: its container has ended") from None
    try:
        return _identity(owner) == _identity_of(MY_USERS)
    finally:
        os.close(owner)


def _identity(file: int) -> tuple[int, int]:
    found = os.fstat(file)
    return found.st_dev, found.st_ino


def _identity_of(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
