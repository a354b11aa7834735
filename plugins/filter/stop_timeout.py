# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Determine how long a service may take to stop, for the roles of the process managers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
---
name: stop_timeout
short_description: Seconds that a service may take to stop
version_added: 0.1.0
description:
  - Returns C(stop_timeout) of the service. The inventory sets it to the longer one of C(timeout) and C(drain), so that
    neither a request nor the load balancer is cut off.
  - A service that is written by hand may have C(timeout) only, which is used then. Without either the result is V(0),
    and the role decides.
positional: _input
options:
  _input:
    description:
      - A service, as C(groundwork_services) of the inventory has them.
    type: dict
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show how long each service may take to stop
  ansible.builtin.debug:
    msg: "{{ item.name }} gets {{ item | groundwork.aws.stop_timeout }} s"
  loop: "{{ groundwork_services }}"
"""

RETURN = r"""
_value:
  description: The seconds.
  type: int
  sample: 30
"""


def stop_timeout(service: Mapping[str, Any]) -> int:
    """The seconds of a service; 0 where it has neither a stop timeout nor a timeout."""
    return int(service.get("stop_timeout") or service.get("timeout") or 0)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"stop_timeout": stop_timeout}
