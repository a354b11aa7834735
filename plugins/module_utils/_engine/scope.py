# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scope of a stack, and the names of its objects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._aws.answer import missing_member
from .._aws.tags import RESOURCE, STACK
from .items import Raw


@dataclass(frozen=True)
class Scope:
    """One stack in one region, and where to look for its objects.

    ``document_names`` are, by type, the names and hosted zones that the document gives. ``hosted_zones`` are further
    ones, which tags name. ``absent``: the stack is to be deleted.
    """

    stack: str
    region: str
    document_names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hosted_zones: frozenset[str] = frozenset()
    absent: bool = False

    @property
    def iam_path(self) -> str:
        """The IAM path of the stack: IAM has no regions, and its lists show no tags."""
        return f"/groundwork/{self.stack}/{self.region}/"

    def physical_name(self, name: str) -> str:
        """The name in AWS of a resource of the stack, unless its type has another scheme."""
        return f"{self.stack}-{name}"


DIGEST_LENGTH = 8


def shorten_name(name: str, longest: int, prefix: str = "") -> str:
    """The name, or where it is too long its start and a digest of all of it. ``longest`` 0 is no limit.

    ``prefix``, with which the name begins, is never cut: the digest is shorter where that leaves less for it.
    """
    if not longest or len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
    if len(prefix) + DIGEST_LENGTH > longest:
        return prefix + digest[: longest - len(prefix)]
    return f"{name[: longest - DIGEST_LENGTH - 1].rstrip('-')}-{digest}"


def replacement_suffix(identifier: str) -> str:
    """Suffix for a replacement that must exist before the old object, which has this id, is deleted."""
    return "-" + hashlib.sha256(identifier.encode()).hexdigest()[:6]


def address_from_tags(item: Raw, tags: Mapping[str, str], scope: Scope) -> str | None:
    """The address that tags give an item in the stack; None for an item of another owner."""
    if tags.get(STACK) in (scope.stack, ""):
        for tag in (STACK, RESOURCE):
            if tags.get(tag) == "":
                raise missing_member(item, f"Value of the tag {tag}")
    return tags.get(RESOURCE) if tags.get(STACK) == scope.stack else None
