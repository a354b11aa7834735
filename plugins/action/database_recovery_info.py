# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module `database_recovery_info`: it finds the document."""

from __future__ import annotations

from ansible_collections.groundwork.aws.plugins.plugin_utils._direct.document import DocumentAction as ActionModule

__all__ = ["ActionModule"]
