# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in plain configuration: by the names of variables, and by what values look like. No message repeats a value.

docs/validate.md has the rules in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .kinds import Place
from .view import Document, machine_groups, services

Finding = tuple[Place, str]

# Names of variables that hold secrets, in capitals.
SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY"
    r"|(?:^|_)(?:PASS|PWD|PW|KEY|SALT|PEPPER)(?:_?\d+)?$"
    r"|(?<!BY)(?<!COM)(?<!TRES)(?<!SUR)PASS$|(?<!OLD)PWD$"
)
# Names that only tell something of a secret, or of a key that is none.
ABOUT_A_SECRET = re.compile(
    r"_(?:FILE|PATH|DIR|NAME|ARN|TTL|AGE|LENGTH|EXPIRY|EXPIRES|EXPIRATION|SECONDS|MINUTES|HOURS|DAYS|ENABLED|REQUIRED"
    r"|ALGORITHM|ID|IDS|URL|URI|HOST|PORT|HEADER|PREFIX|SUFFIX|TYPE|VERSION|FORMAT|COUNT|LIMIT|TIMEOUT|LIFETIME|FIELD"
    r"|COOKIE|ISSUER|AUDIENCE|SCOPE|SCOPES|ENDPOINT|POLICY|PROVIDER|BACKEND|MANAGER|STORE|ROTATION|SIZE|MIN|MAX|USER)$"
    r"|(?:^|_)(?:PUBLIC|PUBLISHABLE)(?:_?KEY$|_.*_KEY$)"
    r"|(?:^|_)(?:CACHE|SORT|PRIMARY|FOREIGN|PARTITION|HASH|RANGE|GROUP|ORDER|INDEX|ROUTING|IDEMPOTENCY|SITE|MAP|HOT|OBJECT)_KEY$"
    r"|(?:^|_)(?:MAX|MIN|NUM|MAX_NEW)_TOKENS$"
)
# Values that are no secret whatever the name: nothing, a truth value, a path, a small number of something.
HARMLESS_VALUE = re.compile(
    r"|true|false|yes|no|on|off|none|null|[0-9]{1,3}|(?:file:/*)?[.~]{0,2}(?:/[\w.@-]{1,30})+/?", re.IGNORECASE
)
# A value that stands for one which is put in later.
PLACEHOLDER = r"\$\{?[A-Za-z_(]|\{\{|<[A-Za-z _-]+>|%\(?[A-Za-z]|\*{3}"

# Values that are secrets whatever the name. Formats as their issuers document them.
TOKENS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}|\bgl(?:dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\bhooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]+"
    r"|\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}"
    r"|\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{32,}"
    r"|\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bkey-[0-9a-f]{32}\b"
    r"|\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[A-Za-z0-9_-]{20,}|\bdckr_pat_[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}"
    r"|\bdop_v1_[0-9a-f]{64}|\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|\bhvs\.[A-Za-z0-9_-]{20,}|\blin_api_[A-Za-z0-9]{30,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
)
# A password in a URL, in the keywords of libpq and ODBC, or a token in a query.
URL_PASSWORD = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*://[^/@:\s'\"]*:(?!(?:{PLACEHOLDER})|@)[^/@\s'\"]+@")
KEYWORD_PASSWORD = re.compile(
    rf"(?:^|[\s;?&'\"])(?:password|passwd|pwd|access_token|private_token|auth_token|api_key|apikey|accountkey|sharedaccesskey|sig)"
    rf"\s*=\s*['\"]?(?!(?:{PLACEHOLDER}))[^\s;&'\"]+",
    re.IGNORECASE,
)
# A user of a git address that is a token: addresses of git have short ones, if any.
USER_TOKEN = re.compile(rf"://(?!(?:{PLACEHOLDER}))[A-Za-z0-9_.-]{{20,}}@")
ASSIGNMENT = re.compile(r"(?:^|[\s;&|(])([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s;&|)]*)")
OPTION = re.compile(
    rf"(?:^|\s)--?(?:password|passwd|token|secret|api-?key|auth-token|access-key|secret-key)(?:=|\s+)['\"]?"
    rf"(?!(?:{PLACEHOLDER})|-)[^\s'\"]+",
    re.IGNORECASE,
)


def names_a_secret(name: str, value: str) -> bool:
    """Whether a variable of this name, with this value, holds a secret."""
    upper = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
    if not SECRET_NAME.search(upper) or ABOUT_A_SECRET.search(upper):
        return False
    return not HARMLESS_VALUE.fullmatch(value.strip()) and not re.match(PLACEHOLDER, value.strip())


def is_a_secret(value: str) -> bool:
    """Whether a value is a secret by what it looks like."""
    return any(pattern.search(value) for pattern in (TOKENS, URL_PASSWORD, KEYWORD_PASSWORD))


def command_has_a_secret(command: str) -> bool:
    """Whether a command line has a secret in it: as it is, in a variable that it sets, or after an option."""
    if is_a_secret(command) or OPTION.search(command):
        return True
    return any(names_a_secret(name, value.strip("\"'")) for name, value in ASSIGNMENT.findall(command))


def environment_holds_no_secret(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for key, value in service["environment"].items():
            if names_a_secret(key, value) or is_a_secret(value):
                yield (
                    ("services", name, "environment", key),
                    (
                        "looks like a secret, which does not belong in a document "
                        f"(put it in app_secrets.{name}.{key}, in a vault)"
                    ),
                )


def sources_and_commands_hold_no_secret(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        git = (service["source"] or {}).get("git") or ""
        if is_a_secret(git) or USER_TOKEN.search(git):
            text = "has a password or token, which does not belong in a document"
            yield (
                ("services", name, "source", "git"),
                f"{text} (take it out: use a deploy key, or a credential helper of git on the controller)",
            )
        for key in ("build", "migrate"):
            if command_has_a_secret(service[key] or ""):
                text = "has a password or token, which does not belong in a document"
                yield (
                    ("services", name, key),
                    f"{text} (put it in app_secrets.{name} in a vault, and use the variable: $NAME)",
                )


def other_texts_hold_no_secret(document: Document) -> Iterator[Finding]:
    for key, value in document["tags"].items():
        if names_a_secret(key, value) or is_a_secret(value):
            yield ("tags", key), "looks like a secret, and everybody who may list resources reads tags (remove it)"
    for group, machines in machine_groups(document).items():
        text = machines["user_data"] or ""
        if is_a_secret(text):
            place = ("instances", group) if group in document["instances"] else ("services", group, "instances")
            yield (
                (*place, "user_data"),
                "has a password or token, and every process of the instance can read it (fetch it at boot instead)",
            )


SECRET_RULES = (environment_holds_no_secret, sources_and_commands_hold_no_secret, other_texts_hold_no_secret)
