# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a run of a playbook cannot do what it was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._topology.kinds import suggestion

DOCUMENTATION = r"""
---
name: run_problems
short_description: Why a run of a playbook cannot do what it was asked for
version_added: 0.1.0
description:
  - Compares the extra variables and the limit of a run with what its playbook needs and with the services of the stack.
  - The playbooks of this collection ask this before they change anything.
positional: _input
options:
  _input:
    description:
      - What the run was asked for.
      - V(services) has the names of services, as a list or separated by commas; V(ref) a branch, tag or commit.
      - V(architecture) is the topology that the playbook is for, V(topology) the one that the inventory has,
        V(inventory_error) why the inventory could not be read.
    type: dict
    required: true
  needs:
    description:
      - What the playbook cannot do without. V(controller) is localhost, V(hosts) at least one host of the stack,
        V(all_hosts) every host of the stack.
    type: list
    elements: str
    required: true
  takes:
    description:
      - The extra variables out of V(services) and V(ref) that the playbook takes.
    type: list
    elements: str
    required: true
  hosts:
    description:
      - The hosts of the run, with localhost where it is one of them.
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
    type: dict
    required: true
  document:
    description:
      - The topology document, as the variable C(stack_document); empty where there is none.
    type: dict
    required: true
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Refuse names that are no services
  ansible.builtin.assert:
    that: >-
      {'services': 'web,api'} | groundwork.aws.run_problems(needs=[], takes=['services'], hosts=ansible_play_hosts_all,
      groups=groups, hostvars=hostvars, document=stack_document) | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each problem; none where the run can begin.
  type: list
  elements: str
  sample: ['services: there is no service "prodct" in the stack shop; did you mean "product"?']
"""

TRUTH_VALUES = ("", "true", "false", "yes", "no", "on", "off", "y", "n", "t", "f", "1", "0")
NO_DOCUMENT = (
    "the inventory has no topology document: pass an inventory of groundwork.aws.ec2_services with -i, and name the "
    "document with GROUNDWORK_TOPOLOGY, -e topology=… or the inventory's option `topology`"
)


def run_problems(
    asked: Mapping[str, Any],
    needs: Sequence[str],
    takes: Sequence[str],
    hosts: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    document: Mapping[str, Any],
) -> list[str]:
    """One sentence for each problem; see the documentation above for the parameters."""
    if asked.get("inventory_error"):
        return [f"the inventory could not be read. {asked['inventory_error']}"]
    architecture = asked.get("architecture")
    if not document:
        hint = f" (GROUNDWORK_TOPOLOGY={architecture})" if architecture else ""
        return [NO_DOCUMENT + hint]
    if architecture and asked.get("topology") != architecture:
        return [
            f"this playbook is for the topology {architecture}, and the inventory has {asked.get('topology')}: for "
            f"that one run groundwork.aws.site; for {architecture} leave out GROUNDWORK_TOPOLOGY, -e topology=… and "
            "the inventory's option `topology`, or let them say the same"
        ]
    problems = _limit_problems(needs, hosts, groups, document["name"])
    names, unreadable = select_names(asked.get("services"))
    problems += unreadable
    if names and "services" not in takes:
        problems.append("services: this playbook takes none, for it is about the stack as a whole")
    elif names:
        run_hosts = hosts if "hosts" in needs else groups.get("groundwork", ())
        problems += _service_problems(names, needs, run_hosts, groups, hostvars, document)
    problems += _ref_problems(asked.get("ref"), names, takes, document)
    return problems + _value_problems(asked)


def _value_problems(asked: Mapping[str, Any]) -> list[str]:
    """What is wrong with `wait_timeout` and `interrupt`, which other steps read only after something was changed."""
    problems = []
    timeout, interrupt = str(asked.get("wait_timeout", 1)).strip(), str(asked.get("interrupt", False)).strip().lower()
    if not timeout.isdigit() or int(timeout) == 0:
        problems.append(f"wait_timeout: {timeout!r} is no number of seconds (write a whole number above 0)")
    if interrupt not in TRUTH_VALUES:
        problems.append(f"interrupt: {interrupt!r} is neither true nor false")
    return problems


