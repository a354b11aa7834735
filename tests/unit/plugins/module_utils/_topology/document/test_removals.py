# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A null that removes nothing is a warning, which names a similar key; one for an unknown key is an error."""

from __future__ import annotations

from typing import Any

import pytest
from support.documents import base_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import examine

NOTHING = "removes nothing, because the layers below do not have it"


def warnings_of(*overrides: Any) -> list[str]:
    found = examine(base_of({}), list(overrides))
    assert [str(one) for one in found.errors] == []
    return [str(one).removesuffix("]").partition(" [from ")[0] for one in found.warnings]


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ({"services": {"apo": None}}, [f'services.apo: {NOTHING}; did you mean "api"?']),
        ({"databases": {"main": None}}, [f"databases.main: {NOTHING}; there is none yet"]),
        (
            {"services": {"api": {"environment": {"X": None}}}},
            [f"services.api.environment.X: {NOTHING}; there is none"],
        ),
        ({"services": {"api": {"threads": None}}, "load_balancer": None, "databases": None}, []),
        ({"resources": {"vpc/x": {"cidr": "10.9.0.0/16", "dns_support": None}}}, []),
    ],
)
def test_a_null_that_removes_nothing(change: dict[str, Any], texts: list[str]) -> None:
    found = warnings_of(change)
    assert len(found) == len(texts)
    for one, text in zip(found, texts, strict=True):
        assert one.startswith(text)


def test_a_null_that_removes_what_a_layer_below_has() -> None:
    group = {"instances": {"extra": {"subnets": "public"}}}
    assert warnings_of(group, {"instances": {"extra": None}}) == []
    assert len(warnings_of({"instances": {"extra": None}}, group)) == 1
