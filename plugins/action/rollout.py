# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module `rollout` on the controller."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.groundwork.aws.plugins.modules import rollout
from ansible_collections.groundwork.aws.plugins.plugin_utils.controller_action import ControllerAction, ControllerModule


class ActionModule(ControllerAction):
    module: ClassVar[ControllerModule] = rollout

    def prepare_arguments(self, arguments: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Name the process that holds the lock: ansible-playbook, of which the process of each task is a child."""
        return {"holder_pid": os.getppid(), **arguments}
