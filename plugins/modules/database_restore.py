#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restore a database of a stack beside the one that serves, and have the two change places."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_restore
short_description: Restore a database of a stack beside the one that serves, and have the two change places
version_added: 0.1.0
description:
  - With O(state=restored), makes a new instance of a snapshot or of a point in time, with the network, the groups and
    the settings of the document, and waits until it is up and RDS keeps a password for its master user.
    What serves is not touched.
  - With O(state=switched), the instance that serves gets the name C(<identifier>-before-<time>), and the other one gets
    its identifier. The endpoint follows the identifier, so that services find the other one where they look.
    What served before is kept, protected from deletion.
  - A run that was killed at any moment is continued by the next one that is asked for the same.
  - The playbook C(restore.yml) does both, and between them has a host of the stack look into what was restored.
options:
  database:
    description:
      - The name of the database in the document. Not needed where there is one alone.
    type: str
  state:
    description:
      - With V(restored), the instance stands beside the one that serves.
      - With V(switched), it serves. It must have been restored before.
      - With V(absent), the instance that O(instance) names is deleted, which must not serve.
        A last snapshot is taken of it.
    type: str
    choices: [restored, switched, absent]
    default: restored
  snapshot:
    description:
      - The snapshot to restore, or V(newest).
    type: str
  time:
    description:
      - The point in time to restore, such as V(2026-03-01T04:05:06Z), or V(latest).
    type: str
  instance:
    description:
      - An instance that stands beside, to serve (again), or to be deleted.
    type: str
  again:
    description:
      - Whether to restore what the database that serves was restored from already. The latest point in time always is.
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
- name: Restore what there was before the accident
  groundwork.aws.database_restore:
    topology: three_tier
    time: "2026-03-01T04:05:00Z"

- name: Have it serve
  groundwork.aws.database_restore:
    topology: three_tier
    time: "2026-03-01T04:05:00Z"
    state: switched

- name: Delete what served before
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
  description: Whether the database was that before, so that nothing was to be done.
  returned: success, unless O(state=absent)
  type: bool
instance:
  description: The identifier of the instance.
  returned: success
  type: str
  sample: three-tier-main
source:
  description: What it would be restored from.
  returned: with O(state=restored) in check mode, when it is not there yet
  type: str
  sample: snapshot:three-tier-main-20260301-040506
kept:
  description: The identifiers of all others that stand beside.
  returned: success, unless O(state=absent)
  type: list
  elements: str
steps:
  description: What was done, in this order.
  returned: with O(state=switched)
  type: list
  elements: str
objectives:
  description: The objectives of the document, in seconds, as C(rpo_seconds) and C(rto_seconds).
  returned: success, unless O(state=absent)
  type: dict
began:
  description: When the restoration began.
  returned: when a snapshot or a point in time was asked for, unless O(state=absent)
  type: str
  sample: "2026-03-01T04:06:00Z"
data_of:
  description: The moment of which the data are.
  returned: when a snapshot or a point in time was asked for, unless O(state=absent)
  type: str
  sample: "2026-03-01T04:05:00Z"
rpo_seconds:
  description: For how long before the restoration began what was written is not in the data.
  returned: when a snapshot or a point in time was asked for, unless O(state=absent)
  type: int
snapshot:
  description: The last snapshot of an instance that was deleted.
  returned: with O(state=absent), when it could be taken
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, LOCK, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.entry import restore
from ansible_collections.groundwork.aws.plugins.module_utils._stack.progress import Report, discard

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


def run(options: Mapping[str, Any], check_mode: bool, report: Report = discard) -> dict[str, Any]:
    """Do the work of the module and return its result; ``report`` gets an event as each change starts and ends."""
    return restore(options, check_mode, report)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    answer(module, run)


if __name__ == "__main__":
    main()
