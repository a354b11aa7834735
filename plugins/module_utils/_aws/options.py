# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that modules share: the connection to AWS, the topology, and the lock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
# "IAM identifiers" of the IAM user guide; a role may have a path.
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[!-.0-~]+/)*[A-Za-z0-9+=,.@_-]{1,64}")
ENDPOINT = re.compile(r"https?://[^\s/]+\S*")
SECRETS = ("secret_key", "session_token")
# A profile and keys are different credentials.
KEYS = ("access_key", *SECRETS)
TOPOLOGY: dict[str, dict[str, Any]] = {
    "topology": {"type": "raw", "required": True},
    "overrides": {"type": "raw"},
}
LOCK: dict[str, dict[str, Any]] = {
    "lock_wait": {"type": "int", "default": 120},
    "lock_ttl": {"type": "int", "default": 60},
}


def find_connection_problems(given: Mapping[str, Any]) -> Iterator[str]:
    """The problems of options of `ARGUMENTS` that can be known without AWS."""
    account = given.get("account") or ""
    if account and not re.fullmatch("[0-9]{12}", account):
        yield f"account: {account} is not an account id of 12 digits (in YAML it needs quotes)"
    role = given.get("assume_role_arn") or ""
    if role and not ROLE_ARN.fullmatch(role):
        yield (
            f'assume_role_arn: "{role}" is not the ARN of a role. Nothing was read or changed '
            "(write one like arn:aws:iam::123456789012:role/deploy)"
        )
    endpoint = given.get("endpoint_url") or ""
    if endpoint and not ENDPOINT.fullmatch(endpoint):
        text = f'endpoint_url: "{endpoint}" is not an address. Nothing was read or changed'
        yield f"{text} (write one like https://localhost:4566, or leave it out for AWS's own)"
    keys = [name for name in KEYS if given.get(name)]
    if given.get("profile") and keys:
        yield f"profile and {' and '.join(keys)} exclude each other (keep the profile, or the keys)"


def find_repeated_names(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Options of `ARGUMENTS` that are set by several of their names, each as the later name and the problem."""
    for option, specification in ARGUMENTS.items():
        names = [name for name in given if name in (option, *specification.get("aliases", ()))]
        for name in names[1:]:
            yield name, f"is the same option as {names[0]}, which is set as well (remove one)"


def split_texts(values: Sequence[str]) -> list[str]:
    """The items of a list option: the answer to a survey separates them with commas, line ends or spaces."""
    return [text for value in values for text in re.split(r"[,\s]+", value) if text]


@dataclass(frozen=True)
class Connection:
    """The endpoint and the credentials. For None botocore uses environment, profile or instance role.

    ``account`` (12 digits) is the account that the credentials must belong to; None accepts any.
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
        """The connection of options of `ARGUMENTS`. Raises `StackError` where they contradict each other.

        An empty text, such as the answer of a survey that was left open, counts as not given. The message has a line
        for each problem.
        """
        given = {name: options[name] for name in ARGUMENTS if options.get(name) not in (None, "")}
        problems = list(find_connection_problems(given))
        if problems:
            raise StackError("\n".join(problems))
        return cls(**given)

    def for_account(self, account: str | None) -> Connection:
        """The connection with the account of a document. Raises `StackError` where the option names another."""
        if account and self.account and account != self.account:
            raise StackError(
                f"account: the option names {self.account}, and the document {account}. Nothing was read or changed. "
                "Correct one of the two"
            )
        return replace(self, account=account or self.account)
