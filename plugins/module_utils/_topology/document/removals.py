# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the nulls of an override, which remove keys: after the merge a wrong name is no longer seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..._aws.similar_names import suggest
from ..schema.containers import MappingOf
from ..schema.kinds import DISPLAYABLE_KEY, DocumentPath, Kind, Report
from ..schema.record import Record


def check_removals(kind: Kind, over: Any, below: Any, report: Report, warn: Report, path: DocumentPath = ()) -> None:
    """Report nulls for keys that the schema does not have; warn of those for names that are not in ``below``.

    An override may be written for several documents, of which some have the name.
    """
    is_raw = path[:1] == ("resources",) and len(path) > 1  # a null means that a property is not given
    if is_raw or not isinstance(over, Mapping):
        return
    inside = below if isinstance(below, Mapping) else {}
    for key, value in over.items():
        here = (*path, key)
        if isinstance(kind, Record) and key in kind.fields:
            check_removals(kind.fields[key].kind, value, inside.get(key), report, warn, here)
        elif isinstance(kind, Record) and value is None:
            report(here, f"unknown key; {suggest(str(key), list(kind.fields))}")
        elif isinstance(kind, MappingOf) and value is None and key not in inside:
            if re.fullmatch(DISPLAYABLE_KEY, str(key)):
                warn(
                    here, f"removes nothing, because the layers below do not have it; {suggest(str(key), list(inside))}"
                )
        elif isinstance(kind, MappingOf):
            check_removals(kind.value, value, inside.get(key), report, warn, here)
