# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module `rollout_info` on the controller."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.groundwork.aws.plugins.modules import rollout_info
from ansible_collections.groundwork.aws.plugins.plugin_utils.controller_action import ControllerAction, ControllerModule


class ActionModule(ControllerAction):
    module: ClassVar[ControllerModule] = rollout_info
