# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plain boto3 script: the list calls, in threads."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "module_utils"))

from stack_reads import read_stack

if __name__ == "__main__":
    read_stack(*sys.argv[1:3])
