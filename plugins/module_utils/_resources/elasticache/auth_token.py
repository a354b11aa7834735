# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The AUTH token of a cache: which one it accepts, and how it gets another one without a client being refused.

From the ElastiCache user guide, "Authenticating with the Valkey and Redis OSS AUTH command": ROTATE adds a token, and
what was accepted last stays accepted, be it another token or a connection without one; of three, the oldest ends. SET
ends all but the token that was rotated last. So a token is rotated, then services get it, then it is set.

AWS shows neither a token nor how many a cache accepts. Therefore a tag of the cache notes which version of the secret
has its token. The tag is written before a call and after it: a ROTATE that is repeated would end what is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..._aws.answer import first_item, missing_member
from ..._aws.errors import StackError
from ..._engine.items import Raw, value_at
from ..._engine.resource_type import TAGS_UNKNOWN, ActualResource, ClientOf

TAG = "groundwork:auth-token"
ROTATE, SET = "ROTATE", "SET"
# What a cache may accept besides its token, unless it is the version of another one: connections without a token, and a
# token that did not come from a secret of the stack.
NONE, UNKNOWN = "none", "unknown"
NEVER = "never"
# The stage of the current version of a secret.
CURRENT = "AWSCURRENT"
# ElastiCache API reference, CreateReplicationGroup, AuthToken.
PUNCTUATION = "!&#$^<>-"
SHORTEST, LONGEST = 16, 128
FORM = re.compile(rf"[A-Za-z0-9{re.escape(PUNCTUATION)}]{{{SHORTEST},{LONGEST}}}")
# User guide, "Modifying the AUTH token on an existing cluster": engine 5.0.5 or higher.
OLDEST_ENGINE = (5, 0, 5)
STATUS = "PendingModifiedValues.AuthTokenStatus"
REQUIRED_KEYS = {"secret", "version"}
# The beginning of the names of secrets with tokens, by which the policy to provision allows to read their values
# (docs/permissions.md).
SECRET_PREFIX = "cache-"
KNOWN_KEYS = {*REQUIRED_KEYS, "exclusive"}


