# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.filter.batch_sizes import FilterModule

batch_sizes = FilterModule().filters()["batch_sizes"]


@pytest.mark.parametrize(("hosts", "sizes"), [([], []), (["a"], [1]), (["b", "a", "c"], [1, 1, 1])])
def test_each_host_is_a_batch(hosts: list[str], sizes: list[int]) -> None:
    assert batch_sizes(hosts) == sizes
    assert batch_sizes(hosts, strategy="one_at_a_time") == sizes


def test_an_unknown_strategy_is_an_error() -> None:
    with pytest.raises(ValueError, match="'canary' is not a strategy \\(known: one_at_a_time\\)"):
        batch_sizes(["a"], "canary")
