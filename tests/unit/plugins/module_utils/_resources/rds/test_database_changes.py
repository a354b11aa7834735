# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases and secrets: what is decided without a call."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import RESOURCE, STACK, tags_to_list
from ansible_collections.groundwork.aws.plugins.module_utils._compile.raw import compile_raw
from ansible_collections.groundwork.aws.plugins.module_utils._engine import object_lookup
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ActualResource,
    ResolvedResource,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds import common as rds
from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds import db_instance
from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds.engines import read_major_version
from ansible_collections.groundwork.aws.plugins.module_utils._resources.secretsmanager import passwords, secret

SCOPE = Scope("shop", "us-east-1")
DATABASE: dict[str, Any] = {
    "engine": "mysql",
    "class": "db.t3.micro",
    "storage": {"size": 20},
    "subnet_group": "data",
    "security_groups": ["sg-1"],
}


@pytest.mark.parametrize(
    ("mark", "origin"),
    [("shop/main", "db_instance/main"), ("other/main", None), ("shop-2/main", None), ("shop", None), ("", None)],
)
def test_a_standby_is_kept_for_the_database_that_its_tag_names(mark: str, origin: str | None) -> None:
    item = {"DBInstanceIdentifier": "one", "TagList": tags_to_list({"groundwork:beside": mark})}
    assert db_instance.TYPE.find_origin(item, SCOPE) == origin
    assert db_instance.TYPE.find_origin({"DBInstanceIdentifier": "one"}, SCOPE) is None


def refusal(now: dict[str, Any], running: str = "8.0.39", **desired: Any) -> str:
    properties = {"storage": {"type": "gp3", "limit": None, **now}, "version": running}
    return db_instance.TYPE.reject(db_instance.with_defaults({**DATABASE, **desired}), properties) or ""


@pytest.mark.parametrize(
    ("size", "storage", "says"),
    [
        (20, {"size": 20}, ""),
        (40, {"size": 20}, "cannot shrink (40 GiB now, 20 wanted); say 40"),
        (40, {"size": 20, "limit": 50}, ""),
        (60, {"size": 20, "limit": 50}, "cannot shrink (60 GiB now, 20 wanted); say 60"),
        (100, {"size": 105}, "by a tenth at least (100 GiB now, 105 wanted); say 110"),
        (100, {"size": 110}, ""),
    ],
)
def test_storage_grows_by_a_tenth_and_never_shrinks(size: int, storage: dict[str, Any], says: str) -> None:
    found = refusal({"size": size}, storage=storage)
    assert found.endswith(says)
    assert bool(found) == bool(says)


@pytest.mark.parametrize(
    ("running", "desired", "refused"),
    [
        ("8.0.39", "8.0", False),
        ("8.0.39", "8.0.39", False),
        ("8.0.39", "8.0.40", False),
        ("8.0.39", "8.4", False),
        ("8.0.39", None, False),
        ("8.0.39", "8.0.4", True),
        ("8.0.39", "5.7", True),
        ("8.4.3", "8.0", True),
    ],
)
def test_a_version_does_not_go_back(running: str, desired: str | None, refused: bool) -> None:
    assert ("there is no way back" in refusal({"size": 20}, running, version=desired)) == refused


def test_a_series_is_the_part_that_a_minor_upgrade_keeps() -> None:
    assert rds.runs("8.0", "8.0.39")
    assert not rds.runs("8.0.3", "8.0.39")
    assert (read_major_version("mysql", "8.0.39"), read_major_version("postgres", "16.4")) == ("8.0", "16")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"engine": "oracle"}, 'engine: "oracle" is not one of mysql, postgres'),
        ({"storage": {"size": 20, "speed": 3}}, "storage.speed: unknown key"),
        ({"storage": {"size": 100, "type": "io2"}}, "storage: lacks iops, which io2 storage needs"),
        ({"storage": {"size": 20, "iops": 3000}}, "storage.iops: goes with io1 and io2 storage only"),
        ({"storage": {}}, "storage: lacks size"),
        ({"storage": {"size": 20, "limit": 20}}, "storage.limit: 20 is not at least a tenth larger than size, 20"),
        ({"zone": "us-east-1a", "multi_az": True}, "zone cannot be set together with multi_az"),
        ({"password": "x"}, "no property password"),
        ({"managed_password": False}, "RDS always keeps the password"),
    ],
)
def test_a_document_that_makes_no_sense_is_rejected(wrong: dict[str, Any], says: str) -> None:
    assert says in (REGISTRY["db_instance"].validate({**DATABASE, **wrong}) or "")


def notices(**raw: Any) -> list[str]:
    item = {"DBInstanceStatus": "available", "PendingModifiedValues": {}, **raw}
    return db_instance.TYPE.notices(ActualResource("db_instance", "x", "shop-x", {}, {}, {}, item))  # type: ignore[misc, return-value]


def test_states_that_a_person_must_decide_on_are_notices() -> None:
    assert notices() == []
    assert notices(DBInstanceStatus="backing-up") == []
    assert "it is storage-full" in notices(DBInstanceStatus="storage-full")[0]
    (waiting,) = notices(DBParameterGroups=[{"ParameterApplyStatus": "pending-reboot"}])
    assert "rebooted" in waiting
    assert notices(PendingModifiedValues={"MultiAZ": True})[0].endswith("maintenance window: MultiAZ")
    assert notices(PendingModifiedValues={"MultiAZ": True}, DBInstanceStatus="modifying") == []


