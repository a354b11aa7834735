# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that modules share: how to reach AWS, what is wanted, and how to wait for others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import StackError

# Names and aliases are those of the collection amazon.aws, so that one `module_defaults` serves both.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "region": {"type": "str", "aliases": ["aws_region"]},
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url"]},
    "access_key": {"type": "str", "no_log": False, "aliases": ["aws_access_key_id", "aws_access_key"]},
    "secret_key": {"type": "str", "no_log": True, "aliases": ["aws_secret_access_key", "aws_secret_key"]},
    "session_token": {"type": "str", "no_log": True, "aliases": ["aws_session_token"]},
    "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
    "validate_certs": {"type": "bool", "default": True},
    "aws_ca_bundle": {"type": "path"},
    "aws_config": {"type": "dict"},
    "account": {"type": "str"},
}
SECRETS = ("secret_key", "session_token")
# A profile of the configuration files names other credentials than keys do.
KEYS = ("access_key", *SECRETS)
TOPOLOGY: dict[str, dict[str, Any]] = {
    "topology": {"type": "raw", "required": True},
    "overrides": {"type": "raw"},
}
LOCK: dict[str, dict[str, Any]] = {
    "lock_wait": {"type": "int", "default": 120},
    "lock_ttl": {"type": "int", "default": 60},
}


def split_texts(values: Sequence[str]) -> list[str]:
    """The items of an option that is a list: answers to questions of a survey have commas, line ends and spaces."""
    return [text.strip() for value in values for text in re.split(r"[,\n]", value) if text.strip()]


@dataclass(frozen=True)
class Connection:
    """Where AWS is and who asks. What is None is left to botocore: environment, profile, instance role.

    ``account`` (12 digits) is the account that the credentials must belong to; None takes any.
    """

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    assume_role_arn: str | None = None
    validate_certs: bool = True
    aws_ca_bundle: str | None = None
    aws_config: Mapping[str, Any] | None = None
    account: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Connection:
        """The connection that options of `ARGUMENTS` describe. Raises `StackError` where they contradict each other.

        An empty text, such as a survey gives for a question without an answer, counts as not given.
        """
        given = {name: options[name] for name in ARGUMENTS if options.get(name) not in (None, "")}
        account = given.get("account", "")
        if account and not re.fullmatch("[0-9]{12}", account):
            raise StackError(f"account: {account} is not an account id of 12 digits (in YAML it needs quotes)")
        keys = [name for name in KEYS if name in given]
        if "profile" in given and keys:
            raise StackError(f"profile and {' and '.join(keys)} exclude each other: keep the profile, or the keys")
        return cls(**given)

    def for_account(self, account: str | None) -> Connection:
        """The same for a document, which may name its account. Raises `StackError` where the option names another."""
        if account and self.account and account != self.account:
            raise StackError(
                f"account: the option names {self.account}, and the document {account}. Nothing was read or changed. "
                "Correct one of the two"
            )
        return replace(self, account=account or self.account)
