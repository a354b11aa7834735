# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module `target_info`."""

from __future__ import annotations

from ansible_collections.groundwork.aws.plugins.plugin_utils._direct.action import ControllerAction as ActionModule

__all__ = ["ActionModule"]
