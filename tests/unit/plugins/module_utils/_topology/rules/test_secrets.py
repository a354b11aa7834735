# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in plain configuration are found by name and by value; similar texts are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.documents import base_of, errors_of

from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.merge import merge
from ansible_collections.groundwork.aws.plugins.module_utils._topology.secret_patterns import (
    command_has_a_secret,
    hide_secrets,
    is_a_secret,
    names_a_secret,
    user_data_has_a_secret,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "DB_PASSWORD",
        "DB_PASS",
        "DBPASS",
        "MYSQL_PWD",
        "PGPASSWORD",
        "SMTP_PW",
        "ENCRYPTION_KEY",
        "STRIPE_KEY",
        "KEY",
        "KEY_2",
        "FERNET_KEY",
        "SECRET_KEY_BASE",
        "APIKEY",
        "API_TOKEN",
        "dbPassword",
        "sessionSecret",
        "HASH_SALT",
        "REPUBLIC_PASSWORD",
        "PASSWORD_HASH",
        "CREDENTIALS",
        "ENCRYPTION_KEY_V2",
        "ENCRYPTION_KEYS",
        "FERNET_KEYS",
        "MASTERKEY",
        "masterKey",
        "SIGNING_KEY_OLD",
        "STRIPE_KEY_PREVIOUS",
        *("REDIS_AUTH", "BASIC_AUTH", "OTP_SEED", "VAPID_PRIVATE", "VAPID_PRIVATE_KEY", "STRIPE_KEY_LIVE", "PASS_PROD"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert names_a_secret(name, "hunter2")


@pytest.mark.parametrize(
    "name",
    [
        "PUBLIC_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "NEXT_PUBLIC_STRIPE_KEY",
        "AWS_ACCESS_KEY_ID",
        "KMS_KEY_ID",
        "KEYBOARD",
        "KEYS",
        "MONKEY",
        "CACHE_KEY",
        "SORT_KEY",
        "COMPASS",
        "BYPASS",
        "PASSENGERS",
        "PASSWORD_FILE",
        "TOKEN_TTL",
        "TOKEN_URL",
        "SECRET_ARN",
        "MAX_TOKENS",
        "API_KEY_HEADER",
        "AUTHOR",
        "TOKENIZER",
        "TOKENIZERS_PARALLELISM",
        "TOKENISER_MODEL",
        "PASSWORD_HASHER",
        "JWT_TOKEN_EXPIRES_IN",
        "REFRESH_TOKEN_EXPIRES_AT",
        "PASSWORDLESS",
        "PASSWORDLESS_LOGIN",
        "I18N_KEY",
        "CREDENTIALS_MODE",
        "SECRETARY_EMAIL",
        "SECRETARIAT",
        "TOKEN_BUCKET",
        "PASSWORD_VALIDATORS",
        "ENCRYPTION_KEY_ID",
        "SIGNING_KEY_VERSION",
        "SESSION_KEY_PREFIX",
        "CACHE_KEY_V2",
        "SORT_KEYS",
        "SIGNING_KEY_ALIAS",
        *("AUTH_MODE", "REDIS_AUTH_MODE", "OAUTH", "DISABLE_AUTH", "RANDOM_SEED", "BOARDING_PASS_COUNT", "SEED"),
    ],
)
def test_names_that_are_not_secrets(name: str) -> None:
    assert not names_a_secret(name, "hunter2")


@pytest.mark.parametrize(
    "value",
    ["", "true", "False", "30", "/run/secrets/key.pem", "${DB_PASS}", "$DB_PASS", "{{ password }}", "<password>"],
)
def test_values_that_are_never_secrets(value: str) -> None:
    assert not names_a_secret("DB_PASS", value)


@pytest.mark.parametrize("value", ["uploads/logo.png", "logo.png", "a/b/", "exports/2024/orders.csv"])
def test_keys_of_objects_are_paths(value: str) -> None:
    assert not names_a_secret("S3_KEY", value)


@pytest.mark.parametrize("value", ["hunter2", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "a b"])
def test_keys_of_stores_are_secrets(value: str) -> None:
    assert names_a_secret("S3_KEY", value)


@pytest.mark.parametrize(
    "value",
    [
        "postgres://shop:hunter2@db.example.org/shop",
        "redis://:hunter2@cache.example.org:6379/0",
        "see mysql+pymysql://u:p@h/x for it",
        "host=db user=shop password=hunter2",
        "Server=db;User Id=shop;Password=hunter2;",
        "https://api.example.org/?access_token=hunter2",
        "https://api.example.org/?token=hunter2",
        "https://api.example.org/?a=1&secret=hunter2",
        "https://api.example.org/?key=hunter2&b=2",
        "https://api.example.org/x?auth=hunter2",
        "https://bucket.example.org/x?X-Amz-Date=1&X-Amz-Signature=0af3",
        "https://api.example.org/?client_secret=hunter2",
        "https://api.example.org/?api-key=hunter2",
        "/webhook?token=hunter2",
        "Authorization: Bearer hunter2",
        "authorization: basic aHVudGVyMg==",
        '{"Authorization": "Bearer hunter2"}',
        "Bearer hunter2",
        "bearer " + LETTERS[:26],
        "PRIVATE-TOKEN: hunter2",
        "AKIA" + "ABCDEFGH" * 2,
        "ghp_" + LETTERS[:36],
        "github_pat_" + LETTERS[:40],
        "glpat-" + LETTERS[:20],
        "xoxb-" + LETTERS[:24],
        "sk_live_" + LETTERS[:24],
        "sk-proj-" + LETTERS[:40],
        "AIza" + LETTERS[:35],
        "SG." + LETTERS[:22] + "." + LETTERS[:43],
        "npm_" + LETTERS[:36],
        "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20],
        "-----BEGIN RSA PRIVATE KEY-----",
        "https://hooks.slack.com/services/T0000/B0000/" + LETTERS[:24],
        "u:hunter2@tcp(h:3306)/db",
        '{"user": "u", "password": "hunter2"}',
        '{"api_key":"hunter2"}',
        "Basic dTpodW50ZXIy",
        "https://h/#access_token=hunter2",
        "https://h/x#state=1&access_token=hunter2",
        "AGE-SECRET-KEY-1" + LETTERS.upper()[:30],
        "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
        "https://discord.com/api/webhooks/123456/" + LETTERS[:30],
        "https://x.webhook.office.com/webhookb2/a-b@c-d/IncomingWebhook/" + LETTERS[:32] + "/a-b",
        "123456789:AA" + LETTERS[:33],
        "ATATT3x" + LETTERS,
        "dapi" + "0123abcd" * 4,
        "glsa_" + LETTERS[:32] + "_0123abcd",
        "NRAK-" + LETTERS.upper()[:27],
        "pscale_pw_" + LETTERS[:32],
        "dp.pt." + LETTERS[:40],
        "PMAK-" + "0123abcd" * 3 + "-" + "0123abcd" * 4,
        "SK" + "0123abcd" * 4,
        "sq0csp-" + LETTERS[:40],
        "HRKU-" + LETTERS[:36],
    ],
)
def test_values_of_secrets(value: str) -> None:
    assert is_a_secret(value)


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:////var/lib/api/api.db",
        "http://127.0.0.1:5000",
        "https://example.org/@user:name",
        "postgres://shop@db.example.org/shop",
        "postgres://shop:${DB_PASS}@db.example.org/shop",
        "postgres://shop:$DB_PASS@db.example.org/shop",
        "https://key@o1.ingest.example.org/1",
        "ops@example.org",
        "12:30:00",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgM",
        "-----BEGIN PUBLIC KEY-----",
        "password policies apply",
        "password=required",
        "Login failed: password=missing",
        "https://example.org/?page=2&sort=name&key_id=7",
        "https://example.org/?public_key=abc",
        "https://example.org/?token=$TOKEN",
        "https://example.org/?token={{ token }}",
        "postgres://db.example.org/shop?sslmode=require&sslkey=/etc/key.pem",
        "https://example.org/?auth=basic",
        "https://example.org/?keyword=shoes&author=me",
        "/search?q=key",
        "Bearer $TOKEN1",
        "Bearer ${TOKEN1}",
        "Bearer authentication",
        "as in Bearer RFC6750",
        "the bearer of this",
        "Authorization: Bearer $TOKEN",
        "Authorization: Bearer ${TOKEN}",
        "X-Api-Key",
        "sk-learn",
        "a-rather-long-name-of-a-bucket-that-is-no-token-at-all",
        "u:$PASS@tcp(h:3306)/db",
        "u@tcp(h:3306)/db",
        '{"user": "u", "password_file": "/run/x"}',
        '{"password": "$PASS", "token": ""}',
        '{"message": "password"}',
        "Basic authentication",
        "Basic training",
        "https://h/#section",
        "https://h/#access_token=$TOKEN",
        "https://discord.com/api/webhooks/",
        "SKU0123",
        "dapi",
        "12345:AA",
        "LS0tLS1",
    ],
)
def test_values_that_are_not_secrets(value: str) -> None:
    assert not is_a_secret(value)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("flask db upgrade", False),
        ("DB_PASS=hunter2 flask db upgrade", True),
        ("DB_PASS=$DB_PASS flask db upgrade", False),
        ("export API_TOKEN='abc'; npm run build", True),
        ("NODE_ENV=production npm run build", False),
        ("mysql --password=hunter2 shop", True),
        ("mysql --password $MYSQL_PWD shop", False),
        ("vault login --token hunter2", True),
        ("deploy --token-file /run/token", False),
        ("npm config set //npm.example.test/:_authToken=npm_" + LETTERS[:36], True),
        ("git clone https://x:hunter2@git.example/shop.git", True),
        ("python manage.py migrate --skip-checks", False),
        ("curl -H 'Authorization: Bearer hunter2' https://x.example", True),
        ('curl -H "Authorization: Basic aHVudGVyMg==" https://x.example', True),
        ('curl -H "Authorization: Bearer $TOKEN" https://x.example', False),
        ("curl -u me:hunter2 https://x.example", True),
        ("curl -u me:$PASS https://x.example", False),
        ("docker run -u 1000:1000 x", False),
        ("wget https://x.example/a.whl?token=hunter2", True),
        ("x --access-token=hunter2", True),
        ("x --access-token=$TOKEN", False),
        ("x --client-secret hunter2", True),
        ("x --client-secret \\\n hunter2", True),
        ("x --api_key=hunter2", True),
        ("x --apiKey hunter2", True),
        ("x --pass hunter2", True),
        ("x --db.password=hunter2", True),
        ("java -Dpassword=hunter2 -jar x", True),
        ("java -Dspring.datasource.password='hunter2' -jar x", True),
        ("java -Ddb.user=shop -jar x", False),
        ("mysql -phunter2 shop", True),
        ("mysql -u root -p'hunter2' shop", True),
        ('mysqldump -u root -p"hunter2" shop', True),
        ("mysql -p shop", False),
        ('mysql -u root -p"$PASS" shop', False),
        ("mysql --protocol=tcp shop", False),
        ("docker run --name mysql -p3306:3306 x", False),
        ("docker login -p hunter2 registry.example", True),
        ("docker login -u me -phunter2 registry.example", True),
        ("docker login -p $PASS registry.example", False),
        ("docker login -u me --password-stdin registry.example", False),
        ("docker build --secret id=npmrc,src=.npmrc .", False),
        ("docker run -p 80:80 x", False),
        ("sshpass -p hunter2 ssh x", True),
        ("redis-cli -a hunter2 ping", True),
        ("mkdir -p build/static && cp -a x y", False),
        ("sort --key=2,2n x", False),
        ("x --private-key server.pem", False),
        ("x --token-ttl=3600", False),
        ("x --max-tokens=4096", False),
        ("x --no-password shop", False),
        ("x --use-token-auth shop", False),
        ("npm run build -- --tokenizer bert-base", False),
        ("npm config set //npm.example.test/:_authToken=hunter2", True),
        ("npm config set //npm.example.test/:_authToken=$TOKEN", False),
        ("npm config set //npm.example.test/:_authToken ${TOKEN}", False),
        ("aws configure set aws_secret_access_key hunter2", True),
        ("aws configure set aws_secret_access_key $KEY", False),
        ("aws configure set region us-east-1", False),
        ("openssl rsa -in a.pem -passin pass:hunter2", True),
        ("openssl rsa -in a.pem -passin env:PASS", False),
        ("openssl rsa -in a.pem -passin pass:$PASS", False),
        ("echo user:hunter2 | chpasswd", True),
        ("echo 'user:hunter2' | sudo chpasswd", True),
        ("echo user:$PASS | chpasswd", False),
        ("echo a:b | sort", False),
        ("python -c \"connect(user='u', password='hunter2')\"", True),
        ("python -c \"connect(user='u', secret_key='hunter2')\"", True),
        ("python -c \"connect(password_file='x', name='key')\"", False),
        ('curl -d \'{"password": "hunter2"}\' https://x.example', True),
        ('curl -d \'{"name": "x"}\' https://x.example', False),
    ],
)
def test_commands(command: str, expected: bool) -> None:
    assert command_has_a_secret(command) is expected
    assert user_data_has_a_secret(f"#!/bin/sh\n{command}\n") is expected
    hidden = hide_secrets(command)
    assert "hunter2" not in hidden if expected else hidden == command


