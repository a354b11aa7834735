# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the secrets of a document that the stack generates; existing secrets belong to others."""

from __future__ import annotations

from collections.abc import Iterator

from .._engine.model import DesiredResource
from .._topology.view import Document, generated_secrets


def compile_secrets(document: Document) -> Iterator[DesiredResource]:
    for name, secret in generated_secrets(document).items():
        if secret["existing"] is None:
            # Letters and digits only, because programs parse environment files in different ways.
            properties = {
                "description": secret["description"] or f"Secret {name} of {document['name']}",
                "generate": {"length": secret["length"], "exclude_punctuation": True},
            }
            yield DesiredResource("secret", name, properties, protected=secret["protect"])
