# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A controller that is killed at any task of a rollout: the next run finishes it, or returns every host."""

from __future__ import annotations

import pytest
from rig.rollouts import HOSTS, RolloutRig


@pytest.mark.long
@pytest.mark.parametrize(("recovery", "release"), [("deploy", 2), ("rollback", 1)])
def test_after_a_kill_at_any_task_the_next_run_leaves_no_host_between_two_releases(
    rig: RolloutRig, recovery: str, release: int
) -> None:
    rig.remembered = True
    whole = rig.deploy()
    assert whole.code == 0, whole.output
    tasks = whole.output.count("\nTASK [")
    assert tasks > 20
    for number in range(1, tasks + 1):
        rig.return_all()
        rig.deploy_until(number)
        run = rig.play(recovery)
        assert run.code == 0, f"killed at task {number}: {run.output}"
        assert rig.serving == dict.fromkeys(HOSTS, release), f"killed at task {number}: {run.output}"
        assert rig.locks == [], number
        assert not rig.read_ledger().is_unfinished, number


def test_a_rollout_that_was_killed_in_its_second_batch_is_returned(rig: RolloutRig) -> None:
    rig.remembered = True
    whole = rig.deploy()
    headers = [line for line in whole.output.splitlines() if line.startswith("TASK [")]
    opened = [number for number, line in enumerate(headers, 1) if "Open the batch" in line]
    rig.return_all()
    rig.deploy_until(opened[1] + 1)
    assert rig.serving == {"web-1": 2, "web-2": 1}
    assert rig.read_ledger().status.value == "abandoned"
    assert len(rig.locks) == 1
    rollback = rig.play("rollback")
    assert rollback.code == 0, rollback.output
    assert "did not end" in rollback.said
    assert rig.serving == dict.fromkeys(HOSTS, 1)
    assert rig.locks == []