@pytest.mark.parametrize(
    ("user_data", "expected"),
    [
        ("#!/bin/sh\nexport DB_PASSWORD=hunter2\n", True),
        ("#!/bin/sh\nexport DB_PASSWORD=$(aws ssm get-parameter)\n", False),
        ("#!/bin/sh\nexport NODE_ENV=production\n", False),
        ("#!/bin/sh\nx --token\nservice start\n", False),
        ("#cloud-config\npassword: hunter2\n", True),
        ("#cloud-config\nusers:\n  - name: me\n    lock_passwd: true\n    ssh_pwauth: false\n", False),
        ("#cloud-config\napt:\n  sources:\n    x: {source: y}\n    key: |\n      abc\n", False),
    ],
)
def test_user_data(user_data: str, expected: bool) -> None:
    assert user_data_has_a_secret(user_data) is expected


SECRET = "ghp_" + LETTERS[:36]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"services": {"api": {"environment": {"GREETING": SECRET}}}}, "services.api.environment.GREETING"),
        ({"services": {"api": {"environment": {"DB_PASS": SECRET}}}}, "services.api.environment.DB_PASS"),
        ({"services": {"api": {"build": f"curl -H {SECRET} x"}}}, "services.api.build"),
        ({"services": {"api": {"migrate": f"API_TOKEN={SECRET} x"}}}, "services.api.migrate"),
        ({"services": {"api": {"source": {"git": f"https://{SECRET}@git.example/x"}}}}, "services.api.source.git"),
        ({"services": {"api": {"source": {"git": f"https://me:{SECRET}@git.example/x"}}}}, "services.api.source.git"),
        ({"services": {"api": {"source": {"git": f"https://{LETTERS}@git.example/x"}}}}, "services.api.source.git"),
        ({"services": {"api": {"source": {"git": f"https://git.example/?key={LETTERS}"}}}}, "services.api.source.git"),
        ({"services": {"api": {"source": {"ref": SECRET}}}}, "services.api.source.ref"),
        ({"services": {"api": {"entry": f"wsgi:make('{SECRET}')"}}}, "services.api.entry"),
        ({"services": {"api": {"health": {"path": f"/health?token={LETTERS}"}}}}, "services.api.health.path"),
        ({"services": {"api": {"health": {"path": f"/{SECRET}"}}}}, "services.api.health.path"),
        ({"secrets": {"jwt": {"description": f"was {SECRET}"}}}, "secrets.jwt.description"),
        (
            {"databases": {"main": {"engine": "mysql", "subnets": "private", "parameters": {"init_connect": SECRET}}}},
            "databases.main.parameters.init_connect",
        ),
        ({"services": {"api": {"build": f"curl -H 'Authorization: Bearer {LETTERS}' x"}}}, "services.api.build"),
        (
            {"services": {"api": {"environment": {"H": f"Authorization: Basic {LETTERS}"}}}},
            "services.api.environment.H",
        ),
        (
            {"resources": {"security_group/x": {"vpc": {"ref": "vpc/main"}, "description": SECRET}}},
            "resources.security_group/x.description",
        ),
        ({"services": {"api": {"entry": f"wsgi:make(password='{LETTERS}')"}}}, "services.api.entry"),
        ({"services": {"api": {"entry": f'wsgi:make(1, secret_key="{LETTERS}")'}}}, "services.api.entry"),
        (
            {"instances": {"app": {"user_data": f'#!/bin/sh\ncat >x <<E\n{{"db_password": "{LETTERS}"}}\nE\n'}}},
            "instances.app.user_data",
        ),
        (
            {"resources": {"secret/x": {"generate": {"template": {"user": "u", "password": LETTERS}, "key": "salt"}}}},
            "resources.secret/x.generate.template.password",
        ),
        ({"tags": {"note": SECRET}}, "tags.note"),
        ({"instances": {"app": {"user_data": f"#!/bin/sh\necho {SECRET}"}}}, "instances.app.user_data"),
        ({"instances": {"app": {"user_data": f"#!/bin/sh\nexport DB_PASSWORD={LETTERS}"}}}, "instances.app.user_data"),
    ],
)
def test_every_text_is_checked_and_no_value_is_repeated(change: Any, key: str) -> None:
    (error,) = errors_of({"change": change})
    assert error.startswith(f"{key}: ")
    assert error.endswith(") [from override 1]")
    assert SECRET not in error
    assert LETTERS not in error


