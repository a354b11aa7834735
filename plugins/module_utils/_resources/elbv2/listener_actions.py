# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions of listeners and rules, as documents write them and as AWS does.

A document has one of ``{forward: target group}``, ``{forward: [{target_group, weight}]}``, ``{redirect: {…}}`` and
``{fixed_response: {…}}``. A redirect may refer to the ``listener`` that it leads to. That only decides the order: no
request is sent to a port that does not answer yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._engine.items import Raw

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


def with_defaults(action: Mapping[str, Any]) -> dict[str, Any]:
    """An action of a document with all its defaults."""
    kind, value = _only(action)
    if kind == "forward":
        return {"forward": value if isinstance(value, str) else _weighted(value)}
    defaults = REDIRECT if kind == "redirect" else RESPONSE
    if kind == "redirect":
        value = {name: item for name, item in value.items() if name != "listener"}
    unknown = sorted(value.keys() - defaults.keys())
    if unknown:
        raise ValueError(f"{kind} has no {', '.join(unknown)}; it has {', '.join(defaults)}")
    return {kind: {**defaults, **{name: str(item) for name, item in value.items()}}}


def _only(action: Mapping[str, Any]) -> tuple[str, Any]:
    if len(action) != 1 or next(iter(action)) not in ("forward", "redirect", "fixed_response"):
        raise ValueError("an action is one of forward, redirect and fixed_response")
    return next(iter(action.items()))


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
