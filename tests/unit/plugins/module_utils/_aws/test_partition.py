# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The partitions of regions, and of ARNs that are used in them."""

from __future__ import annotations

import botocore.session
import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.partition import (
    PARTITIONS,
    arn_partition,
    find_arn_problem,
)


def test_partitions_are_those_of_botocore() -> None:
    session = botocore.session.get_session()
    known = session.get_available_partitions()
    assert set(known) <= set(PARTITIONS)
    for partition in known:
        for region in session.get_available_regions("sts", partition):
            assert arn_partition(region) == partition, region


@pytest.mark.parametrize(
    ("arn", "region", "problem"),
    [
        ("arn:aws:sns:eu-central-1:1:a", "eu-central-1", None),
        ("arn:aws-cn:sns:cn-north-1:1:a", "cn-north-1", None),
        ("arn:aws:iam::1:role/a", "eu-central-1", None),
        ("arn:aws:sns:eu-west-1:1:a", "eu-central-1", "is in eu-west-1, and it is elsewhere (name one there)"),
        (
            "arn:aws-cn:sns:eu-central-1:1:a",
            "eu-central-1",
            "is of the partition aws-cn, and eu-central-1 is of aws (name one that begins with arn:aws:)",
        ),
        (
            "arn:aws:iam::1:role/a",
            "us-gov-west-1",
            "is of the partition aws, and us-gov-west-1 is of aws-us-gov (name one that begins with arn:aws-us-gov:)",
        ),
        ("shop/secret", "eu-central-1", None),
        ("arn:aws:sns:eu-west-1:1:a", None, None),
        (None, "eu-central-1", None),
    ],
)
def test_an_arn_is_of_the_region_and_its_partition(arn: str | None, region: str | None, problem: str | None) -> None:
    assert find_arn_problem(arn, region, "it is elsewhere") == problem