@pytest.mark.parametrize(
    "address", ["git@git.example:shop.git", "ssh://git@git.example/shop", "https://me@dev.example/x"]
)
def test_addresses_of_git_may_have_users(address: str) -> None:
    assert errors_of({"change": {"services": {"api": {"source": {"git": address}}}}}) == []


HUNTER = "hunter2secret"


@pytest.mark.parametrize(
    "change",
    [
        {"services": {"api": {"environment": [f"DB_PASSWORD={HUNTER}"]}}},
        {"services": {"api": {"environment": f"DB_PASSWORD={HUNTER}"}}},
        {"services": {"api": {"environment": HUNTER}}},
        {"services": {"api": {"environment": {f"DB_PASSWORD={HUNTER}": 1}}}},
        {"services": {"api": {"environment": {f"DB_PASSWORD:{HUNTER}": ""}}}},
        {"services": {"api": {"environment": {"DB_PASSWORD": [HUNTER]}}}},
        {"services": {"api": {"environment": {"DB_PASSWORD": {"value": HUNTER}}}}},
        {"services": {"api": {"environment": {"DB_PASSWORD": f"{HUNTER}\0"}}}},
        {"services": {"api": {"secrets": {"API_KEY": HUNTER}}}},
        {"services": {"api": {"secrets": {"API_KEY": f"{HUNTER}!"}}}},
        {"services": {"api": {"secrets": {"API_KEY": {"value": HUNTER}}}}},
        {"services": {"api": {"secrets": [f"API_KEY={HUNTER}"]}}},
        {"services": {"api": {"secrets": HUNTER}}},
        {"services": {"api": f"environment: DB_PASSWORD={HUNTER}"}},
        {"services": {"api": [{"environment": {"DB_PASSWORD": HUNTER}}]}},
        {"services": [{"name": "api", "environment": {"DB_PASSWORD": HUNTER}}]},
        {"services": {"api": {f"DB_PASSWORD={HUNTER}": 1}}},
        {"proxy": {"on": "app", "server_name": f"u:{HUNTER}@x.org"}},
        {"proxy": {"on": "app", "server_name": f"https://u:{HUNTER}@x.org"}},
        {"load_balancer": {"subnets": "public", "server_name": f"u:{HUNTER}@x.org"}},
        {"load_balancer": {"subnets": "public", "domain": f"u:{HUNTER}@x.org"}},
        {"load_balancer": {"subnets": "public", "alternative_names": [f"u:{HUNTER}@x.org"]}},
        {"load_balancer": {"subnets": "public", "hosted_zone": f"u:{HUNTER}@x.org:443"}},
        {"services": {"api": {"on": f"https://me:{HUNTER}@git.example/x"}}},
        {"services": {"api": {"calls": [f"https://me:{HUNTER}@git.example/" + "x" * 60]}}},
        {"services": {"api": {"port": "postgres://a-rather-long-name-of-a-user-of-a-database:" + HUNTER + "@db/x"}}},
        {"secrets": {"x": HUNTER}},
        {"secrets": {"x": {"length": HUNTER}}},
        {"secrets": {"x": {"value": HUNTER}}},
        {"secrets": {"x": {f"value={HUNTER}": 1}}},
        {"secrets": [f"X={HUNTER}"]},
        {"secrets": {f"X={HUNTER}": {}}},
        {"secrets": HUNTER},
        {"services": {"api": {"source": {"git": None, "directory": f"https://me:{HUNTER}@git.example/x"}}}},
        {"services": {"api": {"source": {"git": None, "archive": f"https://me:{HUNTER}@git.example/x.tar.gz"}}}},
    ],
)
def test_a_secret_at_the_wrong_path_or_in_the_wrong_form_is_not_shown(change: Any) -> None:
    outcome = validate({"topology": merge(base_of({}), change)})
    assert outcome["errors"]
    assert HUNTER not in str(outcome)
    assert HUNTER[:8] not in str(outcome)


