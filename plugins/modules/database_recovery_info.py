#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tell to which points the databases of a stack can be restored."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: database_recovery_info
short_description: Tell to which points the databases of a stack can be restored
version_added: 0.1.0
description:
  - Reads the backups and snapshots of the databases of a topology, and what was restored or kept beside them.
  - Warns of each database of which nothing newer than its objective C(rpo) can be restored.
options:
  databases:
    description:
      - The names of the databases in the document. Without any, all of them.
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
- name: Read what can be restored
  groundwork.aws.database_recovery_info:
    topology: three_tier
  register: recovery

- name: A day is lost at most
  ansible.builtin.assert:
    that: recovery.databases.main.age_seconds < 86400
"""

RETURN = r"""
databases:
  description: What there is, by the name of the database.
  returned: success
  type: dict
  contains:
    instance:
      description: The identifier of the instance that serves, if there is one.
      type: str
    status:
      description: What RDS says of it.
      type: str
    newest_point:
      description: The newest point that can be restored, if there is any.
      type: str
      sample: "2026-03-01T04:05:06Z"
    age_seconds:
      description: How long ago that is.
      type: int
    objectives:
      description: The objectives of the document, in seconds, as C(rpo_seconds) and C(rto_seconds).
      type: dict
    restorable:
      description: Of each instance (C(instance)) the points in time to which it can be restored, C(from) and C(to).
      type: list
      elements: dict
    snapshots:
      description: The snapshots, the newest first, with C(id), C(status), C(taken), C(size_gib), and whether C(ours).
      type: list
      elements: dict
    kept:
      description: The instances that stand beside, with C(id), C(status), C(created) and whether C(replaced).
      type: list
      elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, TOPOLOGY
from ansible_collections.groundwork.aws.plugins.module_utils._recovery.entry import inform

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    **TOPOLOGY,
    "databases": {"type": "list", "elements": "str", "default": []},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Do the work of the module and return its result."""
    return inform(options)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    answer(module, run)


if __name__ == "__main__":
    main()
