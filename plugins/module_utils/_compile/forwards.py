# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that each target group gets the requests of one load balancer.

Elastic Load Balancing user guide, "Target groups for your Application Load Balancers": a group is of one
load balancer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._engine.model import DesiredResource
from .._engine.property_limits import list_references
from .._engine.references import find_references
from .._resources.elbv2.listener_actions import FORWARDS
from .._topology.schema.kinds import Finding

TYPES = ("listener", "listener_rule")


def find_shared_groups(derived: Iterable[DesiredResource], raw: Iterable[DesiredResource]) -> Iterator[Finding]:
    earlier, own = list(derived), list(raw)
    known = {resource.address: resource for resource in (*earlier, *own)}
    owners: dict[str, str] = {}
    for resource in (*earlier, *own):
        balancer = _find_balancer(resource, known)
        if balancer is None:
            continue
        for pattern in FORWARDS:
            for path, ref in list_references(pattern, resource.properties):
                other = owners.setdefault(ref.address, balancer)
                if other != balancer and resource in own:
                    text = f"{ref.address} gets requests of {other}, and a group is of one load balancer"
                    yield ("resources", resource.address, *path), f"{text} (forward to a group of {balancer})"


def _find_balancer(resource: DesiredResource, known: Mapping[str, DesiredResource]) -> str | None:
    """The load balancer of a listener or rule, where the document has it."""
    if resource.type not in TYPES:
        return None
    name = "load_balancer" if resource.type == "listener" else "listener"
    targets = [ref.address for ref in find_references(resource.properties.get(name))]
    if len(targets) != 1 or targets[0] not in known:
        return None
    return targets[0] if resource.type == "listener" else _find_balancer(known[targets[0]], known)
