# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the command line of a run: the playbook of an architecture, and the limit."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.locate import TOPOLOGIES

COLLECTION = "groundwork.aws"
PLAYBOOKS = TOPOLOGIES.parent / "playbooks"
# Playbooks that begin with check_run.yml, which reports the problems of the inventory.
CHECKED = sorted(
    path.stem for path in PLAYBOOKS.glob("*.yml") if path.stem not in ("check_run", "show_url", "validate")
)
# Ansible's own names of the controller.
LOCALHOST = ("localhost", "127.0.0.1", "::1")


def select_architecture(arguments: Mapping[str, Any]) -> str | None:
    """The topology whose playbook the run starts, for example ``ecommerce`` for ``groundwork.aws.ecommerce``.

    ``arguments`` are ansible's parsed command line arguments. Only those of ``ansible-playbook`` have playbooks; for
    other commands the result is None.
    """
    playbooks = arguments.get("args")
    if not isinstance(playbooks, (list, tuple)):
        return None
    for playbook in playbooks:
        for name in list_architectures():
            if _is_playbook(str(playbook), name):
                return name
    return None


def runs_only_validate(arguments: Mapping[str, Any]) -> bool:
    """Whether the run starts only validate.yml, which needs no hosts and must work without credentials."""
    playbooks = arguments.get("args")
    if not isinstance(playbooks, (list, tuple)) or not playbooks:
        return False
    return all(_is_playbook(str(playbook), "validate") for playbook in playbooks)


def reports_problems(arguments: Mapping[str, Any]) -> bool:
    """Whether the run starts only playbooks of this collection, whose first play reports the problems of the inventory.

    That play runs on localhost, so a limit has to include it.
    """
    playbooks = arguments.get("args")
    if not isinstance(playbooks, (list, tuple)) or not playbooks:
        return False
    if arguments.get("subset") and not names_localhost(arguments):
        return False
    return all(_reports_problems(str(playbook)) for playbook in playbooks)


def _reports_problems(argument: str) -> bool:
    main_playbook = os.path.realpath(PLAYBOOKS.parent / "site.yml")
    is_main_playbook = os.path.realpath(os.path.expanduser(argument)) == main_playbook
    return is_main_playbook or any(_is_playbook(argument, name) for name in CHECKED)


def list_architectures() -> list[str]:
    """The topologies of the collection that have a playbook of the same name."""
    return [path.stem for path in sorted(TOPOLOGIES.glob("*.yml")) if (PLAYBOOKS / path.name).is_file()]


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
