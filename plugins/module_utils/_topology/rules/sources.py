# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about the sources of services."""

from __future__ import annotations

from collections.abc import Iterator

from ..git_addresses import find_address_problem, find_ref_problem
from ..schema.kinds import Finding, display
from ..view import Document, services


def ref_needs_a_git_source(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        source = service["source"] or {}
        if source.get("ref") is not None and source.get("git") is None:
            yield ("services", name, "source", "ref"), "only git has a ref (remove it)"


def git_fetches_from_its_address(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        source = service["source"] or {}
        path = ("services", name, "source")
        address, ref = source.get("git"), source.get("ref")
        problem = find_address_problem(address) if address else None
        if problem is not None:
            yield (*path, "git"), f"{display(address)} {problem}"
        problem = find_ref_problem(ref) if address and ref else None
        if problem is not None:
            yield (*path, "ref"), f"{display(ref)} {problem}"


SOURCE_RULES = (ref_needs_a_git_source, git_fetches_from_its_address)
