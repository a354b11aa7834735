# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Generated values of secrets, with the options of CloudFormation's GenerateSecretString."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from ..._engine.property_limits import InvalidPropertiesError

KINDS = {
    "exclude_lowercase": string.ascii_lowercase,
    "exclude_uppercase": string.ascii_uppercase,
    "exclude_numbers": string.digits,
    "exclude_punctuation": string.punctuation,
}
DEFAULTS: Mapping[str, Any] = {
    "template": None,
    "key": None,
    "length": 32,
    "exclude_characters": "",
    **dict.fromkeys(KINDS, False),
    "include_space": False,
    "require_each_included_type": True,
}


def with_defaults(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The options of a value with their defaults; ValueError where no value can be generated."""
    unknown = sorted((given or {}).keys() - DEFAULTS.keys())
    if unknown:
        raise InvalidPropertiesError(f"generate has no {', '.join(unknown)}; it has {', '.join(DEFAULTS)}")
    whole = {**DEFAULTS, **(given or {})}
    if (whole["template"] is None) != (whole["key"] is None):
        raise InvalidPropertiesError(
            "generate.template and generate.key must be set together: the value becomes the key of the template"
        )
    if whole["key"] is not None and whole["key"] in whole["template"]:
        raise InvalidPropertiesError(f"generate.template has {whole['key']} already, whose value is generated")
    kinds = _kinds(whole)
    least = len(kinds) if whole["require_each_included_type"] else 1
    if not kinds or not least <= whole["length"] <= 4096:
        raise InvalidPropertiesError(
            f"generate.length is from {least} to 4096, and something must be left to choose from"
        )
    return whole


def _kinds(whole: Mapping[str, Any]) -> list[str]:
    """The characters to choose from, by kind."""
    kinds = [letters for name, letters in KINDS.items() if not whole[name]]
    kinds += [" "] if whole["include_space"] else []
    left = ("".join(one for one in letters if one not in whole["exclude_characters"]) for letters in kinds)
    return [letters for letters in left if letters]


def generate_value(whole: Mapping[str, Any]) -> str:
    """A new random value: a password, or the template as JSON with the password in it."""
    kinds = _kinds(whole)
    each = [secrets.choice(letters) for letters in kinds] if whole["require_each_included_type"] else []
    more = [secrets.choice("".join(kinds)) for _index in range(whole["length"] - len(each))]
    drawn = [*each, *more]
    secrets.SystemRandom().shuffle(drawn)
    password = "".join(drawn)
    return password if whole["key"] is None else json.dumps({**whole["template"], whole["key"]: password})
