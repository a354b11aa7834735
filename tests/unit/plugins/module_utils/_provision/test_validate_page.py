# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The messages in docs/validate.md are the actual ones."""

from __future__ import annotations

import re
from pathlib import Path

from support.documents import CHECKOUT

from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate

PAGE = (CHECKOUT / "docs" / "validate.md").read_text(encoding="utf-8")


def test_the_example_matches_the_output(tmp_path: Path) -> None:
    (document,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (output,) = re.findall(r"prints:\n\n```\n(.*?)```", PAGE, re.DOTALL)
    source = tmp_path / "shop" / "api"
    source.mkdir(parents=True)
    (source / "wsgi.py").write_text("app = 1\n", encoding="utf-8")
    (source / "requirements.txt").write_text("flask\ngunicorn==23.0.0\n", encoding="utf-8")
    path = tmp_path / "shop" / "topology.yml"
    path.write_text(document, encoding="utf-8")
    report = "\n".join(validate({"topology": str(path)})["report"])
    assert report.replace(str(tmp_path), "/home/me") == output.strip()
