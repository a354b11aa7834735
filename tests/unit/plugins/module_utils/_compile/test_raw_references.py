# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""References of raw resources that name nothing are errors at their key, and hide no other error."""

from __future__ import annotations

from typing import Any

import pytest
from support.documents import base_of, errors_of

BODIES: list[Any] = [
    ("target_group/x", lambda ref: {"vpc": ref, "port": 80}, "vpc"),
    (
        "dns_record/x",
        lambda ref: {"zone": "example.org", "name": "x.example.org", "type": "A", "values": [ref], "ttl": 60},
        "values[0]",
    ),
    ("dns_record/x", lambda ref: {"zone": ref, "name": "x.example.org", "type": "A", "values": ["192.0.2.1"]}, "zone"),
    (
        "dns_record/x",
        lambda ref: {
            "zone": "example.org",
            "name": "x.example.org",
            "type": "A",
            "alias": {"name": ref, "zone": "Z1"},
        },
        "alias.name",
    ),
    (
        "dns_record/x",
        lambda ref: {
            "zone": "example.org",
            "name": "x.example.org",
            "type": "A",
            "alias": {"name": "a.example.org", "zone": ref},
        },
        "alias.zone",
    ),
    ("security_group/x", lambda ref: {"vpc": ref, "description": "x"}, "vpc"),
]


@pytest.mark.parametrize(
    ("bad", "shown"),
    [(None, "null"), (True, "true"), (1.5, "1.5"), (["vpc/main"], "a list"), ({"a": "b"}, "a mapping")],
)
@pytest.mark.parametrize(("address", "body", "key"), BODIES)
def test_a_reference_that_is_no_text_is_an_error_at_its_key(
    address: str, body: Any, key: str, bad: Any, shown: str
) -> None:
    document = {**base_of({}), "region": "Frankfurt", "resources": {address: body({"ref": bad})}}
    errors = errors_of({"document": document})
    assert f"resources.{address}.{key}.ref: {shown} is not a resource of this stack; write type/name" in errors
    assert len(errors) == 2
    assert any(error.startswith("region: ") for error in errors)
