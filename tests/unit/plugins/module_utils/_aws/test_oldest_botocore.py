# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No request has a parameter that the oldest supported botocore rejects before it is sent.

The requests of the resource types are checked in tests/unit/stack (their cases, and whole runs), by the same function.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.oldest_botocore import KNOWN, unknown_parameters

from ansible_collections.groundwork.aws.plugins.module_utils._backup.restore import RESTORE_PARAMETERS

REQUIREMENTS = Path(__file__).parents[5] / "requirements.txt"


def test_the_file_is_of_the_oldest_botocore_in_the_requirements() -> None:
    (oldest,) = re.findall(r"^botocore>=([\d.]+)$", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert KNOWN["botocore"].startswith(f"{oldest}.")


def test_a_newer_parameter_is_found() -> None:
    newer = {"DBInstanceIdentifier": "a", "BackupRetentionPeriod": 7, "Tags": [{"Key": "a", "Colour": "red"}]}
    found = unknown_parameters("rds", "restore_db_instance_from_db_snapshot", newer)
    assert found == ["BackupRetentionPeriod", "Tags.Colour"]


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("restore_db_instance_from_db_snapshot", ["DBInstanceIdentifier", "DBSnapshotIdentifier", "Tags"]),
        (
            "restore_db_instance_to_point_in_time",
            [
                *("SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier", "UseLatestRestorableTime"),
                *("RestoreTime", "Tags"),
            ],
        ),
    ],
)
def test_a_restore_sends_only_parameters_of_the_oldest_botocore(operation: str, more: list[str]) -> None:
    assert unknown_parameters("rds", operation, dict.fromkeys([*RESTORE_PARAMETERS.values(), *more])) == []