@dataclass(frozen=True)
class TokenState:
    """What a cache accepts, as the tag of the cache notes it.

    ``version`` is the id of the secret's version with the newest token, empty where the cache has none. ``also`` is
    what it accepts besides: `NONE`, `UNKNOWN`, the id of an older version, or empty. ``call`` is the strategy of a call
    that has begun and is not known to have ended, and ``modified`` AWS's AuthTokenLastModifiedDate before it, or
    `NEVER`.
    """

    version: str = ""
    also: str = ""
    call: str = ""
    modified: str = ""

    @property
    def as_property(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def as_tag(self) -> str:
        """The value of the tag, with the characters that ElastiCache allows."""
        return " ".join(f"{name}={value}" for name, value in self.as_property.items())

    def begin(self, call: str, version: str, group: Raw) -> TokenState:
        """The state to note before a call."""
        modified = _modified(group) or NEVER
        if call == SET:
            return replace(self, call=SET, modified=modified)
        also = self.version or (UNKNOWN if group.get("AuthTokenEnabled") else NONE)
        return TokenState(version, also, ROTATE, modified)

    def complete(self) -> TokenState:
        """The state after a call that was made."""
        return replace(self, also="" if self.call == SET else self.also, call="", modified="")

    def undo(self) -> TokenState:
        """The state where a call that had begun was not made."""
        if self.call == ROTATE:
            return TokenState() if self.also in (NONE, UNKNOWN) else TokenState(self.also)
        return replace(self, call="", modified="")


def read_state(tags: Mapping[str, str]) -> TokenState | None:
    """The state that the tags of a cache note; None where the tag was changed by hand and cannot be read."""
    text = tags.get(TAG)
    if text is None:
        return TokenState()
    parts = dict(part.partition("=")[::2] for part in text.split())
    is_known = parts.keys() <= {"version", "also", "call", "modified"} and parts.get("call", SET) in (ROTATE, SET)
    return TokenState(**parts) if is_known and parts.get("version") else None


def choose_call(state: TokenState, version: str, may_revoke: bool) -> str:
    """The call that brings a cache to the token of a version of the secret; empty where none is due.

    ``may_revoke``: what the cache accepts besides its token is not needed any more. Without it, no call is due that
    ends what clients may still use.
    """
    if state.also and not may_revoke:
        return ""
    if state.version != version:
        return ROTATE
    return SET if state.also else ""


def is_as_desired(desired: Mapping[str, Any], actual: Mapping[str, str]) -> bool:
    """Whether no call is due: compares the property of a document with that of a cache."""
    state = TokenState(**actual)
    return not state.call and not choose_call(state, desired["version"], desired.get("exclusive", False))


def was_made(state: TokenState, group: Raw) -> bool:
    """Whether the call that a state notes was made. Raises `MissingMemberError` where AWS's answer cannot tell."""
    if value_at(group, STATUS):
        return True
    modified = _modified(group)
    if modified is None and state.modified != NEVER:
        raise missing_member(group, "AuthTokenLastModifiedDate")
    if modified is None:
        return group.get("AuthTokenEnabled") is True
    return modified != state.modified


def _modified(group: Raw) -> str | None:
    modified = group.get("AuthTokenLastModifiedDate")
    return None if modified is None else f"{modified:%Y-%m-%dT%H:%M:%S.%fZ}"


def describe_obstacle(group: Raw) -> str | None:
    """Why AWS would refuse a token for a cache; None where it would not.

    ``preferred``: ModifyReplicationGroup answers "The AUTH token modification is only supported when
    encryption-in-transit is enabled". User groups exclude a token (user guide, "Migrating from RBAC to AUTH").
    """
    if group.get("TransitEncryptionMode") == "preferred":
        return "it also accepts connections without encryption (transit encryption mode preferred)"
    if group.get("UserGroupIds"):
        return "it has user groups, which replace a token"
    engine = str(value_at(group, "Node.EngineVersion") or "")
    if engine and tuple(int(part) for part in engine.split(".") if part.isdecimal()) < OLDEST_ENGINE:
        return f"its engine {engine} is older than 5.0.5"
    return None


def find_form_problem(desired: Any) -> str | None:
    """Why an ``auth_token`` names no version of a secret, None where it does. The text does not repeat it."""
    keys = desired.keys() if isinstance(desired, Mapping) else set()
    if REQUIRED_KEYS <= keys <= KNOWN_KEYS:
        return None
    return "is not a version of a secret (write secret, the ARN of one, and version, the id of its current version)"


def read_token(clients: ClientOf, desired: Mapping[str, Any]) -> str:
    """The token of a document's property. Raises `StackError` without the value in its message."""
    answer = clients("secretsmanager").get_secret_value(SecretId=desired["secret"])
    if answer.get("VersionId", desired["version"]) != desired["version"]:
        raise StackError(
            f"the value of {desired['secret']} was changed, and the list of secrets, which is up to five minutes late, "
            "does not show that. The token of the cache was not changed. Run again in five minutes"
        )
    token = answer.get("SecretString")
    if not isinstance(token, str) or not FORM.fullmatch(token):
        raise StackError(
            f"the value of {desired['secret']} cannot be an AUTH token, for which ElastiCache takes 16 to 128 letters, "
            "digits and ! & # $ ^ < > -. The token of the cache was not changed. Give the secret such a value"
        )
    return token


def find_usable_version(actual: ActualResource) -> str | None:
    """The version of the secret whose value a client of the cache should use; None: it connects without a token.

    It is `CURRENT` for a cache with a token whose tags AWS does not show at present. Raises `StackError` while AWS
    changes the token of such a cache.
    """
    if actual.raw.get(TAGS_UNKNOWN):
        if value_at(actual.raw, STATUS):
            raise StackError(
                f"{actual.address}: AWS is changing its AUTH token, and does not show which one it accepts. "
                "Nothing was changed. Run again in some minutes"
            )
        if "AuthTokenEnabled" not in actual.raw:
            raise missing_member(actual.raw, f"AuthTokenEnabled of {actual.address}")
        return CURRENT if actual.raw["AuthTokenEnabled"] else None
    state = TokenState(**actual.properties.get("auth_token", {}))
    if state.call == ROTATE:
        # Whether the new token is in force is not known. What was accepted before is.
        return None if state.also in (NONE, UNKNOWN) else state.also
    return state.version or None


def describe_pending(actual: ActualResource) -> str | None:
    """What a person has to do so that a cache accepts only its token; None where there is nothing to do."""
    if actual.raw.get(TAGS_UNKNOWN):
        return None
    if read_state(actual.tags) is None:
        return f"its tag {TAG} was changed and cannot be read, so its AUTH token is left as it is: restore the tag"
    obstacle = describe_obstacle(actual.raw)
    if obstacle:
        return None if actual.raw.get("UserGroupIds") else f"it gets no AUTH token: {obstacle}"
    also = actual.properties.get("auth_token", {}).get("also")
    if not also:
        return None
    what = "connections without a token" if also == NONE else "its previous token"
    return (
        f"it still accepts {what}, so that no service is refused. Deploy all services that use it, then run "
        f"provision.yml with require_auth: [{actual.address}]"
    )


def read_group(client: Any, identifier: str) -> Raw:
    """A replication group as it is now."""
    answer = client.describe_replication_groups(ReplicationGroupId=identifier)
    group: Raw = first_item(answer, "ReplicationGroups")
    return group
