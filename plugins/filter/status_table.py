# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build a table with the status of every service on every host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters

DOCUMENTATION = r"""
---
name: status_table
short_description: The status of every service on every host as a table
version_added: 0.1.0
description:
  - Makes one line for each service and host, with its release, version, commit, deploy time (UTC), health and target
    state, and a line for each note.
positional: _input
options:
  _input:
    description:
      - The names of the services, in the order of the table.
    type: list
    elements: str
    required: true
  hosts:
    description:
      - The hosts of the run.
    type: list
    elements: str
    required: true
  groups:
    description:
      - The inventory groups, as the variable C(groups).
    type: dict
    required: true
  hostvars:
    description:
      - The variables of all hosts, as the variable C(hostvars).
      - Those of a host have C(status_host), which the playbook C(status) has read there. C(problem) says why it
        could not be read, C(releases) has results of M(groundwork.aws.release). C(health) has those of
        M(groundwork.aws.http_gate), and for a service without a port C(running) and C(reason).
    type: dict
    required: true
  targets:
    description:
      - The states of targets, as M(groundwork.aws.target_info) returns them. Without it they are shown as unknown.
    type: dict
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the releases of the hosts
  ansible.builtin.debug:
    msg: "{{ ['web', 'api'] | groundwork.aws.status_table(ansible_play_hosts, groups, hostvars, found.targets) }}"
"""

RETURN = r"""
_value:
  description: The lines of the table, the names of the columns first, and then the notes.
  type: list
  elements: str
"""

COLUMNS = ("SERVICE", "HOST", "RELEASE", "VERSION", "COMMIT", "DEPLOYED", "HEALTH", "TARGET")
HEALTHY = range(200, 205)
UNKNOWN = "unknown"
NONE = "-"
Row = tuple[str, ...]


def status_table(
    services: Sequence[str],
    hosts: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    targets: Mapping[str, Any] | None = None,
) -> list[str]:
    """The lines of the table, then the notes; see the documentation above for the parameters.

    No cell has a space in it: ansible breaks long lines at single spaces when it prints results as YAML.
    """
    known = list(groups.get("groundwork", ()))
    # With `--limit localhost` no host was read, and the table has the target states of all hosts.
    shown = [host for host in known if host in hosts] or known
    rows: list[Row] = [COLUMNS]
    notes = [note for host in shown for note in _host_notes(host, hostvars[host], groups, hosts)]
    for name in services:
        running = [host for host in known if _find_service(hostvars[host], name)]
        if not running:
            rows.append((name, NONE, *[NONE] * 6))
            notes.append(f"{name}: no instance has it yet; run site.yml")
        for host in running:
            if host in shown:
                row, reasons = _row(name, host, hostvars[host], targets)
                rows.append(row)
                notes += [f"{name} on {host}: {reason}" for reason in reasons]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    # Hosts report reasons, which may have lines of logs in them.
    return [replace_control_characters(line) for line in lines + notes]


def _find_service(variables: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The document's settings of a service on a host, None where the host does not run it."""
    services = variables.get("groundwork_services") or ()
    return next((service for service in services if service["name"] == name), None)


def _host_notes(
    host: str, variables: Mapping[str, Any], groups: Mapping[str, Sequence[str]], hosts: Sequence[str]
) -> list[str]:
    """The notes about a host."""
    status = variables.get("status_host") or {}
    problem = status.get("problem") if host in hosts else "not read, because --limit leaves it out"
    notes = [f"{host}: {' '.join(str(problem).split())}"] if problem else []
    if host in groups.get("groundwork_leaving", ()):
        notes.append(f"{host}: the document no longer has it; scale.yml or site.yml removes it")
    return notes


def _row(
    name: str, host: str, variables: Mapping[str, Any], targets: Mapping[str, Any] | None
) -> tuple[Row, list[str]]:
    """The row of a service on a host, and the notes about it."""
    status = variables.get("status_host") or {}
    release = (status.get("releases") or {}).get(name) or {}
    answer = (status.get("health") or {}).get(name) or {}
    service = _find_service(variables, name) or {}
    target, why = _target(service, variables, targets)
    stopped = [str(answer["reason"])] if answer.get("running") is False else []
    reasons = [*_release_notes(release), *stopped, *([why] if why else [])]
    row = (name, host, *_release_cells(release), _health(answer), target)
    return tuple(cell.replace(" ", "_") for cell in row), reasons


def _release_cells(release: Mapping[str, Any]) -> Row:
    """Release, version, commit and the time of the deploy."""
    if "current" not in release:
        return (UNKNOWN,) * 4
    if release["current"] is None:
        return ("none", NONE, NONE, NONE)
    commit, dirty, _rest = str(release.get("commit") or "").partition("-dirty")
    return (
        str(release["current"]),
        str(release.get("version") or UNKNOWN),
        f"{commit[:12]}{dirty}" or NONE,
        str(release.get("activated_at") or UNKNOWN),
    )


def _release_notes(release: Mapping[str, Any]) -> list[str]:
    """The problem of the current release, if there is one."""
    found = [one for one in release.get("releases") or () if one["number"] == release.get("current")]
    if not found or found[0]["confirmed"]:
        return []
    reason = found[0].get("failed")
    return [f"release {release['current']} failed: {reason}" if reason else "the release was not seen healthy yet"]


def _health(answer: Mapping[str, Any]) -> str:
    if "running" in answer:
        return "running" if answer["running"] else "not-running"
    if not answer.get("measurements"):
        return UNKNOWN
    status = answer["measurements"][-1]["status"]
    if status is None:
        return "no-answer"
    return "healthy" if status in HEALTHY else f"HTTP-{status}"


def _target(
    service: Mapping[str, Any], variables: Mapping[str, Any], targets: Mapping[str, Any] | None
) -> tuple[str, str]:
    """The state of the target, and AWS's reason for it."""
    if not service.get("balanced"):
        return NONE, ""
    if targets is None:
        return UNKNOWN, ""
    found = targets.get(service["name"], {}).get(variables.get("ec2_instance_id"))
    return (str(found["state"]), str(found.get("why") or "")) if found else ("not-registered", "")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"status_table": status_table}
