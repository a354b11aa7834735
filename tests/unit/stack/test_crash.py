# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that dies at a mutating call, before AWS obeyed it or after, and the next one, which must end where an
undisturbed run ends. `tests/integration` does the same with a killed process; here each call of each story is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto import mock_aws

from ansible_collections.groundwork.aws.plugins.module_utils._stack.wanted import Ref, WantedStack

from .account import census, empty, picture, run, run_and_die, stack

ALLOW = {"allow_destroy": ["instance/app-1"]}
MOST_CALLS = 60


def _moved() -> WantedStack:
    subnet = {"vpc": Ref("vpc/main"), "cidr": "10.0.2.0/24", "zone": "us-east-1a"}
    return stack(**{"subnet__public-1": subnet})


def _regrouped() -> WantedStack:
    group = dict(next(item for item in stack().resources if item.address == "security_group/app").properties)
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    return stack(
        security_group__app={**group, "description": "another"}, **{"instance__app-1": {**machine, "type": "t3.small"}}
    )


STORIES: dict[str, tuple[Callable[[], WantedStack] | None, Callable[[], WantedStack]]] = {
    "up": (None, stack),
    "moved": (stack, _moved),
    "regrouped": (stack, _regrouped),
    "down": (stack, empty),
}


def _after(story: str, at: int, obeyed: bool) -> tuple[Any, bool]:
    before, wanted = STORIES[story]
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        if before:
            assert run(before()).failure is None
        died = at > 0 and run_and_die(wanted(), at, obeyed, **ALLOW)
        result = run(wanted(), **ALLOW)
        assert result.failure is None
        assert run(wanted(), **ALLOW).plan.changes == ()
        return (picture(), census()), died


@pytest.mark.parametrize("obeyed", [False, True], ids=["refused", "obeyed"])
@pytest.mark.parametrize("story", STORIES)
def test_a_killed_run_is_continued(story: str, obeyed: bool, no_waiting: None) -> None:
    undisturbed, _died = _after(story, 0, obeyed)
    for at in range(1, MOST_CALLS):
        found, died = _after(story, at, obeyed)
        assert found == undisturbed, f"killed at call {at}"
        if not died:
            assert at > 5
            return
    pytest.fail("the story has more calls than are tried")
