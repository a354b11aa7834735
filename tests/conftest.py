# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make `ansible_collections.groundwork.aws` importable, the way ansible itself would import it."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parent.parent
COLLECTIONS = CHECKOUT / ".venv" / "collections"


def link_checkout() -> None:
    """Give this checkout the one place under which ansible finds the collection `groundwork.aws`."""
    link = COLLECTIONS / "ansible_collections" / "groundwork" / "aws"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(CHECKOUT)


link_checkout()
sys.path.insert(0, str(CHECKOUT))
_AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()

# How long one example takes says how busy the machine is.
settings.register_profile("groundwork", deadline=None)
settings.load_profile("groundwork")
