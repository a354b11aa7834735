# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Artifacts: what a release is made from. Runs on the controller and on managed hosts: Python 3.9.

The controller resolves a source to an artifact, and a host records with each release which one it is made from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

TREE = "tree"  # files of a source, delivered as an archive
KINDS = (TREE,)

# The option of modules that take one.
OPTION: dict[str, Any] = {
    "type": "dict",
    "options": {
        "kind": {"choices": list(KINDS), "default": TREE},
        "digest": {"type": "str", "required": True},
        "version": {"type": "str", "required": True},
        "commit": {"type": "str", "default": ""},
    },
}


@dataclass(frozen=True)
class Artifact:
    """One artifact. Two with the same ``kind`` and ``digest`` have the same content.

    ``version`` is the text that names it for people, ``commit`` the commit of its source, empty where that is unknown.
    """

    kind: str
    digest: str
    version: str
    commit: str = ""

    @classmethod
    def from_option(cls, option: Mapping[str, Any]) -> Artifact:
        return cls(option["kind"], option["digest"], option["version"], option["commit"] or "")
