# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where databases stand: the zone and the groups that AWS chooses, and the network interface of each."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from .interfaces import stand_in, take_away
from .lifecycle import note, read_note

REQUESTER = "amazon-rds"


def complete(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What CreateDBInstance is asked for, with a zone of the subnet group and a security group of its network.

    moto takes the first zone of the region, and a group of the default network, whatever the subnets are.
    """
    group = backend.subnet_groups.get(given.get("db_subnet_group_name") or "")
    if group is None:
        return given
    zones = sorted(subnet.availability_zone for subnet in group._subnets)
    zone = given.get("availability_zone")
    # One that is restored brings the zone of its source along.
    zone = zone if zone in zones or not zones else zones[0]
    ec2: Any = ec2_backends[backend.account_id][backend.region_name]
    groups = given.get("vpc_security_group_ids") or [ec2.get_default_security_group(group.vpc_id).id]
    return {**given, "availability_zone": zone, "vpc_security_group_ids": groups}


def standing_in(database: Any) -> list[str]:
    """The subnets of a database: those of its group in its own zone, or in all zones when it has a standby."""
    group = getattr(database, "db_subnet_group", None)
    subnets = group._subnets if group else []
    zone = database.availability_zone
    return [one.id for one in subnets if database.multi_az or one.availability_zone == zone]


def interface(database: Any) -> Any:
    """The network interface at which the database is reached; None when there is no subnet for it."""
    return _ec2(database).enis.get(read_note(database, "interface", ""))


def plug(database: Any) -> None:
    """Give it an interface with its groups and its name, or change the one that it has."""
    there = interface(database)
    groups = list(database.vpc_security_group_ids)
    if there is not None:
        there._group_set = [_ec2(database).get_security_group_from_id(one) for one in groups]
        note(there, "name", database.address)
        return
    subnet = _home(database)
    if subnet:
        options = {"requester": REQUESTER, "name": database.address}
        # Only its id: what is noted with a database is copied when it is restored.
        note(database, "interface", stand_in(_ec2(database), subnet, groups, "RDSNetworkInterface", **options).id)


def unplug(database: Any) -> None:
    """The database is gone."""
    there = interface(database)
    if there is not None:
        take_away([there])


def _home(database: Any) -> str:
    """The subnet in its zone; without a group that of the default network, as in AWS."""
    group = getattr(database, "db_subnet_group", None)
    ec2 = _ec2(database)
    subnets = group._subnets if group else ec2.get_default_subnets().values()
    zone = database.availability_zone
    return next((str(one.id) for one in subnets if one.availability_zone == zone), "")


def _ec2(database: Any) -> Any:
    return ec2_backends[database.account_id][database.region]
