# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks that a VPC cannot have, and versions that databases can have."""

from __future__ import annotations

import pytest
from support.documents import errors_of


def errors_of_network(prefix: str) -> list[str]:
    tiers = {
        "public": {"cidrs": [f"{prefix}.1.0/24", f"{prefix}.2.0/24"]},
        "private": {"cidrs": [f"{prefix}.3.0/24", f"{prefix}.4.0/24"]},
    }
    return errors_of({"change": {"network": {"cidr": f"{prefix}.0.0/16", "subnets": tiers}}})


@pytest.mark.parametrize(
    ("prefix", "whole"),
    [
        ("0.0", "0.0.0.0/8"),
        ("0.255", "0.0.0.0/8"),
        ("127.0", "127.0.0.0/8"),
        ("127.31", "127.0.0.0/8"),
        ("169.254", "169.254.0.0/16"),
        ("224.0", "224.0.0.0/4"),
        ("239.255", "224.0.0.0/4"),
    ],
)
def test_networks_that_hosts_cannot_have(prefix: str, whole: str) -> None:
    (error,) = errors_of_network(prefix)
    assert error.startswith(f"network.cidr: {prefix}.0.0/16 is in {whole}, which is for ")
    assert "choose a private network: a part of 10.0.0.0/8" in error


@pytest.mark.parametrize("prefix", ["10.255", "172.31", "192.168", "100.64", "198.18", "169.253", "128.0", "223.255"])
def test_private_and_public_networks(prefix: str) -> None:
    assert errors_of_network(prefix) == []


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        *(("mysql", version) for version in ("5.7.44", "8.0", "8.0.39", "8.4", "8.4.10", "9.7", "9.7.0", "10.4")),
        *(("postgres", version) for version in ("11", "11.22", "13.20", "17", "17.4", "18", "18.0", "19", "20.1")),
    ],
)
def test_versions_of_their_engine_and_later_ones(engine: str, version: str) -> None:
    database = {"engine": engine, "version": version, "subnets": "private"}
    assert errors_of({"change": {"databases": {"main": database}}}) == []
