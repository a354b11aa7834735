# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find out whether the root file system of a host can grow into its volume."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
---
name: root_growth
short_description: Space of its volume that the root file system of a host does not use
version_added: 0.1.0
description:
  - A volume that has grown leaves the partition and the file system in it as they were.
  - The partition can grow when it is the last one of its disk, and has the file system directly in it, as on the images
    of Amazon Linux, Debian and Ubuntu. Anything else (LVM, encrypted partitions, containers) is left alone.
positional: _input
options:
  _input:
    description: The facts of the host, with C(mounts) and C(devices).
    type: dict
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show how the root file system can grow
  ansible.builtin.debug:
    msg: "{{ ansible_facts | groundwork.aws.root_growth }}"
"""

RETURN = r"""
_value:
  description: What can grow; empty where nothing can.
  type: dict
  contains:
    disk:
      description: Path of the disk.
      type: str
    number:
      description: Number of the partition.
      type: str
    device:
      description: Path of the partition.
      type: str
    fstype:
      description: Type of the file system.
      type: str
    partition:
      description: Whether the partition grows, too. It does not where an earlier run stopped after it.
      type: bool
  sample: {disk: /dev/nvme0n1, number: "1", device: /dev/nvme0n1p1, fstype: xfs, partition: true}
"""

SECTOR = 512  # Linux counts the sectors of all disks in 512 bytes (Documentation/ABI/stable/sysfs-block).
# Partitions are aligned, and a backup of the partition table is at the end of the disk.
LEAST_GROWTH = 64 << 20
# What a file system of ext4 shows is less than its partition by its own tables.
LARGEST_OVERHEAD = 0.1
FILE_SYSTEMS = ("ext4", "xfs")


def root_growth(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The partition and file system that can grow; empty where nothing can."""
    root: Mapping[str, Any] = next((one for one in facts.get("mounts") or () if one.get("mount") == "/"), {})
    name = str(root.get("device", "")).removeprefix("/dev/")
    for disk, device in (facts.get("devices") or {}).items():
        partitions = device.get("partitions") or {}
        number = re.search(r"\d+$", name)
        if name not in partitions or number is None or root.get("fstype") not in FILE_SYSTEMS:
            continue
        own = partitions[name]
        end = int(own["start"]) + int(own["sectors"])
        is_last = all(int(other["start"]) < end for other in partitions.values())
        is_shorter = is_last and (int(device["sectors"]) - end) * SECTOR >= LEAST_GROWTH
        shown = int(root.get("size_total") or 0)
        is_smaller = 0 < shown < int(own["sectors"]) * SECTOR * (1 - LARGEST_OVERHEAD) - LEAST_GROWTH
        if is_shorter or is_smaller:
            return {
                "disk": f"/dev/{disk}",
                "number": number[0],
                "device": f"/dev/{name}",
                "fstype": root["fstype"],
                "partition": is_shorter,
            }
    return {}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"root_growth": root_growth}
