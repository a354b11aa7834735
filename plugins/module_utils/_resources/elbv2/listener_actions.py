# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions of listeners and rules, as documents write them and as AWS does.

A document has one of ``{forward: target group}``, ``{forward: [{target_group, weight}]}``, ``{redirect: {…}}`` and
``{fixed_response: {…}}``. A redirect may refer to the ``listener`` that it leads to. That only decides the order: no
request is sent to a port that does not answer yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._engine.items import Raw
from ..._engine.model import DesiredResource
from ..._engine.property_limits import (
    EVERY,
    Items,
    Limit,
    Limits,
    Matching,
    PropertyPath,
    PropertyProblem,
    WholeNumber,
    is_reference,
    keys,
    one_of,
)
from . import common as elbv2

# Placeholders of AWS for the parts of a request: that part is not changed.
REDIRECT = {
    "protocol": "#{protocol}",
    "port": "#{port}",
    "host": "#{host}",
    "path": "/#{path}",
    "query": "#{query}",
    "status": "HTTP_301",
}
RESPONSE = {"status": "404", "content_type": "text/plain", "body": ""}
REDIRECT_KEYS = {name: name.capitalize() for name in REDIRECT} | {"status": "StatusCode"}
RESPONSE_KEYS = {"status": "StatusCode", "content_type": "ContentType", "body": "MessageBody"}
# Where an action refers to target groups.
FORWARDS: tuple[PropertyPath, ...] = (("action", "forward"), ("action", "forward", EVERY, "target_group"))
# What an action refers to.
REFERENCES: Mapping[PropertyPath, tuple[str, ...]] = {
    **dict.fromkeys(FORWARDS, ("target_group.arn",)),
    ("action", "redirect", "listener"): ("listener.arn",),
    ("action", "redirect", "host"): ("load_balancer.dns_name", "dns_record.name"),
}
KINDS = ("forward", "redirect", "fixed_response")
# Elastic Load Balancing API Reference: TargetGroupTuple, RedirectActionConfig and FixedResponseActionConfig. Quotas of
# Application Load Balancers: five target groups in an action.
MOST_GROUPS = 5
HIGHEST_WEIGHT = 999
LIMITS: Limits = {
    ("action",): keys(*KINDS),
    ("action", "forward"): Limit(),  # a target group, or a list of them: see `_check_forward`
    ("action", "forward", EVERY): keys("target_group", "weight", required=("target_group",)),
    ("action", "forward", EVERY, "weight"): WholeNumber(
        f"a weight (0-{HIGHEST_WEIGHT})", low=0, high=HIGHEST_WEIGHT, is_text=True
    ),
    ("action", "redirect"): keys(*REDIRECT, "listener"),
    ("action", "redirect", "protocol"): one_of("HTTP", "HTTPS", REDIRECT["protocol"]),
    ("action", "redirect", "port"): WholeNumber(
        "a port (1-65535), or #{port}", low=1, high=65535, other=(REDIRECT["port"],), is_text=True
    ),
    ("action", "redirect", "host"): Matching("a host name", pattern=".+", longest=128),
    ("action", "redirect", "path"): Matching("a path like /new", "begin it with /", pattern="/.*", longest=128),
    ("action", "redirect", "query"): Matching("a query without its question mark", pattern=r"[^?].*|", longest=128),
    ("action", "redirect", "status"): one_of("HTTP_301", "HTTP_302"),
    ("action", "fixed_response"): keys(*RESPONSE),
    ("action", "fixed_response", "status"): WholeNumber(
        "a status code of 2xx, 4xx or 5xx", low=400, high=599, other=tuple(range(200, 300)), is_text=True
    ),
    ("action", "fixed_response", "content_type"): one_of(
        "text/plain", "text/css", "text/html", "application/javascript", "application/json"
    ),
    ("action", "fixed_response", "body"): Matching("text", longest=1024),
}


