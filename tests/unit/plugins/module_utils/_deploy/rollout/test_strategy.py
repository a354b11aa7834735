# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.filter.batch_sizes import DOCUMENTATION, FilterModule
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.strategy import STRATEGIES, plan_batches


@pytest.mark.parametrize(("hosts", "batches"), [([], []), (["a"], [["a"]]), (["b", "a", "c"], [["b"], ["a"], ["c"]])])
def test_one_host_is_a_batch_in_the_order_of_the_inventory(hosts: list[str], batches: list[list[str]]) -> None:
    assert plan_batches(hosts) == batches


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_host_is_in_one_batch(strategy: str) -> None:
    hosts = [f"app-{number}" for number in range(1, 8)]
    assert [host for batch in plan_batches(hosts, strategy) for host in batch] == hosts


def test_the_filter_documents_every_strategy() -> None:
    option = yaml.safe_load(DOCUMENTATION)["options"]["strategy"]
    assert option["choices"] == list(STRATEGIES)


def test_an_unknown_strategy_is_an_error() -> None:
    with pytest.raises(ValueError, match="'canary' is not a strategy \\(known: one_at_a_time\\)"):
        plan_batches(["a"], "canary")


def test_the_filter_returns_the_number_of_hosts_in_each_batch() -> None:
    batch_sizes = FilterModule().filters()["batch_sizes"]
    assert batch_sizes(["a", "b"]) == [1, 1]
    assert batch_sizes([], strategy="one_at_a_time") == []
