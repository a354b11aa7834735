# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which tokens a cache accepts, what is noted of that, and which call is due: decisions, and a whole change."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import Answer, MissingMemberError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import LostResponseError, StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ActualResource,
    ResolvedResource,
    ResourceUpdate,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache import auth_token, cache_changes
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache.auth_token import (
    NEVER,
    NONE,
    ROTATE,
    SET,
    TAG,
    TokenState,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache.cache import TYPE
from ansible_collections.groundwork.aws.plugins.module_utils._resources.secretsmanager import passwords

MONDAY = datetime(2026, 3, 2, 8, 0, 0, 250000, timezone.utc)
TUESDAY = datetime(2026, 3, 3, 8, 0, tzinfo=timezone.utc)
NO_TOKEN = TokenState()
ONLY_OLD, ONLY_NEW = TokenState("old"), TokenState("new")
# After the first ROTATE, and after that of another token.
OPEN, BOTH = TokenState("new", NONE), TokenState("new", "old")
CALLS = {
    "none yet": (NO_TOKEN, "new", False, ROTATE),
    "as desired": (ONLY_NEW, "new", False, ""),
    "as desired, and a person wants no other": (ONLY_NEW, "new", True, ""),
    "open, while services may lack the token": (OPEN, "new", False, ""),
    "open, and services have it": (OPEN, "new", True, SET),
    "another value": (ONLY_OLD, "new", False, ROTATE),
    "both": (BOTH, "new", False, ""),
    "both, and services have the newer": (BOTH, "new", True, SET),
    "a third value would end the first": (TokenState("newer", "old"), "new", False, ""),
    "a third value, and services have the second": (TokenState("newer", "old"), "new", True, ROTATE),
}


@pytest.mark.parametrize(("state", "version", "may_revoke", "call"), CALLS.values(), ids=CALLS)
def test_the_call_that_is_due(state: TokenState, version: str, may_revoke: bool, call: str) -> None:
    assert auth_token.choose_call(state, version, may_revoke) == call
    desired = {"secret": "arn", "version": version, "exclusive": may_revoke}
    assert auth_token.is_as_desired(desired, state.as_property) is (call == "")


@pytest.mark.parametrize("state", [OPEN, BOTH, ONLY_NEW])
@pytest.mark.parametrize("call", [ROTATE, SET])
def test_a_call_that_is_not_known_to_have_ended_is_due_to_be_noted(state: TokenState, call: str) -> None:
    begun = state.begin(call, "new", {"AuthTokenLastModifiedDate": MONDAY})
    assert not auth_token.is_as_desired({"secret": "arn", "version": "new"}, begun.as_property)


def test_states_of_a_rotation() -> None:
    """AWS accepts what it accepted last, besides the new token; of two older ones, the oldest ends."""
    begun = NO_TOKEN.begin(ROTATE, "new", {"AuthTokenEnabled": False})
    assert begun == TokenState("new", NONE, ROTATE, NEVER)
    assert (begun.complete(), begun.undo()) == (OPEN, NO_TOKEN)
    assert NO_TOKEN.begin(ROTATE, "new", {"AuthTokenEnabled": True}).complete() == TokenState("new", "unknown")
    begun = TokenState("old", NONE).begin(ROTATE, "new", {"AuthTokenLastModifiedDate": MONDAY})
    assert begun == TokenState("new", "old", ROTATE, "2026-03-02T08:00:00.250000Z")
    assert (begun.complete(), begun.undo()) == (BOTH, ONLY_OLD)
    setting = OPEN.begin(SET, "new", {"AuthTokenLastModifiedDate": MONDAY})
    assert (setting.complete(), setting.undo()) == (ONLY_NEW, OPEN)


STATES = [NO_TOKEN, ONLY_NEW, OPEN, BOTH, OPEN.begin(SET, "new", {"AuthTokenLastModifiedDate": MONDAY})]


@pytest.mark.parametrize("state", STATES)
def test_a_tag_keeps_a_state(state: TokenState) -> None:
    tags = {TAG: state.as_tag} if state.version else {}
    assert auth_token.read_state(tags) == state
    # ElastiCache user guide, "Tagging your ElastiCache resources": the characters, and at most 256 of them.
    assert re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{0,256}", state.as_tag)


def test_the_longest_tag_fits() -> None:
    longest = TokenState("v" * 64, "w" * 64).begin(SET, "", {"AuthTokenLastModifiedDate": MONDAY})
    assert len(longest.as_tag) <= 256


@pytest.mark.parametrize("text", ["", "version=", "also=none", "version=v1 size=3", "version=v1 call=DELETE", "v1"])
def test_a_tag_that_was_changed_by_hand_is_not_guessed(text: str) -> None:
    assert auth_token.read_state({TAG: text}) is None


MADE: dict[str, tuple[str, dict[str, Any], bool]] = {
    "still at it": (NEVER, {"PendingModifiedValues": {"AuthTokenStatus": "ROTATING"}}, True),
    "another date": ("2026-03-02T08:00:00.250000Z", {"AuthTokenLastModifiedDate": TUESDAY}, True),
    "the same date": ("2026-03-02T08:00:00.250000Z", {"AuthTokenLastModifiedDate": MONDAY}, False),
    "the first date": (NEVER, {"AuthTokenLastModifiedDate": MONDAY}, True),
    "no token before and after": (NEVER, {"AuthTokenEnabled": False}, False),
    "a first token without a date": (NEVER, {"AuthTokenEnabled": True}, True),
    "nothing is known": (NEVER, {}, False),
}


@pytest.mark.parametrize(("modified", "group", "made"), MADE.values(), ids=MADE)
def test_whether_a_call_was_made(modified: str, group: dict[str, Any], made: bool) -> None:
    assert auth_token.was_made(TokenState("new", NONE, ROTATE, modified), group) is made


def test_a_date_that_is_not_returned_any_more_is_an_error() -> None:
    state = TokenState("new", NONE, ROTATE, "2026-03-02T08:00:00.250000Z")
    with pytest.raises(MissingMemberError, match="AuthTokenLastModifiedDate"):
        auth_token.was_made(state, Answer(AuthTokenEnabled=True))


OBSTACLES: dict[str, tuple[dict[str, Any], str | None]] = {
    "none": ({"TransitEncryptionMode": "required", "Node": {"EngineVersion": "7.1.0"}}, None),
    "nothing known": ({}, None),
    "the oldest engine": ({"Node": {"EngineVersion": "5.0.5"}}, None),
    "an older engine": ({"Node": {"EngineVersion": "5.0.4"}}, "its engine 5.0.4 is older than 5.0.5"),
    "not all encrypted": ({"TransitEncryptionMode": "preferred"}, "it also accepts connections without encryption"),
    "users": ({"UserGroupIds": ["admins"]}, "it has user groups"),
    "no users": ({"UserGroupIds": []}, None),
}


@pytest.mark.parametrize(("group", "text"), OBSTACLES.values(), ids=OBSTACLES)
def test_caches_for_which_aws_refuses_a_token(group: dict[str, Any], text: str | None) -> None:
    found = auth_token.describe_obstacle(group)
    assert (found is None) if text is None else (found or "").startswith(text)


def actual(state: TokenState | None = None, **raw: Any) -> ActualResource:
    """A cache with the tag of a state; None: AWS shows no tags."""
    tags = [{"Key": TAG, "Value": state.as_tag}] if state and state.version else []
    shown: dict[str, Any] = {"TagsUnknown": True} if state is None else {"Tags": tags}
    return TYPE.to_actual(Answer(ReplicationGroupId="shop-redis", ARN="arn:redis", **shown, **raw), "redis")


USABLE: dict[str, tuple[ActualResource, str | None]] = {
    "no token": (actual(NO_TOKEN, AuthTokenEnabled=False), None),
    "its token": (actual(ONLY_NEW, AuthTokenEnabled=True), "new"),
    "its token, and none": (actual(OPEN), "new"),
    "the newer of two": (actual(BOTH), "new"),
    "a first one that may not be in force": (actual(TokenState("new", NONE, ROTATE, NEVER)), None),
    "one that may not be in force": (actual(TokenState("new", "old", ROTATE, NEVER)), "old"),
    "one of another owner before": (actual(TokenState("new", "unknown", ROTATE, NEVER)), None),
    "one that is being set": (actual(TokenState("new", "old", SET, NEVER)), "new"),
    "tags are unknown": (actual(None, AuthTokenEnabled=True), "AWSCURRENT"),
    "tags are unknown, and there is none": (actual(None, AuthTokenEnabled=False), None),
    "users": (actual(NO_TOKEN, UserGroupIds=["admins"], AuthTokenEnabled=False), None),
}


@pytest.mark.parametrize(("cache", "version"), USABLE.values(), ids=USABLE)
def test_the_token_that_services_should_use(cache: ActualResource, version: str | None) -> None:
    assert auth_token.find_usable_version(cache) == version


def test_whether_a_token_is_needed_is_not_guessed() -> None:
    with pytest.raises(MissingMemberError, match="AuthTokenEnabled of cache/redis"):
        auth_token.find_usable_version(actual(None))


def test_a_token_that_aws_is_changing_is_not_guessed_either() -> None:
    pending = {"AuthTokenStatus": "ROTATING"}
    with pytest.raises(StackError, match=r"cache/redis: AWS is changing its AUTH token.*Run again in some minutes"):
        auth_token.find_usable_version(actual(None, AuthTokenEnabled=True, PendingModifiedValues=pending))
    assert auth_token.find_usable_version(actual(ONLY_NEW, PendingModifiedValues=pending)) == "new"


def test_what_is_left_to_do_is_a_notice_until_it_is_done() -> None:
    (notice,) = TYPE.notices(actual(OPEN))
    assert notice == (
        "it still accepts connections without a token, so that no service is refused. Deploy all services that use "
        "it, then run provision.yml with require_auth: [cache/redis]"
    )
    assert "its previous token" in TYPE.notices(actual(BOTH))[0]
    assert "was changed and cannot be read" in TYPE.notices(tagged("by hand"))[0]
    assert "gets no AUTH token: its engine 5.0.0" in TYPE.notices(actual(NO_TOKEN, Node={"EngineVersion": "5.0.0"}))[0]
    quiet = [actual(NO_TOKEN), actual(ONLY_NEW), actual(None), actual(NO_TOKEN, UserGroupIds=["admins"])]
    assert [TYPE.notices(cache) for cache in quiet] == [()] * 4


def tagged(text: str) -> ActualResource:
    return TYPE.to_actual(Answer(ReplicationGroupId="shop-redis", Tags=[{"Key": TAG, "Value": text}]), "redis")


def test_a_tag_that_cannot_be_read_is_not_compared() -> None:
    assert "auth_token" not in tagged("by hand").properties


GIVEN = {"node_type": "cache.t3.micro", "subnet_group": "shop", "security_groups": ["sg-1"]}
TOKEN = {"secret": "arn:secret", "version": "new"}


@pytest.mark.parametrize(
    "given",
    [
        {"auth_token": "a-token-in-the-document"},
        {"auth_token": {"secret": "arn:secret"}},
        {"auth_token": {**TOKEN, "value": "a-token-in-the-document"}},
        {"auth_token": TOKEN, "encryption_in_transit": False},
    ],
)
def test_a_document_names_a_secret_and_encrypts(given: dict[str, Any]) -> None:
    problem = TYPE.validate({**GIVEN, **given})
    assert problem
    assert "a-token-in-the-document" not in problem
    assert TYPE.validate({**GIVEN, "auth_token": TOKEN}) is None


def test_generated_tokens_are_tokens() -> None:
    """Three kinds of characters, as the user guide recommends: each value has one of each at least."""
    options = passwords.with_defaults({"length": 64, "exclude_punctuation": True})
    for _attempt in range(50):
        value = passwords.generate_value(options)
        assert auth_token.FORM.fullmatch(value)
        assert all(re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


@pytest.mark.parametrize("value", ["fifteen-letters", "x" * 129, "with/a-slash-in-it", "with@an-at-in-it", "", None])
def test_a_value_that_aws_would_refuse_is_not_sent_and_not_shown(value: str | None) -> None:
    with pytest.raises(StackError, match="cannot be an AUTH token") as caught:
        auth_token.read_token(Vault(value, "new"), TOKEN)
    assert not value or value not in str(caught.value)


def test_a_value_that_the_list_of_secrets_does_not_show_yet_is_not_sent() -> None:
    with pytest.raises(StackError, match="Run again in five minutes") as caught:
        auth_token.read_token(Vault("another-token-of-the-stack", "newer"), TOKEN)
    assert "another-token" not in str(caught.value)


class Vault:
    """Secrets Manager with one secret."""

    def __init__(self, value: str | None, version: str) -> None:
        self.answer = {"SecretString": value, "VersionId": version}

    def __call__(self, service: str) -> Vault:
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, SecretId: str) -> Any:  # noqa: N803 - AWS's name
        assert SecretId == "arn:secret"
        return self.answer


class Cache:
    """ElastiCache with one cache, which behaves as AWS's user guide says.

    ``accepted`` are the tokens that it accepts, an empty one for connections without any; ``die_at`` is the number of
    the write before or after which the run ends, ``busy_at`` that of a write that finds the cache in a snapshot.
    """

    def __init__(self, tag: str = "", *accepted: str) -> None:
        self.tag = tag
        self.accepted = list(accepted or ("",))
        self.days = itertools.count(1)
        self.modified: datetime | None = None if accepted in ((), ("",)) else MONDAY
        self.writes: list[str] = []
        self.die_before = self.die_after = self.busy_at = self.lose_at = -1

    def describe_replication_groups(self, ReplicationGroupId: str) -> Any:  # noqa: N803 - AWS's name
        group = {"ReplicationGroupId": ReplicationGroupId, "AuthTokenEnabled": self.modified is not None}
        return Answer(ReplicationGroups=[Answer(group, AuthTokenLastModifiedDate=self.modified)])

    def list_tags_for_resource(self, ResourceName: str) -> Any:  # noqa: N803 - AWS's name
        return {"TagList": [{"Key": TAG, "Value": self.tag}] if self.tag else []}

    def add_tags_to_resource(self, ResourceName: str, Tags: Any) -> None:  # noqa: N803 - AWS's names
        def write() -> None:
            self.tag = Tags[0]["Value"]

        self._write("tag", write)

    def modify_replication_group(
        self,
        ReplicationGroupId: str,  # noqa: N803 - AWS's name
        AuthToken: str,  # noqa: N803 - AWS's name
        AuthTokenUpdateStrategy: str,  # noqa: N803 - AWS's name
        ApplyImmediately: bool,  # noqa: N803 - AWS's name
    ) -> None:
        def write() -> None:
            if AuthTokenUpdateStrategy == ROTATE:
                self.accepted = [*self.accepted, AuthToken][-2:]
            else:
                assert self.accepted[-1] == AuthToken, "AWS sets only the token that was rotated last"
                self.accepted = [AuthToken]
            self.modified = datetime(2026, 4, next(self.days), tzinfo=timezone.utc)

        self._write(AuthTokenUpdateStrategy, write)

    def _write(self, name: str, write: Any) -> None:
        number = len(self.writes)
        self.writes.append(name)
        if number == self.busy_at:
            raise ClientError({"Error": {"Code": "InvalidReplicationGroupState", "Message": "snapshotting"}}, name)
        if number == self.die_before:
            raise KeyboardInterrupt
        write()
        if number == self.lose_at:
            raise LostResponseError(name, ConnectionError("lost"))
        if number == self.die_after:
            raise KeyboardInterrupt


SCOPE = Scope("shop", "us-east-1")
VALUES = {"old": "the-token-before-it", "new": "the-token-of-today", "newer": "the-token-after-it"}


def run(cache: Cache, version: str, exclusive: bool = False) -> bool:
    """Compare and change as a run does, which repeats it after a lost answer; returns whether nothing was due."""
    desired = {"secret": "arn:secret", "version": version, **({"exclusive": True} if exclusive else {})}
    found = actual(auth_token.read_state({TAG: cache.tag} if cache.tag else {}))
    if TYPE.equal("auth_token", desired, found.properties["auth_token"]):
        return True
    vault = Vault(VALUES[version], version)
    resolved = ResolvedResource("cache/redis", "shop-redis", {"auth_token": desired}, {}, SCOPE, clients=vault)
    update = ResourceUpdate(found, resolved, frozenset({"auth_token"}))
    for _attempt in range(3):
        try:
            for _wait in cache_changes.change_token(cache, update):
                pass
        except LostResponseError:
            continue
        return False
    raise AssertionError("the answer was lost each time")


def test_from_no_token_to_one_that_is_required() -> None:
    cache = Cache()
    assert not run(cache, "new")
    assert cache.accepted == ["", VALUES["new"]]
    assert run(cache, "new")
    assert run(cache, "newer"), "services may still lack the first token"
    assert not run(cache, "new", exclusive=True)
    assert (cache.accepted, cache.tag) == ([VALUES["new"]], "version=new")
    assert run(cache, "new", exclusive=True)
    assert cache.writes == ["tag", ROTATE, "tag", "tag", SET, "tag"]


def test_from_one_token_to_the_next() -> None:
    cache = Cache("version=old", VALUES["old"])
    assert not run(cache, "new", exclusive=True)
    assert cache.accepted == [VALUES["old"], VALUES["new"]], "services have the old one, whatever a person says"
    assert not run(cache, "newer", exclusive=True)
    assert cache.accepted == [VALUES["new"], VALUES["newer"]]


STARTS = {
    "none": ("", [], "new", False, [["", "new"]]),
    "one": ("version=old", ["old"], "new", False, [["old", "new"]]),
    "open": ("version=new also=none", ["", "new"], "new", True, [["new"], ["", "new"]]),
    "both": ("version=new also=old", ["old", "new"], "new", True, [["new"], ["old", "new"]]),
}


@pytest.mark.parametrize("write", range(3))
@pytest.mark.parametrize("moment", ["die_before", "die_after", "busy_at", "lose_at"])
@pytest.mark.parametrize(("tag", "accepted", "version", "exclusive", "ends"), STARTS.values(), ids=STARTS)
def test_a_change_that_was_interrupted_is_completed_and_refuses_no_client(
    tag: str, accepted: list[str], version: str, exclusive: bool, ends: list[list[str]], moment: str, write: int
) -> None:
    """What is accepted at any time includes what the state says that services should use."""
    cache = Cache(tag, *(VALUES.get(name, "") for name in accepted))
    setattr(cache, moment, write)
    try:
        run(cache, version, exclusive)
    except KeyboardInterrupt:
        check_usable(cache)
    # The next run requires nothing.
    run(cache, version)
    check_usable(cache)
    assert cache.accepted in [[VALUES.get(name, "") for name in names] for names in ends]
    assert run(cache, version)
    assert cache.writes.count(ROTATE) <= 1 + (moment in ("die_before", "busy_at"))


def check_usable(cache: Cache) -> None:
    used = auth_token.find_usable_version(actual(auth_token.read_state({TAG: cache.tag} if cache.tag else {})))
    assert VALUES.get(used or "", "") in cache.accepted


def test_a_second_rotation_of_the_same_token_would_refuse_clients() -> None:
    """Why the call is noted before it is made: without the note, the run after an interrupted one rotates again."""
    cache = Cache()
    cache.die_after = 1
    with pytest.raises(KeyboardInterrupt):
        run(cache, "new")
    cache.tag = ""
    run(cache, "new")
    assert "" not in cache.accepted
