# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patterns of secrets in names and values of variables, and hiding secrets in messages.

docs/validate.md describes the rules.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

# The end of a name that counts versions of a secret.
VERSION = r"(?:_?V?\d+|_(?:OLD|NEW|CURRENT|PREVIOUS|NEXT|FALLBACK))$"
# Names of variables that hold secrets, in capitals.
SECRET_NAME = re.compile(
    r"PASSWORD(?!LESS)|PASSWD|PASSPHRASE|SECRET(?!AR[IY])|TOKEN(?!I[SZ])|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY"
    rf"|(?:MASTER|ENCRYPTION|SIGNING|FERNET|CIPHER|AUTH|SESSION)_?KEYS?(?:$|{VERSION})"
    rf"|(?:^|_)(?:PASS|PWD|PW|KEY|SALT|PEPPER)(?:$|{VERSION})"
    r"|^(?:REDIS|BASIC|HTTP_BASIC|NPM|REGISTRY|DOCKER|SMTP|PROXY)_AUTH$|(?:^|_)(?:OTP|TOTP|MFA|WALLET)_SEED$"
    r"|VAPID_PRIVATE|(?:STRIPE|SENDGRID|MAILGUN|TWILIO|PADDLE)_KEY_(?:LIVE|PROD|TEST)$"
    r"|(?:^|_)PASS_(?:PROD|PRODUCTION|STAGING|DEV|TEST)$"
    r"|(?<!BY)(?<!COM)(?<!TRES)(?<!SUR)PASS$|(?<!OLD)PWD$"
)
# Names that describe a secret, or a key that is no secret.
DESCRIBES_A_SECRET = re.compile(
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
# Values that are never a secret: empty text, a boolean, a path, a small number.
HARMLESS_VALUE = re.compile(
    r"|true|false|yes|no|on|off|none|null|[0-9]{1,3}|(?:file:/*)?[.~]{0,2}(?:/[\w.@-]{1,30})+/?", re.IGNORECASE
)
# Names of variables with the key of an object in a store, which is a path.
OBJECT_KEY = re.compile(r"(?:^|_)(?:S3|BUCKET|BLOB|FILE|STORAGE)_KEY$")
OBJECT_PATH = re.compile(r"(?![A-Za-z0-9/+=]{40}$)(?:[\w@=-][\w.@=-]*/)*[\w@=-][\w.@=-]*(?:/|\.\w{1,8})")
# A placeholder for a value that is inserted later.
PLACEHOLDER = r"\$\{?[A-Za-z_(]|\{\{|<[A-Za-z _-]+>|%\(?[A-Za-z]|\*{3}"

# Values that are always secrets, in the formats that their issuers document.
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
    r"|\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]+"  # -----BEGIN in base64
    r"|\b(?:discord|discordapp)\.com/api/webhooks/[0-9]+/[\w-]{20,}"
    r"|\b[\w-]+\.webhook\.office\.com/webhookb2/[\w@-]+/IncomingWebhook/[\w/-]+"
    r"|(?<![\w:])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![\w-])"  # Telegram
    r"|\bATATT[A-Za-z0-9_=-]{40,}|\bdapi[0-9a-f]{32}\b|\bglsa_[A-Za-z0-9]{20,}_[0-9a-fA-F]{8}\b"
    r"|\bNRAK-[A-Z0-9]{20,}\b|\bpscale_(?:pw|tkn|oauth)_[A-Za-z0-9_.=-]{20,}|\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}"
    r"|\bPMAK-[0-9a-f]{20,}-[0-9a-f]{20,}|\bSK[0-9a-f]{32}\b|\bsq0(?:csp|atp)-[\w-]{20,}|\bHRKU-[\w-]{30,}"
    r"|\bAGE-SECRET-KEY-1[0-9A-Za-z]+"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
)
# A private key as a whole: to its end, or to that of the text where the end is not there. The line ends do not matter.
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|-----BEGIN [A-Z ]*PRIV[A-Z ]*…?[\"']?\Z"  # cut off
    r"|\bPuTTY-User-Key-File-[0-9][\s\S]*|\bAGE-SECRET-KEY-1[0-9A-Za-z]+"
)
# A password in a URL, in the keywords of libpq and ODBC, or a token in a query.
URL_PASSWORD = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*://[^/@:\s'\"]*:(?!(?:{PLACEHOLDER})|@)[^/@\s'\"]+@")
KEYWORD_PASSWORD = re.compile(
    rf"(?P<before>(?:^|[\s;?&'\"])(?:password|passwd|pwd|access_token|private_token|auth_token|api_key|apikey|accountkey"
    rf"|sharedaccesskey|sig)\s*=\s*['\"]?)(?!(?:{PLACEHOLDER})|(?:required|optional|missing|invalid|empty|null)\b)[^\s;&'\"]+",
    re.IGNORECASE,
)
# A URL with a query, or its path.
QUERY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:/+|(?:^|(?<=[\s'\"=]))/)[^\s'\"?]*\?[^\s'\"]*")
QUERY_PARAMETER = re.compile(r"([?&;])([\w.%-]+)=([^&;#]*)")
QUERY_SECRETS = re.compile(r"(?:.*[_-])?(?:TOKEN|SECRET|KEY|AUTH|AUTHORIZATION|SIG|SIGNATURE|CODE_VERIFIER)")
AUTHENTICATION_METHODS = re.compile(r"basic|bearer|digest|oauth2?|iam|scram|ldap|saml|oidc|default", re.IGNORECASE)
# The value of a header that authenticates a request, and the user with password of curl.
HEADER = re.compile(
    rf"(?P<before>\b(?:(?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic|token|apikey)\s+"
    rf"|(?:x-api-key|api-key|private-token|job-token|x-auth-token|x-vault-token|x-access-token)\s*:\s*)['\"]?)"
    rf"(?!(?:{PLACEHOLDER})|[{{<])[^\s'\"]+",
    re.IGNORECASE,
)
CURL_USER = re.compile(
    rf"(?P<before>\bcurl\b[^;&|]*?\s(?:-u|--user|--proxy-user)[=\s]?['\"]?[^\s:'\"]+:)(?!(?:{PLACEHOLDER}))[^\s'\"]+"
)
# A token as the user of a git address: other users are short.
USER_TOKEN = re.compile(rf"://(?!(?:{PLACEHOLDER}))[A-Za-z0-9_.-]{{20,}}@")
ASSIGNMENT = re.compile(r"(?:^|[\s;&|('\"])([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s;&|)]*)")
OPTION = re.compile(
    rf"(?P<before>(?:^|[\s'\"])--?(?P<name>[A-Za-z][\w.-]*)(?:=|[ \t]+(?:\\\n\s*)?)['\"]?)"
    rf"(?!(?:{PLACEHOLDER})|[-`|<>&;\\])(?P<value>[^\s'\"]+)"
)
# Names of options that take a secret, in capitals. The option `--key` often takes a file or a column.
SECRET_OPTION = re.compile(
    r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|ACCOUNT_?KEY|MASTER_?KEY"
    r"|ENCRYPTION_?KEY|AUTH_?KEY|(?:^|_)(?:PASS|PWD|PW))$"
)
SWITCH = re.compile(
    r"(?:NO|SKIP|WITHOUT|DISABLE|ENABLE|ASK|PROMPT|ALLOW|REQUIRE|CHECK|USE|RESET|CHANGE|GENERATE|VERIFY)_"
)
KEY_FILE = re.compile(r"[\w./~-]+\.(?:pem|key|crt|cer|pub|json|ya?ml|txt|p12|jks)|(?:id|src|type|env)=.*")
# The short options with a password of some programs. mysql's -p has no space before it; 80:80 is a port of docker.
_ARGUMENTS = r"\s(?:[^;&|\n]{0,300}?\s)?"
SHORT_OPTION = re.compile(
    rf"(?P<before>(?:^|[\s;&|/(`])(?:(?:mysql\w*|mariadb[\w-]*){_ARGUMENTS}-p['\"]?(?!(?:[\d.]+:)+\d)"
    rf"|(?:docker|podman|nerdctl|buildah|skopeo|oras|crane|helm){_ARGUMENTS}login{_ARGUMENTS}-p[=\s]?['\"]?"
    rf"|sshpass{_ARGUMENTS}-p\s?['\"]?|redis-cli{_ARGUMENTS}-a\s+['\"]?|mongo\w*{_ARGUMENTS}-p\s+['\"]?))"
    rf"(?!(?:{PLACEHOLDER})|[-`\s'\"])[^\s'\"]+"
)
# A login of the MySQL driver of Go: user:password@tcp(host:port)/database.
GO_LOGIN = re.compile(
    rf"(?P<before>(?<![\w:/@-])[\w.+-]{{1,64}}:)(?!(?:{PLACEHOLDER}))[^\s'\"/@]{{1,256}}(?=@(?:tcp6?|unix)\([^\s()]*\)/)"
)
# A member of JSON with the name of a secret.
MEMBER = re.compile(
    r"(?P<before>[\"'](?P<name>[A-Za-z_][\w.-]*)[\"']\s*:\s*(?P<quote>[\"']))(?P<value>[^\"'\n]+)(?P=quote)"
)
# `Basic` with user and password in base64, and a token in the fragment of a URL.
BASIC = re.compile(r"(?P<before>\bbasic\s+)(?P<value>[A-Za-z0-9+/]{8,}={0,2})(?![\w+/=])", re.IGNORECASE)
FRAGMENT = re.compile(
    rf"(?P<before>://[^\s'\"#]*#(?:[^\s'\"]*&)?(?:access_token|id_token|refresh_token|token|api_key)=)(?!(?:{PLACEHOLDER}))"
    r"[^\s'\"&]+",
    re.IGNORECASE,
)
# Settings with secrets of npm, the AWS command line and openssl, the input of chpasswd, and arguments of Python.
SETTING = re.compile(
    rf"(?P<before>:_(?:authToken|auth|password)[ =]['\"]?|\baws\s+configure\s+set\s+(?:[\w.-]+\.)?"
    rf"(?:aws_secret_access_key|aws_session_token)\s+['\"]?|\s-pass(?:in|out)?\s+['\"]?pass:"
    rf"|\becho\s+(?:-[neE]+\s+)?['\"]?[\w.-]+:(?=[^\s'\"|]+['\"]?\s*\|\s*(?:sudo\s+)?(?:/usr/sbin/)?chpasswd\b))"
    rf"(?!(?:{PLACEHOLDER})|[-`|<>&;\\])[^\s'\"|;&]+"
)
ARGUMENT = re.compile(r"(?P<before>[(,]\s*(?P<name>[a-z_]{1,64})\s*=\s*(?P<quote>['\"]))(?P<value>[^'\"\n]+)(?P=quote)")
# The value of a header alone. Words follow it in a description, as in "Bearer authentication".
BEARER = re.compile(
    rf"(?P<before>\bbearer\s+)(?!(?:{PLACEHOLDER})|RFC)(?=[^\s'\"]*[0-9]|[^\s'\"]{{20}})[\w.~+/=-]{{6,}}", re.IGNORECASE
)
# An entry of a configuration in YAML, as cloud-init reads it.
ENTRY = re.compile(
    r"^[ \t]*(?:-[ \t]+)?['\"]?([A-Za-z_][\w.-]*)['\"]?:[ \t]+['\"]?([^\s'\"|>$&*!#][^\n'\"]*)", re.MULTILINE
)


def names_a_secret(name: str, value: str) -> bool:
    """Whether a variable of this name, with this value, holds a secret."""
    if OBJECT_KEY.search(_split_words(name)) and OBJECT_PATH.fullmatch(value.strip()):
        return False
    if not is_name_of_a_secret(name):
        return False
    return not HARMLESS_VALUE.fullmatch(value.strip()) and not re.match(PLACEHOLDER, value.strip())


def is_name_of_a_secret(name: str) -> bool:
    """Whether a variable or key of this name holds a secret, if its value can be one."""
    upper = _split_words(name)
    describes = any(map(DESCRIBES_A_SECRET.search, (upper, re.sub(VERSION, "", upper))))
    return SECRET_NAME.search(upper) is not None and not describes


def _split_words(name: str) -> str:
    """A name in capitals, with an underscore between words that are joined (``apiKey``)."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def is_a_secret(value: str) -> bool:
    """Whether a value has the form of a secret."""
    patterns = (TOKENS, PRIVATE_KEY, URL_PASSWORD, KEYWORD_PASSWORD, HEADER, BEARER, GO_LOGIN, FRAGMENT)
    if any(pattern.search(value) for pattern in patterns) or any(_find_query_secrets(value)):
        return True
    return any(map(_is_login, BASIC.finditer(value))) or any(map(_is_secret_member, MEMBER.finditer(value)))


def _is_login(match: re.Match[str]) -> bool:
    """Whether the text after `Basic` is a user and a password in base64."""
    try:
        return ":" in base64.b64decode(match["value"], validate=True).decode()
    except ValueError:
        return False


def _is_secret_member(match: re.Match[str]) -> bool:
    name = _normalize(match["name"])
    is_named = SECRET_OPTION.search(name) is not None and not SWITCH.match(name)
    return is_named and names_a_secret(name, match["value"]) and not KEY_FILE.fullmatch(match["value"])


def _find_query_secrets(text: str) -> Iterator[bool]:
    for address in QUERY.findall(text):
        for _sign, name, value in QUERY_PARAMETER.findall(address[address.index("?") :]):
            yield _is_secret_parameter(name, value)


def _is_secret_parameter(name: str, value: str) -> bool:
    """Whether a query parameter authenticates a request. Keys of other kinds and names of methods do not."""
    upper = name.upper().replace("-", "_").replace(".", "_")
    if HARMLESS_VALUE.fullmatch(value) or re.match(PLACEHOLDER, value) or AUTHENTICATION_METHODS.fullmatch(value):
        return False
    return names_a_secret(upper, value) or (
        QUERY_SECRETS.fullmatch(upper) is not None and not DESCRIBES_A_SECRET.search(upper)
    )


def command_has_a_secret(command: str) -> bool:
    """Whether a command line contains a secret: as a word, in a variable that it sets, or after an option."""
    if is_a_secret(command) or CURL_USER.search(command) or SHORT_OPTION.search(command):
        return True
    if SETTING.search(command) or any(map(_is_secret_member, ARGUMENT.finditer(command))):
        return True
    if any(map(_is_secret_option, OPTION.finditer(command))):
        return True
    return any(names_a_secret(name, value.strip("\"'")) for name, value in ASSIGNMENT.findall(command))


def options_have_a_secret(value: str) -> bool:
    """Whether a variable like ``JAVA_OPTS`` has options with a secret."""
    return any(map(_is_secret_option, OPTION.finditer(value)))


def arguments_have_a_secret(entry: str) -> bool:
    """Whether an entry like ``wsgi:make(password='…')`` passes a secret."""
    return any(map(_is_secret_member, ARGUMENT.finditer(entry)))


def line_of_source_has_a_secret(line: str) -> bool:
    """Whether a line of a file with requirements or settings of a package manager contains a login."""
    return any(pattern.search(line) for pattern in (TOKENS, URL_PASSWORD, USER_TOKEN, SETTING))


def user_data_has_a_secret(user_data: str) -> bool:
    """Whether a script or a configuration of cloud-init contains a secret."""
    return command_has_a_secret(user_data) or any(
        SECRET_OPTION.search(_normalize(name)) is not None and names_a_secret(_normalize(name), value)
        for name, value in ENTRY.findall(user_data)
    )


def _normalize(name: str) -> str:
    """The name of an option as the name of a variable."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(".", "_").upper()


def _is_secret_option(match: re.Match[str]) -> bool:
    """Whether the value of an option is a secret; after a space it may be an argument of its own."""
    name, value = _normalize(match["name"]), match["value"]
    if match["name"].startswith("D"):  # -Dname=value of Java
        name = name.removeprefix("D").lstrip("_")
    if SWITCH.match(name) or KEY_FILE.fullmatch(value) or HARMLESS_VALUE.fullmatch(value):
        return False
    return SECRET_OPTION.search(name) is not None and not DESCRIBES_A_SECRET.search(name)


# The user and password of an address, which may be cut off. A password may contain @ and /.
# A scheme begins where no other character of a scheme is before it, so that a long word is read once.
CREDENTIALS = re.compile(
    r"((?<![A-Za-z0-9+.-])[0-9+.-]*[A-Za-z][A-Za-z0-9+.-]*:/+)(?:[^\s'\"/@:]*:[^\s'\"]*@|(?!git@)[^\s'\"/@]+@)"
)
# The same without a scheme: user:password@host, where the host has a dot, or a port follows.
BARE_CREDENTIALS = re.compile(
    r"(?<![\w.:/@-])[\w.+-]{0,64}:[^\s'\"/@]{1,256}@(?=[\w-]+(?:\.[\w-]+)*(?:\.[A-Za-z]{2,}\b|:[0-9]+\b))"
)
HIDDEN = "***"


def hide_secrets(text: str) -> str:
    """A text for a message, with asterisks instead of its secrets."""
    text = PRIVATE_KEY.sub(HIDDEN, text)
    text = TOKENS.sub(HIDDEN, CREDENTIALS.sub(rf"\1{HIDDEN}@", text))
    text = BARE_CREDENTIALS.sub(f"{HIDDEN}@", text)
    for pattern in (MEMBER, ARGUMENT):
        text = pattern.sub(_hide_member, text)
    text = BASIC.sub(lambda match: f"{match['before']}{HIDDEN}" if _is_login(match) else match[0], text)
    for pattern in (KEYWORD_PASSWORD, HEADER, CURL_USER, SHORT_OPTION, BEARER, GO_LOGIN, FRAGMENT, SETTING):
        text = pattern.sub(rf"\g<before>{HIDDEN}", text)
    text = QUERY.sub(lambda match: QUERY_PARAMETER.sub(_hide_parameter, match[0]), text)
    text = OPTION.sub(_hide_option, text)
    return ASSIGNMENT.sub(_hide_assignment, text)


def _hide_parameter(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}={HIDDEN}" if _is_secret_parameter(match[2], match[3]) else match[0]


def _hide_member(match: re.Match[str]) -> str:
    return f"{match['before']}{HIDDEN}{match['quote']}" if _is_secret_member(match) else match[0]


def _hide_option(match: re.Match[str]) -> str:
    return f"{match['before']}{HIDDEN}" if _is_secret_option(match) else match[0]


def _hide_assignment(match: re.Match[str]) -> str:
    if not names_a_secret(match[1], match[2].strip("\"'")):
        return match[0]
    return match[0][: match.start(2) - match.start()] + HIDDEN
