# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that belong to a region: names of zones, and ARNs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .._aws.partition import find_arn_problem, find_partition_problem
from .._engine.property_limits import PropertyPath, PropertyProblem, display_value, list_values
from .._engine.resource_type import Properties

RegionCheck = Callable[[Properties, str], Iterator[PropertyProblem]]


def zone_of_region(pattern: PropertyPath) -> RegionCheck:
    """A check that a zone is one of the region. Local and Wavelength Zones have the name of their region in front."""

    def check(given: Properties, region: str) -> Iterator[PropertyProblem]:
        for path, zone in list_values(pattern, given):
            if isinstance(zone, str) and not re.match(rf"{re.escape(region)}(?:[a-z]$|-)", zone):
                yield path, f"{display_value(zone)} is not a zone of {region} (like {region}a)"

    return check


def arn_of_region(pattern: PropertyPath, owner: str) -> RegionCheck:
    """A check that an ARN is of the region, as the one who uses it requires: "the load balancer"."""

    def check(given: Properties, region: str) -> Iterator[PropertyProblem]:
        for path, arn in list_values(pattern, given):
            problem = find_arn_problem(arn, region, f"{owner} is in {region}")
            if problem is not None:
                yield path, problem

    return check


def arn_of_partition(pattern: PropertyPath) -> RegionCheck:
    """A check that an ARN is of the partition of the region, for objects that are of no region."""

    def check(given: Properties, region: str) -> Iterator[PropertyProblem]:
        for path, arn in list_values(pattern, given):
            problem = find_partition_problem(arn, region) if isinstance(arn, str) else None
            if problem is not None:
                yield path, problem

    return check
