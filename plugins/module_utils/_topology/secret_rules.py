# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules against secrets in plain configuration. No message repeats a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .kinds import Place
from .secret_patterns import USER_TOKEN, command_has_a_secret, is_a_secret, names_a_secret
from .view import Document, machine_groups, services

Finding = tuple[Place, str]


def environment_holds_no_secret(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key, value in service["environment"].items():
            if names_a_secret(key, value) or is_a_secret(value):
                yield (
                    ("services", name, "environment", key),
                    (
                        "looks like a secret, which does not belong in a document "
                        f"(put it in app_secrets.{name}.{key}, in a vault)"
                    ),
                )


def sources_and_commands_hold_no_secret(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        git = (service["source"] or {}).get("git") or ""
        if is_a_secret(git) or USER_TOKEN.search(git):
            text = "has a password or token, which does not belong in a document"
            yield (
                ("services", name, "source", "git"),
                f"{text} (take it out: use a deploy key, or a credential helper of git on the controller)",
            )
        for key in ("build", "migrate"):
            if command_has_a_secret(service[key] or ""):
                text = "has a password or token, which does not belong in a document"
                yield (
                    ("services", name, key),
                    f"{text} (put it in app_secrets.{name} in a vault, and use the variable: $NAME)",
                )


def other_texts_hold_no_secret(document: Document) -> Iterator[Finding]:
    for key, value in document["tags"].items():
        if names_a_secret(key, value) or is_a_secret(value):
            yield ("tags", key), "looks like a secret, and everybody who may list resources reads tags (remove it)"
    for group, machines in machine_groups(document).items():
        text = machines["user_data"] or ""
        if is_a_secret(text):
            place = ("instances", group) if group in document["instances"] else ("services", group, "instances")
            yield (
                (*place, "user_data"),
                "has a password or token, and every process of the instance can read it (fetch it at boot instead)",
            )


# Texts that the rules above look at.
CHECKED_KEYS = ("environment", "git", "build", "migrate", "tags", "user_data")


def no_text_holds_a_secret(document: Document) -> Iterator[Finding]:
    """Every other text: entries, paths, descriptions, parameters, properties of raw resources."""
    for place, text in _texts(document, ()):
        if is_a_secret(text):
            yield place, "has a password or token, which does not belong in a document (take it out)"


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in CHECKED_KEYS or place[:1] == ("resources",):
                yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*place, number))


SECRET_RULES = (
    environment_holds_no_secret,
    sources_and_commands_hold_no_secret,
    other_texts_hold_no_secret,
    no_text_holds_a_secret,
)
