# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The approval of rollouts by a person: at a terminal, in advance, and where no person can be asked."""

from __future__ import annotations

import pytest
from rig.rollouts import RolloutRig

MOVED = ["web-1 serves 2", "web-2 serves 2"]
RETURNED = ["web-1 serves 2", "web-1 serves 1 again"]
CTRL_C = "\x03"


@pytest.mark.parametrize("words", [(), ("-e", "rollout_approved=false"), ("-e", "awx_job_id=7")])
def test_without_a_terminal_nothing_begins(rig: RolloutRig, words: tuple[str, ...]) -> None:
    rig.rollout = {"approval": True}
    deploy = rig.deploy(*words)
    assert deploy.code != 0
    assert "rollout.approval of the document has a person approve this rollout" in deploy.said
    assert "Nothing was changed, and no host was moved" in deploy.said
    assert "rollout_approved" in deploy.said
    assert (rig.log, rig.locks) == ([], [])


def test_a_rollout_that_was_approved_in_advance_is_not_asked_for(rig: RolloutRig) -> None:
    rig.rollout = {"approval": "every_batch"}
    deploy = rig.deploy("-e", "rollout_approved=true", "-e", "awx_job_id=7")
    assert deploy.code == 0, deploy.output
    assert rig.log == MOVED


@pytest.mark.long
def test_check_mode_and_rollbacks_need_no_approval(rig: RolloutRig) -> None:
    rig.rollout = {"approval": "before_rollout"}
    check = rig.deploy("--check")
    assert check.code == 0, check.output
    rollback = rig.play("rollback")
    assert rollback.code == 0, rollback.output


def test_a_person_approves_the_first_batch(rig: RolloutRig) -> None:
    rig.rollout = {"approval": True}
    deploy = rig.answer(CTRL_C, "C")
    assert deploy.code == 0, deploy.output
    assert "Batch 1 of 2 serves the new release on web-1, and its gates hold" in deploy.said
    assert (rig.log, rig.locks) == (MOVED, [])


@pytest.mark.long
def test_a_person_rejects_the_first_batch(rig: RolloutRig) -> None:
    rig.rollout = {"approval": "first_batch"}
    deploy = rig.answer(CTRL_C, "A")
    assert deploy.code != 0
    assert "approval: the rollout was rejected at the terminal" in deploy.said
    assert (rig.log, rig.locks) == (RETURNED, [])
    assert rig.read_ledger().status.value == "rolled_back"


def test_a_person_rejects_the_rollout_before_anything_moves(rig: RolloutRig) -> None:
    rig.rollout = {"approval": "before_rollout"}
    deploy = rig.answer(CTRL_C, "A")
    assert deploy.code != 0
    assert "No host was moved" in deploy.said
    assert (rig.log, rig.locks) == ([], [])


@pytest.mark.long
def test_a_wait_beyond_the_deadline_returns_the_hosts(rig: RolloutRig) -> None:
    rig.rollout = {"approval": True, "deadline": 30}
    deploy = rig.answer()
    assert deploy.code != 0
    assert "approval: nobody approved the rollout within 30 s" in deploy.said
    assert (rig.log, rig.locks) == (RETURNED, [])
