#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take snapshots of the databases of a stack."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_snapshot
short_description: Take snapshots of the databases of a stack
version_added: 0.1.0
description:
  - Takes a manual snapshot of each database of a topology, waits until they are available, and deletes its own
    snapshots except the newest O(keep).
  - Its own snapshots have its tags. It never deletes another one.
  - The next run continues one that was killed, and waits for the snapshots that are in progress.
  - Warns of each database whose newest restorable point was older than its objective C(rpo).
options:
  databases:
    description:
      - The names of the databases in the document. By default all of them.
    type: list
    elements: str
    default: []
  keep:
    description:
      - How many of its own snapshots to keep of each database.
    type: int
    default: 7
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
  - groundwork.aws.lock
  - groundwork.aws.topology
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
seealso:
  - module: groundwork.aws.database_restore
  - module: groundwork.aws.database_recovery_info
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Take a snapshot of every database before a change
  groundwork.aws.database_snapshot:
    topology: three_tier

- name: Take one of the orders and keep a month of them
  groundwork.aws.database_snapshot:
    topology: ecommerce
    databases: [order]
    keep: 30
"""

RETURN = r"""
snapshots:
  description: The result, by the name of the database.
  returned: success
  type: dict
  contains:
    snapshot:
      description: The identifier of the snapshot.
      type: str
      sample: three-tier-main-20260301-040506
    size_gib:
      description: The storage of its database, in GiB. Not in check mode.
      type: int
    taken:
      description: When it was taken. Not in check mode.
      type: str
      sample: "2026-03-01T04:05:06Z"
    seconds:
      description: The duration of the backup. Not in check mode.
      type: float
    deleted:
      description: The identifiers of the deleted snapshots.
      type: list
      elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, LOCK, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._backup.operations import take_snapshots
from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import Report, discard_event

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "databases": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "int", "default": 7},
    **LOCK,
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], check_mode: bool, report: Report = discard_event) -> dict[str, Any]:
    """Run the module and return its result; ``report`` gets an event at the start and end of each change."""
    return take_snapshots(options, check_mode, report)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
