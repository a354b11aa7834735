# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AUTH tokens of caches from the first run to the next token: which calls are made, and what services get when.

The API shows no token: the proxy shows which calls change one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from rig.faults import Call, Do, Fail, Lose, When, named, nth
from rig.runs import Outcome
from rig.stacks import Stack, Stacks, base_of

pytestmark = pytest.mark.long

TOKENS = base_of("tokens")
TAG = "groundwork:auth-token"
REQUIRED = {"require_auth": ["cache/redis"]}
PORT = {"protocol": "tcp", "from_port": 6379, "to_port": 6379}
# The same cache as a collection from before tokens made it, and its security group.
BEFORE: dict[str, Any] = {
    "caches": None,
    "services": {"api": {"uses": []}},
    "resources": {
        "cache_subnet_group/private": {"subnets": [{"ref": "subnet/private-1"}, {"ref": "subnet/private-2"}]},
        "security_group/cache-redis": {
            "vpc": {"ref": "vpc/main"},
            "description": "Cache redis of tokens",
            "ingress": [{**PORT, "group": {"ref": "security_group/api"}, "description": "redis from api"}],
        },
        "cache/redis": {
            "node_type": "cache.t3.micro",
            "subnet_group": {"ref": "cache_subnet_group/private", "attribute": "name"},
            "security_groups": [{"ref": "security_group/cache-redis"}],
        },
    },
}


def group(stack: Stack) -> dict[str, Any]:
    (found,) = stack.account.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    return dict(found)


def tags(stack: Stack) -> dict[str, str]:
    found = stack.account.client("elasticache").list_tags_for_resource(ResourceName=group(stack)["ARN"])["TagList"]
    return {tag["Key"]: tag["Value"] for tag in found}


def versions(stack: Stack) -> dict[str, str]:
    """The values of the secret by the id of their version."""
    vault = stack.account.client("secretsmanager")
    (secret,) = (one for one in vault.list_secrets()["SecretList"] if one["Name"].startswith("tokens-cache-redis"))
    ids = vault.list_secret_version_ids(SecretId=secret["ARN"])["Versions"]
    return {
        one["VersionId"]: vault.get_secret_value(SecretId=secret["ARN"], VersionId=one["VersionId"])["SecretString"]
        for one in ids
    }


def secret_id(stack: Stack) -> str:
    (found,) = (one for one in stack.account.client("secretsmanager").list_secrets()["SecretList"])
    return str(found["ARN"])


def strategies(calls: Iterable[Call]) -> list[str]:
    parameters = (call.operation.parameters for call in calls if call.name == "ModifyReplicationGroup")
    return [one["AuthTokenUpdateStrategy"] for one in parameters if "AuthTokenUpdateStrategy" in one]


def url(stack: Stack) -> str:
    """What a service gets when it is deployed now."""
    caches = [{"name": "redis", "variable": "REDIS_URL"}]
    options = {"stack": "tokens", "region": "us-east-1", "service": "api", "databases": [], "secrets": []}
    outcome = stack.modules.run("service_environment", {**options, "caches": caches})
    assert outcome.ok, str(outcome)
    return str(outcome.result["environment"]["REDIS_URL"])


def token_of(text: str) -> str:
    return text.partition("://:")[2].partition("@")[0]


def egress(stack: Stack) -> list[Any]:
    groups = stack.account.client("ec2").describe_security_groups()["SecurityGroups"]
    (mine,) = (one for one in groups if one["GroupName"] == "tokens-cache-redis")
    return list(mine["IpPermissionsEgress"])


def warnings(outcome: Outcome) -> str:
    return json.dumps(outcome.result.get("warnings", []), default=str)


def assert_silent(stack: Stack, *outcomes: Outcome) -> None:
    """No token in results, plans, diffs, messages or tags."""
    shown = [json.dumps([dict(outcome.result), outcome.errors], default=str) for outcome in outcomes]
    values = versions(stack).values()
    assert values
    assert not [value for value in values if value in "".join(shown) + json.dumps(tags(stack))]


def test_a_new_cache_requires_its_token_from_the_start(stacks: Stacks) -> None:
    stack = stacks(TOKENS)
    planned = stack.present(check=True)
    made = stack.present()
    assert made.ok, str(made)
    creations = [call for call in stack.proxy.calls if call.name == "CreateReplicationGroup"]
    (version, token), *others = versions(stack).items()
    assert (len(creations), others) == (1, [])
    assert creations[0].operation.parameters["AuthToken"] == token
    assert (len(token), token.isalnum()) == (64, True)
    assert (group(stack)["AuthTokenEnabled"], tags(stack)[TAG]) == (True, f"version={version}")
    assert strategies(stack.proxy.calls) == []
    assert "cache/redis" not in warnings(made)
    assert token_of(url(stack)) == token
    stack.assert_quiet()
    assert_silent(stack, planned, made, stack.info())
    assert egress(stack) == []