def test_a_secret_that_is_not_declared_has_a_fix() -> None:
    (error,) = errors_of({"change": {"services": {"api": {"secrets": {"API_KEY": "api-key"}}}}})
    assert "declare one at the top, as in secrets: {api-key: {}}" in error
    assert "app_secrets" in error


@pytest.mark.parametrize(
    "value",
    [f"*{HUNTER}", f"!{HUNTER} x", f"!!int {HUNTER}", f"'{HUNTER}", f"&{HUNTER} [", f"@{HUNTER}"],
)
def test_a_password_that_yaml_reads_as_another_type_is_not_shown(value: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(f"services:\n  api:\n    environment:\n      DB_PASSWORD: {value}\n", encoding="utf-8")
    outcome = validate({"topology": str(path)})
    assert outcome["errors"]
    assert HUNTER not in str(outcome)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no https://me:pw@h/x here", "no https://***@h/x here"),
        ("https://tok@h/x", "https://***@h/x"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("https:/me:pw@h", "https:/***@h"),
        ("https://me:p@ss/w@h/x", "https://***@h/x"),
        ("https://h/x?token=pw&page=2", "https://h/x?token=***&page=2"),
        ("DB_PASSWORD=pw A=b", "DB_PASSWORD=*** A=b"),
        ("host=db password=pw", "host=db password=***"),
        ("x --token pw", "x --token ***"),
        ('"u:pw@x.org" is', '"***@x.org" is'),
        (":pw@x.org", "***@x.org"),
        ("redis u:p:w@cache:6379", "redis ***@cache:6379"),
        ("git@github.com:me/shop", "git@github.com:me/shop"),
        ("app:1.2@sha256:0af3", "app:1.2@sha256:0af3"),
        ("ask ops@example.org: now", "ask ops@example.org: now"),
        ("npm:react@18.2.0", "npm:react@18.2.0"),
        ("write gunicorn==<version>", "write gunicorn==<version>"),
        ('"/api" is not a path like /, /about or /api/*', '"/api" is not a path like /, /about or /api/*'),
    ],
)
def test_secrets_are_hidden_in_messages(text: str, expected: str) -> None:
    assert hide_secrets(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-Xmx1g -Ddb.password=hunter2", True),
        ("--user u --password hunter2", True),
        ("-Xmx1g -Ddb.user=u", False),
        ("--max-old-space-size=512 --no-password", False),
        ("-Ddb.password=${PASS}", False),
    ],
)
def test_options_in_variables(value: str, expected: bool) -> None:
    errors = errors_of({"change": {"services": {"api": {"environment": {"OPTS": value}}}}})
    assert [error.partition(":")[0] for error in errors] == ["services.api.environment.OPTS"] * expected


