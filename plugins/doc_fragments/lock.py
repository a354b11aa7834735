# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules that take the lock of a stack."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules; use as C(groundwork.aws.lock)."""

    DOCUMENTATION = r"""
options:
  lock_wait:
    description:
      - How many seconds to wait for another run of the same stack to end.
    type: int
    default: 120
  lock_ttl:
    description:
      - After how many seconds the lock expires unless the run renews it, which it does while it works.
    type: int
    default: 60
"""