def test_an_existing_cache_gets_a_token_and_refuses_no_service(stacks: Stacks) -> None:
    stack = stacks(TOKENS)
    stack.made(BEFORE)
    arn = group(stack)["ARN"]
    assert (group(stack)["AuthTokenEnabled"], TAG in tags(stack), len(egress(stack))) == (False, False, 1)
    assert token_of(url(stack)) == "", "a service that is deployed before the next run gets none"
    planned = stack.present(check=True)
    changes = {"cache/redis": "update", "secret/cache-redis": "create", "security_group/cache-redis": "update"}
    assert planned.actions == changes
    first = stack.present()
    assert first.ok, str(first)
    assert first.actions == changes
    assert strategies(stack.proxy.calls) == ["ROTATE"]
    assert (group(stack)["ARN"], egress(stack)) == (arn, [])
    (token,) = versions(stack).values()
    assert token_of(url(stack)) == token
    assert "cache/redis: it still accepts connections without a token" in warnings(first)
    assert "require_auth: [cache/redis]" in warnings(stack.info())
    stack.assert_quiet()

    stack.proxy.forget()
    preview = stack.present(check=True, **REQUIRED)
    assert preview.actions == {"cache/redis": "update"}
    second = stack.present(**REQUIRED)
    assert second.ok, str(second)
    assert second.actions == {"cache/redis": "update"}
    assert strategies(stack.proxy.calls) == ["SET"]
    assert ("cache/redis" in warnings(second), token_of(url(stack))) == (False, token)
    again = stack.present(**REQUIRED)
    assert (again.ok, again.changed) == (True, False)
    stack.assert_quiet()
    assert_silent(stack, planned, first, preview, second, again)


def test_both_are_not_done_in_one_run(stacks: Stacks) -> None:
    """A `require_auth` that comes too early, or in every run, refuses no service in the run that rotates."""
    stack = stacks(TOKENS)
    stack.made(BEFORE)
    early = stack.present(**REQUIRED)
    assert early.ok, str(early)
    assert strategies(stack.proxy.calls) == ["ROTATE"]
    assert "it still accepts connections without a token" in warnings(early)


def test_a_new_value_of_the_secret_reaches_the_cache_before_services(stacks: Stacks) -> None:
    stack = stacks(TOKENS)
    stack.made()
    old = token_of(url(stack))
    vault = stack.account.client("secretsmanager")
    vault.put_secret_value(SecretId=secret_id(stack), SecretString="the-token-of-another-day")
    assert token_of(url(stack)) == old, "the cache does not accept the new one yet"
    rotated = stack.present()
    assert rotated.ok, str(rotated)
    assert rotated.actions == {"cache/redis": "update"}
    assert strategies(stack.proxy.calls) == ["ROTATE"]
    assert token_of(url(stack)) == "the-token-of-another-day"
    assert "it still accepts its previous token" in warnings(rotated)

    # Another one so soon would end the first, which services may still have.
    vault.put_secret_value(SecretId=secret_id(stack), SecretString="the-token-of-a-third-day")
    stack.assert_quiet()
    assert token_of(url(stack)) == "the-token-of-another-day"
    stack.proxy.forget()
    third = stack.present(**REQUIRED)
    assert third.ok, str(third)
    assert strategies(stack.proxy.calls) == ["ROTATE"]
    assert token_of(url(stack)) == "the-token-of-a-third-day"
    assert "the-token-of" not in json.dumps([dict(rotated.result), dict(third.result), tags(stack)], default=str)


@pytest.mark.parametrize("value", ["too-short", "with/a-slash-in-the-middle"])
def test_a_value_that_cannot_be_a_token_changes_nothing(stacks: Stacks, value: str) -> None:
    stack = stacks(TOKENS)
    stack.made()
    before = tags(stack)
    stack.account.client("secretsmanager").put_secret_value(SecretId=secret_id(stack), SecretString=value)
    refused = stack.present()
    assert refused.refused, str(refused)
    assert "cannot be an AUTH token" in refused.message
    assert value not in json.dumps(dict(refused.result), default=str)
    assert (strategies(stack.proxy.calls), tags(stack)) == ([], before)


@pytest.mark.parametrize("forced", [False, True], ids=["scheduled", "at once"])
def test_a_secret_that_was_deleted_by_hand_is_restored_or_replaced(stacks: Stacks, forced: bool) -> None:
    stack = stacks(TOKENS)
    stack.made()
    old = token_of(url(stack))
    how: dict[str, Any] = {"ForceDeleteWithoutRecovery": True} if forced else {"RecoveryWindowInDays": 7}
    stack.account.client("secretsmanager").delete_secret(SecretId=secret_id(stack), **how)
    repaired = stack.present()
    assert repaired.ok, str(repaired)
    assert strategies(stack.proxy.calls) == (["ROTATE"] if forced else [])
    assert (token_of(url(stack)) == old) is not forced
    stack.assert_quiet()


def wait_until_available(stack: Stack) -> None:
    ends = time.monotonic() + 20
    while group(stack)["Status"] != "available":
        assert time.monotonic() < ends, "the cache does not become available"
        time.sleep(0.1)


