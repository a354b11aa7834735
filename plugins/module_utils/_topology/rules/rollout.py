# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about rollouts: a service has to be able to move, and its gates have to end before the deadline.

A service has the values of ``rollout`` at the top unless it has its own. A finding is at the key that sets the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._aws.partition import find_arn_problem
from ..placement import Placement, find_placements
from ..rollout_settings import ALL_AT_ONCE, count_hosts
from ..schema.kinds import DependentFinding, DocumentPath, Finding, display
from ..view import Document, balanced_services, services

RECIPIENTS = ("slack", "sns", "email")
MOST_RECIPIENTS = 50  # SES Developer Guide, "Service quotas": recipients of a message


def targets_do_not_leave_all_at_once(document: Document) -> Iterator[Finding]:
    for placement, name, rollout in _list_rollouts(document):
        if rollout["strategy"] == ALL_AT_ONCE and placement.count > 1 and name in balanced_services(document):
            text = (
                f"all {placement.count} targets of services.{name} would leave the load balancer at once, and requests "
                "would fail (write rolling or canary)"
            )
            yield _find_path(document, name, "strategy"), text


def members_may_leave(document: Document) -> Iterator[Finding]:
    for placement, name, rollout in _list_rollouts(document):
        count, minimum = placement.count, rollout["minimum_healthy"]
        floor = count_hosts(minimum, count)
        if count > 1 and floor >= count and rollout["strategy"] != ALL_AT_ONCE:
            required = f"{floor} of the {count} instances" if floor <= count else f"more than the {count} instances"
            text = (
                f"{display(minimum)} requires that {required} of services.{name} stay healthy, so that none may leave "
                f"(write {count - 1} or less)"
            )
            yield _find_path(document, name, "minimum_healthy"), text


def gates_end_before_the_deadline(document: Document) -> Iterator[Finding]:
    shared = document["rollout"]
    yield from _check_bake(("rollout", "bake"), shared)
    for name, service in services(document).items():
        rollout = service["rollout"]
        if (rollout["bake"], rollout["deadline"]) != (shared["bake"], shared["deadline"]):
            key = "bake" if rollout["bake"] != shared["bake"] else "deadline"
            yield from _check_bake(("services", name, "rollout", key), rollout)


def _check_bake(path: DocumentPath, rollout: Mapping[str, Any]) -> Iterator[Finding]:
    bake, deadline = rollout["bake"], rollout["deadline"]
    if bake < deadline:
        return
    text = f"{deadline} is not more than the bake time, {bake} (raise it, or lower bake)"
    if path[-1] == "bake":
        text = f"{bake} is not less than the deadline, {deadline} (lower it, or raise deadline)"
    # A service has the values of all services, unless it has its own.
    settings = [("rollout",), path[:-1]]
    yield DependentFinding(path, text, *((*one, key) for one in settings for key in ("bake", "deadline")))


def _list_rollouts(document: Document) -> Iterator[tuple[Placement, str, Mapping[str, Any]]]:
    """The services of each placement, with the settings of their rollouts."""
    for placement in find_placements(document).values():
        for name, service in placement.services.items():
            yield placement, name, service["rollout"]


def _find_path(document: Document, name: str, key: str) -> DocumentPath:
    """The path of the key that a service has its value from: its own, unless the value is that of all services."""
    own = services(document)[name]["rollout"][key]
    return ("rollout", key) if own == document["rollout"][key] else ("services", name, "rollout", key)


def notifications_have_a_recipient(document: Document) -> Iterator[Finding]:
    notify = document["rollout"]["notify"]
    if notify is None:
        return
    if not any(notify[key] for key in RECIPIENTS):
        path = ("rollout", "notify")
        text = "names no recipient (add slack, sns or email)"
        yield DependentFinding(path, text, *((*path, key) for key in RECIPIENTS))
    topic, region = notify["sns"], document["region"]
    problem = find_arn_problem(topic, region, f"the stack is in {region}", "name a topic there")
    if problem is not None:
        yield ("rollout", "notify", "sns"), problem
    recipients = (notify["email"] or {}).get("to") or ()
    if len(recipients) > MOST_RECIPIENTS:
        text = f"has {len(recipients)}, and SES allows {MOST_RECIPIENTS} in a mail (write to a list instead)"
        yield ("rollout", "notify", "email", "to"), text


ROLLOUT_RULES = (
    targets_do_not_leave_all_at_once,
    members_may_leave,
    gates_end_before_the_deadline,
    notifications_have_a_recipient,
)
