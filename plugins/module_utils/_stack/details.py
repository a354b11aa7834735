# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What completes listed items: nothing where it is known already, one call for all where AWS has one, else several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._aws.errors import is_not_found
from .._aws.sdk import ClientError
from .._aws.tags import as_list
from .resource import Detail, Raw, ResourceType, Told

# From how many items on a call for all is worth more than one for each.
MANY = 2


@dataclass(frozen=True)
class Completion:
    """Completes the items of one type, with the threads of ``calls``; ``told`` waits for the tags that others tell."""

    client: Any
    kind: ResourceType
    calls: ThreadPoolExecutor
    told: Callable[[], Told]

    def tagged(self, items: list[Raw]) -> list[Raw]:
        """The items with their tags; without those that have gone since they were listed."""
        return self._with((self.kind.tags,), items) if self.kind.tags else items

    def whole(self, items: list[Raw]) -> list[Raw]:
        """The items with all details; without those that have gone since they were listed."""
        together, identify = self.kind.together, self.kind.identify
        found = together(self.client, items) if together and len(items) >= MANY else {}
        done = [item | found[identify(item)] for item in items if identify(item) in found]
        return [*done, *self._with(self.kind.details, [item for item in items if identify(item) not in found])]

    def _with(self, details: Sequence[Detail], items: list[Raw]) -> list[Raw]:
        whole = {self.kind.identify(item): item for item in items}
        reading = [
            (chunk, self.calls.submit(read, self.client, detail, chunk))
            for detail in details
            for chunk in self._chunks(detail, whole)
        ]
        for chunk, future in reading:
            for item, more in zip(chunk, future.result(), strict=True):
                identifier = self.kind.identify(item)
                if more is None:
                    whole.pop(identifier, None)
                elif identifier in whole:
                    whole[identifier] = whole[identifier] | more
        return list(whole.values())

    def _chunks(self, detail: Detail, whole: dict[str, Raw]) -> Iterator[list[Raw]]:
        """The items to ask about, as many together as one call takes; to the others is put what is known of them."""
        unknown = []
        for identifier, item in list(whole.items()):
            known = detail.known(item, self.told()) if detail.known else None
            if known is None:
                unknown.append(item)
            else:
                whole[identifier] = item | known
        for start in range(0, len(unknown), detail.size):
            yield unknown[start : start + detail.size]


def read(client: Any, detail: Detail, chunk: list[Raw]) -> Sequence[Raw | None]:
    """The details of some items; None for one that has gone since it was listed."""
    try:
        return detail.read(client, chunk)
    except ClientError as error:
        if not is_not_found(error):
            raise
        # Which one it was is found by asking for each alone.
        return [None] if len(chunk) == 1 else [more for item in chunk for more in read(client, detail, [item])]


def known_by(arn: str, field: str) -> Callable[[Raw, Told], Raw | None]:
    """What puts the tags of an item, where they are told, into ``field``; ``arn`` is where the item has its ARN.

    The tagging API found it by a tag: where it shows none, it tells nothing.
    """
    return lambda item, told: {field: as_list(told[item[arn]])} if told.get(item.get(arn, "")) else None
