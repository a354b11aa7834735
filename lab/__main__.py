# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m lab`, and `python <checkout>/lab` from any other directory."""

import sys
from pathlib import Path

if not __package__:
    # Python was given the directory, and would find the lab's modules as if they were packages of their own.
    here = Path(__file__).resolve().parent
    sys.path[:] = [str(here.parent), *(one for one in sys.path if Path(one or ".").resolve() != here)]

from lab.cli import main

sys.exit(main())
