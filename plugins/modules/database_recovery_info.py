#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the points to which the databases of a stack can be restored."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_recovery_info
short_description: Read the points to which the databases of a stack can be restored
version_added: 0.1.0
description:
  - Reads the backups and snapshots of the databases of a topology, and their standbys.
  - Warns of each database whose newest restorable point is older than its objective C(rpo).
options:
  databases:
    description:
      - The names of the databases in the document. By default all of them.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
  - groundwork.aws.topology
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.database_snapshot
  - module: groundwork.aws.database_restore
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Read the restorable points
  groundwork.aws.database_recovery_info:
    topology: three_tier
  register: recovery

- name: Require that at most one day is lost
  ansible.builtin.assert:
    that: recovery.databases.main.age_seconds < 86400
"""

RETURN = r"""
databases:
  description: The backups and instances, by the name of the database.
  returned: success
  type: dict
  contains:
    instance:
      description: The identifier of the serving instance, if there is one.
      type: str
    status:
      description: Its status in RDS.
      type: str
    newest_point:
      description: The newest point that can be restored, if there is any.
      type: str
      sample: "2026-03-01T04:05:06Z"
    age_seconds:
      description: The age of that point.
      type: int
    objectives:
      description: The objectives of the document, in seconds, as C(rpo_seconds) and C(rto_seconds).
      type: dict
    restorable:
      description: The restorable points in time of each instance (C(instance)), C(from) and C(to).
      type: list
      elements: dict
    snapshots:
      description: The snapshots, the newest first, with C(id), C(status), C(taken), C(size_gib), and whether C(ours).
      type: list
      elements: dict
    kept:
      description:
        - The standbys, with C(id), C(status), C(created) and whether C(replaced).
        - C(restored_from), C(data_of) and C(age_seconds) are the source of a restored one, and the time and age of its
          data.
      type: list
      elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._backup.operations import read_recovery_info

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "databases": {"type": "list", "elements": "str", "default": []},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return read_recovery_info(options)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
