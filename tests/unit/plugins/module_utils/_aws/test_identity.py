# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who asks AWS: options and their aliases, the role that is assumed, the account that is expected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import Session
from moto import mock_aws
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.doc_fragments.aws import ModuleDocFragment
from ansible_collections.groundwork.aws.plugins.module_utils._aws import identity
from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS, Connection, split_texts

KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "secret"}
ROLE = "arn:aws:iam::210987654321:role/deploy"
MINE = "123456789012"


@pytest.fixture(autouse=True)
def no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


@pytest.fixture
def account() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def created(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every client that botocore makes."""
    found: list[dict[str, Any]] = []
    create = Session.create_client

    def record(session: Session, service: str, **arguments: Any) -> Any:
        found.append({"service": service, **arguments})
        return create(session, service, **arguments)

    monkeypatch.setattr(Session, "create_client", record)
    return found


def clients(**options: Any) -> Clients:
    return Clients(Connection.of({**KEYS, **options}), "us-east-1")


def test_the_documentation_has_the_options_and_their_aliases() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert {name: (item["type"], item.get("aliases", [])) for name, item in documented.items()} == {
        name: (item["type"], item.get("aliases", [])) for name, item in ARGUMENTS.items()
    }


def test_a_secret_is_in_no_text_about_a_connection() -> None:
    assert "hunter2" not in repr(Connection(access_key="AKIA", secret_key="hunter2", session_token="hunter2"))


@pytest.mark.parametrize(
    ("given", "items"),
    [
        (["a", "b"], ["a", "b"]),
        (["a ", " b"], ["a", "b"]),
        (["instance/app-1\ninstance/app-2\n"], ["instance/app-1", "instance/app-2"]),
        (["a, b,,"], ["a", "b"]),
        ([""], []),
        ([], []),
    ],
)
def test_lists_of_options_are_split_like_answers_of_surveys(given: list[str], items: list[str]) -> None:
    assert split_texts(given) == items


@pytest.mark.parametrize("key", ["access_key", "secret_key", "session_token"])
def test_a_profile_excludes_keys(key: str) -> None:
    with pytest.raises(StackError, match=f"profile and {key} exclude each other"):
        Connection.of({"profile": "shop", key: "x"})


def test_an_empty_option_counts_as_not_given() -> None:
    assert Connection.of({"profile": "", "account": "", "region": None}) == Connection()


@pytest.mark.parametrize("text", ["12345678901", "1234567890123", "1234-5678-9012", "my-account"])
def test_an_account_has_twelve_digits(text: str) -> None:
    with pytest.raises(StackError, match=f"account: {text} is not an account id of 12 digits"):
        Connection.of({"account": text})


@pytest.mark.parametrize(
    ("option", "document", "chosen"),
    [(None, None, None), (MINE, None, MINE), (None, MINE, MINE), (MINE, MINE, MINE)],
)
def test_option_or_document_names_the_account(option: str | None, document: str | None, chosen: str | None) -> None:
    assert Connection(account=option).for_account(document).account == chosen


def test_different_accounts_in_option_and_document_are_rejected() -> None:
    with pytest.raises(StackError, match=r"the option names 123456789012, and the document 210987654321"):
        Connection(account=MINE).for_account("210987654321")


def test_credentials_of_another_account_stop_the_run(account: None) -> None:
    made = clients(account="210987654321")
    for _attempt in range(2):
        with pytest.raises(StackError) as raised:
            made("ec2").describe_vpcs()
        assert "belongs to account 210987654321" in str(raised.value)
        assert f"to {MINE}. Nothing was read or changed" in str(raised.value)
    assert set(made.calls) == {"sts:GetCallerIdentity"}


def test_the_account_is_read_once_and_only_if_one_is_expected(account: None) -> None:
    made = clients(account=MINE)
    for service in ("ec2", "ec2", "rds"):
        made(service).pages("describe_vpcs" if service == "ec2" else "describe_db_instances", {})
    assert made.calls["sts:GetCallerIdentity"] == 1
    other = clients()
    other("ec2").describe_vpcs()
    assert "sts:GetCallerIdentity" not in other.calls


def test_the_account_of_the_role_is_compared(account: None) -> None:
    made = clients(assume_role_arn=ROLE, account="210987654321")
    made("ec2").describe_vpcs()
    assert made.calls["sts:AssumeRole"] == 1
    with pytest.raises(StackError, match=f"belongs to account {MINE}"):
        clients(assume_role_arn=ROLE, account=MINE)("ec2").describe_vpcs()


def test_calls_are_made_as_the_role(account: None) -> None:
    made = clients(assume_role_arn=ROLE)
    arn = made("sts").get_caller_identity()["Arn"]
    assert arn.startswith("arn:aws:sts::210987654321:assumed-role/deploy/groundwork-")
    assert made.calls["sts:AssumeRole"] == 1


def test_the_role_is_assumed_again_before_its_credentials_expire(account: None, created: list[dict[str, Any]]) -> None:
    clock = FakeClock(time.time())
    made = Clients(Connection.of({**KEYS, "assume_role_arn": ROLE}), "us-east-1", clock=clock)
    for minutes, assumed in ((0, 1), (45, 1), (10, 2)):
        clock.advance(minutes * 60)
        made("ec2").describe_vpcs()
        assert made.calls["sts:AssumeRole"] == assumed
    tokens = [one["aws_session_token"] for one in created if one["service"] == "ec2"]
    assert len(tokens) == len(set(tokens)) == 2


def test_the_session_name_is_valid_for_any_user(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "current_user", lambda: "DOMAIN\\jörg müller" * 9)
    arn = clients(assume_role_arn=ROLE)("sts").get_caller_identity()["Arn"]
    assert len(arn.rpartition("/")[2]) == 64


class RefusingSts:
    """STS that denies every call."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def refuse(**_arguments: Any) -> Any:
            from botocore.exceptions import ClientError

            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)

        return refuse


