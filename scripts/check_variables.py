# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that ansible can read an inventory source and the files of variables next to it.

Ansible reads them before it runs a play, and blames the inventory source for an error in a file of variables.
    .venv/bin/python scripts/check_variables.py inventories/aws
"""

from __future__ import annotations

import sys
from pathlib import Path

from ansible.parsing.dataloader import DataLoader

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / ".venv" / "collections"))

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import (  # noqa: E402
    Problem,
    split_fix,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.variable_files import (  # noqa: E402
    find_unreadable_files,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.kinds import display_path  # noqa: E402
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.layers import (  # noqa: E402
    find_variable_files,
)


def main(inventory: str) -> int:
    """Print every problem as validation does, and return 1 if there are any."""
    path = Path(inventory).absolute()
    directory = path if path.is_dir() else path.parent
    sources = [str(one) for end in ("yml", "yaml") for one in directory.glob(f"*ec2_services.{end}")]
    sources = sorted(sources) if path.is_dir() else [one for one in sources if one == str(path)]
    problems = list(find_unreadable_files([*sources, *find_variable_files(DataLoader(), str(directory))]))
    for one in problems:
        message, fix = split_fix(one.text)
        print(f"{Problem('', message, None, one.file, one.line, one.column)}\n    fix: {fix}")
    if problems:
        number = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        print(f"{display_path(inventory)} cannot be used: {number}. The document was not checked")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
