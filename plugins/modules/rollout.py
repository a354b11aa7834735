#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan and record a rollout, and decide whether it goes on."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout
short_description: Plan a rollout, judge its batches, and record it in the account
version_added: 0.1.0
description:
  - Holds the lock of a stack while its hosts change their releases, plans in which batches they do that, decides after
    each batch whether the rollout goes on, and records all of it in the ledger of the stack.
  - The role P(groundwork.aws.rollout#role) calls it between what the hosts do.
  - The lock and the ledger are parameters of AWS Systems Manager below C(/groundwork/<stack>/).
options:
  stack:
    description:
      - The name of the stack.
    type: str
    required: true
  state:
    description:
      - The part of the rollout that this call does, in the order in which they follow one another.
      - V(begun) takes the lock, and returns RV(rollout), which all other calls need.
      - V(planned) plans the batches from O(moves), checks that their gates can be asked, and writes the plan to the
        ledger.
      - V(hooked) runs the O(hooks) of O(moment) on this machine, which get what moves in the environment.
      - V(opened) renews the lock, and checks that enough other targets are healthy for O(batch) to begin.
      - V(judged) decides after a batch whether the rollout goes on. It asks the gates of its services, and watches its
        targets, until the bake time has ended; without one, until each gate has passed once.
      - V(aborted) plans in which batches the hosts of the first O(begun) batches return.
      - V(renewed) renews the lock while hosts return.
      - V(finished) records the end, and frees the lock.
      - V(notified) reports O(event) to those whom O(notify) names. What cannot be sent is a warning.
    type: str
    choices: [begun, planned, hooked, opened, judged, aborted, renewed, finished, notified]
    required: true
  action:
    description:
      - What the rollout is, for people who read the ledger or wait for the lock. With V(deploy) and V(rollback) hosts
        change their releases; with all others, such as V(patch), they stop and start again.
    type: str
    default: deploy
  units:
    description:
      - What a batch is made of, for the state V(planned).
      - V(services) moves each service of a host by its own strategy, V(hosts) stops all services of a host at the same
        time, by the most careful of their strategies, and V(single_hosts) stops one host after the other, in the order
        of O(moves).
    type: str
    choices: [services, hosts, single_hosts]
    default: services
  interrupt:
    description:
      - Whether hosts may stop although fewer others serve than C(minimum_healthy) requires, for the state V(planned).
    type: bool
    default: false
  rollout:
    description:
      - The rollout, as RV(rollout) of the state V(begun).
    type: dict
    default: {}
  moves:
    description:
      - The services of all hosts, as the filters P(groundwork.aws.rollout_moves#filter),
        P(groundwork.aws.rollback_moves#filter) and P(groundwork.aws.host_moves#filter) return them.
    type: list
    elements: dict
    default: []
  url:
    description:
      - The URL of the stack, for the states V(planned) and V(hooked). Gates and hooks with a C(path) ask there.
    type: str
    default: ''
  hooks:
    description:
      - The hooks of the document by moment, for the states V(planned) and V(hooked).
    type: dict
    default: {}
  moment:
    description:
      - The moment whose hooks run, for the state V(hooked).
    type: str
    choices: [before_rollout, before_batch, after_batch, after_rollout]
  notify:
    description:
      - The recipients, as C(rollout.notify) of the document, for the state V(notified). A secret in it has C(name), and
        C(existing) and C(key) where the stack did not generate it.
    type: dict
    default: {}
  event:
    description:
      - What is reported, for the state V(notified).
    type: str
    choices: [started, finished, rolled_back, failed]
  who:
    description:
      - Who started the rollout, for the state V(notified). Empty means the user of this process.
    type: str
    default: ''
  problems:
    description:
      - What else ends the rollout after a batch, for the state V(judged).
    type: list
    elements: str
    default: []
  batches:
    description:
      - The planned batches, for the state V(aborted).
    type: list
    elements: dict
    default: []
  batch:
    description:
      - The batch at hand, one of RV(batches).
    type: dict
    default: {}
  floors:
    description:
      - RV(floors) of the plan, for the state V(opened).
    type: dict
    default: {}
  begun:
    description:
      - How many batches have begun.
    type: int
    default: 0
  unfinished:
    description:
      - The rollout before this one if it was killed, as RV(unfinished), for the state V(finished). Its end is recorded
        where this one had nothing left to do.
    type: dict
    default: {}
  failures:
    description:
      - What failed on hosts. Each has C(host) and C(reason), and C(service) where only one service failed.
    type: list
    elements: dict
    default: []
  lost:
    description:
      - Hosts of the run that could not be reached.
    type: list
    elements: str
    default: []
  return_failures:
    description:
      - What failed on hosts that returned to the release before, for the state V(finished).
    type: list
    elements: dict
    default: []
  verdict:
    description:
      - The verdict of the last call, for the state V(finished).
    type: str
    default: go_on
  reasons:
    description:
      - The reasons of the last call, for the states V(finished) and V(notified).
    type: list
    elements: str
    default: []
  recorded:
    description:
      - Whether the plan had batches, so that the ledger has the rollout.
    type: bool
    default: false
  seconds:
    description:
      - Seconds until the next call at the latest. The lock expires after that unless it is renewed, or when
        C(ansible-playbook) ends on the same machine.
    type: int
    default: 1800
  lock_wait:
    description:
      - Seconds to wait for the lock of the stack.
    type: int
    default: 0
  patience:
    description:
      - Seconds to wait for enough healthy targets, in the state V(opened).
    type: int
    default: 60
  needs_terminal:
    description:
      - Whether the state V(begun) fails where C(ansible-playbook) has no terminal, because a person has to approve the
        rollout.
    type: bool
    default: false
  holder_pid:
    description:
      - The process that holds the lock. The action plugin sets it to that of C(ansible-playbook).
    type: int
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
attributes:
  check_mode:
    support: full
    details:
      - Plans the batches, and neither takes the lock nor writes to the ledger.
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.rollout_info
  - module: groundwork.aws.target
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Take the lock of the stack
  groundwork.aws.rollout:
    stack: shop
    region: eu-central-1
    state: begun
  run_once: true
  delegate_to: localhost
  register: begun

- name: Plan the batches
  groundwork.aws.rollout:
    stack: shop
    region: eu-central-1
    state: planned
    rollout: "{{ begun.rollout }}"
    moves: "{{ ansible_play_hosts | map('extract', hostvars, 'moves') | flatten }}"
  run_once: true
  delegate_to: localhost
  register: planned
"""

RETURN = r"""
rollout:
  description: What the other calls need of the rollout; its id, its action, when it started, and the token of the lock.
  returned: state is V(begun)
  type: dict
unfinished:
  description: The rollout before this one if it was killed, as RV(groundwork.aws.rollout_info#module:rollouts) has it.
  returned: state is V(begun)
  type: dict
verdict:
  description:
    - V(go_on), V(abort), or V(lost) where the lock was lost, so that hosts must be left as they are.
  returned: state is V(planned), V(hooked), V(opened) or V(judged)
  type: str
reasons:
  description: Why the rollout does not go on.
  returned: state is V(planned), V(hooked), V(opened), V(judged) or V(finished)
  type: list
  elements: str
sent:
  description: The recipients that got the notification, V(slack), V(sns) or V(email).
  returned: state is V(notified)
  type: list
  elements: str
output:
  description: The last lines that the commands of hooks printed, each after the name of its program.
  returned: state is V(hooked)
  type: list
  elements: str
batches:
  description: What moves together, in this order.
  returned: state is V(planned) or V(aborted)
  type: list
  elements: dict
  contains:
    number:
      description: Its number, from 1 on.
      type: int
    wave:
      description: The number of its wave. A wave begins when all services that its services call have moved.
      type: int
    moves:
      description: The services that move, by host.
      type: dict
    targets:
      description: The instances that leave the load balancer, by service.
      type: dict
    gates:
      description: The gates of the services that move, each with its name and settings.
      type: list
      elements: dict
    bake:
      description: Seconds for which the batch is watched after it has moved.
      type: int
    deadline:
      description: Seconds after which a batch without a verdict is aborted.
      type: int
floors:
  description: How many targets that stay must be healthy, by service.
  returned: state is V(planned)
  type: dict
rejoin:
  description: The services that serve the right release without being registered, by host.
  returned: state is V(planned)
  type: dict
migrations:
  description: The migrations to run before the first batch; each has the service, the host that runs it unless it is
    empty, and the hosts that record it.
  returned: state is V(planned)
  type: list
  elements: dict
summary:
  description: The plan, or how the rollout ended, as text for people.
  returned: state is V(planned) or V(finished)
  type: raw
status:
  description: V(finished), V(rolled_back) or V(failed).
  returned: state is V(finished)
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.operations import run_rollout

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "stack": {"type": "str", "required": True},
    "state": {
        "type": "str",
        "choices": ["begun", "planned", "hooked", "opened", "judged", "aborted", "renewed", "finished", "notified"],
        "required": True,
    },
    "action": {"type": "str", "default": "deploy"},
    "units": {"type": "str", "choices": ["services", "hosts", "single_hosts"], "default": "services"},
    "interrupt": {"type": "bool", "default": False},
    "rollout": {"type": "dict", "default": {}},
    "moves": {"type": "list", "elements": "dict", "default": []},
    "url": {"type": "str", "default": ""},
    "hooks": {"type": "dict", "default": {}},
    "moment": {"type": "str", "choices": ["before_rollout", "before_batch", "after_batch", "after_rollout"]},
    "notify": {"type": "dict", "default": {}},
    "event": {"type": "str", "choices": ["started", "finished", "rolled_back", "failed"]},
    "who": {"type": "str", "default": ""},
    "problems": {"type": "list", "elements": "str", "default": []},
    "batches": {"type": "list", "elements": "dict", "default": []},
    "batch": {"type": "dict", "default": {}},
    "floors": {"type": "dict", "default": {}},
    "begun": {"type": "int", "default": 0},
    "unfinished": {"type": "dict", "default": {}},
    "failures": {"type": "list", "elements": "dict", "default": []},
    "lost": {"type": "list", "elements": "str", "default": []},
    "return_failures": {"type": "list", "elements": "dict", "default": []},
    "verdict": {"type": "str", "default": "go_on"},
    "reasons": {"type": "list", "elements": "str", "default": []},
    "recorded": {"type": "bool", "default": False},
    "seconds": {"type": "int", "default": 1800},
    "lock_wait": {"type": "int", "default": 0},
    "patience": {"type": "int", "default": 60},
    "needs_terminal": {"type": "bool", "default": False},
    "holder_pid": {"type": "int"},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {"required_if": [("state", "hooked", ["moment"]), ("state", "notified", ["event"])]}


def run(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return run_rollout(options, check_mode)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