BODY = "MC4CAQAwBQYDK2VwBCIEIH"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}abc\n-----END PRIVATE KEY-----\n"
PRIVATE_KEYS = [
    PRIVATE_KEY,
    PRIVATE_KEY.replace("\n", "\\n"),
    PRIVATE_KEY.replace("\n", " "),
    PRIVATE_KEY.partition("-----END")[0],
    PRIVATE_KEY.replace("PRIVATE", "OPENSSH PRIVATE"),
    f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n{BODY}\n",
]


@pytest.mark.parametrize("text", PRIVATE_KEYS)
@pytest.mark.parametrize(
    "path",
    [
        ("region",),
        ("proxy", "on"),
        ("proxy", "tls", "key"),
        ("load_balancer", "tls", "certificate"),
        ("instances", "app", "image"),
        ("instances", "app", "user_data"),
        ("services", "api", "entry"),
        ("services", "api", "port"),
        ("services", "api", "runtime"),
        ("services", "api", "routes"),
        ("services", "api", "build"),
        ("services", "api", "source", "directory"),
        ("resources", "security_group/x", "vpc"),
        ("resources", "subnet/x", "cidr"),
    ],
)
def test_nothing_of_a_private_key_is_shown(path: tuple[str, ...], text: str) -> None:
    change: Any = text
    as_key: Any = {text: {}}
    for step in reversed(path):
        change, as_key = {step: change}, {step: as_key}
    for value in (change, as_key):
        outcome = validate({"topology": merge(base_of({}), value)})
        assert outcome["errors"]
        assert BODY[:6] not in str(outcome)


