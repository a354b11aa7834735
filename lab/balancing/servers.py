# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The servers of a running HAProxy: what it says of them, and what to tell it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .model import Group, Target
from .render import TWIN, options

FAILED = "Target.FailedHealthChecks"


@dataclass(frozen=True)
class Row:
    """One server in the statistics of HAProxy."""

    name: str
    status: str
    check: str
    code: str
    sessions: int
    address: str

    @property
    def passed(self) -> bool:
        """Whether the last check was good."""
        return self.check == "L7OK"

    @property
    def server(self) -> Target:
        """The server as the configuration has it."""
        host, _, port = self.address.rpartition(":")
        return Target(self.name, host, int(port))


@dataclass(frozen=True)
class Health:
    """What AWS tells of a target."""

    state: str
    reason: str | None = None
    description: str | None = None


REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = Health("healthy")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")


def rows(statistics: str) -> dict[str, dict[str, Row]]:
    """The answer to `show stat`: servers by name, by backend."""
    found: dict[str, dict[str, Row]] = {}
    for one in csv.DictReader(io.StringIO(statistics.removeprefix("# "))):
        if one["svname"] not in ("FRONTEND", "BACKEND"):
            found.setdefault(one["pxname"], {})[one["svname"]] = Row(
                name=one["svname"],
                status=one["status"].split()[0],
                # A star says that a check is under way.
                check=one["check_status"].removeprefix("* "),
                code=one["check_code"],
                sessions=int(one["scur"] or 0),
                address=one["addr"],
            )
    return found


def health(row: Row) -> Health | None:
    """What AWS would say of a target; None when HAProxy has nothing new to say."""
    if row.status == "UP":
        return HEALTHY
    if row.status == "DRAIN":
        return CHECKING
    if row.status != "DOWN" or row.check in ("", "INI", "UNK"):
        return None
    if row.check == "L7STS":
        # While the next check is under way, the code of the last one is not there.
        if row.code in ("", "0"):
            return None
        return Health(
            "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{row.code}]"
        )
    if row.check.endswith("TOUT"):
        return Health("unhealthy", "Target.Timeout", "Request timed out")
    return Health("unhealthy", FAILED, "Health checks failed")


def steps(group: Group, there: Mapping[str, Row], now: float) -> list[str]:
    """What to tell HAProxy, so that its servers become the targets of the group.

    A new server is checked while it is draining, in which state it gets no request; with the first good check it is
    made ready, whatever the healthy threshold, which is for those that were unhealthy. One that leaves goes into
    maintenance, where it finishes what it has (draining, it would still get the requests of clients with its cookie),
    and is removed when it has no session or its delay is over.
    """
    desired = {target.name: target for target in group.targets}
    some_healthy = any(name in desired and row.status == "UP" for name, row in there.items())
    fail_open = not (group.cookie_seconds and some_healthy)
    found: list[str] = []
    for target in desired.values():
        found += _join(group, target, there, fail_open)
    for name, row in there.items():
        base = name.removesuffix(TWIN)
        if base not in desired:
            found += _leave(f"{group.id}/{name}", row, now >= group.leaving.get(base, 0.0))
    return found


def _join(group: Group, target: Target, there: Mapping[str, Row], fail_open: bool) -> Iterator[str]:
    place, row = f"{group.id}/{target.name}", there.get(target.name)
    if row is None or row.status == "MAINT":
        if row is None:
            yield f"add server {place} {target.address}:{target.port} {options(group, target)}"
        # Without `health up` one failed check would make it unhealthy. AWS: "UnhealthyThresholdCount: The number of
        # consecutive failed health checks required before considering a target unhealthy" (user guide of Application
        # Load Balancers, "Health checks for Application Load Balancer target groups"). One line, so that HAProxy is
        # not left in between when this process ends.
        yield f"set server {place} state drain; set server {place} health up; enable health {place}"
        return
    if row.status == "DRAIN" and not row.passed:
        return
    if row.status == "DRAIN":
        # The same page: "After your target is registered, it must pass one health check to be considered healthy."
        yield f"set server {place} state ready"
        yield from _cookie(group)
    yield from _set_twin(group, Target(target.name + TWIN, target.address, target.port), there, fail_open)


def _set_twin(group: Group, twin: Target, there: Mapping[str, Row], fail_open: bool) -> Iterator[str]:
    """Make the twin of a checked target ready, as a backup. It has the cookie of its target, and HAProxy would send
    clients with that cookie to it: in a group with cookies it is ready only while no target is healthy."""
    place, row = f"{group.id}/{twin.name}", there.get(twin.name)
    serves = row is not None and row.status != "MAINT"
    if row is None:
        yield f"add server {place} {twin.address}:{twin.port} {options(group, twin)}"
        yield from _cookie(group)
    if serves != fail_open:
        yield f"set server {place} state {'ready' if fail_open else 'maint'}"


def _cookie(group: Group) -> Iterator[str]:
    """Give all servers of the backend their cookies; one that was added at run time has none before."""
    if group.cookie_seconds:
        yield f"enable dynamic-cookie backend {group.id}"


def _leave(place: str, row: Row, over: bool) -> Iterator[str]:
    if row.status != "MAINT":
        yield f"set server {place} state maint"
    elif row.sessions == 0 or over:
        yield f"shutdown sessions server {place}"
        yield f"del server {place}"
