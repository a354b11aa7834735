# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules of which one runs at a time for a stack."""

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
      - After how many seconds the lock expires unless it is renewed. A run that lives renews it.
    type: int
    default: 60
"""
