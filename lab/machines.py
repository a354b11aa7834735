# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a guest has to know of its instance, read from the API's objects in one go."""

from __future__ import annotations

from dataclasses import dataclass

from moto.ec2.models.instances import Instance


@dataclass(frozen=True)
class Machine:
    """A snapshot of an instance."""

    id: str
    region: str


def describe(instance: Instance) -> Machine:
    """Take the snapshot; the lock of the API is held."""
    return Machine(id=instance.id, region=instance.region_name)
