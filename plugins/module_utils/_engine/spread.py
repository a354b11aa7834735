# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Spreading resources over options, such as instances over the subnets of a tier. Pure, as the planner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .model import DesiredResource, Ref, Spread
from .resource_type import ActualResource


def choose_options(
    resources: Sequence[DesiredResource], existing: Sequence[ActualResource]
) -> tuple[DesiredResource, ...]:
    """The resources with a `Ref` in the place of each `Spread`.

    A resource that exists keeps its option. Of the others each gets the option that the fewest of its group use, in the
    order of the document; of equally used options the first.
    """
    kept: dict[tuple[str, str], Ref] = {}
    used: Counter[tuple[str, Ref]] = Counter()
    for resource in resources:
        for name, spread in _find_spreads(resource).items():
            option = _find_current_option(resource, name, spread, existing)
            if option is not None:
                kept[resource.address, name] = option
                used[spread.group, option] += 1
    chosen: list[DesiredResource] = []
    for resource in resources:
        properties = dict(resource.properties)
        for name, spread in _find_spreads(resource).items():
            option = kept.get((resource.address, name))
            if option is None:
                counts = [used[spread.group, one] for one in spread.options]
                option = spread.options[counts.index(min(counts))]
                used[spread.group, option] += 1
            properties[name] = option
        chosen.append(replace(resource, properties=properties))
    return tuple(chosen)


def _find_spreads(resource: DesiredResource) -> Mapping[str, Spread]:
    return {name: value for name, value in resource.properties.items() if isinstance(value, Spread)}


def _find_current_option(
    resource: DesiredResource, name: str, spread: Spread, existing: Sequence[ActualResource]
) -> Ref | None:
    """The option that the resource uses; None where it does not exist, or uses something else."""
    values = {actual.properties.get(name) for actual in existing if actual.address == resource.address}
    for option in spread.options:
        for actual in existing:
            if actual.address == option.address and actual.attributes.get(option.attribute) in values - {None}:
                return option
    return None
