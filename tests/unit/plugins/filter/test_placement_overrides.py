# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Overrides name the place where a document declares the instances of a group."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.placement_overrides import placement_overrides

DOCUMENT: dict[str, Any] = {
    "instances": {"app": {"count": 1}},
    "services": {"api": {"on": "app"}, "jobs": {"instances": {"count": 2}}},
}
SMALL = {"type": "t3.small"}


@pytest.mark.parametrize(
    ("group", "overrides"),
    [("app", {"instances": {"app": SMALL}}), ("jobs", {"services": {"jobs": {"instances": SMALL}}})],
)
def test_the_settings_are_where_the_document_declares_the_group(group: str, overrides: dict[str, Any]) -> None:
    assert placement_overrides(DOCUMENT, group, SMALL) == overrides
