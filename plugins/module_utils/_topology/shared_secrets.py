# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets of a document which the stack makes up; those that exist already are somebody else's."""

from __future__ import annotations

from collections.abc import Iterator

from .._stack.wanted import Wanted
from .view import Document, shared_secrets


def made_up_secrets(document: Document) -> Iterator[Wanted]:
    for name, secret in shared_secrets(document).items():
        if secret["existing"] is None:
            # Letters and digits alone: it stands in files of variables, which programs read in their own ways.
            properties = {
                "description": secret["description"] or f"Secret {name} of {document['name']}",
                "generate": {"length": secret["length"], "exclude_punctuation": True},
            }
            yield Wanted("secret", name, properties, protected=secret["protect"])
