# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the hooks of rollouts: commands and requests at certain moments."""

from __future__ import annotations

from .containers import ListOf
from .gates import PROBE_FIELDS, WEB_ADDRESS, WEB_PATH
from .kinds import Choice, Integer, Scalar
from .record import Field, Record

REQUEST = Record(
    one_of=(("url", "path"),),
    fields={
        "url": Field(WEB_ADDRESS, "URL that is asked, from where the hook runs. Its redirects are not followed."),
        "path": Field(
            WEB_PATH, "Path that is asked at the URL of the stack; by a hook of a host, at the service on that host."
        ),
        "method": Field(Choice("GET", "HEAD"), "Method of the request.", default="GET"),
        **{key: PROBE_FIELDS[key] for key in ("status", "body", "headers", "latency")},
    },
)

STEP = Record(
    one_of=(("command", "request"),),
    what="a mapping with command or request",
    fields={
        "command": Field(
            ListOf(Scalar("an argument: text or a number", longest=4096), least=1, unique=False),
            "Program and arguments, without a shell.",
        ),
        "request": Field(REQUEST, "Request that is sent until its answer is good."),
        "timeout": Field(
            Integer("a number of seconds", 1, 1500),
            "Seconds after which the command is killed, or in which the answer has to be good.",
            default=60,
        ),
    },
)


def _moment(text: str) -> Field:
    return Field(ListOf(STEP, unique=False), text, default=[])


HOST_MOMENTS = {
    "before_host": _moment(
        "On each host before it is drained, as the user of each service that moves, in its new release. A failure "
        "leaves the host as it is."
    ),
    "after_host": _moment(
        "On each host, in the same way, when it serves the new release. A failure is a failed gate of its batch."
    ),
}

HOOKS = Record(
    fields={
        "before_rollout": _moment("On the controller before the first migration. A failure ends the rollout there."),
        "before_batch": _moment("On the controller before each batch. A failure ends the rollout, and hosts go back."),
        **HOST_MOMENTS,
        "after_batch": _moment("On the controller when a batch has moved. A failure is a failed gate of the batch."),
        "after_rollout": _moment(
            "On the controller at the end, also after a failure and after a rollback. A failure is reported, and "
            "changes nothing."
        ),
    }
)
SERVICE_HOOKS = Record(fields=HOST_MOMENTS)
