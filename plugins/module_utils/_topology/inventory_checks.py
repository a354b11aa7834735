# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of what the inventory says, and of the files that it and the document name on the controller."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .kinds import DISPLAYABLE_KEY, Place, suggestion
from .service_rules import given_variables, problem_of_variable
from .view import Document, databases, machine_groups, services
from .words import VARIABLE

Finding = tuple[Place, str]

SSH = ("ssh", "smart", "paramiko", "paramiko_ssh", "libssh")
KEYS = ("ansible_ssh_private_key_file", "ansible_private_key_file")
AUTHORITIES = {"database": "app_database_authorities", "cache": "app_cache_authorities"}
# The variables of an inventory that validation looks at.
VARIABLES = ("ansible_connection", *KEYS, *AUTHORITIES.values(), "app_exclude")
RDS_AUTHORITIES = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


def is_reached_over_ssh(inventory: Mapping[str, Any]) -> bool:
    """Whether ansible connects to the hosts by SSH."""
    connection = str(inventory["variables"].get("ansible_connection") or "ssh")
    return connection.rpartition(".")[2] in SSH


def check_access(document: Document, inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """What keeps ansible from logging in to the hosts."""
    access = document["access"]
    if not is_reached_over_ssh(inventory) or not machine_groups(document):
        return
    # A session of Systems Manager leads to port 22 from inside; ssh still asks for the key.
    by_session = "ssm" in (inventory.get("address"), access.get("connect"))
    if not by_session and not access["ssh_from"] and not _opens_ssh(document["resources"]):
        yield (
            ("access", "ssh_from"),
            "port 22 is open to no address, and ansible reaches the hosts by SSH "
            "(name the addresses that you come from, as in [203.0.113.7/32], or connect by Session Manager)",
        )
    if access["public_key"] is None and any(_has_no_key(machines) for machines in machine_groups(document).values()):
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
    """Whether a raw resource names port 22: then somebody has taken care of it there."""
    return re.search(r"\b22\b", json.dumps(resources, default=str)) is not None


def _has_no_key(machines: Mapping[str, Any]) -> bool:
    """Images and user data of one's own may bring keys."""
    return machines["image"] == "al2023" and machines["user_data"] is None


def _check_key(variable: str, path: str) -> Iterator[Finding]:
    expanded = os.path.expanduser(path)
    if not os.path.isabs(expanded):
        text = f"{path} is relative, and ssh would look for it where the command runs"
        yield (variable,), f"{text} (write an absolute path)"
    elif not os.path.isfile(expanded):
        yield (variable,), f"there is no private key {expanded} (name yours, or make one with ssh-keygen -t ed25519)"
    elif not os.access(expanded, os.R_OK):
        yield (variable,), f"the private key {expanded} cannot be read (allow this user to)"


def check_authorities(document: Document, inventory: Mapping[str, Any]) -> tuple[list[Finding], list[Finding]]:
    """Errors and warnings about the files with the authorities of databases and caches that services use."""
    errors: list[Finding] = []
    warnings: list[Finding] = []
    for kind, variable in AUTHORITIES.items():
        users = [name for name, one in services(document).items() if _names(one, kind)]
        path = inventory["variables"].get(variable)
        if not users:
            continue
        if path:
            problem = _problem_of_pem(resolve(str(path), inventory), "CERTIFICATE")
            if problem is not None:
                hint = f"; that of RDS: curl -o {path} {RDS_AUTHORITIES}" if kind == "database" else ""
                errors.append(((variable,), f"services.{users[0]} uses a {kind}, and {problem} (name its file{hint})"))
        elif kind == "database" and _uses_engine(document, "postgres"):
            text = "is not set, so that services get no DATABASE_CA to verify their database with"
            warnings.append(((variable,), f"{text} (name the file with the authorities of RDS)"))
    return errors, warnings


def _names(service: Mapping[str, Any], kind: str) -> list[str]:
    """The databases, or caches, that a service uses."""
    return [use.partition("/")[2] for use in service["uses"] if use.startswith(f"{kind}/")]


def _uses_engine(document: Document, engine: str) -> bool:
    used = {name for service in services(document).values() for name in _names(service, "database")}
    return any(databases(document).get(name, {}).get("engine") == engine for name in used)


def check_app_secrets(document: Document, inventory: Mapping[str, Any]) -> Iterator[Finding]:
    """The names in ``app_secrets``, and what the inventory plugin says of their values."""
    found = inventory.get("app_secrets")
    if found is False:
        yield ("app_secrets",), "is not a mapping (write it as service: {NAME: value})"
    for service, variables in (found or {}).items():
        if service not in services(document):
            known = list(services(document))
            if re.fullmatch(DISPLAYABLE_KEY, service):
                text = f"{json.dumps(service)} is not a service of this document; {suggestion(service, known)}"
                yield ("app_secrets", service), text
            else:
                yield ("app_secrets",), f"one of its keys is not a service of this document; {suggestion('', known)}"
        elif variables is False:
            yield ("app_secrets", service), "is not a mapping (write it as NAME: value)"
        else:
            for variable, problem in variables.items():
                yield from _check_secret(document, service, variable, problem)


def _check_secret(document: Document, service: str, variable: str, problem: str | None) -> Iterator[Finding]:
    """One variable of ``app_secrets``; ``problem`` is what is wrong with its value."""
    if re.fullmatch(VARIABLE.pattern, variable):
        found = problem or _problem_of_secret(document, service, variable)
        if found is not None:
            yield ("app_secrets", service, variable), found
    elif re.fullmatch(DISPLAYABLE_KEY, variable):
        text = f"{json.dumps(variable)} is not {VARIABLE.what} (letters, digits and underscores only)"
        yield ("app_secrets", service), text
    else:
        text = f"one of its keys is not {VARIABLE.what} (write each as NAME: value)"
        yield ("app_secrets", service), text


def _problem_of_secret(document: Document, service: str, variable: str) -> str | None:
    """Why a service cannot be given a secret under a name, or None."""
    given = given_variables(document, service).get(variable)
    if given is not None:
        return f"is made of {given} of the service (remove it)"
    for key in ("environment", "secrets"):
        if variable in services(document)[service][key]:
            return f"is in {key} of services.{service} as well (remove one)"
    return problem_of_variable(document, service, variable)


def resolve(path: str, inventory: Mapping[str, Any]) -> Path:
    """A path of the inventory, which counts from the inventory's directory."""
    return Path(inventory.get("directory") or "/", os.path.expanduser(path))


def check_certificates(document: Document) -> Iterator[Finding]:
    """The files of the proxy's certificate, on the controller."""
    tls = (document["proxy"] or {}).get("tls") or {}
    for key, kind in (("certificate", "CERTIFICATE"), ("key", "PRIVATE KEY")):
        path = tls.get(key)
        problem = _problem_of_pem(Path(path), kind) if path and os.path.isabs(path) else None
        if problem is not None:
            yield ("proxy", "tls", key), f"{problem} (name the PEM file on the controller)"


def _problem_of_pem(path: Path, kind: str) -> str | None:
    if not path.is_file():
        return f"there is no file {path}"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return None if f"{kind}-----" in text else f"{path} has no {kind.lower()} in PEM form"
