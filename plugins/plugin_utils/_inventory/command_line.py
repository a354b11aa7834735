# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the command line of a run says about its inventory: the playbook of an architecture, and the limit."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._topology.locate import SHELF

COLLECTION = "groundwork.aws"
PLAYBOOKS = SHELF.parent / "playbooks"
# What ansible itself calls the controller.
LOCALHOST = ("localhost", "127.0.0.1", "::1")


def select_architecture(arguments: Mapping[str, Any]) -> str | None:
    """The topology whose playbook the run starts, for example ``ecommerce`` for ``groundwork.aws.ecommerce``.

    ``arguments`` are ansible's parsed command line arguments. Only ``ansible-playbook`` has a sequence of playbooks
    in them; for other commands there is no architecture.
    """
    playbooks = arguments.get("args")
    if not isinstance(playbooks, (list, tuple)):
        return None
    for playbook in playbooks:
        for name in architectures():
            if _is_playbook(str(playbook), name):
                return name
    return None


def runs_only_validate(arguments: Mapping[str, Any]) -> bool:
    """Whether the run starts validate.yml alone, which needs no hosts and must work without credentials."""
    playbooks = arguments.get("args")
    if not isinstance(playbooks, (list, tuple)) or not playbooks:
        return False
    return all(_is_playbook(str(playbook), "validate") for playbook in playbooks)


def architectures() -> list[str]:
    """The topologies of the collection that have a playbook of the same name."""
    return [path.stem for path in sorted(SHELF.glob("*.yml")) if (PLAYBOOKS / path.name).is_file()]


def _is_playbook(argument: str, name: str) -> bool:
    if re.sub(r"\.ya?ml$", "", argument) == f"{COLLECTION}.{name}":
        return True
    return os.path.realpath(os.path.expanduser(argument)) == os.path.realpath(PLAYBOOKS / f"{name}.yml")


def names_localhost(arguments: Mapping[str, Any]) -> bool:
    """Whether ``--limit`` names the controller, alone or with hosts."""
    return any(term in LOCALHOST for term in _limit_terms(arguments.get("subset")))


def _limit_terms(limit: str | None) -> Sequence[str]:
    """The terms of a limit: separated by commas or colons, or one on each line of a file (``@hosts.retry``)."""
    terms: list[str] = []
    for term in re.split(r"[,\s]+", limit or ""):
        if term.startswith("@") and os.path.isfile(os.path.expanduser(term[1:])):
            terms += Path(os.path.expanduser(term[1:])).read_text(encoding="utf-8").split()
        elif term in LOCALHOST:
            terms.append(term)
        else:
            terms += term.split(":")
    return terms
