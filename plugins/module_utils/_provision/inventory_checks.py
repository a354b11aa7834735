# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the inventory, and the files on the controller that inventory and document name."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._aws.options import ARGUMENTS
from .._aws.similar_names import suggest
from .._compile.host_variables import group_name
from .._topology.document.duplicates import find_duplicates_of_files
from .._topology.document.layers import LayerFinding
from .._topology.document.parse import LinePosition
from .._topology.placement import Placement, find_placements
from .._topology.rules.services import derived_variables, find_variable_problem
from .._topology.schema.kinds import DISPLAYABLE_KEY, Finding, display_path
from .._topology.schema.shared import VARIABLE
from .._topology.view import CACHE_AUTHORITIES, Document, services
from .certificate_checks import find_pem_problem

# The names of the layers of the inventory in messages: its variables, those of the command line, and the options of its
# source.
INVENTORY, OPTIONS = "the inventory", "the options of the inventory source"
EXTRA = "the extra variables"
CONNECTION, APP_SECRETS = "groundwork_connection", "app_secrets"
SSH = ("ssh", "smart", "paramiko", "paramiko_ssh", "libssh")
KEYS = ("ansible_ssh_private_key_file", "ansible_private_key_file")
AUTHORITIES = {"database": "app_database_authorities", "cache": "app_cache_authorities"}
# The variables of an inventory that validation reads.
VARIABLES = ("ansible_connection", *KEYS, *AUTHORITIES.values(), "app_exclude")
RDS_AUTHORITIES = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def is_reached_over_ssh(inventory: Mapping[str, Any]) -> bool:
    """Whether ansible connects to the hosts by SSH."""
    connection = str(inventory["variables"].get("ansible_connection") or "ssh")
    return connection.rpartition(".")[2] in SSH


