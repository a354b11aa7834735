# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A process of its own for a module of this collection: `child.py stack`, with parameters on standard input."""

from __future__ import annotations

import atexit
import gc
import runpy
import sys
import types
from pathlib import Path

# Python looks for garbage whenever 700 more objects have been made; models of AWS's services are a hundred thousand.
GARBAGE = 100_000


def main() -> None:
    """Be the module, from its own file and with the compiled files beside it.

    The path is not resolved: a checkout may stand behind a link. ``ansible_collections`` is made here, for there may be
    others, and a search through them all could find another installation of this collection.
    """
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
    # In the end Python looks through all of it once more, which takes longer than the work of most modules.
    atexit.register(gc.freeze)
    name = sys.argv.pop(1)
    del sys.path[0]
    package = types.ModuleType("ansible_collections")
    package.__path__ = [str(Path(__file__).absolute().parents[5])]
    sys.modules[package.__name__] = package
    runpy.run_module(f"ansible_collections.groundwork.aws.plugins.modules.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
