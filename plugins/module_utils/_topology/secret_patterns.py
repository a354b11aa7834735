# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What secrets look like, by the names of variables and by values, and how to hide them in messages.

docs/validate.md has the rules in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Names of variables that hold secrets, in capitals.
SECRET_NAME = re.compile(
    r"PASSWORD(?!LESS)|PASSWD|PASSPHRASE|SECRET(?!AR[IY])|TOKEN(?!I[SZ])|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY"
    r"|(?:^|_)(?:PASS|PWD|PW|KEY|SALT|PEPPER)(?:_?\d+)?$"
    r"|(?<!BY)(?<!COM)(?<!TRES)(?<!SUR)PASS$|(?<!OLD)PWD$"
)
# Names that only tell something of a secret, or of a key that is none.
ABOUT_A_SECRET = re.compile(
    r"_(?:FILE|PATH|DIR|NAME|ARN|TTL|AGE|LENGTH|EXPIRY|EXPIRES|EXPIRATION|SECONDS|MINUTES|HOURS|DAYS|ENABLED|REQUIRED"
    r"|ALGORITHM|ID|IDS|URL|URI|HOST|PORT|HEADER|PREFIX|SUFFIX|TYPE|VERSION|FORMAT|COUNT|LIMIT|TIMEOUT|LIFETIME|FIELD"
    r"|EXPIRES_(?:IN|AT|AFTER)|HASHERS?|VALIDATORS?|GENERATOR|MODE|STRATEGY|PATTERN|REGEX|ENCODING|DURATION|INTERVAL"
    r"|LEEWAY|ROUNDS|ITERATIONS|CLASS|MODULE|BUCKET|REGION|LOCATION|DISABLED"
    r"|COOKIE|ISSUER|AUDIENCE|SCOPE|SCOPES|ENDPOINT|POLICY|PROVIDER|BACKEND|MANAGER|STORE|ROTATION|SIZE|MIN|MAX|USER)$"
    r"|(?:^|_)(?:PUBLIC|PUBLISHABLE)(?:_?KEY$|_.*_KEY$)"
    r"|(?:^|_)(?:CACHE|SORT|PRIMARY|FOREIGN|PARTITION|HASH|RANGE|GROUP|ORDER|INDEX|ROUTING|IDEMPOTENCY|SITE|MAP|HOT|OBJECT"
    r"|I18_?N|L10_?N|TRANSLATION|LOCALE|LABEL|MESSAGE|CONTEXT|LOCK|DEDUPLICATION|METRIC|EVENT)_KEY$"
    r"|(?:^|_)(?:MAX|MIN|NUM|MAX_NEW)_TOKENS$"
)
# Values that are no secret whatever the name: nothing, a truth value, a path, a small number of something.
HARMLESS_VALUE = re.compile(
    r"|true|false|yes|no|on|off|none|null|[0-9]{1,3}|(?:file:/*)?[.~]{0,2}(?:/[\w.@-]{1,30})+/?", re.IGNORECASE
)
# Names of keys of objects in a store, which are paths there.
OBJECT_KEY = re.compile(r"(?:^|_)(?:S3|BUCKET|BLOB|FILE|STORAGE)_KEY$")
OBJECT_PATH = re.compile(r"(?![A-Za-z0-9/+=]{40}$)(?:[\w@=-][\w.@=-]*/)*[\w@=-][\w.@=-]*(?:/|\.\w{1,8})")
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
    rf"(?P<before>(?:^|[\s;?&'\"])(?:password|passwd|pwd|access_token|private_token|auth_token|api_key|apikey|accountkey"
    rf"|sharedaccesskey|sig)\s*=\s*['\"]?)(?!(?:{PLACEHOLDER})|(?:required|optional|missing|invalid|empty|null)\b)[^\s;&'\"]+",
    re.IGNORECASE,
)
# An address with a query: a whole one, or the path of one.
QUERY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:/+|(?:^|(?<=[\s'\"=]))/)[^\s'\"?]*\?[^\s'\"]*")
QUERY_PARAMETER = re.compile(r"([?&;])([\w.%-]+)=([^&;#]*)")
QUERY_SECRETS = re.compile(r"(?:.*[_-])?(?:TOKEN|SECRET|KEY|AUTH|AUTHORIZATION|SIG|SIGNATURE|CODE_VERIFIER)")
AUTHENTICATION_METHODS = re.compile(r"basic|bearer|digest|oauth2?|iam|scram|ldap|saml|oidc|default", re.IGNORECASE)
# The value of a header that lets a request in, and the user with password of curl.
HEADER = re.compile(
    rf"(?P<before>\b(?:(?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic|token|apikey)\s+"
    rf"|(?:x-api-key|api-key|private-token|job-token|x-auth-token|x-vault-token|x-access-token)\s*:\s*)['\"]?)"
    rf"(?!(?:{PLACEHOLDER})|[{{<])[^\s'\"]+",
    re.IGNORECASE,
)
CURL_USER = re.compile(
    rf"(?P<before>\bcurl\b[^;&|]*?\s(?:-u|--user|--proxy-user)[=\s]?['\"]?[^\s:'\"]+:)(?!(?:{PLACEHOLDER}))[^\s'\"]+"
)
# A user of a git address that is a token: addresses of git have short ones, if any.
USER_TOKEN = re.compile(rf"://(?!(?:{PLACEHOLDER}))[A-Za-z0-9_.-]{{20,}}@")
ASSIGNMENT = re.compile(r"(?:^|[\s;&|('\"])([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s;&|)]*)")
OPTION = re.compile(
    rf"(?P<before>(?:^|\s)--?(?:password|passwd|token|secret|api-?key|auth-token|access-key|secret-key)(?:=|\s+)['\"]?)"
    rf"(?!(?:{PLACEHOLDER})|-)[^\s'\"]+",
    re.IGNORECASE,
)


def names_a_secret(name: str, value: str) -> bool:
    """Whether a variable of this name, with this value, holds a secret."""
    upper = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
    if OBJECT_KEY.search(upper) and OBJECT_PATH.fullmatch(value.strip()):
        return False
    if not SECRET_NAME.search(upper) or ABOUT_A_SECRET.search(upper):
        return False
    return not HARMLESS_VALUE.fullmatch(value.strip()) and not re.match(PLACEHOLDER, value.strip())


def is_a_secret(value: str) -> bool:
    """Whether a value is a secret by what it looks like."""
    patterns = (TOKENS, URL_PASSWORD, KEYWORD_PASSWORD, HEADER)
    return any(pattern.search(value) for pattern in patterns) or any(_secrets_in_queries(value))


def _secrets_in_queries(text: str) -> Iterator[bool]:
    for address in QUERY.findall(text):
        for _sign, name, value in QUERY_PARAMETER.findall(address[address.index("?") :]):
            yield _is_secret_parameter(name, value)


def _is_secret_parameter(name: str, value: str) -> bool:
    """Whether a parameter of a query lets a request in. A key of something else is none, nor is a method."""
    upper = name.upper().replace("-", "_").replace(".", "_")
    if HARMLESS_VALUE.fullmatch(value) or re.match(PLACEHOLDER, value) or AUTHENTICATION_METHODS.fullmatch(value):
        return False
    return names_a_secret(upper, value) or (
        QUERY_SECRETS.fullmatch(upper) is not None and not ABOUT_A_SECRET.search(upper)
    )


def command_has_a_secret(command: str) -> bool:
    """Whether a command line has a secret in it: as it is, in a variable that it sets, or after an option."""
    if is_a_secret(command) or OPTION.search(command) or CURL_USER.search(command):
        return True
    return any(names_a_secret(name, value.strip("\"'")) for name, value in ASSIGNMENT.findall(command))


# The user and password of an address, also of one that is cut off before its end. A password may have @ and / in it.
CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/+)(?:[^\s'\"/@:]*:[^\s'\"]*@|(?!git@)[^\s'\"/@]+@)")
HIDDEN = "***"


def hide_secrets(text: str) -> str:
    """A text for a message, with asterisks in the place of what looks like a secret in it."""
    text = TOKENS.sub(HIDDEN, CREDENTIALS.sub(rf"\1{HIDDEN}@", text))
    for pattern in (KEYWORD_PASSWORD, HEADER, CURL_USER):
        text = pattern.sub(rf"\g<before>{HIDDEN}", text)
    text = QUERY.sub(lambda match: QUERY_PARAMETER.sub(_hide_parameter, match[0]), text)
    text = OPTION.sub(rf"\g<before>{HIDDEN}", text)
    return ASSIGNMENT.sub(_hide_assignment, text)


def _hide_parameter(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}={HIDDEN}" if _is_secret_parameter(match[2], match[3]) else match[0]


def _hide_assignment(match: re.Match[str]) -> str:
    if not names_a_secret(match[1], match[2].strip("\"'")):
        return match[0]
    return match[0][: match.start(2) - match.start()] + HIDDEN