def check_access(document: Document, inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """Settings with which ansible cannot log in to the hosts."""
    access = document["access"]
    if not is_reached_over_ssh(inventory) or not find_placements(document):
        return
    # A session of Systems Manager reaches port 22 from inside the instance; ssh still needs the key.
    by_session = "ssm" in (inventory.get("address"), access.get("connect"))
    if not by_session and not access["ssh_from"] and not _opens_ssh(document["resources"]):
        yield (
            ("access", "ssh_from"),
            "port 22 is open to no address, and ansible reaches the hosts by SSH "
            "(name the addresses that you come from, as in [203.0.113.7/32], or connect by Session Manager)",
        )
    if access["public_key"] is None and any(map(_needs_key_pair, find_placements(document).values())):
        yield (
            ("access", "public_key"),
            "missing, and ansible reaches the hosts by SSH "
            "(paste the .pub file of your key; ssh-keygen -t ed25519 makes one)",
        )
    for variable in KEYS:
        path = inventory["variables"].get(variable)
        if path:
            yield from _check_key(variable, str(path))


def _opens_ssh(resources: Mapping[str, Any]) -> bool:
    """Whether a raw resource names port 22, and so may open it."""
    return re.search(r"\b22\b", json.dumps(resources, default=str)) is not None


def _needs_key_pair(placement: Placement) -> bool:
    """Whether no key can come from elsewhere: custom images and user data may bring keys."""
    return placement.settings["image"] == "al2023" and placement.settings["user_data"] is None


def _check_key(variable: str, path: str) -> Iterator[Finding]:
    expanded = os.path.expanduser(path)
    if not os.path.isabs(expanded):
        text = f"{display_path(path)} is relative, and ssh would look for it where the command runs"
        yield (variable,), f"{text} (write an absolute path)"
    elif not os.path.isfile(expanded):
        text = f"there is no private key {display_path(expanded)}"
        yield (variable,), f"{text} (name yours, or make one with ssh-keygen -t ed25519)"
    elif not os.access(expanded, os.R_OK):
        yield (variable,), f"the private key {display_path(expanded)} cannot be read (allow this user to read it)"


def check_authorities(document: Document, inventory: Mapping[str, Any]) -> list[Finding]:
    """Errors about the files with the certificate authorities of databases and caches in use."""
    errors: list[Finding] = []
    for kind, variable in AUTHORITIES.items():
        users = [name for name, one in services(document).items() if _used_stores(one, kind)]
        path = inventory["variables"].get(variable)
        if not users:
            continue
        if path:
            errors += _check_authority_variables(document, kind, users)
            problem = find_pem_problem(resolve_path(str(path), inventory), "CERTIFICATE")
            if problem is not None:
                hint = f"; that of RDS: curl -o {path} {RDS_AUTHORITIES}" if kind == "database" else ""
                errors.append(((variable,), f"services.{users[0]} uses a {kind}, and {problem} (name its file{hint})"))
        elif kind == "database":
            text = (
                f"is not set, and services.{users[0]} uses a database: without the authorities that sign its "
                "certificate, no password is sent to it"
            )
            # In group_vars ansible does not read the file as an inventory.
            file = os.path.join(inventory.get("directory") or "", "group_vars", "rds.pem")
            errors.append(((variable,), f"{text} (name the file with those of RDS: curl -o {file} {RDS_AUTHORITIES})"))
    return errors


def _check_authority_variables(document: Document, kind: str, users: Sequence[str]) -> Iterator[Finding]:
    """Errors about services that set the variable of the authorities of caches; a rule has that of databases."""
    for name in users if kind == "cache" else ():
        for key in ("environment", "secrets"):
            if CACHE_AUTHORITIES in services(document)[name][key]:
                text = f"is derived from {AUTHORITIES[kind]} of the inventory (remove it)"
                yield ("services", name, key, CACHE_AUTHORITIES), text


def _used_stores(service: Mapping[str, Any], kind: str) -> list[str]:
    """The databases, or caches, that a service uses."""
    return [use.partition("/")[2] for use in service["uses"] if use.startswith(f"{kind}/")]


def read_exclude(inventory: Mapping[str, Any]) -> tuple[list[str], list[Finding]]:
    """The patterns in ``app_exclude``, one as text or several as a list, and the problem of another value."""
    value = inventory["variables"].get("app_exclude") or []
    patterns = [value] if isinstance(value, str) else value
    if isinstance(patterns, list) and all(isinstance(pattern, str) for pattern in patterns):
        return patterns, []
    text = 'is not a list of file name patterns (write it like ["*.log", node_modules])'
    return [], [(("app_exclude",), text)]


def check_connection(inventory: Mapping[str, Any]) -> Iterator[LayerFinding]:
    """The problems of the connection to AWS that the inventory plugin reports, in the variable or the source's options.

    Each has a line of its own. Where it is about one key, it begins with that, as in ``assume_role_arn: … (fix)``.
    """
    for problem in (inventory.get("connection_problem") or "").splitlines():
        yield _locate_connection_problem(problem, inventory)
    for name, text in inventory.get("option_problems") or ():
        yield (name,), text, OPTIONS


def _locate_connection_problem(problem: str, inventory: Mapping[str, Any]) -> LayerFinding:
    key = re.match(rf"({CONNECTION}(?:\.\w+)?|{'|'.join(ARGUMENTS)}): ", problem)
    path = tuple(key[1].split(".")) if key else ()
    text = problem[key.end() :] if key else problem
    if inventory.get("has_connection_variable"):
        layer = EXTRA if CONNECTION in (inventory.get("extra_variables") or ()) else INVENTORY
        return (path if path[:1] == (CONNECTION,) else (CONNECTION, *path)), text, layer
    return path, text, OPTIONS


def check_duplicates(inventory: Mapping[str, Any]) -> Iterator[LayerFinding]:
    """The keys that the variables of the inventory have twice, in each file that may set them."""
    files = [*(inventory.get("files") or ()), *(inventory.get("extra_files") or ())]
    owned = [one["file"] for one in inventory.get("secrets_of_files") or ()]
    found = [
        *find_duplicates_of_files(files, (*VARIABLES, CONNECTION)),
        *find_duplicates_of_files([*files, *owned], (APP_SECRETS,), shows_keys=False),
    ]
    for path, text in found:
        yield path, text, INVENTORY


def check_secrets_of_files(document: Document, inventory: Mapping[str, Any]) -> Iterator[LayerFinding]:
    """Check ``app_secrets`` in each file of variables of hosts, and of groups other than `all`."""
    for one in inventory.get("secrets_of_files") or ():
        for path, text in check_app_secrets(document, one) if _is_of_this_stack(one, document) else ():
            yield path, text, one["name"]


def check_unreadable_files(document: Document, inventory: Mapping[str, Any]) -> Iterator[LayerFinding]:
    """The files of variables of hosts, and of groups other than `all`, that ansible cannot read."""
    for one in inventory.get("unreadable_files") or ():
        if _is_of_this_stack(one, document):
            yield (LinePosition(one["line"], one["column"], one["file"]),), one["text"], INVENTORY


def _is_of_this_stack(one: Mapping[str, Any], document: Document) -> bool:
    """Whether a file is not that of the group of another stack: a directory may serve several."""
    group = one.get("group") or ""
    return not group.startswith("stack_") or group == group_name("stack", str(document["name"]))


def check_app_secrets(document: Document, inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the names in ``app_secrets``, and report the problems of values that the inventory plugin found."""
    found = inventory.get("app_secrets")
    if found is False:
        yield ("app_secrets",), "is not a mapping (write it as service: {NAME: value})"
    for service, variables in (found or {}).items():
        if service not in services(document):
            known = list(services(document))
            if re.fullmatch(DISPLAYABLE_KEY, service):
                text = f"{json.dumps(service)} is not a service of this document; {suggest(service, known)}"
                yield ("app_secrets", service), text
            else:
                yield ("app_secrets",), f"one of its keys is not a service of this document; {suggest('', known)}"
        elif isinstance(variables, str):
            yield ("app_secrets", service), variables
        elif variables is False:
            yield ("app_secrets", service), "is not a mapping (write it as NAME: value)"
        else:
            for variable, problem in variables.items():
                yield from _check_secret(document, service, variable, problem)


def _check_secret(document: Document, service: str, variable: str, problem: str | None) -> Iterator[Finding]:
    """Check one variable of ``app_secrets``; ``problem`` is the problem of its value, or None."""
    if re.fullmatch(VARIABLE.pattern, variable):
        found = problem or _find_secret_problem(document, service, variable)
        if found is not None:
            yield ("app_secrets", service, variable), found
    elif re.fullmatch(DISPLAYABLE_KEY, variable):
        text = f"{json.dumps(variable)} is not {VARIABLE.what} ({VARIABLE.hint})"
        yield ("app_secrets", service, variable), text
    else:
        text = f"one of its keys is not {VARIABLE.what} (write each as NAME: value)"
        yield ("app_secrets", service), text


def _find_secret_problem(document: Document, service: str, variable: str) -> str | None:
    """Why a service cannot have a secret in a variable, or None."""
    key = derived_variables(document, service).get(variable)
    if key is not None:
        return f"is derived from {key} of the service (remove it)"
    for key in ("environment", "secrets"):
        if variable in services(document)[service][key]:
            return f"is in {key} of services.{service} as well (remove one)"
    return find_variable_problem(document, service, variable)


def resolve_path(path: str, inventory: Mapping[str, Any]) -> Path:
    """The absolute form of a path in the inventory, which is relative to the inventory's directory."""
    return Path(inventory.get("directory") or "/", os.path.expanduser(path))