@pytest.mark.parametrize("text", PRIVATE_KEYS)
def test_a_private_key_as_the_name_of_a_service_is_not_shown(text: str) -> None:
    outcome = validate({"topology": merge(base_of({}), {"services": {text: {}}})})
    assert outcome["errors"]
    assert BODY[:6] not in str(outcome)


@pytest.mark.parametrize("text", [PRIVATE_KEY, f"{HUNTER}\n", f"- {HUNTER}\n", "20250101123456\n", f"'{HUNTER}'"])
def test_nothing_of_a_file_that_is_no_mapping_is_shown(text: str, tmp_path: Path) -> None:
    path = tmp_path / "vault_password"
    path.write_text(text, encoding="utf-8")
    outcome = validate({"topology": str(path)})
    assert [error["line"] for error in outcome["errors"]] == [1]
    for part in (HUNTER, BODY[:6], "BEGIN", "20250101"):
        assert part not in str(outcome)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a {PRIVATE_KEY}b", "a ***\nb"),
        (f'"{PRIVATE_KEYS[1]}" is', '"***\\n" is'),
        ("AGE-SECRET-KEY-1QQPP and", "*** and"),
        ("-----BEGIN RSA PRIV…", "***"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "-----BEGIN CERTIFICATE-----\nMIIB\n"),
        ("-----BEGIN PUBLIC KEY-----\nMIIB\n", "-----BEGIN PUBLIC KEY-----\nMIIB\n"),
    ],
)
def test_private_keys_are_hidden_to_their_end(text: str, expected: str) -> None:
    assert hide_secrets(text) == expected


