# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the hosts that a replacement works on, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.groundwork.aws.plugins.filter.split_names import split_names
from ansible_collections.groundwork.aws.plugins.module_utils._topology.rollout_settings import count_hosts

DOCUMENTATION = r"""
---
name: replacement_hosts
short_description: The hosts whose instances are replaced, in their order
version_added: 0.1.0
description:
  - Reads from a plan which hosts get a new instance, and which have one that an interrupted run has left without its
    services.
  - Unfinished hosts come first, so that the others are not drained while these do not serve. Hosts of one group
    follow each other, in turn from its zones.
positional: _input, groups, hostvars
options:
  _input:
    description:
      - The changes of RV(groundwork.aws.stack_info#module:plan).
    type: list
    elements: dict
    required: true
  groups:
    description:
      - The inventory groups, as the variable C(groups).
    type: dict
    required: true
  hostvars:
    description:
      - The variables of all hosts, as the variable C(hostvars). A host of which C(app_serves) is false serves nothing.
    type: dict
    required: true
  unfinished:
    description:
      - Whether to list hosts that are not replaced and do not serve, or have a registration missing. Hosts of which
        C(app_serves) is not known then count as not serving.
    type: bool
    default: true
  services:
    description:
      - Names of services, as a list, or as text separated by commas, line ends or spaces. Only instances of their hosts
        are replaced; without names, those of all hosts.
    type: raw
    default: []
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Show the hosts that get a new instance
  ansible.builtin.debug:
    msg: "{{ found.plan | groundwork.aws.replacement_hosts(groups, hostvars) | map(attribute='host') }}"
"""

RETURN = r"""
_value:
  description:
    - The hosts. C(replaced) tells whether the host gets a new instance, and C(reason) why. C(floors) has for each
      service behind a load balancer how many other targets have to be healthy, C(migrate) is true where no other host
      of the group serves, and C(callers) are the hosts that call its services at its private address.
  type: list
  elements: dict
  sample:
    - host: shop-web-1
      replaced: true
      reason: user_data cannot change in place
      floors: {web: 1}
      migrate: false
      callers: []
"""


def replacement_hosts(
    plan: Iterable[Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    unfinished: bool = True,
    services: Any = (),
) -> list[dict[str, Any]]:
    """The hosts in their order; see the documentation above."""
    changes = list(plan)
    leaving = set(groups.get("groundwork_leaving", ()))
    staying = [name for name in groups.get("groundwork", ()) if name not in leaving]
    reasons = _find_reasons(changes)
    chosen = set(split_names(services))
    due: list[str] = []
    for name in staying:
        is_chosen = not chosen or not chosen.isdisjoint(_service_names(hostvars[name]))
        if is_chosen and _address(hostvars, name) in reasons:
            due.append(name)
    joining = {_member(change["address"]) for change in changes if change["part"] == "join"}
    left: list[str] = []
    if unfinished:
        left = [name for name in staying if name not in due and _is_unfinished(hostvars[name], joining)]
    found: list[dict[str, Any]] = []
    for name in [*left, *_alternate_zones(due, hostvars)]:
        found.append(
            {
                "host": name,
                "replaced": name in due,
                "reason": reasons.get(_address(hostvars, name), "an earlier run did not finish it"),
                "floors": dict(_find_floors(name, staying, hostvars)),
                "migrate": not _has_serving_peer(name, staying, hostvars, serves=not unfinished),
                "callers": [peer for peer in staying if peer != name and _calls(hostvars[peer], name, groups)],
            }
        )
    return found


def _find_reasons(changes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Why instances are replaced, by address."""
    return {
        change["address"]: change["reason"]
        for change in changes
        if change["part"] == "replace" and change["action"] == "replace" and change["address"].startswith("instance/")
    }


def _address(hostvars: Mapping[str, Any], name: str) -> str:
    return f"instance/{hostvars[name]['groundwork_host']}"


def _member(address: str) -> str:
    """The name of the instance in the address of a registration, ``target/<group>--<instance>``."""
    return address.partition("--")[2]


def _is_unfinished(variables: Mapping[str, Any], joining: set[str]) -> bool:
    """Whether a reachable host serves nothing, or a target group lacks it."""
    if not variables.get("compare_is_reached", True):
        return False
    return not variables.get("app_serves", False) or variables["groundwork_host"] in joining


def _alternate_zones(names: Sequence[str], hostvars: Mapping[str, Any]) -> list[str]:
    """The hosts, group by group, and of each group in turn from its zones."""
    by_group: dict[str, dict[str, list[str]]] = {}
    for name in names:
        zones = by_group.setdefault(hostvars[name]["groundwork_group"], {})
        zones.setdefault(hostvars[name]["groundwork_zone"], []).append(name)
    ordered: list[str] = []
    for zones in by_group.values():
        for number in range(max(len(members) for members in zones.values())):
            ordered += [members[number] for members in zones.values() if number < len(members)]
    return ordered


def _find_floors(name: str, staying: Sequence[str], hostvars: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """How many other targets of each balanced service stay healthy: at least one, also where there is no other."""
    for service in hostvars[name].get("groundwork_services") or ():
        if service["balanced"]:
            peers = [peer for peer in staying if service["name"] in _service_names(hostvars[peer])]
            minimum = count_hosts((service.get("rollout") or {}).get("minimum_healthy", "50%"), len(peers))
            yield service["name"], max(1, min(minimum, len(peers) - 1))


def _service_names(variables: Mapping[str, Any]) -> list[str]:
    return [str(service["name"]) for service in variables.get("groundwork_services") or ()]


def _calls(variables: Mapping[str, Any], name: str, groups: Mapping[str, Sequence[str]]) -> bool:
    """Whether services of a host call those of another one at its address."""
    calls = [call for service in variables.get("groundwork_services") or () for call in service.get("calls") or ()]
    return any(not call["local"] and name in groups.get(call["group"], ()) for call in calls)


def _has_serving_peer(name: str, staying: Sequence[str], hostvars: Mapping[str, Any], serves: bool) -> bool:
    """Whether another host of the group serves; ``serves`` is assumed of those that were not compared."""
    group = hostvars[name]["groundwork_group"]
    peers = [hostvars[peer] for peer in staying if peer != name and hostvars[peer]["groundwork_group"] == group]
    return any(peer.get("app_serves", serves) for peer in peers)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"replacement_hosts": replacement_hosts}
