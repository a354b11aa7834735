# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services of the scenario."""

from __future__ import annotations

PATHS = {"api": "/api/x", "old": "/old/x", "web": "/", "solo": "/solo/x"}
