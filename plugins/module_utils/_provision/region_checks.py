# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare the region of a document with those that the installed botocore knows, where botocore is installed."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from .._aws.access import list_known_regions
from .._aws.sdk import MISSING, BotoCoreError, Session
from .._aws.similar_names import find_similar_names
from .._topology.schema.kinds import Finding, display
from .._topology.view import Document


@functools.cache
def _list_regions() -> tuple[str, ...]:
    try:
        return () if MISSING is not None else tuple(list_known_regions(Session()))
    except BotoCoreError:  # settings of the user that cannot be read, which a run reports
        return ()


def find_region_warnings(document: Document) -> Iterator[Finding]:
    """A region that botocore does not know may be newer than its list: only one with a similar name is a warning."""
    region, known = document["region"], _list_regions()
    similar = find_similar_names(region, known) if region is not None and known and region not in known else []
    if similar:
        text = f"{display(region)} is not a region that the installed botocore knows"
        yield ("region",), f"{text} (did you mean {similar[0]}? If not, and AWS has this region, update botocore)"
