# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text in an override stands for numbers, booleans and lists of raw resources, where their types take no text."""

from __future__ import annotations

from typing import Any

import pytest
from support.documents import base_of, errors_of

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.merge import merge
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.raw_texts import read_resource_texts


@pytest.mark.parametrize(
    ("address", "body", "expected"),
    [
        ("vpc/x", {"dns_support": "true", "dns_hostnames": " False "}, {"dns_support": True, "dns_hostnames": False}),
        ("log_group/x", {"retention_days": "30"}, {"retention_days": 30}),
        ("log_group/x", {"retention_days": "31"}, {"retention_days": "31"}),
        ("log_group/x", {"retention_days": ""}, {}),
        ("log_group/x", {"retention_days": None}, {"retention_days": None}),
        ("log_group/x", {"protect": "true", "name": "30"}, {"protect": True, "name": "30"}),
        (
            "security_group/x",
            {"description": "5", "ingress": [{"protocol": "tcp", "from_port": "22", "to_port": " 22"}]},
            {"description": "5", "ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22}]},
        ),
        ("db_subnet_group/x", {"subnets": "subnet-1, subnet-2"}, {"subnets": ["subnet-1", "subnet-2"]}),
        ("db_subnet_group/x", {"subnets": {"ref": "a"}}, {"subnets": {"ref": "a"}}),
        ("vpc/x", {"dns_support": "maybe", "unknown": "5", "tags": {"a": "5"}}, None),
        ("nothing/x", {"dns_support": "true"}, None),
        ("vpc/x", "text", None),
        (5, None, None),
    ],
)
def test_text_is_read_as_the_type_declares(address: Any, body: Any, expected: Any) -> None:
    read = read_resource_texts({"resources": {address: body}, "name": "5"})
    assert read == {"resources": {address: body if expected is None else expected}, "name": "5"}


def test_resources_of_another_form_stay_as_they_are() -> None:
    assert read_resource_texts({"resources": "text"}) == {"resources": "text"}


CHANGE = {
    "resources": {"vpc/x": {"cidr": "10.9.0.0/16", "dns_support": "true"}, "log_group/x": {"retention_days": "30"}}
}


def test_an_override_with_text_is_valid() -> None:
    assert errors_of({"change": CHANGE}) == []


def test_a_document_with_text_is_not() -> None:
    found = errors_of({"document": merge(base_of({}), CHANGE)})
    assert [error.partition(": ")[0] for error in found] == [
        "resources.vpc/x.dns_support",
        "resources.log_group/x.retention_days",
    ]
