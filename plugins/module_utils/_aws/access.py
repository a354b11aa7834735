# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check before the first call of a run what would make every call fail, as far as this machine knows.

Each error says what is wrong, which setting has it, and what to do.
"""

from __future__ import annotations

import os
import re

from .errors import StackError, describe_error, join_sentences
from .options import ENDPOINT, Connection
from .sdk import BotoCoreError, PartialCredentialsError, ProfileNotFound, Session
from .similar_names import find_similar_names, suggest

REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
UNTOUCHED = "Nothing was read or changed"
# The sources of credentials (`Credentials.method` of botocore), as its documentation names them.
SOURCES = {
    "explicit": "the options access_key and secret_key",
    "env": "the environment (AWS_ACCESS_KEY_ID)",
    "shared-credentials-file": "the shared credentials file",
    "config-file": "the AWS configuration file",
    "assume-role": "a role that the profile assumes",
    "assume-role-with-web-identity": "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE)",
    "sso": "IAM Identity Center",
    "login": "aws login",
    "custom-process": "the credential_process of the profile",
    "iam-role": "the role of this machine",
    "container-role": "the role of this container",
}


def check_access(connection: Connection, session: Session, region: str) -> None:
    """Raise `StackError` for a setting with which no call of the connection can succeed."""
    check_profile(connection, session)
    check_region_name(region)
    check_endpoint(connection)
    check_bundle(connection, session)
    _check_credentials(connection, session)


def find_profile(connection: Connection) -> tuple[str | None, str]:
    """The profile of the run, and the setting that names it."""
    if connection.profile:
        return connection.profile, "the option profile"
    for variable in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        if os.environ.get(variable):
            return os.environ[variable], f"{variable} in the environment"
    return None, ""


def check_profile(connection: Connection, session: Session) -> None:
    """Raise `StackError` for a profile that no configuration file has."""
    name, source = find_profile(connection)
    files = " or ".join(str(session.get_config_variable(key)) for key in ("config_file", "credentials_file"))
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        known = _known_profiles(session)
        problem = f'profile: there is no profile "{name}" in {files}, and {source} names it'
        advice = f"Correct the name, or add the profile with aws configure --profile {name}"
        raise StackError(join_sentences(f"{problem}; {suggest(str(name), known)}", UNTOUCHED, advice)) from error
    except BotoCoreError as error:
        raise StackError(f"the AWS configuration cannot be read: {error}. {UNTOUCHED}. Correct the file") from error


def _known_profiles(session: Session) -> list[str]:
    try:
        return sorted(session.available_profiles)
    except BotoCoreError:
        return []


def check_region_name(region: str) -> None:
    """Raise `StackError` for a text that cannot be a region."""
    if not REGION.fullmatch(region):
        raise StackError(f'region: "{region}" is not the name of a region. {UNTOUCHED}. Write one like eu-central-1')


def list_known_regions(session: Session) -> list[str]:
    """The regions in botocore's own list, which lacks newer regions."""
    partitions = session.get_available_partitions()
    return [region for partition in partitions for region in session.get_available_regions("sts", partition)]


def explain_unknown_region(session: Session, region: str) -> StackError:
    """The error about a region that botocore does not know and that does not answer."""
    similar = find_similar_names(region, list_known_regions(session))
    hint = f' (did you mean "{similar[0]}"?)' if similar else ""
    return StackError(
        f'region: there is no region "{region}"{hint}: nothing answers at its address. {UNTOUCHED}. Correct `region` '
        "of the topology, or the option that names it"
    )


def check_endpoint(connection: Connection) -> None:
    """Raise `StackError` where the environment has an endpoint that is not an address. That of an option is checked."""
    address = None if connection.endpoint_url else os.environ.get("AWS_ENDPOINT_URL")
    if address and not ENDPOINT.fullmatch(address):
        raise StackError(
            f'endpoint_url: "{address}" is not an address, and AWS_ENDPOINT_URL in the environment has it. '
            f"{UNTOUCHED}. Write one like https://localhost:4566, or leave it out for AWS's own"
        )


def check_bundle(connection: Connection, session: Session) -> None:
    """Raise `StackError` for a file of certificate authorities that does not exist or has none."""
    if not connection.validate_certs:
        return
    bundle, name = connection.aws_ca_bundle, "the option aws_ca_bundle"
    if bundle is None:
        configured = session.get_config_variable("ca_bundle")
        if not configured:
            return
        in_environment = bool(os.environ.get("AWS_CA_BUNDLE"))
        bundle = os.path.expanduser(str(configured))
        name = "AWS_CA_BUNDLE in the environment" if in_environment else "ca_bundle of the AWS configuration file"
    problem = _find_bundle_problem(bundle)
    if problem:
        raise StackError(
            f"aws_ca_bundle: {bundle} {problem} on the machine that runs the module, and {name} names it. {UNTOUCHED}. "
            "Name a file of certificates in PEM form"
        )


def _find_bundle_problem(path: str) -> str | None:
    if not os.path.exists(path):
        return "does not exist"
    if not os.path.isfile(path):
        return "is not a file"
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return None if "-----BEGIN " in file.read() else "has no certificate in PEM form"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _check_credentials(connection: Connection, session: Session) -> None:
    """Find the credentials, and renew those that expire: files and programs that give them may fail."""
    if connection.access_key or connection.secret_key:
        missing = [key for key in ("access_key", "secret_key") if not getattr(connection, key)]
        if missing:
            raise StackError(
                f"{missing[0]}: missing, and the other key is given. {UNTOUCHED}. Give both, or neither and a profile"
            )
        return
    name, source = find_profile(connection)
    profile = f' of the profile "{name}" ({source})' if name else ""
    try:
        credentials = session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()
    except PartialCredentialsError as error:
        raise StackError(
            f"no AWS credentials{profile}: {error}. {UNTOUCHED}. Give the access key and the secret key"
        ) from error
    except BotoCoreError as error:
        again = f"Log in again (aws sso login{f' --profile {name}' if name else ''}), or correct the profile"
        raise StackError(
            f"no AWS credentials{profile}: {describe_error(error).rstrip('.')}. {UNTOUCHED}. {again}"
        ) from error
    if credentials is None:
        problem = f'the profile "{name}" ({source}) has none' if name else "none were found"
        raise StackError(
            f"no AWS credentials: {problem}. {UNTOUCHED}. Set access_key and secret_key, a profile, or botocore's "
            "variables (AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
        )


def describe_credentials(connection: Connection, session: Session) -> str:
    """The source of the credentials of a run, for an error about them."""
    name, source = find_profile(connection)
    if connection.access_key:
        return SOURCES["explicit"]
    try:
        credentials = session.get_credentials()
    except BotoCoreError:
        return "botocore's configuration"
    method = str(getattr(credentials, "method", "")) if credentials is not None else ""
    origin = SOURCES.get(method, method or "botocore's configuration")
    return f'{origin}, profile "{name}" by {source}' if name and method != "env" else origin
