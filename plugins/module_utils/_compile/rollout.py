# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of the rollouts of a service, as playbooks pass them on. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._topology.cloudwatch_metrics import needs_dimensions_of_service
from .._topology.rules.gates import KEYS_OF_KINDS, drop_unset_metrics, find_kind
from .._topology.view import Document, balanced_services, generated_secrets, services

# The keys of all kinds of gates.
POLICY_KEYS = ("failures_allowed", "unmeasured", "interval")
SECRET_KEYS = ("prometheus_password", "prometheus_token")


def compile_rollout(document: Document, name: str) -> dict[str, Any]:
    """The settings of a service: its gates are those of all services that apply to it, and its own."""
    own = services(document)[name]["rollout"]
    shared = {
        gate_name: gate for gate_name, gate in document["rollout"]["gates"].items() if _applies(document, name, gate)
    }
    gates = {gate_name: _compile_gate(document, gate) for gate_name, gate in {**shared, **own["gates"]}.items()}
    return {**own, "gates": gates, "hooks": _merge_hooks(document["rollout"]["hooks"], own["hooks"])}


def secret_location(document: Document, secret: str) -> dict[str, Any]:
    """The name and key of a secret that the stack did not generate; None for one that it did."""
    return {key: generated_secrets(document)[secret][key] for key in ("existing", "key")}


def _applies(document: Document, name: str, gate: Mapping[str, Any]) -> bool:
    """Whether a gate of all services applies to one: without a target group it has no metrics of a load balancer."""
    query = gate["cloudwatch"]
    return query is None or name in balanced_services(document) or not needs_dimensions_of_service(query)


def _merge_hooks(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The steps that run on the hosts of a service: those of all services, then its own."""
    return {moment: [*shared[moment], *steps] for moment, steps in own.items()}


def _compile_gate(document: Document, gate: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a gate that its kind has and that are set."""
    kind = find_kind(gate)
    keys = (kind, *KEYS_OF_KINDS[kind], *POLICY_KEYS) if kind else POLICY_KEYS
    compiled = {key: gate[key] for key in keys if gate[key] is not None}
    for key in SECRET_KEYS:
        if key in compiled:
            compiled[key] = {"name": compiled[key], **secret_location(document, compiled[key])}
    if "cloudwatch" in compiled:
        compiled["cloudwatch"] = drop_unset_metrics(compiled["cloudwatch"])
    return compiled
