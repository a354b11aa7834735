# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the objects that a run shall adopt, before anything is read from AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_dict

from .._aws.similar_names import suggest
from .._resources import REGISTRY
from .._topology.schema.kinds import display

EXAMPLE = '{"vpc/main": "vpc-0a1b2c3d"}'
# How ansible gets a mapping from the command line: the form of `-e adopt=…` is always text.
COMMAND = f"write -e '{{\"adopt\": {EXAMPLE}}}'"


def find_adopt_problems(adopt: Any) -> Iterator[str]:
    """The problems of ``adopt``: a mapping of ids by address, or text that a module option reads as one."""
    if adopt is None or (isinstance(adopt, str) and not adopt.strip()):
        return
    if isinstance(adopt, str):
        try:
            adopt = check_type_dict(adopt)
        except TypeError:
            yield f"adopt: {display(adopt)} is text, and a mapping of ids by address is expected ({COMMAND})"
            return
    if not isinstance(adopt, Mapping):
        what = "a list" if isinstance(adopt, (list, tuple)) else display(adopt)
        yield f"adopt: {what} is not a mapping of ids by address ({COMMAND})"
        return
    for address, identifier in adopt.items():
        yield from _find_entry_problems(str(address), identifier)


def _find_entry_problems(address: str, identifier: Any) -> Iterator[str]:
    kind, _slash, name = address.partition("/")
    if not kind or not name:
        yield f"adopt: {display(address)} is no address of a resource (write type/name, as in {EXAMPLE})"
    elif kind not in REGISTRY:
        yield f"adopt: {display(address)}: there is no resource type {display(kind)}; {suggest(kind, sorted(REGISTRY))}"
    if identifier is None or (isinstance(identifier, str) and not identifier.strip()):
        yield f"adopt: {display(address)} has no id (write the id of the object, as in {EXAMPLE}, or remove it)"
    elif not isinstance(identifier, str):
        text = f"adopt: {display(address)}: {display(identifier)} is not the id of an object"
        yield f"{text} (write text, as in {EXAMPLE})"
