# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The volumes of instances."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._resources.ec2.instance import TYPE

GIVEN = {"image": "al2023", "type": "t3.micro", "subnet": "subnet-1"}


@pytest.mark.parametrize(
    "volume",
    [{}, {"type": "gp2"}, {"iops": 6000, "size": 12}, {"type": "io1", "iops": 100}, {"type": "io2", "iops": 4000}],
)
def test_volumes_that_aws_creates(volume: dict[str, Any]) -> None:
    assert TYPE.validate({**GIVEN, "volume": volume}) is None


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ({"type": "io1"}, "volume: lacks iops, which a volume of the type io1 needs"),
        ({"type": "io2", "iops": None}, "volume: lacks iops, which a volume of the type io2 needs"),
        ({"type": "gp2", "iops": 3000}, "volume.iops: goes with volumes of the types gp3, io1, io2 only"),
    ],
)
def test_volumes_that_aws_rejects(volume: dict[str, Any], text: str) -> None:
    assert text in str(TYPE.validate({**GIVEN, "volume": volume}))