def check_action(given: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    """What AWS requires of the parts of an action together."""
    action = given["action"]
    if is_reference(action):
        return
    kinds = [kind for kind in KINDS if action.get(kind) is not None]
    if len(kinds) != 1:
        text = f"has {' and '.join(kinds)}, which exclude each other (keep one)"
        yield ("action",), text if kinds else f"needs one of {', '.join(KINDS)} (add one)"
    elif kinds == ["forward"]:
        yield from _check_forward(action["forward"])
    elif kinds == ["redirect"]:
        changed = [name for name in ("protocol", "host", "port", "path") if action["redirect"].get(name) is not None]
        if all(action["redirect"][name] == REDIRECT[name] for name in changed):
            text = "changes neither protocol, host, port nor path, and would lead to itself"
            yield ("action", "redirect"), f"{text} (change one of them)"


def _check_forward(groups: Any) -> Iterator[PropertyProblem]:
    path = ("action", "forward")
    if is_reference(groups) or isinstance(groups, str):
        return
    if not isinstance(groups, (list, tuple)):
        yield path, "is not a target group (write a reference like {ref: target_group/web}, or a list with weights)"
        return
    problems = list(Items(least=1, most=MOST_GROUPS).find_problems(groups))
    if problems:
        yield from (((*path, *inner), text) for inner, text in problems)
        return
    seen: list[Any] = []
    for number, item in enumerate(groups):
        if item["target_group"] in seen:
            yield (*path, number, "target_group"), "is in this list twice (remove one)"
        seen.append(item["target_group"])


def check_group(_given: Mapping[str, Any], path: PropertyPath, group: DesiredResource) -> Iterator[PropertyProblem]:
    """CreateTargetGroup, Protocol, for what forwards the requests of an Application Load Balancer."""
    protocol = group.properties.get("protocol") or "HTTP"
    if group.type == "target_group" and isinstance(protocol, str) and protocol not in elbv2.OF_APPLICATIONS:
        text = (
            f"{group.address} speaks {protocol}, and an Application Load Balancer {' and '.join(elbv2.OF_APPLICATIONS)}"
        )
        yield path, f"{text} (forward to another one)"


def with_defaults(action: Mapping[str, Any]) -> dict[str, Any]:
    """An action of a document with all its defaults."""
    kind, value = _only(action)
    if kind == "forward":
        return {"forward": value if isinstance(value, str) else _weighted(value)}
    defaults = REDIRECT if kind == "redirect" else RESPONSE
    given = {name: str(item) for name, item in value.items() if name != "listener" and item is not None}
    return {kind: {**defaults, **given}}


def _only(action: Mapping[str, Any]) -> tuple[str, Any]:
    ((kind, value),) = ((kind, value) for kind, value in action.items() if value is not None)
    return kind, value


def _weighted(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    weighted = [{"target_group": item["target_group"], "weight": int(item.get("weight", 1))} for item in groups]
    return sorted(weighted, key=lambda item: str(item["target_group"]))


def to_aws(action: Mapping[str, Any]) -> list[Raw]:
    """The actions of a call, from a complete action of a document."""
    kind, value = _only(action)
    if kind == "redirect":
        return [{"Type": "redirect", "RedirectConfig": {REDIRECT_KEYS[name]: text for name, text in value.items()}}]
    if kind == "fixed_response":
        config = {RESPONSE_KEYS[name]: text for name, text in value.items() if text}
        return [{"Type": "fixed-response", "FixedResponseConfig": config}]
    if isinstance(value, str):
        return [{"Type": "forward", "TargetGroupArn": value}]
    groups = [{"TargetGroupArn": item["target_group"], "Weight": item["weight"]} for item in value]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def from_aws(actions: Sequence[Raw]) -> dict[str, Any]:
    """The action of a document for those that a list shows; ``{}`` where a document cannot express them."""
    last = max(actions, key=lambda item: int(item.get("Order", 1)), default={})
    if len(actions) != 1:
        return {}
    if last["Type"] == "redirect":
        return {"redirect": _plain(last["RedirectConfig"], REDIRECT, REDIRECT_KEYS)}
    if last["Type"] == "fixed-response":
        return {"fixed_response": _plain(last["FixedResponseConfig"], RESPONSE, RESPONSE_KEYS)}
    return {"forward": _forward(last)} if last["Type"] == "forward" else {}


def _plain(config: Raw, defaults: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    """A redirect or response as far as AWS shows it. Without a member for the body it is empty."""
    shown = {name: str(config[keys[name]]) for name in defaults if keys[name] in config}
    return {**({"body": ""} if "body" in defaults else {}), **shown}


def same(desired: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    """Whether an action is as desired, as far as AWS shows it."""
    if desired.keys() != actual.keys():
        return False
    (kind,) = desired
    if kind == "forward":
        return bool(desired[kind] == actual[kind])
    return all(desired[kind][name] == value for name, value in actual[kind].items())


def _forward(action: Raw) -> Any:
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    if len(groups) == 1:
        return groups[0]["TargetGroupArn"]
    return _weighted([{"target_group": item["TargetGroupArn"], "weight": item.get("Weight", 1)} for item in groups])