@pytest.mark.parametrize("key", ["password", "token", "dbPassword", "api-key", "secret_key"])
@pytest.mark.parametrize(
    "section",
    [
        (),
        ("databases",),
        ("services",),
        ("services", "api"),
        ("services", "api", "source"),
        ("services", "api", "calls"),
        ("caches",),
        ("instances",),
        ("network", "subnets"),
        ("rollout", "gates"),
        ("rollout", "hooks", "before"),
        ("proxy", "tls"),
        ("resources",),
        ("resources", "db_instance/x"),
    ],
)
@pytest.mark.parametrize("value", [HUNTER, 98765432, [HUNTER], 9876.5432, f"{HUNTER}\n"])
def test_the_value_of_a_key_that_is_named_like_a_secret_is_not_shown(
    section: tuple[str, ...], key: str, value: Any
) -> None:
    change: Any = {key: value}
    for step in reversed(section):
        change = {step: change}
    of_document = validate({"topology": merge(base_of({}), change)})
    of_layer = validate({"topology": base_of({}), "overrides": change})
    for outcome in (of_document, of_layer):
        assert outcome["errors"]
        assert HUNTER not in str(outcome)
        assert "9876" not in str(outcome)


def test_a_wrong_value_of_another_key_is_shown() -> None:
    """Of one whose name describes a secret, of what is inside a section with such a name, and of no text."""
    change = {
        "resources": {"instance/x": {"metadata": {"hops": HUNTER}}},
        "databases": {"password": {"engine": HUNTER}},
        "services": {"token": {"port": 99999}, "api": {"environment": {}, "max_tokens": 1}},
        "caches": {"token": True},
    }
    report = str(validate({"topology": merge(base_of({}), change)})["report"])
    assert f'databases.password.engine: "{HUNTER}" is not one of' in report
    assert "services.token.port: 99999 is not a port" in report
    assert "caches.token: true is not a mapping" in report


