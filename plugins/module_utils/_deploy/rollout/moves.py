# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moves of a host: which of its services change their release, from which one to which one. Pure functions.

A move is a mapping, because playbooks pass it on:

- ``host``, ``instance``, ``zone``: where it happens. ``service``: what moves.
- ``before``, ``after``: numbers of releases on this host. ``before`` is None where the service has no release yet.
- ``moving``: False where the service is there already; such moves are needed too, because they say which hosts serve.
  A service whose environment has changed moves from a release to the same one.
- ``version``, ``commit``, ``identity``: of the release after the move.
- ``balanced``: whether a load balancer sends it requests. ``calls``: the services that it calls.
- ``migrate``: whether it has a migration. ``migrated``: whether that is recorded on this host.
- ``rollout``: the settings of the document (strategy, batches, …).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

# Rollouts that change releases. All others stop hosts and start them again, with the release that they have.
DEPLOY, ROLLBACK = RELEASE_ACTIONS = ("deploy", "rollback")
# The number of a release that was not read; releases count from 1.
UNKNOWN_RELEASE = 0


class NoReleaseError(ValueError):
    """A service has no release to return to; the text says on which host, and what there is."""


def build_moves(
    prepared: Mapping[str, Any], services: Iterable[Mapping[str, Any]], host: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The moves to releases that were prepared.

    ``prepared`` has the result of the module `release` of each service that takes part, ``services`` the settings of
    all services of the host, ``host`` its name, instance and zone. In check mode a new release has no number yet, and
    the move has the one that it would get.
    """
    moves = []
    for service in services:
        if service["name"] not in prepared:
            continue
        held = prepared[service["name"]]
        after = held["number"]
        release = _find_release(held["releases"], after)
        if after is None:
            after, release = 1 + max((one["number"] for one in held["releases"]), default=0), held
        moves.append(_build_move(service, host, held["current"], after, release, not held["settled"]))
    return moves


def build_returns(
    held: Mapping[str, Any],
    services: Iterable[Mapping[str, Any]],
    host: Mapping[str, str],
    to: str = "",
    unfinished: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The moves back to earlier releases.

    ``to`` is a version, or the beginning of a commit. Without it, a service returns to the release before its current
    one; where a rollout has not ended (``unfinished``, a record of the ledger), to the one before that rollout.
    Raises `NoReleaseError`.
    """
    moves = []
    for service in services:
        if service["name"] not in held:
            continue
        found = held[service["name"]]
        target = _find_target(found, service["name"], host["name"], to, unfinished)
        moving = target != found["current"] or not found["settled"]
        release = _find_release(found["releases"], target)
        moves.append(_build_move(service, host, found["current"], target, release, moving))
    return moves


def build_host_moves(
    names: Iterable[str], hostvars: Mapping[str, Any], changing: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """The moves of hosts that stop and start again without another release: all services of each.

    ``changing`` names the hosts that do, if they are not all. The variable `app_held` of a host has its releases by
    service, as the module `release` returns them; of one that was not read they are unknown.
    """
    moves = []
    for name in names:
        variables = hostvars[name]
        host = {
            "name": name,
            "instance": variables.get("ec2_instance_id") or "",
            "zone": variables.get("groundwork_zone") or "",
        }
        held = variables.get("app_held") or {}
        for service in variables.get("groundwork_services") or ():
            found = held.get(service["name"], {"current": UNKNOWN_RELEASE, "releases": ()})
            current = found["current"]
            release = _find_release(found["releases"], current)
            moving = changing is None or name in changing
            moves.append(_build_move(service, host, current, current or UNKNOWN_RELEASE, release, moving))
    return moves


def _find_target(
    held: Mapping[str, Any], service: str, host: str, to: str, unfinished: Mapping[str, Any] | None
) -> int:
    if to:
        return _find_version(held["releases"], service, host, to)
    if unfinished and service in unfinished["services"]:
        begun = [move["before"] for move in unfinished["begun"] if (move["host"], move["service"]) == (host, service)]
        target = begun[0] if begun else held["current"]
    else:
        target = held["previous"]
    if target is None:
        current = held["current"] or "none"
        raise NoReleaseError(
            f"{service} on {host} has no healthy release before the current one ({current}), so nothing was changed"
        )
    return int(target)


def _find_version(releases: Sequence[Mapping[str, Any]], service: str, host: str, to: str) -> int:
    """The newest release with this version or commit that has not failed."""
    found = [
        release
        for release in releases
        if not release["failed"] and (release["version"] == to or str(release["commit"] or "").startswith(to))
    ]
    if found:
        return int(found[-1]["number"])
    kept = ", ".join(str(release["version"]) for release in releases if not release["failed"]) or "none"
    raise NoReleaseError(f"{service} on {host} has no release {to} (it keeps: {kept}), so nothing was changed")


def _find_release(releases: Iterable[Mapping[str, Any]], number: int | None) -> Mapping[str, Any]:
    return next((release for release in releases if release["number"] == number), {})


def _build_move(
    service: Mapping[str, Any],
    host: Mapping[str, str],
    before: int | None,
    after: int,
    release: Mapping[str, Any],
    moving: bool,
) -> dict[str, Any]:
    return {
        "host": host["name"],
        "instance": host.get("instance", ""),
        "zone": host.get("zone", ""),
        "service": service["name"],
        "before": before,
        "after": after,
        "moving": moving,
        "version": str(release.get("version") or ""),
        "commit": str(release.get("commit") or ""),
        "identity": str(release.get("identity") or ""),
        "balanced": bool(service.get("balanced")),
        "calls": [call["name"] for call in service.get("calls") or ()],
        "migrate": bool(service.get("migrate")),
        "migrated": "migrate" in (release.get("steps") or ()),
        "rollout": dict(service.get("rollout") or {}),
    }
