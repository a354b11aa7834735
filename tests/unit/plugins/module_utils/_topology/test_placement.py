# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Placements: which instances exist for a service, how they are reached, and which of them are surplus."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from support.documents import HERE, read

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.placement import (
    bind_address,
    calling_placements,
    find_placement,
    find_placements,
    is_proxied,
    placement_name,
)

SMALL = read(HERE / "small.yml")
WEB = {
    "runtime": "pm2",
    "port": 3000,
    "entry": "server.js",
    "source": {"git": "https://git.example.org/web.git"},
}
OWN = {"subnets": "public", "count": 3, "max": 5}


def document(**services: Any) -> dict[str, Any]:
    """The small document with more services."""
    data = copy.deepcopy(SMALL)
    data["services"].update(services)
    return load(data)


def test_services_share_a_group_of_instances() -> None:
    (placement,) = find_placements(document(web={**WEB, "on": "app"})).values()
    assert placement.name == "app"
    assert placement.path == ("instances", "app")
    assert list(placement.services) == ["api", "web"]
    assert placement.member_names == ["app-1"]


def test_a_service_with_instances_is_a_placement_of_its_own() -> None:
    found = document(web={**WEB, "instances": OWN})
    placements = find_placements(found)
    assert list(placements) == ["app", "web"]
    assert placements["web"].path == ("services", "web", "instances")
    assert placements["web"].member_names == ["web-1", "web-2", "web-3"]
    assert list(placements["app"].services) == ["api"]
    assert find_placement(found, "web") == placements["web"]


def test_a_group_without_services_is_a_placement() -> None:
    data = copy.deepcopy(SMALL)
    data["instances"]["spare"] = {"subnets": "public"}
    placement = find_placements(load(data))["spare"]
    assert placement.services == {}
    assert placement.member_names == ["spare-1"]


def test_a_document_without_instances_has_no_placements() -> None:
    assert find_placements({}) == {}
    assert find_placements({"instances": {}, "services": {}}) == {}


def test_a_shared_group_wins_over_the_instances_of_a_service_with_its_name() -> None:
    settings = {"count": 1, "max": None}
    services = {"app": {"instances": {"count": 9, "max": None}, "on": None}}
    placement = find_placements({"instances": {"app": settings}, "services": services})["app"]
    assert placement.path == ("instances", "app")
    assert placement.count == 1


def test_a_service_on_an_undeclared_group_has_a_name_and_no_placement() -> None:
    service = {"instances": None, "on": "typo"}
    assert placement_name("web", service) == "typo"
    assert find_placements({"instances": {}, "services": {"web": service}}) == {}


@pytest.mark.parametrize(("limit", "largest"), [(None, 3), (3, 3), (5, 5)])
def test_max_count_is_the_largest_count_of_scaling(limit: int | None, largest: int) -> None:
    found = document(web={**WEB, "instances": {**OWN, "max": limit}})
    assert find_placements(found)["web"].max_count == largest


@pytest.mark.parametrize(
    ("member", "is_surplus"),
    [
        *[("web-1", False), ("web-3", False), ("web-4", True), ("web-10", True), ("web-x", False)],
        *[("web", False), ("app-9", False), ("9", False), ("", False), ("web-9-4", False)],
    ],
)
def test_an_instance_with_a_number_above_the_count_is_surplus(member: str, is_surplus: bool) -> None:
    assert find_placements(document(web={**WEB, "instances": OWN}))["web"].is_surplus(member) is is_surplus


def test_an_instance_of_another_type_needs_a_resize() -> None:
    placement = find_placements(document(web={**WEB, "instances": {**OWN, "type": "t3.small"}}))["web"]
    assert placement.needs_resize("t3.micro")
    assert not placement.needs_resize("t3.small")
    assert placement.tier == "public"


@pytest.mark.parametrize(("address", "is_public"), [("elastic", True), ("public", True), ("private", False)])
def test_elastic_and_public_addresses_are_public(address: str, is_public: bool) -> None:
    placement = find_placements(document(web={**WEB, "instances": {**OWN, "address": address}}))["web"]
    assert placement.address == address
    assert placement.has_public_addresses is is_public


def test_only_other_placements_count_as_callers() -> None:
    found = document(
        web={**WEB, "on": "app", "calls": ["api"]},
        shop={**WEB, "instances": OWN, "calls": ["api", "web"]},
    )
    assert calling_placements(found, "api") == ["shop"]
    assert calling_placements(found, "web") == ["shop"]
    assert calling_placements(found, "shop") == []
    assert bind_address(found, "api") == "0.0.0.0"


def test_a_service_that_only_its_own_group_calls_listens_on_the_loopback() -> None:
    found = document(web={**WEB, "on": "app", "calls": ["api"]})
    assert bind_address(found, "api") == "127.0.0.1"
    assert bind_address(found, "web") == "127.0.0.1"


def test_a_service_is_proxied_on_the_placement_of_the_proxy() -> None:
    data = copy.deepcopy(SMALL)
    data["proxy"] = {"on": "app"}
    data["services"]["web"] = {**WEB, "instances": OWN}
    found = load(data)
    assert is_proxied(found, "api")
    assert not is_proxied(found, "web")
    assert find_placements(found)["app"].proxy == found["proxy"]
    assert find_placements(found)["web"].proxy is None
