# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab needs of the machine: packages, a Docker Engine, kernel settings."""

from .dockerd import ensure_engine, stop_engine
from .machine import ensure_kernel_settings, ensure_packages, ensure_user_namespaces

__all__ = ["ensure_engine", "ensure_kernel_settings", "ensure_packages", "ensure_user_namespaces", "stop_engine"]