@pytest.mark.parametrize(
    "change",
    [
        {"resources": {"db_instance/x": {"managed_password": HUNTER}}},
        {"resources": {"sns_topic/x": {"kms_key": [HUNTER]}}},
        {"resources": {"secret/x": {"generate": {"key": 98765432}}}},
    ],
)
def test_a_raw_property_that_is_named_like_a_secret_is_not_shown(change: Any) -> None:
    report = str(validate({"topology": merge(base_of({}), change)}))
    assert HUNTER not in report
    assert "98765432" not in report


GITHUB_TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"tags": {GITHUB_TOKEN: "1"}}, "tags.***"),
        ({"services": {"api": {"environment": {GITHUB_TOKEN: "x"}}}}, "services.api.environment.***"),
        ({"resources": {"sns_topic/x": {"tags": {GITHUB_TOKEN: "x"}}}}, "resources.sns_topic/x.tags.***"),
        ({"services": {"api": {"static": {f"/{GITHUB_TOKEN}/": "a"}}}}, "services.api.static./***/"),
    ],
)
def test_a_token_as_a_key_is_found_and_hidden(change: Any, key: str) -> None:
    outcome = validate({"topology": merge(base_of({}), change)})
    found = {error["path"]: error["message"] for error in outcome["errors"]}
    assert "this key has a password or token" in found[key]
    assert GITHUB_TOKEN not in str(outcome)
