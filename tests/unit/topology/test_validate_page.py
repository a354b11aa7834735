# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/validate.md shows what is really said."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.groundwork.aws.plugins.module_utils._topology.validate import validate

from .support import CHECKOUT

PAGE = (CHECKOUT / "docs" / "validate.md").read_text(encoding="utf-8")


def test_the_example_is_what_is_said(tmp_path: Path) -> None:
    (document,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (said,) = re.findall(r"says:\n\n```\n(.*?)```", PAGE, re.DOTALL)
    source = tmp_path / "shop" / "api"
    source.mkdir(parents=True)
    (source / "wsgi.py").write_text("app = 1\n", encoding="utf-8")
    (source / "requirements.txt").write_text("flask\ngunicorn==23.0.0\n", encoding="utf-8")
    path = tmp_path / "shop" / "topology.yml"
    path.write_text(document, encoding="utf-8")
    report = "\n".join(validate({"topology": str(path)})["report"])
    assert report.replace(str(tmp_path), "/home/me") == said.strip()