def select_names(services: Any) -> tuple[list[str], list[str]]:
    """The names in `services`, none meaning all, and what is wrong with it."""
    if services is None:
        return [], []
    if isinstance(services, str):
        if services.strip().endswith(","):
            # `-e "services=a, b"` arrives as "a,": ansible takes what comes after the space for something else.
            return [], [f"services: {services!r} ends with a comma (write the names without spaces: services=a,b)"]
        services = services.split(",")
    if not isinstance(services, (list, tuple)) or any(isinstance(name, (list, tuple, Mapping)) for name in services):
        return [], [f"services: {services!r} is neither a list of names nor names separated by commas"]
    names = [str(name).strip() for name in services]
    return [name for name in dict.fromkeys(names) if name], []


def _limit_problems(
    needs: Sequence[str], hosts: Sequence[str], groups: Mapping[str, Sequence[str]], stack: str
) -> list[str]:
    known = groups.get("groundwork", ())
    missing = [name for name in known if name not in hosts]
    problems = []
    if "controller" in needs and "localhost" not in hosts:
        problems.append(
            "--limit leaves out localhost, where this playbook works: leave --limit out, or name localhost in it"
        )
    if "all_hosts" in needs and missing:
        problems.append(f"--limit leaves out {', '.join(missing)}, and this playbook needs all hosts: leave it out")
    if "hosts" in needs and not known:
        problems.append(f"the stack {stack} has no instances yet: run site.yml first")
    elif "hosts" in needs and len(missing) == len(known):
        problems.append(f"--limit leaves out every host of the stack {stack} ({', '.join(missing)})")
    return problems


def _service_problems(
    names: Sequence[str],
    needs: Sequence[str],
    run_hosts: Iterable[str],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    document: Mapping[str, Any],
) -> list[str]:
    """Names that are no services, and services that none of the hosts of the run has."""
    known = list(document.get("services") or {})
    in_run = set(run_hosts)
    problems = []
    for name in names:
        if name not in known:
            hint = suggestion(name, known)
            problems.append(f'services: there is no service "{name}" in the stack {document["name"]}; {hint}')
            continue
        running = [host for host in groups.get("groundwork", ()) if name in services_of(hostvars, host)]
        if "hosts" not in needs or not groups.get("groundwork"):
            continue
        if not running:
            problems.append(f"services: no host has {name} yet: run site.yml first")
        elif in_run.isdisjoint(running):
            problems.append(f"services: {name} runs on {', '.join(running)}, which --limit leaves out")
    return problems


def services_of(hostvars: Mapping[str, Any], host: str) -> list[str]:
    """The names of the services of a host."""
    return [str(service["name"]) for service in hostvars[host].get("groundwork_services") or ()]


def _ref_problems(ref: Any, names: Sequence[str], takes: Sequence[str], document: Mapping[str, Any]) -> list[str]:
    """Whether the services of the run have a git source of which `ref` can be taken."""
    if ref is None or ref == "":
        return []
    if "ref" not in takes:
        return ["ref: this playbook deploys nothing new, so it takes no ref"]
    if not isinstance(ref, str):
        return [f"ref: {ref!r} is not a text, so digits may have been lost: put it in quotes"]
    services = document.get("services") or {}
    chosen = [name for name in (names or services) if name in services]
    without = [name for name in chosen if not services[name]["source"].get("git")]
    if not without:
        return []
    others = [name for name in services if services[name]["source"].get("git")]
    remedy = (
        f"name the services that have one: -e services={','.join(others)}"
        if others
        else "give the document `source: {git: …}`, or leave ref out"
    )
    verb = "has" if len(without) == 1 else "have"
    return [f"ref: {', '.join(without)} {verb} no git source to take {ref} of; {remedy}"]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"run_problems": run_problems}
