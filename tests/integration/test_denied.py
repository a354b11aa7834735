# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls that the credentials do not allow: which action, on what, which statement of the manual, what was left."""

from __future__ import annotations

import pytest
from rig.faults import Fail, named
from rig.stacks import SINGLE, Base, Stacks, base_of

WATCHED = base_of("watched")
NOTHING = "Nothing was changed."
LOOK, PROVISION = 'statement Look of the policy "To look"', 'of the policy "To provision"'
PARAMETERS = 'statement Parameters of the policy "To look"'
DENIED = Fail(status=403, code="AccessDeniedException", message="No.")
BEFORE = [
    (SINGLE, "PutParameter", "ssm:PutParameter", f"statement Lock {PROVISION}", "the lock of stack single-instance"),
    (SINGLE, "GetParametersByPath", "ssm:GetParametersByPath", PARAMETERS, "(/groundwork/single-instance/lock)"),
    (SINGLE, "GetParameters", "ssm:GetParameters", PARAMETERS, "instance/app-1: "),
    (SINGLE, "DescribeImages", "ec2:DescribeImages", LOOK, "instance/app-1: "),
    (SINGLE, "DescribeVpcs", "ec2:DescribeVpcs", LOOK, "reading vpc: "),
    (SINGLE, "ListRoles", "iam:ListRoles", LOOK, "reading iam_role: "),
    (WATCHED, "GetCallerIdentity", "sts:GetCallerIdentity", LOOK, "alarm/latency, alarm/memory: "),
]


@pytest.mark.parametrize(("base", "operation", "action", "statement", "what"), BEFORE, ids=[row[1] for row in BEFORE])
def test_a_denied_read_changes_nothing(
    base: Base, operation: str, action: str, statement: str, what: str, stacks: Stacks
) -> None:
    stack = stacks(base)
    stack.proxy.faults.add(named(operation), DENIED)
    outcome = stack.present()
    assert outcome.refused, str(outcome)
    for text in (f"Allow the credentials {action}", statement, "docs/permissions.md", what):
        assert text in outcome.message
    assert outcome.message.count(NOTHING) == 1
    assert [call for call in stack.proxy.mutations if call.operation.service != "ssm"] == []
    stack.proxy.faults.clear()
    stack.made()


AFTER = [
    (SINGLE, "CreateSubnet", "ec2:CreateSubnet: statement NewInEc2 or Network", "failed: subnet/public-1: "),
    (SINGLE, "RunInstances", "ec2:RunInstances: statement NewInEc2, Launch or Instances", "failed: instance/app-1: "),
    (SINGLE, "CreateRole", "iam:CreateRole: statement Roles", "failed: iam_role/app: "),
    (WATCHED, "CreateTopic", "sns:CreateTopic: statement LogsAndTopics", "failed: sns_topic/alerts: "),
    (WATCHED, "PutDashboard", "cloudwatch:PutDashboard: statement Monitoring", "failed: dashboard/overview: "),
]


@pytest.mark.parametrize(("base", "operation", "action", "what"), AFTER, ids=[row[1] for row in AFTER])
def test_a_denied_change_reports_what_is_done_and_what_is_left(
    base: Base, operation: str, action: str, what: str, stacks: Stacks
) -> None:
    stack = stacks(base)
    stack.proxy.faults.add(named(operation), DENIED)
    outcome = stack.present()
    assert outcome.refused, str(outcome)
    for text in (f"Allow the credentials {action} {PROVISION}", what, "done: ", "vpc/main (created)"):
        assert text in outcome.message
    assert NOTHING not in outcome.message
    stack.proxy.faults.clear()
    stack.made()


def test_a_lock_that_may_not_be_read_does_not_stop_a_run_without_changes(stacks: Stacks) -> None:
    stack = stacks()
    stack.made()
    stack.proxy.faults.add(named("GetParametersByPath", "PutParameter"), DENIED)
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert not outcome.changed


def test_a_lock_that_may_not_be_removed_is_a_warning(stacks: Stacks) -> None:
    stack = stacks(SINGLE)
    stack.proxy.faults.add(named("DeleteParameter"), DENIED)
    outcome = stack.present(lock_ttl=30)
    assert outcome.ok, str(outcome)
    warning = str(outcome.result["warnings"])
    for text in ("ssm:DeleteParameter: statement Lock", PROVISION, "/groundwork/single-instance/lock/", "30 s"):
        assert text in warning
