# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people read of a rollout: its batches before it moves anything, and how it ended. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .ledger import RolloutRecord, Status, shorten
from .moves import RELEASE_ACTIONS
from .planning import Planned

LONGEST_REASON = 600


def describe_plan(planned: Planned, moves: Sequence[Mapping[str, Any]], releases: bool = True) -> list[str]:
    """One line for each batch, and before them one for each migration. Without ``releases``, hosts are stopped."""
    if not releases:
        return [
            f"batch {batch.number} of {len(planned.batches)}: "
            + ", ".join(f"{host} ({', '.join(names)})" for host, names in batch.moves.items())
            for batch in planned.batches
        ]
    by_pair = {(move["host"], move["service"]): move for move in moves}
    lines = [
        f"before the first batch: the migration of {migration.service}, on {migration.host}"
        for migration in planned.migrations
        if migration.host
    ]
    lines += [
        f"before the first batch: {host} gets requests again ({', '.join(names)})"
        for host, names in planned.rejoin.items()
    ]
    for batch in planned.batches:
        parts = [
            f"{host} ({', '.join(_describe_move(by_pair[host, name], planned.floors) for name in names)})"
            for host, names in batch.moves.items()
        ]
        lines.append(f"batch {batch.number} of {len(planned.batches)}: {', '.join(parts)}")
    return lines


def _describe_move(move: Mapping[str, Any], floors: Mapping[str, int]) -> str:
    before = "new" if move["before"] is None else str(move["before"])
    way = "drained" if move["service"] in floors and move["before"] is not None else "in place"
    return f"{move['service']} {before} -> {move['after']}, {way}"


def describe_failures(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """What failed on each host, shortened: the whole text is above in the output."""
    reasons = [shorten(str(failure.get("reason") or "unknown"), LONGEST_REASON) for failure in failures]
    return [f"{failure['host']}: {reason}" for failure, reason in zip(failures, reasons, strict=True)]


def describe_end(
    action: str,
    rollout: str,
    verdict: str,
    reasons: Sequence[str],
    batches: int,
    return_failures: Sequence[Mapping[str, Any]],
    has_first_releases: bool = False,
) -> str:
    """The message of a rollout that did not finish.

    ``has_first_releases`` says whether a host had no release of a service before.
    """
    # In check mode a rollout has no name.
    lines = [f"The {f'{action} {rollout}'.rstrip()} was aborted{_describe_progress(batches)}:"]
    lines += [f"- {reason}" for reason in reasons]
    if verdict == "lost":
        lines.append(
            "The hosts were left as they are, because another run holds the lock of the stack. Wait for it, then run "
            "playbooks/status.yml, and deploy again or run playbooks/rollback.yml."
        )
    elif return_failures:
        lines.append("These hosts could not be returned to the release that they had:")
        lines += [f"- {line}" for line in describe_failures(return_failures)]
        lines.append(
            "All others serve the release that they had. playbooks/status.yml shows every host. Fix the cause, then "
            "run playbooks/rollback.yml or deploy again."
        )
    elif batches:
        exception = ", or nothing where it had none" if has_first_releases else ""
        state = f"Every host that was moved serves the release that it had before{exception}."
        lines.append(f"{state} Fix the cause and deploy again.")
    else:
        lines.append("No host was moved: all serve as before. Fix the cause and run again.")
    return "\n".join(lines)


def describe_end_of_hosts(action: str, rollout: str, verdict: str, reasons: Sequence[str], batches: int) -> str:
    """The message of a rollout that stops hosts and starts them again, and did not finish."""
    lines = [f"The {f'{action} {rollout}'.rstrip()} was aborted{_describe_progress(batches)}:"]
    lines += [f"- {reason}" for reason in reasons]
    if verdict == "lost":
        lines.append("The hosts were left as they are, because another run holds the lock of the stack. Wait for it.")
    if batches:
        lines.append(
            "The hosts of later batches were not changed, and serve as before. playbooks/status.yml shows every host. "
            "Fix the cause and run the playbook again: it continues with the hosts that are left."
        )
    else:
        lines.append("No host was changed: all serve as before. Fix the cause and run again.")
    return "\n".join(lines)


def describe_record(record: RolloutRecord) -> str:
    """One line about a rollout of the ledger."""
    is_of_releases = record.action in RELEASE_ACTIONS
    services = ", ".join(f"{name} {service.version}".rstrip() for name, service in record.services.items())
    if not is_of_releases:
        hosts = len({move.host for move in record.moves})
        services = f"{hosts} host{'' if hosts == 1 else 's'} of {', '.join(record.services)}"
    begun = sum(batch.started is not None for batch in record.batches)
    progress = f"{begun} of {len(record.batches)} batches begun"
    line = f"{record.id}: {record.action} by {record.who} ({services}): {record.status.value.replace('_', ' ')}"
    if record.finished is not None:
        line += f" after {record.finished - record.started:.0f} s"
    if record.status is Status.FINISHED:
        return line
    line += f", {progress}"
    if record.reason:
        line += f": {record.reason}"
    if record.status is Status.ABANDONED and not is_of_releases:
        line += ". Run the playbook again: it continues with the hosts that are left"
    elif record.status is Status.ABANDONED:
        line += ". Deploy again to finish it, or run playbooks/rollback.yml to return the hosts that it moved"
    return line


def _describe_progress(batches: int) -> str:
    if batches == 0:
        return " before anything was moved"
    return f" in batch {batches}" if batches > 1 else " in the first batch"
