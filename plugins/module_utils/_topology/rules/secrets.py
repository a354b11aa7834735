# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules against secrets in plain configuration. No message repeats a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..placement import find_placements
from ..runtimes import runtime_of
from ..schema.kinds import DocumentPath, Finding
from ..secret_patterns import (
    USER_TOKEN,
    arguments_have_a_secret,
    command_has_a_secret,
    is_a_secret,
    names_a_secret,
    options_have_a_secret,
    user_data_has_a_secret,
)
from ..view import Document, services

TAG_SECRET = "looks like a secret, and all who may list resources can read tags (remove it)"
USER_DATA_SECRET = "has a password or token, and every process of the instance can read it (fetch it at boot instead)"


def environment_holds_no_secret(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key, value in service["environment"].items():
            if names_a_secret(key, value) or is_a_secret(value) or options_have_a_secret(value):
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
        runtime = runtime_of(service)
        entry = service["entry"] or ""
        is_command = runtime is not None and runtime.entry == "command"
        if arguments_have_a_secret(entry) or (is_command and command_has_a_secret(entry)):
            text = "has a password or token, which does not belong in a document"
            yield (
                ("services", name, "entry"),
                f"{text} (put it in app_secrets.{name} in a vault, and let the application read the variable)",
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
            yield ("tags", key), TAG_SECRET
    for placement in find_placements(document).values():
        if user_data_has_a_secret(placement.settings["user_data"] or ""):
            yield (
                (*placement.path, "user_data"),
                USER_DATA_SECRET,
            )


def raw_resources_hold_no_secret(document: Document) -> Iterator[Finding]:
    """Checks their tags and user data as those of other sections."""
    for address, body in document["resources"].items():
        tags, user_data = body.get("tags"), body.get("user_data")
        for key, value in tags.items() if isinstance(tags, Mapping) else ():
            if names_a_secret(key, str(value)) or is_a_secret(str(value)):
                yield ("resources", address, "tags", key), TAG_SECRET
        if isinstance(user_data, str) and user_data_has_a_secret(user_data):
            yield ("resources", address, "user_data"), USER_DATA_SECRET
        generate = body.get("generate")
        template = generate.get("template") if isinstance(generate, Mapping) else None
        for key, value in template.items() if isinstance(template, Mapping) else ():
            if isinstance(value, str) and names_a_secret(str(key), value):
                text = "looks like a secret, which does not belong in a document"
                yield (
                    ("resources", address, "generate", "template", key),
                    f"{text} (remove it: the value of generate.key is generated)",
                )


# Keys whose texts the rules above check.
CHECKED_KEYS = ("environment", "git", "build", "migrate", "tags", "user_data")


def no_text_holds_a_secret(document: Document) -> Iterator[Finding]:
    """Checks all other texts: entries, paths, descriptions, parameters, properties of raw resources."""
    for path, text in _find_texts(document, ()):
        if is_a_secret(text):
            yield path, "has a password or token, which does not belong in a document (take it out)"


def no_key_holds_a_secret(document: Document) -> Iterator[Finding]:
    """Checks the keys of all mappings. Messages hide them as they hide values."""
    for path in _find_keys(document, ()):
        if is_a_secret(path[-1]):
            yield path, "this key has a password or token, which does not belong in a document (take it out)"


def _find_keys(value: Any, path: DocumentPath) -> Iterator[DocumentPath]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*path, key)
            yield from _find_keys(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find_keys(item, (*path, number))


def _find_texts(value: Any, path: DocumentPath) -> Iterator[tuple[DocumentPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            is_raw_property = path[:1] == ("resources",) and not (len(path) == 2 and key in ("tags", "user_data"))
            if key not in CHECKED_KEYS or is_raw_property:
                yield from _find_texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find_texts(item, (*path, number))


SECRET_RULES = (
    environment_holds_no_secret,
    sources_and_commands_hold_no_secret,
    other_texts_hold_no_secret,
    raw_resources_hold_no_secret,
    no_text_holds_a_secret,
    no_key_holds_a_secret,
)