@pytest.mark.parametrize("kind", ["db_instance", "secret"])
def test_data_is_protected_unless_the_document_gives_that_up(kind: str) -> None:
    assert compile_raw(f"{kind}/x", {}).protected
    assert not compile_raw(f"{kind}/x", {"protect": False}).protected
    assert not compile_raw("db_subnet_group/x", {}).protected


def test_a_long_name_fits() -> None:
    name = db_instance.TYPE.physical_name(Scope("s" * 32, "us-east-1"), "d" * 40)
    assert len(name) <= 63
    assert "--" not in name


def made(**generate: Any) -> str:
    return passwords.generate_value(passwords.with_defaults(generate))


def test_a_password_has_something_of_each_kind() -> None:
    values = {made(length=8) for _ in range(50)}
    assert len(values) == 50
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
    assert all(len(value) == 8 and all(set(value) & set(kind) for kind in kinds) for value in values)
    assert len(made()) == 32


def test_a_password_has_nothing_that_is_excluded() -> None:
    found = "".join(
        made(exclude_punctuation=True, exclude_uppercase=True, exclude_characters="abc0") for _ in range(50)
    )
    assert set(found) == set(string.ascii_lowercase + string.digits) - set("abc0")
    assert " " in made(include_space=True)
    assert made(length=1, require_each_included_type=False, exclude_characters="x")


def test_a_password_is_put_into_the_template() -> None:
    value = json.loads(made(template={"username": "app"}, key="password", length=20))
    assert value["username"] == "app"
    assert len(value.pop("password")) == 20


@pytest.mark.parametrize(
    ("generate", "says"),
    [
        ({"size": 3}, "generate.size: unknown key"),
        ({"key": "password"}, "must be set together"),
        ({"template": {"password": "x"}, "key": "password"}, "has password already"),
        ({"length": 3}, "from 4 to 4096"),
        ({"length": 5000}, "from 4 to 4096"),
        ({f"exclude_{kind}": True for kind in ("lowercase", "uppercase", "numbers", "punctuation")}, "to choose from"),
    ],
)
def test_options_without_a_possible_password_are_rejected(generate: dict[str, Any], says: str) -> None:
    assert says in (REGISTRY["secret"].validate({"generate": generate}) or "")


class Vault:
    """A client of Secrets Manager with at most one secret in it."""

    def __init__(self, item: dict[str, Any] | None) -> None:
        self.item = item

    def __call__(self, _service: str) -> Vault:
        return self

    def describe_secret(self, **_arguments: Any) -> dict[str, Any]:
        if self.item is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeSecret")
        return self.item


ORDER = ResolvedResource("secret/x", "shop-x", secret.with_defaults({}), {}, SCOPE, "t" * 32)
OURS = {"ARN": "arn", "Name": "shop-x", "Tags": tags_to_list({STACK: "shop", RESOURCE: "secret/x"})}


def test_only_a_secret_that_the_stack_deleted_is_restored() -> None:
    deleted = {**OURS, "DeletedDate": 1}
    assert secret.find_deleted(Vault(deleted), [ORDER]) == {"secret/x": {"deleted": deleted}}
    assert secret.find_deleted(Vault(OURS), [ORDER]) == {}
    assert secret.find_deleted(Vault(None), [ORDER]) == {}


@pytest.mark.parametrize(
    ("more", "reason"),
    [({}, "exists: remove it"), ({"DeletedDate": 1}, "is scheduled for deletion, and keeps its name")],
)
def test_a_name_that_another_secret_has_or_had_ends_the_run_before_it_changes_anything(more: Any, reason: str) -> None:
    with pytest.raises(StackError, match=f"^secret/x: a secret shop-x .* {reason}(.|\n)*Nothing was changed"):
        secret.find_deleted(Vault({**OURS, "Tags": [], **more}), [ORDER])


@pytest.mark.parametrize(
    ("name", "suffix", "physical"),
    [
        ("app", "", "shop-app"),
        ("master", "", "shop-master-value"),
        ("a-b-cde", "", "shop-a-b-cde"),
        ("key-ab-cde", "", "shop-key-ab-cde-value"),
        ("app", "-1a2b3c", "shop-app-1a2b3c-value"),
    ],
)
def test_no_secret_name_ends_like_an_arn(name: str, suffix: str, physical: str) -> None:
    assert secret.TYPE.physical_name(SCOPE, name, suffix) == physical
    assert not re.search("-.{6}$", physical)


def test_a_secret_that_is_not_listed_yet_is_found_by_its_name() -> None:
    def found(
        item: dict[str, Any] | None, known: frozenset[str] = frozenset(), resource: ResolvedResource = ORDER
    ) -> Any:
        return object_lookup.find_by_name(Vault(item), secret.TYPE, SCOPE, resource, known)

    assert found(OURS) == {**OURS, "CurrentVersion": None}
    assert found(OURS, frozenset({"arn"})) is None
    assert found(OURS, resource=replace(ORDER, address="secret/y")) is None
    assert found({**OURS, "DeletedDate": 1}) is None
    assert found(None) is None


def test_a_secret_that_a_service_manages_is_not_owned() -> None:
    assert secret.owner(OURS, SCOPE) == "secret/x"
    assert secret.owner({**OURS, "OwningService": "rds"}, SCOPE) is None


def test_secrets_are_listed_by_the_names_in_their_arns() -> None:
    (values,) = [
        one["Values"]
        for one in secret.TYPE.discovery.listing.by_ids(["arn:aws:secretsmanager:r:1:secret:shop-a-AbCdEf"])["Filters"]
    ]  # type: ignore[misc]
    assert values == ["shop-a"]
