# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the reasons why a run of a playbook cannot start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ansible_collections.groundwork.aws.plugins.filter.split_names import split_names
from ansible_collections.groundwork.aws.plugins.module_utils._aws.similar_names import suggest
from ansible_collections.groundwork.aws.plugins.module_utils._provision.adoption import find_adopt_problems
from ansible_collections.groundwork.aws.plugins.module_utils._provision.requests import (
    UNDEFINED,
    UNSET,
    find_misspellings,
    read_names,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._topology.git_addresses import (
    REF,
    REF_HINT,
    find_ref_problem,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.placement import find_placements
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.connection import VARIABLE, find_type_problem

DOCUMENTATION = r"""
---
name: run_problems
short_description: The reasons why a run of a playbook cannot start
version_added: 0.1.0
description:
  - Compares the extra variables and the limit of a run with what its playbook needs and with the services of the stack.
  - The playbooks of this collection use it before they change anything.
positional: _input
options:
  _input:
    description:
      - The variables of the run.
      - V(services) has the names of services, as a list or separated by commas, line ends or spaces; V(ref) a branch,
        tag or commit.
      - V(allow_destroy) has addresses of resources, V(require_auth) those of caches, as a list or separated like
        V(services).
      - V(to) is the version or commit of a release.
      - V(given) has the names of the variables that the run sets. One that has the value V((unset)) nevertheless has a
        template that refers to an undefined variable.
      - V(extra) has the names of the variables of the command line. One that is a misspelling of another variable of
        the playbooks is a problem, because it would be ignored.
      - V(wait_timeout) and V(rollout_lock_wait) are numbers of seconds, V(interrupt) a boolean, V(adopt) a dictionary
        of ids by address, V(os_release) a release of Amazon Linux 2023.
      - V(connection) is the variable C(groundwork_connection).
      - V(architecture) is the topology that the playbook is for, V(topology) the one that the inventory has,
        V(inventory_error) why the inventory could not be read.
      - V(recovery) is the operation of the playbook on databases (V(backup), V(restore) or V(discard)), if any.
        V(databases), V(database), V(backup_keep), V(restore_snapshot), V(restore_time), V(restore_instance),
        V(restore_again), V(restore_unseen), V(restore_expects) and V(discard_instance) are then the extra variables of
        these names.
    type: dict
    required: true
  needs:
    description:
      - The requirements of the playbook. V(controller) is localhost, V(hosts) at least one host of the stack,
        V(all_hosts) every host of the stack, V(instances) that the stack has the instances of its document, which the
        limit may leave out.
    type: list
    elements: str
    required: true
  takes:
    description:
      - The extra variables out of V(services), V(ref) and V(to) that the playbook supports.
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
- name: Reject names that are no services
  ansible.builtin.assert:
    that: >-
      {'services': 'web,api'} | groundwork.aws.run_problems(needs=[], takes=['services'], hosts=ansible_play_hosts_all,
      groups=groups, hostvars=hostvars, document=stack_document) | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each problem; empty where the run can start.
  type: list
  elements: str
  sample: ['services: there is no service "prodct" in the stack shop; did you mean "product"?']
"""

TRUTH_VALUES = ("", "true", "false", "yes", "no", "on", "off", "y", "n", "t", "f", "1", "0")
# A version may have the name of a branch or tag in it, or be that of an archive.
RELEASE = r"(?![-./])(?!.*\.\.)[^\s\x00-\x1f\x7f]{1,300}"
RESTORE_SOURCES = ("restore_snapshot", "restore_time", "restore_instance")
# In this order, because a boolean is a number.
TYPE_NAMES = ((bool, "a boolean"), ((int, float), "a number"), (Mapping, "a mapping"), (object, "a list"))
VERBS = {"backup": "back up"}  # of what a playbook does with databases
NO_DOCUMENT = (
    "the inventory has no topology document: pass an inventory of groundwork.aws.ec2_services with -i, and name the "
    "document with GROUNDWORK_TOPOLOGY, -e topology=… or the inventory's option `topology`"
)


def run_problems(
    variables: Mapping[str, Any],
    needs: Sequence[str],
    takes: Sequence[str],
    hosts: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    document: Mapping[str, Any],
) -> list[str]:
    """One sentence for each problem; see the documentation above for the parameters."""
    if variables.get("inventory_error"):
        return [f"the inventory could not be read. {variables['inventory_error']}"]
    architecture = variables.get("architecture")
    if not document:
        hint = f" (GROUNDWORK_TOPOLOGY={architecture})" if architecture else ""
        return [NO_DOCUMENT + hint]
    if architecture and variables.get("topology") != architecture:
        return [
            f"this playbook is for the topology {architecture}, and the inventory has {variables.get('topology')}: for "
            f"that one run groundwork.aws.site; for {architecture} leave out GROUNDWORK_TOPOLOGY, -e topology=… and "
            "the inventory's option `topology`, or let them say the same"
        ]
    variables, undefined = _select_defined(variables)
    problems = [*_find_limit_problems(needs, hosts, groups, document), *undefined]
    problems += [f"{name}: {text}" for name, text in find_misspellings(variables.get("extra") or ())]
    type_problem = find_type_problem(variables.get("connection"))
    if type_problem is not None:
        problems.append(f"{VARIABLE}: {type_problem}")
    names, unreadable = select_names(variables.get("services"))
    problems += unreadable
    if names and "services" not in takes:
        problems.append("services: this playbook takes none, for it is about the stack as a whole")
    elif names:
        run_hosts = hosts if "hosts" in needs else groups.get("groundwork", ())
        problems += _find_service_problems(names, needs, run_hosts, groups, hostvars, document)
    problems += _find_ref_problems(variables.get("ref"), names, takes, document)
    problems += _find_release_problems(variables.get("to"), takes)
    problems += _find_address_problems(variables.get("allow_destroy"))
    problems += _find_cache_problems(variables.get("require_auth"), document)
    return problems + _find_value_problems(variables) + _find_recovery_problems(variables, document)


def _select_defined(variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The variables that are set, and the problems of those whose template refers to an undefined variable.

    Ansible takes such a variable for one that is not set, and the run would do more than it was asked for.
    """
    known = {name: value for name, value in variables.items() if value != UNSET}
    return known, [f"{name}: {UNDEFINED}" for name in variables.get("given") or () if name not in known]


def _find_address_problems(value: Any) -> list[str]:
    """Problems of `allow_destroy`. Its resources may have left the document, so only their types are known here."""
    addresses, problems = read_names("allow_destroy", value, "addresses", "db_instance/main,instance/app-1")
    for address in addresses:
        kind, _slash, name = address.partition("/")
        if not kind or not name:
            text = "is no address of a resource (write type/name, as in db_instance/main)"
            problems.append(f'allow_destroy: "{address}" {text}')
        elif kind not in REGISTRY:
            hint = suggest(kind, sorted(REGISTRY))
            problems.append(f'allow_destroy: "{address}": there is no resource type "{kind}"; {hint}')
    return problems


def _find_cache_problems(value: Any, document: Mapping[str, Any]) -> list[str]:
    """Problems of `require_auth`, which names caches of the document."""
    addresses, problems = read_names("require_auth", value, "addresses", "cache/redis,cache/sessions")
    known = [f"cache/{name}" for name in document.get("caches") or {}]
    known += [address for address in document.get("resources") or {} if address.startswith("cache/")]
    for address in addresses:
        if address not in known:
            text = f'there is no cache "{address}" in the stack {document["name"]}; {suggest(address, known)}'
            problems.append(f"require_auth: {text}")
    return problems


def _find_value_problems(variables: Mapping[str, Any]) -> list[str]:
    """Problems of `wait_timeout`, `os_release`, `rollout_lock_wait`, `interrupt` and `adopt`, which later steps read.

    By then something may have been changed.

    Empty text is an empty answer to a survey, and means the default.
    """
    problems = []
    timeout, interrupt = _read_text(variables, "wait_timeout"), _read_text(variables, "interrupt").lower()
    if timeout and not (re.fullmatch(r"[0-9]{1,9}", timeout) and int(timeout) > 0):
        problems.append(f"wait_timeout: {timeout!r} is no number of seconds (write a whole number above 0)")
    wait = variables.get("rollout_lock_wait")
    if wait is not None and (isinstance(wait, bool) or not re.fullmatch(r"[0-9]{1,9}", str(wait).strip())):
        problems.append(f"rollout_lock_wait: {wait!r} is no number of seconds (write a whole number, 0 for no waiting)")
    release = _read_text(variables, "os_release")
    if release and not re.fullmatch(r"latest|2023\.[0-9]{1,3}\.20[0-9]{6}", release):
        text = "write one like 2023.9.20251117 in quotes, or latest"
        problems.append(f"os_release: {release!r} is no release of Amazon Linux 2023 ({text})")
    if interrupt not in TRUTH_VALUES:
        problems.append(f"interrupt: {interrupt!r} is neither true nor false (write one of them)")
    return problems + list(find_adopt_problems(variables.get("adopt")))


def _find_recovery_problems(variables: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """Problems of the extra variables of backup, restore and discard, by the names of these variables."""
    recovery = variables.get("recovery")
    if not recovery:
        return []
    raw = [address.partition("/") for address in document.get("resources") or {}]
    known = [*(document.get("databases") or {}), *(name for kind, _slash, name in raw if kind == "db_instance")]
    if not known:
        verb = VERBS.get(recovery, recovery)
        return [f"the stack {document['name']} has no databases, so that there is nothing to {verb}"]
    if recovery == "backup":
        chosen, problems = read_names("databases", variables.get("databases"), "names", "a,b")
        return problems + _find_database_problems("databases", chosen, known, document) + _find_keep_problems(variables)
    problems = _find_text_problems(variables, ("database", *RESTORE_SOURCES, "discard_instance"))
    if problems:
        return problems
    names = _read_text(variables, "database")
    problems = _find_database_problems("database", names, known, document)
    if not names and len(known) > 1:
        problems.append(f"database: is not given, and the stack has several; name one of {', '.join(known)}")
    if recovery == "discard" and not _read_text(variables, "discard_instance"):
        problems.append("discard_instance: is not given; name an instance, status.yml lists them")
    return problems + (_find_restore_problems(variables) if recovery == "restore" else [])


def _read_text(variables: Mapping[str, Any], name: str) -> str:
    """An extra variable as text; empty where it is not set."""
    value = variables.get(name)
    return "" if value is None else str(value).strip()


def _find_database_problems(variable: str, value: Any, known: Sequence[str], document: Mapping[str, Any]) -> list[str]:
    problems = []
    for name in split_names(value):
        if name not in known:
            hint = suggest(name, list(known))
            problems.append(f'{variable}: there is no database "{name}" in the stack {document["name"]}; {hint}')
    return problems


def _find_keep_problems(variables: Mapping[str, Any]) -> list[str]:
    keep = _read_text(variables, "backup_keep")
    if not keep or (keep.isdigit() and int(keep) > 0):
        return []
    return [f"backup_keep: {keep!r} is no number of snapshots (write a whole number above 0)"]


def _find_text_problems(variables: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Problems of variables that are neither text nor null, nor a time, which ansible reads from text in a file.

    A number is a problem, because digits may be lost.
    """
    problems = []
    for name in names:
        value = variables.get(name)
        if value is not None and not isinstance(value, (str, date)):
            kind = next(kind for types, kind in TYPE_NAMES if isinstance(value, types))
            problems.append(f"{name}: is {kind}, and text is expected (write one name, in quotes)")
    return problems


def _find_restore_problems(variables: Mapping[str, Any]) -> list[str]:
    sources = [name for name in RESTORE_SOURCES if _read_text(variables, name)]
    problems = read_names("restore_expects", variables.get("restore_expects"), "tables", "orders,order_lines")[1]
    if len(sources) > 1:
        problems.append(f"{' and '.join(sources)} exclude each other: keep the one to restore")
    when = _read_text(variables, "restore_time")
    if when and when != "latest" and not _is_moment(when):
        problems.append(f"restore_time: {when!r} is no point in time (write one like 2026-03-01T04:05:00Z, or latest)")
    for name in ("restore_again", "restore_unseen"):
        if _read_text(variables, name).lower() not in TRUTH_VALUES:
            problems.append(f"{name}: {_read_text(variables, name)!r} is neither true nor false (write one of them)")
    return problems


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError:
        return False
    return True


def select_names(services: Any) -> tuple[list[str], list[str]]:
    """The names in `services`, where no names mean all services, and the problems of the variable."""
    return read_names("services", services, "names", "a,b")


def _find_limit_problems(
    needs: Sequence[str], hosts: Sequence[str], groups: Mapping[str, Sequence[str]], document: Mapping[str, Any]
) -> list[str]:
    stack, stack_hosts = document["name"], groups.get("groundwork", ())
    has_placements = bool(find_placements(document))
    missing = [name for name in stack_hosts if name not in hosts]
    problems = []
    if "controller" in needs and "localhost" not in hosts:
        problems.append(
            "--limit leaves out localhost, where this playbook works: leave --limit out, or name localhost in it"
        )
    if "all_hosts" in needs and missing:
        problems.append(f"--limit leaves out {', '.join(missing)}, and this playbook needs all hosts: leave it out")
    if "hosts" in needs and not has_placements and not stack_hosts:
        problems.append(f"the topology of the stack {stack} has no instances, so that this playbook has nothing to do")
    elif not {"hosts", "instances"}.isdisjoint(needs) and has_placements and not stack_hosts:
        problems.append(f"the stack {stack} has no instances in {document['region']}: run site.yml first")
    elif "hosts" in needs and len(missing) == len(stack_hosts):
        problems.append(f"--limit leaves out every host of the stack {stack} ({', '.join(missing)})")
    return problems


def _find_service_problems(
    names: Sequence[str],
    needs: Sequence[str],
    run_hosts: Iterable[str],
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Any],
    document: Mapping[str, Any],
) -> list[str]:
    """Problems of names that are no services, and of services that run on no host of the run."""
    known = list(document.get("services") or {})
    in_run = set(run_hosts)
    problems = []
    for name in names:
        if name not in known:
            hint = suggest(name, known)
            problems.append(f'services: there is no service "{name}" in the stack {document["name"]}; {hint}')
            continue
        stack_hosts = groups.get("groundwork")
        if "hosts" not in needs or not stack_hosts:
            continue
        running = [host for host in stack_hosts if name in service_names(hostvars, host)]
        if not running:
            problems.append(f"services: no host has {name} yet: run site.yml first")
        elif in_run.isdisjoint(running):
            problems.append(f"services: {name} runs on {', '.join(running)}, which --limit leaves out")
    return problems


def service_names(hostvars: Mapping[str, Any], host: str) -> list[str]:
    """The names of the services of a host."""
    return [str(service["name"]) for service in hostvars[host].get("groundwork_services") or ()]


def _find_ref_problems(ref: Any, names: Sequence[str], takes: Sequence[str], document: Mapping[str, Any]) -> list[str]:
    """Problems of `ref`: the playbook has to support it, and the services of the run need a git source."""
    if ref is None or ref == "":
        return []
    if "ref" not in takes:
        return ["ref: this playbook deploys nothing new, so it takes no ref"]
    if not isinstance(ref, str):
        return [f"ref: {ref!r} is not a text, so digits may have been lost: put it in quotes"]
    if not re.fullmatch(REF, ref):
        return [f"ref: {ref!r} is no branch, tag or commit ({REF_HINT})"]
    problem = find_ref_problem(ref)
    if problem is not None:
        return [f"ref: {ref!r} {problem}"]
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


def _find_release_problems(to: Any, takes: Sequence[str]) -> list[str]:
    """Problems of `to`: only `rollback` supports it, and later steps compare it with the releases of each host."""
    if to is None or to == "":
        return []
    if "to" not in takes:
        return ["to: this playbook returns to no earlier release, so it takes none (run rollback.yml, or leave it out)"]
    if not isinstance(to, str):
        return [f"to: {to!r} is not a text, so digits may have been lost: put it in quotes"]
    if not re.fullmatch(RELEASE, to.strip()):
        return [f"to: {to!r} is no version or commit (write one that status.yml shows, such as v1.4)"]
    return []


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"run_problems": run_problems}
