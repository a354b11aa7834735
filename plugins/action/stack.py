# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module `stack` on the controller."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.groundwork.aws.plugins.modules import stack
from ansible_collections.groundwork.aws.plugins.plugin_utils.progress_action import ProgressAction, ProgressModule


class ActionModule(ProgressAction):
    module: ClassVar[ProgressModule] = stack
