#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restore a database of a stack as a standby, and switch over to it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_restore
short_description: Restore a database of a stack as a standby, and switch over to it
version_added: 0.1.0
description:
  - With O(state=restored), creates a new instance from a snapshot or a point in time, with the network, the groups and
    the settings of the document, and waits until it is available and RDS keeps a password for its master user.
    The serving instance is not changed.
  - With O(state=switched), the serving instance is renamed to C(<identifier>-before-<time>), and the standby gets its
    identifier. The endpoint follows the identifier, so that services connect to the restored database.
    The replaced instance is kept as a standby, protected from deletion.
  - The next run with the same options continues one that was killed at any step.
  - The playbook C(restore.yml) does both, and between them checks the tables of the standby from a host of the stack.
options:
  database:
    description:
      - The name of the database in the document. Not needed for a stack with one database.
    type: str
  state:
    description:
      - With V(restored), the instance exists as a standby.
      - With V(switched), it serves. It must have been restored before.
      - With V(absent), the standby that O(instance) names is deleted, after a final snapshot.
    type: str
    choices: [restored, switched, absent]
    default: restored
  snapshot:
    description:
      - The snapshot to restore, or V(newest).
      - V(newest) is resolved to a snapshot first. With a standby that was restored from another one the module fails.
    type: str
  time:
    description:
      - The point in time to restore, such as V(2026-03-01T04:05:06Z), or V(latest).
      - V(latest) is resolved to a point in time first. With a standby that was restored from another one the module
        fails, so continue with the C(resolved) point that it returned.
    type: str
  instance:
    description:
      - A standby that is to serve (again) or to be deleted.
    type: str
  again:
    description:
      - Whether to restore from a source from which the serving database was restored already.
    type: bool
    default: false
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
  - module: groundwork.aws.database_snapshot
  - module: groundwork.aws.database_recovery_info
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Restore the state before the accident
  groundwork.aws.database_restore:
    topology: three_tier
    time: "2026-03-01T04:05:00Z"

- name: Switch over to it
  groundwork.aws.database_restore:
    topology: three_tier
    time: "2026-03-01T04:05:00Z"
    state: switched

- name: Delete the replaced instance
  groundwork.aws.database_restore:
    topology: three_tier
    instance: three-tier-main-before-20260301-041500
    state: absent
"""

RETURN = r"""
database:
  description: The name of the database in the document.
  returned: success, unless O(state=absent)
  type: str
stack:
  description: The name of the stack.
  returned: success, unless O(state=absent)
  type: str
done:
  description: Whether the database was restored and served before, so that nothing was done.
  returned: success, unless O(state=absent)
  type: bool
resolved:
  description:
    - The O(snapshot), O(time) or O(instance) of the request, with the snapshot or point in time that a keyword means.
    - Use it instead of the keyword in later tasks, for which the keyword may mean another one.
  returned: success, unless O(state=absent)
  type: dict
  sample: {snapshot: three-tier-main-20260301-040506}
instance:
  description: The identifier of the instance.
  returned: success
  type: str
  sample: three-tier-main
source:
  description: The source from which it would be restored.
  returned: with O(state=restored) in check mode, when it does not exist yet
  type: str
  sample: snapshot:three-tier-main-20260301-040506
kept:
  description: The identifiers of all other standbys.
  returned: success, unless O(state=absent)
  type: list
  elements: str
steps:
  description: The steps, in their order.
  returned: with O(state=switched)
  type: list
  elements: str
objectives:
  description: The objectives of the document, in seconds, as C(rpo_seconds) and C(rto_seconds).
  returned: success, unless O(state=absent)
  type: dict
began:
  description: When the restore began.
  returned: when a snapshot or a point in time was asked for, unless O(state=absent)
  type: str
  sample: "2026-03-01T04:06:00Z"
data_of:
  description: The point in time of the data.
  returned: when a snapshot or a point in time was asked for, unless O(state=absent)
  type: str
  sample: "2026-03-01T04:05:00Z"
rpo_seconds:
  description: The time between the point in time of the data and the start of the restore.
  returned: when a snapshot or a point in time was asked for, unless O(state=absent)
  type: int
snapshot:
  description: The final snapshot of the deleted instance.
  returned: with O(state=absent), when it could be taken
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, LOCK, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._backup.operations import restore_database
from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import Report, discard_event

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "database": {"type": "str"},
    "state": {"type": "str", "choices": ["restored", "switched", "absent"], "default": "restored"},
    "snapshot": {"type": "str"},
    "time": {"type": "str"},
    "instance": {"type": "str"},
    "again": {"type": "bool", "default": False},
    **LOCK,
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {
    "mutually_exclusive": [("snapshot", "time", "instance")],
    "required_one_of": [("snapshot", "time", "instance")],
}


def run(options: Mapping[str, Any], check_mode: bool, report: Report = discard_event) -> dict[str, Any]:
    """Run the module and return its result; ``report`` gets an event at the start and end of each change."""
    return restore_database(options, check_mode, report)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
