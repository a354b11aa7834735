# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images that guests and appliances of the lab start from."""

from .build import ensure_appliance_image, ensure_image, remove_images
from .recipe import LATEST, REPOSITORY

__all__ = ["LATEST", "REPOSITORY", "ensure_appliance_image", "ensure_image", "remove_images"]
