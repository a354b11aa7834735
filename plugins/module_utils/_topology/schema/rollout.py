# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of rollouts: of all services, and of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..rollout_settings import APPROVALS, DEFAULT_DEADLINE, STRATEGIES
from .containers import ListOf, MappingOf
from .gates import GATE
from .hooks import HOOKS, SERVICE_HOOKS
from .kinds import AnyOf, Boolean, Choice, Integer, Text
from .notifications import NOTIFY
from .record import Derived, Field, Record
from .shared import RESOURCE_NAME

MAX_HOSTS = 1000
PERCENTAGE = Text("a percentage of them like 25%", r"(?:100|[1-9][0-9]?)%", longest=4)
SIZE_HINT = "write 2 for two hosts, or 25% for a quarter of them"

# What one service may set differently.
SETTINGS: Mapping[str, Field] = {
    "strategy": Field(
        Choice(*STRATEGIES, suggests=True),
        "`rolling`: in batches. `canary`: one host alone, then in batches. `all_at_once`: all hosts in one batch, "
        "not for several instances behind a load balancer.",
        default=STRATEGIES[0],
    ),
    "batches": Field(
        ListOf(AnyOf(Integer("a number of hosts", 1, MAX_HOSTS), PERCENTAGE, hint=SIZE_HINT), unique=False),
        "Sizes of the batches; the last one repeats. Percentages are of the hosts of the service, rounded up. "
        "Empty: as large as `minimum_healthy` allows.",
        default=[1, "25%"],
    ),
    "minimum_healthy": Field(
        AnyOf(Integer("a number of hosts", 0, MAX_HOSTS), PERCENTAGE, hint=SIZE_HINT),
        "Hosts of a service that stay healthy while a batch moves; a percentage is rounded up. A service with one "
        "host is reloaded in place.",
        default="50%",
    ),
    "bake": Field(
        Integer("a number of seconds", 0, 3600),
        "Seconds for which the gates are asked after a batch has moved, before the next one begins.",
        default=0,
    ),
    "deadline": Field(
        Integer("a number of seconds", 30, 14400),
        "Seconds after a batch has moved in which its gates have to pass, else it has failed. Longer than `bake`.",
        default=DEFAULT_DEADLINE,
    ),
}

# Names of gates are in messages and in the ledger.
GATES = MappingOf(RESOURCE_NAME, GATE, "<gate>", most=20)

ROLLOUT = Record(
    fields={
        **SETTINGS,
        "gates": Field(
            GATES,
            "Checks that have to hold while a batch bakes, by name, in addition to the health of its targets. Without "
            "a `bake` time each is asked until it passes once. Rollbacks do not ask them.",
            default={},
        ),
        "hooks": Field(
            HOOKS, "Commands and requests at moments of a deploy, each a list of steps that run in order.", default={}
        ),
        "approval": Field(
            AnyOf(Boolean(), Choice(*APPROVALS), hint=f"write true, false, {', '.join(APPROVALS)}"),
            "Whether a deploy waits for a person: `first_batch` (or `true`) when the first batch has baked, "
            "`every_batch` after each, `before_rollout` before anything moves. Without a terminal it takes "
            "`-e rollout_approved=true`.",
            default=False,
        ),
        "notify": Field(
            NOTIFY, "Recipients of notifications about deploys and rollbacks. What cannot be sent is a warning."
        ),
    }
)


def inherit(key: str) -> Derived:
    """The value of a key of all services, as the default of one service."""

    def read_shared_value(_rollout: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
        value = document["rollout"][key]
        return list(value) if isinstance(value, list) else value

    return Derived(read_shared_value, f"`rollout.{key}`")


# The same keys, of which each may be set for one service.
SERVICE_ROLLOUT = Record(
    fields={
        **{
            key: Field(field.kind, f"For this service, instead of `rollout.{key}`.", default=inherit(key))
            for key, field in SETTINGS.items()
        },
        "gates": Field(
            GATES,
            "Gates of batches that move this service, besides `rollout.gates`; the same name replaces one of those.",
            default={},
        ),
        "hooks": Field(
            SERVICE_HOOKS, "Hooks on hosts that move this service, after those of `rollout.hooks`.", default={}
        ),
    }
)
