# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where to look for what a stack owns: not for every type that there is, in every run.

The types that a document has are read, and the few of which the tagging API does not know. Of what it had once and has
no more that API tells; it may be late by minutes, so that a run which takes a whole stack down does not go by it. Names
that are not made of the stack's come from the document, and from there; so do hosted zones, and from tags, since no API
tells in which there is something of a stack.

By hearsay, tags which take calls of their own come from there as well. That is enough to see that there is nothing to
do; before something is done, or said to be due, all is read from where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from .._aws.answer import reading
from .._aws.errors import LostResponseError, StackError, is_forbidden, tell
from .._aws.sdk import FAILURES, ClientError
from .._aws.tags import PLACE, RESOURCE, STACK, as_mapping
from .live import ClientOf, Inventory, read_all
from .plan import Registry, scope_of
from .resource import Live, ResourceType, Scope, Told
from .wanted import WantedStack

# The tagging API goes by the names in ARNs, where they are others than botocore's.
IN_ARNS = {"elbv2": "elasticloadbalancing"}


def read_stack(clients: ClientOf, stack: WantedStack, registry: Registry, hearsay: bool = False) -> Inventory:
    """Everything that the stack owns; by hearsay, with tags as the tagging API tells them."""
    scope = scope_of(stack, registry)
    used = {item.type for item in stack.resources if item.type in registry}
    always = (name for name, kind in registry.items() if not used or kind.untold)
    likely = _read_with((*used, *always), registry)
    others = [kind for kind in registry.values() if kind not in likely]
    # What may bear any name, or be anywhere, is looked for by what the tagging API knows, and what tags tell, too.
    titled, placed = [kind for kind in likely if kind.of_arn], [kind for kind in registry.values() if kind.place]
    spared = [kind for kind in likely if kind.hearsay] if hearsay and used else []
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(_owned, clients, scope, [*others, *titled, *spared])
        told = (lambda: asked.result() or {}) if spared else dict
        first = read_all(clients, [kind for kind in likely if kind not in (*titled, *placed)], scope, told=told)
        owned = asked.result()
    had = others if owned is None else _read_with((*(kind.name for kind in likely), *_types(owned, registry)), registry)
    left = [*titled, *placed, *(kind for kind in had if kind not in (*likely, *placed))]
    more = read_all(clients, left, _with_titles(scope, left, owned or (), first.alive), first.alive, told)
    return Inventory(first.alive + more.alive, first.dead + more.dead, hearsay=bool(spared and owned))


def _owned(clients: ClientOf, scope: Scope, kinds: Iterable[ResourceType]) -> Told | None:
    """The tags, by ARN, of what bears that of the stack in the services of the types; None where we may not ask."""
    names = sorted({kind.told_as or IN_ARNS.get(kind.service, kind.service) for kind in kinds})
    if not names:
        return {}
    request = {
        "TagFilters": [{"Key": STACK, "Values": [scope.stack]}],
        "ResourceTypeFilters": names,
        "ResourcesPerPage": 100,
    }
    try:
        pages = clients("resourcegroupstaggingapi").pages("get_resources", request)
    except ClientError as error:
        if not is_forbidden(error):
            raise StackError(f"reading tags: {tell(error)}") from error
        return None
    except (LostResponseError, *FAILURES) as error:
        raise StackError(f"reading tags: {tell(error)}") from error
    with reading("tags"):
        found = [item for page in pages for item in page["ResourceTagMappingList"]]
        # The ARN of a log group ends with :* in some answers of AWS, and not in others.
        return {item["ResourceARN"].removesuffix(":*"): _whole_tags(item.get("Tags") or ()) for item in found}


def _whole_tags(tags: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """The tags of an item; none where one comes without a value: then its own service is asked."""
    return as_mapping(tags) if all("Value" in tag for tag in tags) else {}


def _types(owned: Told, registry: Registry) -> frozenset[str]:
    """The types, among those that there are, of what bears the tags of the stack."""
    return frozenset(tags.get(RESOURCE, "").partition("/")[0] for tags in owned.values()) & registry.keys()


def _read_with(names: Iterable[str], registry: Registry) -> list[ResourceType]:
    """The types of these names, those whose objects must be known to read theirs, and those that join them.

    What joins others has no tags, so that nobody tells of it.
    """
    found: set[str] = set()
    left = set(names)
    while left:
        found |= left
        left = {parent for name in left for parent in registry[name].stands_on & registry.keys()} - found
    joining = {name for name, kind in registry.items() if kind.joins and kind.joins.keys() <= found}
    return [kind for name, kind in registry.items() if name in found | joining]


def _with_titles(scope: Scope, kinds: Sequence[ResourceType], arns: Iterable[str], alive: Iterable[Live]) -> Scope:
    """The scope with the names that ARNs tell, of the types that may bear any, and the places that tags tell."""
    titles = dict(scope.titles)
    places = frozenset(key.removeprefix(PLACE) for live in alive for key in live.tags if key.startswith(PLACE))
    for kind in kinds:
        if kind.of_arn:
            told = [kind.of_arn(arn) for arn in arns if arn.split(":")[2] == kind.service]
            titles[kind.name] = titles.get(kind.name, frozenset()) | {title for title in told if title}
    return replace(scope, titles=titles, places=places if any(kind.place for kind in kinds) else frozenset())
