# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that is killed at a mutating call, and the next one, which must end in the state of an undisturbed run.

`tests/integration` kills processes while they create, change and delete. Here it is the one story in which old and new
live side by side: a security group that is replaced, which another one mentions and an instance uses.
"""

from __future__ import annotations

from typing import Any

from moto import mock_aws
from support.engine_account import census, run, run_and_die, snapshot, stack

from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredStack

MOST_CALLS = 20


def _small(**changes: Any) -> DesiredStack:
    others = ("internet_gateway/main", "route_table/public", "key_pair/main", "iam_role/app", "instance_profile/app")
    machine = dict(next(item for item in stack().resources if item.address == "instance/app-1").properties)
    bare = {name: value for name, value in machine.items() if name not in ("key_pair", "instance_profile")}
    none = {address: None for address in (*others, "elastic_ip/app-1")}
    return stack(**{**none, "instance__app-1": bare, **changes})


def _regrouped() -> DesiredStack:
    group = dict(next(item for item in stack().resources if item.address == "security_group/app").properties)
    return _small(security_group__app={**group, "description": "another"})


def test_a_killed_replacement_is_continued(no_waiting: None, small_accounts: None) -> None:
    """Each run is killed at its first mutating call, so that a run continues from every state in between."""
    with mock_aws():
        assert run(_small()).failure is None
        assert run(_regrouped()).failure is None
        undisturbed = snapshot(), census()
    with mock_aws():
        assert run(_small()).failure is None
        deaths = 0
        while run_and_die(_regrouped(), 1, executed=True):
            deaths += 1
            assert deaths < MOST_CALLS, "it gets nowhere"
        assert deaths > 5
        assert run(_regrouped()).plan.changes == ()
        assert (snapshot(), census()) == undisturbed
