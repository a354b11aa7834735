# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The batches of one service: sizes, the minimum of healthy members, zones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.documents import CHECKOUT

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.strategy import (
    Member,
    PlanError,
    Strategy,
    split_members,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.rollout_settings import (
    STRATEGIES,
    Size,
    count_hosts,
)

DIRECTORY = Path(__file__).parents[1] / "cases"
CASES = yaml.safe_load((DIRECTORY / "strategy.yml").read_text(encoding="utf-8"))
EXAMPLES = yaml.safe_load((DIRECTORY / "rollout_examples.yml").read_text(encoding="utf-8"))


def build_strategy(settings: dict[str, Any]) -> Strategy:
    batches = {"batches": tuple(settings["batches"])} if "batches" in settings else {}
    return Strategy(**{**settings, **batches})


def build_members(zones: dict[str, str], unhealthy: list[str]) -> list[Member]:
    return [Member(host, zone, host not in unhealthy) for host, zone in zones.items()]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_batches_of_a_service(case: dict[str, Any]) -> None:
    unhealthy = case.get("unhealthy", [])
    members = build_members(case["members"], unhealthy)
    staying = build_members(case.get("staying", {}), unhealthy)
    strategy = build_strategy(case.get("strategy", {}))
    if "error" in case:
        with pytest.raises(PlanError) as raised:
            split_members(members, strategy, staying)
        assert str(raised.value) == case["error"]
    else:
        assert split_members(members, strategy, staying) == case["batches"]


@pytest.mark.parametrize("zones", [1, 2, 3])
@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_worked_examples(example: dict[str, Any], zones: int) -> None:
    for count, expected in example["zones"][zones].items():
        members = [Member(f"web-{number + 1}", f"zone-{number % zones}") for number in range(count)]
        strategy = build_strategy(example["strategy"])
        if expected == "none may leave":
            with pytest.raises(PlanError):
                split_members(members, strategy)
        else:
            zone_of = {member.host: member.zone for member in members}
            counts = [Counter(zone_of[host] for host in batch) for batch in split_members(members, strategy)]
            assert [[one[f"zone-{zone}"] for zone in range(zones)] for one in counts] == expected, count


@pytest.mark.parametrize(
    ("size", "total", "number"), [(2, 7, 2), (9, 7, 9), ("25%", 7, 2), ("1%", 7, 1), ("50%", 7, 4), ("100%", 7, 7)]
)
def test_a_percentage_of_hosts_is_rounded_up(size: Size, total: int, number: int) -> None:
    assert count_hosts(size, total) == number


sizes = st.integers(1, 12) | st.integers(1, 100).map(lambda percentage: f"{percentage}%")
members_lists = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40).map(
    lambda found: [Member(f"host-{number}", zone, healthy) for number, (zone, healthy) in enumerate(found)]
)
strategies = st.builds(
    Strategy,
    name=st.sampled_from(STRATEGIES),
    batches=st.lists(sizes, max_size=4).map(tuple),
    minimum_healthy=sizes | st.just(0),
)


@given(members_lists, strategies, members_lists)
def test_every_member_moves_once_and_the_minimum_stays_healthy(
    members: list[Member], strategy: Strategy, others: list[Member]
) -> None:
    staying = [Member(f"staying-{member.host}", member.zone, member.healthy) for member in others]
    everyone = [*members, *staying]
    try:
        batches = split_members(members, strategy, staying)
    except PlanError:
        # Once all members that move are healthy, the minimum still leaves nobody to spare.
        healthy = len(members) + sum(member.healthy for member in staying)
        assert len(everyone) > 1
        assert strategy.name != "all_at_once"
        assert healthy - count_hosts(strategy.minimum_healthy, len(everyone)) < 1
        return
    assert sorted(host for batch in batches for host in batch) == sorted(member.host for member in members)
    assert all(batches)
    if strategy.name == "all_at_once":
        assert len(batches) == bool(members)
        return
    check_batches(batches, everyone, strategy)
    if strategy.name == "canary" and members:
        assert len(batches[0]) == 1


def check_batches(batches: list[list[str]], everyone: list[Member], strategy: Strategy) -> None:
    """The minimum of healthy members, and half of each zone, hold in every batch."""
    zone_of = {member.host: member.zone for member in everyone}
    zone_sizes = Counter(zone_of.values())
    healthy = {member.host for member in everyone if member.healthy}
    for batch in batches:
        leaving = healthy & set(batch)
        if leaving and len(everyone) > 1:
            assert len(healthy - leaving) >= count_hosts(strategy.minimum_healthy, len(everyone))
            assert len(batch) < len(everyone)
            for zone, count in Counter(zone_of[host] for host in leaving).items():
                assert count <= (zone_sizes[zone] + 1) // 2
        order = [member.host for member in everyone]
        assert batch == sorted(batch, key=order.index)
        healthy |= set(batch)


@given(members_lists, strategies)
def test_unhealthy_members_move_before_healthy_ones(members: list[Member], strategy: Strategy) -> None:
    unhealthy = {member.host for member in members if not member.healthy}
    try:
        batches = split_members(members, strategy)
    except PlanError:
        return
    if strategy.name != "all_at_once":
        moved = [host in unhealthy for batch in batches for host in batch]
        assert moved == sorted(moved, reverse=True)


def test_the_table_of_the_documentation_has_the_sizes_of_the_batches() -> None:
    page = (CHECKOUT / "docs" / "topology.md").read_text(encoding="utf-8")
    table = page.partition("| hosts | default | canary, then half | as large as allowed |\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "7", "14", "100"]
    shown = (Strategy(), Strategy("canary", batches=("50%",)), Strategy(batches=()))
    for count, *cells in rows:
        members = [Member(f"web-{number}") for number in range(int(count))]
        sizes_of_each = [[len(batch) for batch in split_members(members, strategy)] for strategy in shown]
        assert cells == [", ".join(map(str, found)) for found in sizes_of_each]