def test_a_cache_goes_with_its_secret(stacks: Stacks) -> None:
    stack = stacks(TOKENS)
    stack.made()
    outcome = stack.present({"caches": None, "services": {"api": {"uses": []}}})
    assert outcome.ok, str(outcome)
    assert outcome.actions["cache/redis"] == outcome.actions["secret/cache-redis"] == "delete"
    assert stack.absent().ok
    stack.assert_empty()


def modifies_token(call: Call) -> bool:
    return call.name == "ModifyReplicationGroup" and "AuthTokenUpdateStrategy" in call.operation.parameters


FAULTS: dict[str, tuple[When, Lose | Fail]] = {
    "the answer to ROTATE": (modifies_token, Lose(after=True)),
    "the request to ROTATE": (modifies_token, Lose()),
    "an error in place of the answer": (modifies_token, Fail(after=True)),
    "the answer to a note": (named("AddTagsToResource"), Lose(after=True)),
}


@pytest.mark.parametrize(("when", "effect"), FAULTS.values(), ids=FAULTS)
def test_a_lost_answer_rotates_no_token_twice(stacks: Stacks, when: When, effect: Lose | Fail) -> None:
    stack = stacks(TOKENS)
    stack.made(BEFORE)
    fault = stack.proxy.faults.add(when, effect, times=1)
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert fault.struck == 1
    obeyed = [call for call in stack.proxy.calls if modifies_token(call) and call.status == 200]
    lost = [call for call in stack.proxy.calls if modifies_token(call) and call.status != 200]
    assert len(obeyed) + (len(lost) if effect.after else 0) == 1
    assert "connections without a token" in warnings(outcome)
    stack.assert_quiet()


# The change of a token is a note, a call and a note: which of them kills the run, and whether it is obeyed.
STEPS: dict[str, tuple[Callable[[], When], bool]] = {
    "before it is noted": (lambda: nth(1, named("AddTagsToResource")), False),
    "noted, not rotated": (lambda: modifies_token, False),
    "rotated": (lambda: modifies_token, True),
    "rotated, and not noted": (lambda: nth(2, named("AddTagsToResource")), False),
}


@pytest.mark.parametrize(("when", "obeyed"), STEPS.values(), ids=STEPS)
def test_a_run_that_was_killed_is_completed_and_services_are_served_meanwhile(
    stacks: Stacks, when: Callable[[], When], obeyed: bool
) -> None:
    stack = stacks(TOKENS)
    stack.made(BEFORE)
    run = stack.start()
    stack.proxy.faults.add(when(), Do(lambda _call: run.kill(), after=obeyed, cut=True), times=1)
    assert run.finish().killed
    stack.proxy.settle()
    stack.proxy.faults.clear()
    was_rotated = "ROTATE" in strategies(call for call in stack.proxy.calls if call.status == 200 or obeyed)
    wait_until_available(stack)
    assert token_of(url(stack)) == "", "no token is always accepted so far"
    stack.proxy.forget()
    for _run in range(2):
        outcome = stack.present(lock_wait=90)
        assert outcome.ok, str(outcome)
    assert strategies(stack.proxy.calls) == ([] if was_rotated else ["ROTATE"])
    (token,) = versions(stack).values()
    assert token_of(url(stack)) == token
    stack.assert_quiet()


@pytest.mark.parametrize("operation", ["CreateSecret", "CreateReplicationGroup"])
def test_a_creation_that_was_killed_leaves_one_token(stacks: Stacks, operation: str) -> None:
    stack = stacks(TOKENS)
    run = stack.start()
    stack.proxy.faults.add(named(operation), Do(lambda _call: run.kill(), after=True, cut=True), times=1)
    assert run.finish().killed
    stack.proxy.settle()
    stack.proxy.faults.clear()
    outcome = stack.present(lock_wait=90)
    assert outcome.ok, str(outcome)
    (creation,) = (call for call in stack.proxy.calls if call.name == "CreateReplicationGroup")
    ((version, token),) = versions(stack).items()
    assert creation.operation.parameters["AuthToken"] == token == token_of(url(stack))
    assert (tags(stack)[TAG], strategies(stack.proxy.calls)) == (f"version={version}", [])
    stack.assert_quiet()


def test_reading_the_token_takes_a_permission_that_is_named(stacks: Stacks) -> None:
    stack = stacks(TOKENS)
    denied = Fail(400, "AccessDeniedException", "User: u is not authorized to perform: secretsmanager:GetSecretValue")
    stack.proxy.faults.add(named("GetSecretValue"), denied)
    outcome = stack.present()
    assert outcome.refused, str(outcome)
    assert 'statement CacheTokens of the policy "To provision"' in outcome.message
    stack.proxy.faults.clear()
    assert stack.present().ok
    stack.assert_quiet()


def test_addresses_that_are_no_caches_with_a_token_are_refused(stacks: Stacks) -> None:
    stack = stacks(TOKENS)
    outcome = stack.present(require_auth=["cache/rediss"])
    assert outcome.refused, str(outcome)
    assert (
        "require_auth: cache/rediss: is not a cache of the topology with an AUTH token; did you mean" in outcome.message
    )
    stack.assert_empty()
