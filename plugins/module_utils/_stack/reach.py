# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where to look for what a stack owns: not in every service that there is a type for, in every run.

What a document uses is read, and EC2 and IAM, on which all else stands. What it used once and has no more is told by
the tagging API, which knows of all services; it may be late by minutes, so that a run which takes a whole stack down
does not go by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .._aws.errors import LostResponseError, StackError, code_of, tell
from .._aws.sdk import FAILURES, ClientError
from .._aws.tags import STACK
from .live import ClientOf, Inventory, read_all
from .plan import Registry
from .resource import ResourceType, Scope
from .wanted import WantedStack

ALWAYS = frozenset({"ec2", "iam"})
# The tagging API goes by the names in ARNs, where they are others than botocore's.
IN_ARNS = {"elbv2": "elasticloadbalancing"}
REFUSED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def read_stack(clients: ClientOf, stack: WantedStack, registry: Registry) -> Inventory:
    """Everything that the stack owns."""
    scope = Scope(stack.name, stack.region)
    used = {registry[item.type].service for item in stack.resources if item.type in registry}
    likely = [kind for kind in registry.values() if not used or kind.service in used | ALWAYS]
    others = [kind for kind in registry.values() if kind not in likely]
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(_owned_services, clients, scope, others)
        first = read_all(clients, likely, scope)
        left = [kind for kind in others if kind.service in asked.result()]
    more = read_all(clients, left, scope, first.alive) if left else Inventory(())
    return Inventory(first.alive + more.alive, first.dead + more.dead)


def _owned_services(clients: ClientOf, scope: Scope, kinds: Iterable[ResourceType]) -> frozenset[str]:
    """The services of the types in which something bears the tag of the stack; all where we may not ask."""
    names = {IN_ARNS.get(kind.service, kind.service): kind.service for kind in kinds}
    if not names:
        return frozenset()
    request = {"TagFilters": [{"Key": STACK, "Values": [scope.stack]}], "ResourceTypeFilters": sorted(names)}
    try:
        pages = clients("resourcegroupstaggingapi").pages("get_resources", request)
    except ClientError as error:
        if code_of(error) not in REFUSED:
            raise StackError(f"reading tags: {tell(error)}") from error
        return frozenset(names.values())
    except (LostResponseError, *FAILURES) as error:
        raise StackError(f"reading tags: {tell(error)}") from error
    found = (item["ResourceARN"].split(":")[2] for page in pages for item in page["ResourceTagMappingList"])
    return frozenset(names[name] for name in found if name in names)
