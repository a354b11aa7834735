# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `stack` rejects objects to adopt that have no id, before it calls AWS."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import discard_event
from ansible_collections.groundwork.aws.plugins.module_utils._provision.operations import _engine_options


def test_all_objects_that_cannot_be_adopted_are_named() -> None:
    options = {"state": "present", "adopt": {"vpc/main": None, "vcp/other": "vpc-1"}}
    with pytest.raises(StackError) as raised:
        _engine_options(options, False, discard_event)
    assert str(raised.value).splitlines() == [
        'adopt: "vpc/main" has no id (write the id of the object, as in {"vpc/main": "vpc-0a1b2c3d"}, or remove it)',
        'adopt: "vcp/other": there is no resource type "vcp"; did you mean "vpc"?',
        "Nothing was changed.",
    ]


def test_an_object_with_an_id_is_adopted() -> None:
    options = {"state": "present", "adopt": {"vpc/main": "vpc-1"}}
    assert _engine_options(options, False, discard_event).adopt == {"vpc/main": "vpc-1"}
