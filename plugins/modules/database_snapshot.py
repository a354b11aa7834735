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
  - Takes a manual snapshot of each database of a topology, waits until they are available, and deletes those of its own
    that are older than the newest O(keep).
  - Its own are those that carry its tags. No other snapshot is ever deleted.
  - A run that was killed is continued by the next one, which waits for the snapshots that are being taken.
  - Warns when so far nothing newer than the objective C(rpo) of a database could have been restored.
options:
  databases:
    description:
      - The names of the databases in the document. Without any, all of them.
    type: list
    elements: str
    default: []
  keep:
    description:
      - How many of its own snapshots of each database are kept.
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
  description: What was done, by the name of the database.
  returned: success
  type: dict
  contains:
    snapshot:
      description: The identifier of the snapshot.
      type: str
      sample: three-tier-main-20260301-040506
    size_gib:
      description: The storage of the database that it is of, in GiB. Not in check mode.
      type: int
    taken:
      description: When it was taken. Not in check mode.
      type: str
      sample: "2026-03-01T04:05:06Z"
    seconds:
      description: How long that took. Not in check mode.
      type: float
    deleted:
      description: The identifiers of the snapshots that went.
      type: list
      elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, LOCK, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.entry import take
from ansible_collections.groundwork.aws.plugins.module_utils._stack.progress import Report, discard

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "databases": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "int", "default": 7},
    **LOCK,
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], check_mode: bool, report: Report = discard) -> dict[str, Any]:
    """Do the work of the module and return its result; ``report`` gets an event as each change starts and ends."""
    return take(options, check_mode, report)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    answer(module, run)


if __name__ == "__main__":
    main()