def test_a_denied_role_is_an_error_about_both_policies() -> None:
    with pytest.raises(StackError) as raised:
        identity.AssumedRole(ROLE).assume(RefusingSts())
    for part in (ROLE, "cannot be assumed: ", "AccessDenied", "sts:AssumeRole", "trust policy"):
        assert part in str(raised.value)


def test_an_unknown_account_stops_the_run() -> None:
    with pytest.raises(StackError, match="the account of the credentials cannot be read, and 123456789012 is required"):
        identity.require_account(RefusingSts(), MINE)


class TestConfig:
    def test_settings_of_botocore_apply(self, account: None, created: list[dict[str, Any]]) -> None:
        clients(aws_config={"connect_timeout": 3, "proxies": {"https": "http://proxy:3128"}})("ec2").describe_vpcs()
        config = created[-1]["config"]
        assert (config.connect_timeout, config.read_timeout, config.proxies) == (3, 60, {"https": "http://proxy:3128"})

    def test_settings_of_botocore_do_not_repeat_a_creation(self, account: None, created: list[dict[str, Any]]) -> None:
        made = clients(aws_config={"retries": {"total_max_attempts": 9, "mode": "standard"}})
        made("ec2").describe_vpcs()
        made("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        assert [one["config"].retries["total_max_attempts"] for one in created] == [9, 1]

    def test_two_clients_of_a_service_make_all_of_its_calls(self, account: None, created: list[dict[str, Any]]) -> None:
        """One repeats a call that fails; one, for creations, does not."""
        made = clients()
        for block in ("10.0.0.0/16", "10.1.0.0/16"):
            made("ec2").describe_vpcs()
            made("ec2").create_vpc(CidrBlock=block)
        repeating, creating = (one["config"].retries for one in created)
        assert repeating["mode"] == "adaptive"
        assert creating["total_max_attempts"] == 1

    def test_an_unknown_setting_is_an_error(self) -> None:
        with pytest.raises(StackError, match=r"aws_config: botocore rejects it: .*conect_timeout"):
            clients(aws_config={"conect_timeout": 3})("ec2").describe_vpcs()

    def test_a_missing_bundle_is_an_error(self) -> None:
        with pytest.raises(StackError, match=r"aws_ca_bundle: /nonexistent/ca\.pem does not exist"):
            clients(aws_ca_bundle="/nonexistent/ca.pem")("ec2").describe_vpcs()

    @pytest.mark.parametrize(("validate", "uses_bundle"), [(True, True), (False, False)])
    def test_a_bundle_is_used_unless_certificates_are_not_validated(
        self, account: None, created: list[dict[str, Any]], tmp_path: Path, validate: bool, uses_bundle: bool
    ) -> None:
        bundle = tmp_path / "ca.pem"
        bundle.touch()
        clients(aws_ca_bundle=str(bundle), validate_certs=validate)("ec2").describe_vpcs()
        assert created[-1]["verify"] == (str(bundle) if uses_bundle else False)
