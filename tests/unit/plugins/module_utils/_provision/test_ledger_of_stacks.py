# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `stack` and the records of rollouts: they go with the stack, and not before."""

from __future__ import annotations

from typing import Any

import pytest
from support.documents import base_of
from support.engine_account import CONNECTION
from support.rollouts import make_record

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger_store import LedgerStore
from ansible_collections.groundwork.aws.plugins.module_utils._provision.operations import apply_stack

pytestmark = pytest.mark.usefixtures("account")
DOCUMENT = {**base_of({}), "resources": {"sns_topic/events": {}}}


def connect() -> Clients:
    return Clients(CONNECTION, DOCUMENT["region"])


def apply(state: str, check: bool = False) -> dict[str, Any]:
    options = {"topology": DOCUMENT, "overrides": None, "state": state, "access_key": "test", "secret_key": "test"}
    outcome = apply_stack({**options, "only": ["sns_topic/events"]} if state == "present" else options, check)
    assert not outcome.get("failed"), outcome["msg"]
    assert outcome["warnings"] == []
    return outcome


def make_ledger(stack: str = "shop") -> LedgerStore:
    store = LedgerStore(connect()("ssm"), stack)
    store.begin(make_record(hosts=60))
    return store


def list_parameters() -> list[str]:
    pages = connect()("ssm").pages("get_parameters_by_path", {"Path": "/groundwork", "Recursive": True})
    return sorted(item["Name"] for page in pages for item in page["Parameters"])


def test_records_stay_while_the_stack_exists_and_go_with_it() -> None:
    store = make_ledger()
    other = make_ledger("shop-2")
    records = list_parameters()
    assert apply("present")["changed"]
    assert not apply("present")["changed"]
    assert apply("absent", check=True)["changed"]
    assert list_parameters() == records
    assert apply("absent")["changed"]
    assert store.is_empty()
    assert not other.is_empty()


def test_records_that_a_killed_run_has_left_are_removed_by_the_next_one() -> None:
    make_ledger()
    assert not apply("absent")["changed"]
    assert list_parameters() == []
    calls = apply("absent")["calls"]
    assert {name: count for name, count in calls.items() if name.startswith("ssm:")} == {"ssm:GetParametersByPath": 2}
