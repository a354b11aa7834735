# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab adds to moto, so that it answers as AWS does. One file for each part of the API."""

from __future__ import annotations

import os

from moto import settings

from . import (
    access,
    addresses,
    balancers,
    cache_nodes,
    cache_subnets,
    caches,
    certificates,
    console,
    database_groups,
    database_snapshots,
    databases,
    dependencies,
    images,
    interfaces,
    launch,
    lifecycle,
    nat,
    options,
    patch,
    plane,
    records,
    secrets,
    security_rules,
    speed,
    subnets,
    tagging,
    targets,
    topics,
)

__all__ = ["addresses", "certificates", "install", "lifecycle", "plane", "remove", "targets"]
# Importing them declares their hooks.
_PARTS = (
    *(access, addresses, balancers, cache_nodes, cache_subnets, caches, certificates, console),
    *(
        database_groups,
        database_snapshots,
        databases,
        dependencies,
        images,
        interfaces,
        launch,
        lifecycle,
        nat,
        options,
        records,
        secrets,
        security_rules,
        speed,
        subnets,
        tagging,
        targets,
        topics,
    ),
)


def install() -> None:
    """Make moto strict where AWS is, and put the hooks in."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    settings.ENABLE_AMI_VALIDATION = True
    settings.EC2_ENABLE_INSTANCE_TYPE_VALIDATION = True
    patch.install()


def remove() -> None:
    """Leave moto as it was."""
    settings.ENABLE_AMI_VALIDATION = False
    settings.EC2_ENABLE_INSTANCE_TYPE_VALIDATION = False
    patch.remove()
