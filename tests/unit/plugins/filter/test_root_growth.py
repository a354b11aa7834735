# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Volumes that have grown, as the facts of hosts show them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.root_growth import root_growth

GIB = 1 << 30


def facts(
    volume: int,
    partition: int = 8 * GIB,
    shown: int | None = None,
    fstype: str = "xfs",
    disk: str = "nvme0n1",
    **more: Any,
) -> dict[str, Any]:
    """A host with a root partition (the first) that begins at sector 24576, and further ones."""
    name = f"{disk}p1" if disk[-1].isdigit() else f"{disk}1"
    partitions = {name: {"start": "24576", "sectors": str(partition // 512), "size": "8.00 GB"}, **more}
    return {
        "mounts": [
            {"mount": "/boot/efi", "device": f"/dev/{disk}p128", "fstype": "vfat", "size_total": 10 << 20},
            {
                "mount": "/",
                "device": f"/dev/{name}",
                "fstype": fstype,
                "size_total": partition if shown is None else shown,
            },
        ],
        "devices": {
            "loop0": {"sectors": "0", "partitions": {}},
            disk: {"sectors": str(volume // 512), "sectorsize": "512", "partitions": partitions},
        },
    }


EFI = {"nvme0n1p128": {"start": "4096", "sectors": "20480"}}
FULL = 8 * GIB + 24576 * 512


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (facts(20 * GIB, **EFI), ("/dev/nvme0n1", "1", "/dev/nvme0n1p1", "xfs", True)),
        (facts(20 * GIB, fstype="ext4", disk="xvda"), ("/dev/xvda", "1", "/dev/xvda1", "ext4", True)),
        # The partition has grown already, its file system has not: an earlier run was interrupted.
        (
            facts(20 * GIB, partition=20 * GIB - 24576 * 512, shown=8 * GIB),
            ("/dev/nvme0n1", "1", "/dev/nvme0n1p1", "xfs", False),
        ),
    ],
    ids=["Amazon Linux 2023", "a disk of Xen", "only the file system is left"],
)
def test_what_can_grow(found: dict[str, Any], expected: tuple[Any, ...]) -> None:
    grown = root_growth(found)
    assert tuple(grown[key] for key in ("disk", "number", "device", "fstype", "partition")) == expected


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"mounts": [], "devices": {}},
        {"mounts": [{"mount": "/", "device": "overlay", "fstype": "overlay", "size_total": 1}], "devices": {}},
        {
            "mounts": [{"mount": "/", "device": "/dev/mapper/vg-root", "fstype": "xfs", "size_total": 1}],
            "devices": {"dm-0": {}},
        },
        facts(FULL),
        # The backup of the partition table, and what is left by alignment.
        facts(FULL + (1 << 20)),
        # ext4 shows less than its partition.
        facts(FULL, shown=int(7.75 * GIB), fstype="ext4"),
        facts(20 * GIB, fstype="btrfs"),
        # Another partition follows.
        facts(20 * GIB, nvme0n1p2={"start": str(9 * GIB // 512), "sectors": "2048"}),
        facts(20 * GIB, shown=0, nvme0n1p2={"start": str(9 * GIB // 512), "sectors": "2048"}),
    ],
    ids=[
        "no facts",
        "no disks",
        "container",
        "LVM",
        "full",
        "alignment",
        "overhead",
        "btrfs",
        "partition behind",
        "unknown size",
    ],
)
def test_what_cannot(found: dict[str, Any]) -> None:
    assert root_growth(found) == {}
