# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write what follows from the declarations of the topology document: the JSON Schema and the reference."""

from __future__ import annotations

import json
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / ".venv" / "collections"))

from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.document import json_schema  # noqa: E402
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.reference import replace_reference  # noqa: E402


def main() -> None:
    schema = CHECKOUT / "schema" / "topology.schema.json"
    schema.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    page = CHECKOUT / "docs" / "topology.md"
    page.write_text(replace_reference(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
