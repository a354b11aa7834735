# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is decided about databases and secrets before anything is asked of AWS."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.tags import RESOURCE, STACK, as_list
from ansible_collections.groundwork.aws.plugins.module_utils._stack import live, passwords, rds
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live, Order, Scope
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY, db_instance, secret
from ansible_collections.groundwork.aws.plugins.module_utils._topology.raw import compile_raw

SCOPE = Scope("shop", "us-east-1")
WANTED: dict[str, Any] = {
    "engine": "mysql",
    "class": "db.t3.micro",
    "storage": {"size": 20},
    "subnet_group": "data",
    "security_groups": ["sg-1"],
}


def refusal(now: dict[str, Any], running: str = "8.0.39", **wanted: Any) -> str:
    properties = {"storage": {"type": "gp3", "limit": None, **now}, "version": running}
    return db_instance.refuse(db_instance.desired({**WANTED, **wanted}), properties) or ""


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
    ("running", "wanted", "refused"),
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
def test_a_version_does_not_go_back(running: str, wanted: str | None, refused: bool) -> None:
    assert ("there is no way back" in refusal({"size": 20}, running, version=wanted)) == refused


def test_a_series_is_what_stays_in_a_minor_upgrade() -> None:
    assert rds.runs("8.0", "8.0.39")
    assert not rds.runs("8.0.3", "8.0.39")
    assert (rds.series("mysql", "8.0.39"), rds.series("postgres", "16.4")) == ("8.0", "16")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"engine": "oracle"}, "engine is one of mysql, postgres"),
        ({"storage": {"size": 20, "iops": 3}}, "storage has no iops"),
        ({"storage": {}}, "storage.size must be given"),
        ({"storage": {"size": 20, "limit": 20}}, "storage.limit is larger"),
        ({"zone": "us-east-1a", "multi_az": True}, "zone or multi_az"),
        ({"password": "x"}, "no property password"),
        ({"managed_password": False}, "RDS keeps the password"),
    ],
)
def test_what_makes_no_sense_is_told(wrong: dict[str, Any], says: str) -> None:
    assert says in (REGISTRY["db_instance"].misfit({**WANTED, **wrong}) or "")


def notices(**raw: Any) -> list[str]:
    item = {"DBInstanceStatus": "available", "PendingModifiedValues": {}, **raw}
    return db_instance.TYPE.notices(Live("db_instance", "x", "shop-x", {}, {}, {}, item))  # type: ignore[misc, return-value]


def test_what_a_person_must_decide_on_is_told() -> None:
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
    name = db_instance.TYPE.physical(Scope("s" * 32, "us-east-1"), "d" * 40)
    assert len(name) <= 63
    assert "--" not in name


def made(**generate: Any) -> str:
    return passwords.make(passwords.desired(generate))


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
        ({"size": 3}, "generate has no size"),
        ({"key": "password"}, "give both or none"),
        ({"template": {"password": "x"}, "key": "password"}, "has password already"),
        ({"length": 3}, "from 4 to 4096"),
        ({"length": 5000}, "from 4 to 4096"),
        ({f"exclude_{kind}": True for kind in ("lowercase", "uppercase", "numbers", "punctuation")}, "to choose from"),
    ],
)
def test_what_no_password_can_be_made_of_is_told(generate: dict[str, Any], says: str) -> None:
    assert says in (REGISTRY["secret"].misfit({"generate": generate}) or "")


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


ORDER = Order("secret/x", "shop-x", secret.desired({}), {}, SCOPE, "t" * 32)
OURS = {"ARN": "arn", "Name": "shop-x", "Tags": as_list({STACK: "shop", RESOURCE: "secret/x"})}


def test_only_what_the_stack_itself_deleted_is_called_back() -> None:
    deleted = {**OURS, "DeletedDate": 1}
    assert secret.look_up(Vault(deleted), [ORDER]) == {"secret/x": {"deleted": deleted}}
    assert secret.look_up(Vault(OURS), [ORDER]) == {}
    assert secret.look_up(Vault(None), [ORDER]) == {}


@pytest.mark.parametrize(
    ("more", "reason"),
    [({}, "exists: remove it"), ({"DeletedDate": 1}, "is scheduled for deletion, and keeps its name")],
)
def test_a_name_that_another_secret_has_or_had_ends_the_run_before_it_changes_anything(more: Any, reason: str) -> None:
    with pytest.raises(StackError, match=f"^secret/x: a secret shop-x .* {reason}(.|\n)*Nothing was changed"):
        secret.look_up(Vault({**OURS, "Tags": [], **more}), [ORDER])


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
def test_no_secret_is_named_like_the_end_of_an_arn(name: str, suffix: str, physical: str) -> None:
    assert secret.TYPE.physical(SCOPE, name, suffix) == physical
    assert not re.search("-.{6}$", physical)


def test_a_secret_that_no_list_shows_yet_is_found_by_its_name() -> None:
    def found(item: dict[str, Any] | None, known: frozenset[str] = frozenset(), order: Order = ORDER) -> Any:
        return live.find_by_name(Vault(item), secret.TYPE, SCOPE, order, known)

    assert found(OURS) == OURS
    assert found(OURS, frozenset({"arn"})) is None
    assert found(OURS, order=replace(ORDER, address="secret/y")) is None
    assert found({**OURS, "DeletedDate": 1}) is None
    assert found(None) is None


def test_what_a_service_made_for_itself_is_not_the_stacks() -> None:
    assert secret.owner(OURS, SCOPE) == "secret/x"
    assert secret.owner({**OURS, "OwningService": "rds"}, SCOPE) is None


def test_an_arn_tells_the_name() -> None:
    (values,) = [
        one["Values"]
        for one in secret.TYPE.listing.by_ids(["arn:aws:secretsmanager:r:1:secret:shop-a-AbCdEf"])["Filters"]
    ]  # type: ignore[misc]
    assert values == ["shop-a"]
