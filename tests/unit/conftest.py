# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all unit tests share."""

from __future__ import annotations

import botocore.session
from botocore.loaders import create_loader

# A loader keeps the models of services that it has read, which takes half a second for EC2: all sessions share one.
LOADER = create_loader()
botocore.session.create_loader = lambda *_paths: LOADER
