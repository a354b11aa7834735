# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module `database_restore`: that of `stack`."""

from __future__ import annotations

from ansible_collections.groundwork.aws.plugins.action.stack import ActionModule

__all__ = ["ActionModule"]
