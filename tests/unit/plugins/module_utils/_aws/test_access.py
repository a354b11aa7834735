# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps every call of a run from working is one error before the first of them, with its source and its fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as botocore
from botocore.session import Session

from ansible_collections.groundwork.aws.plugins.module_utils._aws import access, errors
from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection

from .test_client import Service, client, refusal

KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": "secret"}
UNTOUCHED = "Nothing was read or changed"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with two profiles and nothing else."""
    for name in (
        *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_CA_BUNDLE", "AWS_REGION", "AWS_DEFAULT_REGION"),
    ):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text(
        "[profile shop]\naws_access_key_id = AKIA\naws_secret_access_key = s\n[profile empty]\nregion = eu-central-1\n"
        "[profile half]\naws_access_key_id = AKIA\n[profile login]\nsso_session = x\nsso_account_id = 1\n"
        "sso_role_name = r\n[sso-session x]\nsso_region = eu-central-1\nsso_start_url = https://sso.example\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def refused(region: str = "eu-central-1", **options: Any) -> str:
    with pytest.raises(StackError) as raised:
        Clients(Connection.of(options), region).check_caller()
    return str(raised.value)


def test_usable_settings_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    Clients(Connection.of(KEYS), "us-gov-west-1").check_caller()
    Clients(Connection.of({"profile": "shop"}), "eu-central-1").check_caller()
    monkeypatch.setenv("AWS_PROFILE", "shop")
    Clients(Connection.of({}), "eu-central-1").check_caller()


@pytest.mark.parametrize("variable", [None, "AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_an_unknown_profile_is_named_with_its_source(
    variable: str | None, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv(variable, "shpo")
    text = refused(**({} if variable else {"profile": "shpo"}))
    assert text.startswith(
        f'profile: there is no profile "shpo" in {machine / "config"} or {machine / "credentials"}, '
    )
    assert f"and {f'{variable} in the environment' if variable else 'the option profile'} names it" in text
    assert (
        f'did you mean "shop"? {UNTOUCHED}. Correct the name, or add the profile with aws configure --profile shpo'
        in text
    )


def test_an_unknown_profile_of_the_environment_is_rejected_with_keys_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    assert "known here: empty, half, login, shop. " in refused(**KEYS)


def test_without_profiles_the_error_names_none(machine: Path) -> None:
    (machine / "config").unlink()
    assert "names it; there is none yet. " in refused(profile="shop")


def test_an_unreadable_configuration_is_an_error(machine: Path) -> None:
    (machine / "config").write_text("aws_access_key_id = x\n", encoding="utf-8")
    text = refused(profile="shop")
    assert text.startswith("the AWS configuration cannot be read: ")
    assert UNTOUCHED in text


@pytest.mark.parametrize("region", ["us_east_1", "EU-CENTRAL-1", "frankfurt", "eu-central-1a", ""])
def test_an_invalid_region_is_an_error(region: str) -> None:
    assert refused(region, **KEYS).startswith(f'region: "{region}" is not the name of a region. {UNTOUCHED}. Write one')


def test_an_unknown_region_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    asked: list[str] = []

    class Sts:
        def __init__(self, failure: Exception | None) -> None:
            self.failure = failure

        def get_caller_identity(self) -> dict[str, str]:
            asked.append("sts")
            if self.failure:
                raise self.failure
            return {}

    down = botocore.EndpointConnectionError(endpoint_url="https://sts.eu-centrl-1.amazonaws.com")
    for failure in (None, refusal("AccessDenied")):
        monkeypatch.setattr(Clients, "_create", lambda *_given, failure=failure: Sts(failure))
        Clients(Connection.of(KEYS), "eu-new-7").check_caller()
    monkeypatch.setattr(Clients, "_create", lambda *_given: Sts(down))
    text = refused("eu-centrl-1", **KEYS)
    assert text.startswith('region: there is no region "eu-centrl-1" (did you mean "eu-central-1"?): nothing answers')
    assert len(asked) == 3
    Clients(Connection.of(KEYS), "eu-central-1").check_caller()
    assert len(asked) == 3


@pytest.mark.parametrize("address", ["localhost:4566", "http://", "ftp://x", "x y"])
@pytest.mark.parametrize("in_environment", [True, False])
def test_an_invalid_endpoint_is_an_error(address: str, in_environment: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_environment:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    text = refused(**KEYS, **({} if in_environment else {"endpoint_url": address}))
    assert text.startswith(f'endpoint_url: "{address}" is not an address')
    assert UNTOUCHED in text
    assert ("AWS_ENDPOINT_URL in the environment" in text) == in_environment


@pytest.mark.parametrize("where", ["option", "environment", "profile"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "does not exist"), ("x", "has no certificate in PEM form"), ("", "has no certificate")],
)
def test_an_unusable_bundle_is_an_error(
    where: str, content: str | None, problem: str, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = machine / "ca.pem"
    if content is not None:
        bundle.write_text(content, encoding="utf-8")
    options: dict[str, Any] = {"profile": "shop"}
    if where == "option":
        options["aws_ca_bundle"] = str(bundle)
    elif where == "environment":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    else:
        config = machine / "config"
        config.write_text(config.read_text().replace("[profile shop]\n", f"[profile shop]\nca_bundle = {bundle}\n"))
    text = refused(**options)
    assert text.startswith(f"aws_ca_bundle: {bundle} {problem}")
    names = {"option": "the option", "environment": "AWS_CA_BUNDLE in the env", "profile": "ca_bundle of the AWS conf"}
    assert f"and {names[where]}" in text
    assert UNTOUCHED in text
    Clients(Connection.of({**options, "validate_certs": False}), "eu-central-1").check_caller()


def test_a_directory_as_a_bundle_is_an_error(machine: Path) -> None:
    assert f"aws_ca_bundle: {machine} is not a file" in refused(**KEYS, aws_ca_bundle=str(machine))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "no AWS credentials: none were found"),
        ({"profile": "empty"}, 'no AWS credentials: the profile "empty" (the option profile) has none'),
        ({"profile": "half"}, 'no AWS credentials of the profile "half" (the option profile): Partial credentials'),
        ({"profile": "login"}, 'no AWS credentials of the profile "login" (the option profile): Error'),
        ({"access_key": "AKIA"}, "secret_key: missing, and the other key is given"),
        ({"secret_key": "hunter2"}, "access_key: missing, and the other key is given"),
    ],
)
def test_missing_credentials(options: dict[str, str], text: str) -> None:
    found = refused(**options)
    assert found.startswith(text)
    assert UNTOUCHED in found
    assert "hunter2" not in found


@pytest.mark.parametrize(
    "arn",
    [
        *("deploy", "role/deploy", "arn:aws:iam::12:role/deploy", "arn:aws:iam::123456789012:user/me"),
        *("arn:aws:sts::123456789012:assumed-role/deploy/me", "arn:aws:iam::123456789012:role/", "arn:aws:iam::x"),
    ],
)
def test_an_invalid_role_arn_is_an_error(arn: str) -> None:
    with pytest.raises(StackError) as raised:
        Connection.of({**KEYS, "assume_role_arn": arn})
    assert str(raised.value).startswith(
        f'assume_role_arn: "{arn}" is not the ARN of a role. {UNTOUCHED} (write one like'
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/deploy",
        "arn:aws-us-gov:iam::123456789012:role/team/a/deploy+x=y,z.@w-1",
        "arn:aws-cn:iam::123456789012:role/aws-service-role/x/y",
    ],
)
def test_arns_of_roles(arn: str) -> None:
    assert Connection.of({**KEYS, "assume_role_arn": arn}).assume_role_arn == arn


@pytest.mark.parametrize(
    ("options", "environment", "origin"),
    [
        (KEYS, {}, "the options access_key and secret_key"),
        ({}, {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}, "the environment (AWS_ACCESS_KEY_ID)"),
        ({"profile": "shop"}, {}, 'the AWS configuration file, profile "shop" by the option profile'),
        ({}, {"AWS_PROFILE": "shop"}, 'the AWS configuration file, profile "shop" by AWS_PROFILE in the environment'),
    ],
)
def test_the_source_of_credentials_is_described(
    options: dict[str, str], environment: dict[str, str], origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    connection = Connection.of(options)
    assert access.describe_credentials(connection, Session(profile=connection.profile)) == origin


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "RequestExpired"])
def test_rejected_credentials_are_an_error_with_their_source(code: str) -> None:
    made = client(Service(refusal(code, message="The token is too old.")))[0]
    made._describe_credentials = lambda: "the environment (AWS_ACCESS_KEY_ID)"
    with pytest.raises(botocore.ClientError) as raised:
        made.describe_vpcs()
    text = errors.describe_error(raised.value)
    assert text.startswith("AWS rejects the credentials from the environment (AWS_ACCESS_KEY_ID). CreateVpc: ")
    assert "enew the credentials" in text


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refusal("ExpiredToken"), True),
        (refusal("AuthFailure", message="AWS was not able to validate the provided access credentials"), True),
        (refusal("AuthFailure", message="The image is not yours"), False),
        (refusal("AccessDenied"), False),
        (refusal("Throttling"), False),
        (botocore.NoCredentialsError(), True),
        (botocore.ProfileNotFound(profile="x"), True),
        (botocore.EndpointConnectionError(endpoint_url="http://x"), True),
        (botocore.SSLError(endpoint_url="https://x", error="x"), True),
        (botocore.ReadTimeoutError(endpoint_url="http://x"), False),
    ],
)
def test_failures_that_affect_every_call(error: Exception, expected: bool) -> None:
    assert errors.is_of_every_call(error) is expected
