# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab tells its caches."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.elasticache.exceptions import InvalidParameterValueException

from lab.caches import front
from lab.caches.front import Settings, rewrite
from lab.caches.model import Cache
from lab.caches.redis import ADMIN_PASSWORD, FRONT, FRONT_READY, FRONT_SETTINGS, SOCKET, FrontedRedis, Redis
from lab.hooks import cache_tokens
from lab.hooks.cache_tokens import digest
from lab.servers.model import CONFIGURATION

TOKENS = ("the-token-of-monday", "the-token-of-tuesday", "the-token-of-wednesday")
MONDAY, TUESDAY, WEDNESDAY = map(digest, TOKENS)
SHOP = Cache("cache-shop-abc123", "*.shop.abc123.use1.cache.amazonaws.com", 6380, encrypted=True, kept=False)
BARE = Cache("cache-bare-abc123", "*.bare.abc123.use1.cache.amazonaws.com", 6380, encrypted=False, kept=False)


def config_lines(cache: Cache) -> list[str]:
    return Redis().configuration(cache)[CONFIGURATION].splitlines()


def test_an_encrypted_cache_listens_only_with_tls() -> None:
    assert {"port 0", "tls-port 6380"} <= set(config_lines(SHOP))
    assert "port 6380" not in config_lines(SHOP)
    assert "port 6380" in config_lines(BARE)
    assert not any(line.startswith("tls") for line in config_lines(BARE))


def test_what_is_taken_away() -> None:
    lines = config_lines(SHOP)
    for name in ("config", "shutdown", "replicaof", "save", "debug", "migrate"):
        assert f'rename-command {name} ""' in lines
    (user,) = (line for line in lines if line.startswith("user default"))
    assert "-acl|setuser" in user.split()


LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"


@pytest.mark.parametrize(
    ("password", "said", "serves"),
    [
        ("", b"+PONG\r\n", True),
        ("", LOADING, False),
        ("", b"", False),
        ("secret", b"+OK\r\n+PONG\r\n", True),
        ("secret", b"+OK\r\n" + LOADING, False),
        ("secret", b"-WRONGPASS invalid\r\n", False),
    ],
)
def test_a_cache_is_ready_when_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, said: bytes, serves: bool
) -> None:
    if password:
        (tmp_path / ADMIN_PASSWORD.lstrip("/")).parent.mkdir(parents=True)
        (tmp_path / ADMIN_PASSWORD.lstrip("/")).write_text(password)
    place = tmp_path / SOCKET.lstrip("/")
    place.parent.mkdir(parents=True)
    # The path of a socket must be short, and that of a test is not.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(SOCKET.lstrip("/"))
        listening.listen()

        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(64))
                connection.sendall(said)
                if said:
                    connection.recv(64)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert Redis().answers(Path(".")) is serves
        thread.join()
    assert heard[0].startswith(b"AUTH lab secret\r\n" if password else b"PING\r\n")


def logins(cache: Cache) -> list[str]:
    (user,) = (line for line in config_lines(cache) if line.startswith("user default"))
    return [word for word in user.split() if word == "nopass" or word.startswith("#")]


def with_tokens(*tokens: str, fronted: bool = False) -> Cache:
    return dataclasses.replace(SHOP, tokens=tokens, fronted=fronted)


def test_a_cache_requires_its_tokens_which_are_written_nowhere() -> None:
    assert logins(with_tokens("")) == ["nopass"]
    assert logins(with_tokens(MONDAY)) == [f"#{MONDAY}"]
    assert logins(with_tokens(MONDAY, TUESDAY)) == [f"#{MONDAY}", f"#{TUESDAY}"]
    assert logins(with_tokens(MONDAY, MONDAY)) == [f"#{MONDAY}"]
    both = with_tokens("", MONDAY, fronted=True)
    assert logins(both) == ["nopass"]
    assert json.loads(FrontedRedis().configuration(both)[FRONT_SETTINGS]) == {
        "port": 6380,
        "open": True,
        "tokens": [MONDAY],
    }
    assert not [token for token in TOKENS if token in str(FrontedRedis().configuration(both))]


def test_the_lab_changes_tokens_as_a_user_of_its_own() -> None:
    lines = config_lines(dataclasses.replace(SHOP, admin=digest("secret")))
    assert f"user lab on #{digest('secret')} +acl +ping" in lines
    assert not [line for line in config_lines(SHOP) if line.startswith("user lab")]


def test_a_cache_that_may_accept_both_listens_behind_a_front(tmp_path: Path) -> None:
    found = FrontedRedis().configuration(with_tokens("", fronted=True))
    assert "port 0" in found[CONFIGURATION].splitlines()
    assert not [line for line in found[CONFIGURATION].splitlines() if line.startswith("tls-port")]
    assert found[FRONT] == Path(front.__file__).read_text()
    assert subprocess.run(["sh", "-n"], input=FrontedRedis.start, text=True, check=False).returncode == 0
    assert f"python3 -I {FRONT} {FRONT_SETTINGS}" in FrontedRedis.start
    assert not (tmp_path / FRONT_READY.lstrip("/")).exists()
    assert FrontedRedis().answers(tmp_path) is False


GOOD, BAD = TOKENS[0].encode(), b"the-token-of-sunday"
OPEN = Settings(6380, True, (MONDAY,))
LOGINS = [
    (OPEN, [b"AUTH", GOOD], [b"AUTH", b"default", GOOD]),
    (OPEN, [b"auth", GOOD], [b"auth", b"default", GOOD]),
    (OPEN, [b"AUTH", BAD], [b"AUTH", b"lab-unknown", BAD]),
    (OPEN, [b"AUTH", b"default", GOOD], [b"AUTH", b"default", GOOD]),
    (OPEN, [b"AUTH", b"default", BAD], [b"AUTH", b"lab-unknown", BAD]),
    (OPEN, [b"AUTH", b"me", BAD], [b"AUTH", b"me", BAD]),
    (OPEN, [b"HELLO", b"3", b"AUTH", b"default", GOOD], [b"HELLO", b"3", b"AUTH", b"default", GOOD]),
    (OPEN, [b"HELLO", b"3", b"AUTH", b"default", BAD], [b"HELLO", b"3", b"AUTH", b"lab-unknown", BAD]),
    (OPEN, [b"HELLO", b"3"], [b"HELLO", b"3"]),
    (OPEN, [b"AUTH"], [b"AUTH"]),
    (OPEN, [b"GET", GOOD], [b"GET", GOOD]),
    (Settings(6380, True, ()), [b"AUTH", BAD], [b"AUTH", BAD]),
    (Settings(6380, False, (MONDAY,)), [b"AUTH", BAD], [b"AUTH", BAD]),
]


@pytest.mark.parametrize(("settings", "command", "passed"), LOGINS)
def test_a_front_lets_in_who_has_a_token(settings: Settings, command: list[bytes], passed: list[bytes]) -> None:
    assert rewrite(command, settings) == passed


@pytest.mark.parametrize(
    ("said", "command"),
    [
        (b"*2\r\n$4\r\nECHO\r\n$6\r\na\r\nb\r\n\r\n", [b"ECHO", b"a\r\nb\r\n"]),
        (b"PING  now\r\n", [b"PING", b"now"]),
        (b"*1\r\n$0\r\n\r\n", [b""]),
    ],
)
def test_a_front_reads_a_command_whole(said: bytes, command: list[bytes]) -> None:
    async def read() -> list[bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(said)
        reader.feed_eof()
        return await front.read_command(reader)

    assert asyncio.run(read()) == command


def test_a_front_writes_a_command_as_redis_reads_it() -> None:
    assert front.encode([b"SET", b"a", b"\r\n"]) == b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\n"


def group(**more: Any) -> Any:
    encrypted = {"transit_encryption_enabled": True, "user_group_ids": [], "transit_encryption_mode": "required"}
    return SimpleNamespace(**{**encrypted, **more})


def test_the_two_newest_tokens_are_accepted_until_one_is_set() -> None:
    shop = group()
    cache_tokens.begin(shop, None)
    assert cache_tokens.accepted(shop) == ("",)
    seen = []
    for token, strategy in [
        (TOKENS[0], "ROTATE"),
        (TOKENS[0], "SET"),
        (TOKENS[1], None),
        (TOKENS[2], "ROTATE"),
        (TOKENS[2], "ROTATE"),
    ]:
        cache_tokens.change(shop, token, strategy)
        seen.append(cache_tokens.accepted(shop))
        cache_tokens.end(shop)
    assert seen == [("", MONDAY), (MONDAY,), (MONDAY, TUESDAY), (TUESDAY, WEDNESDAY), (WEDNESDAY, WEDNESDAY)]


def test_only_a_cache_that_began_encrypted_and_without_a_token_needs_a_front() -> None:
    made = []
    for more, token in [({}, None), ({}, TOKENS[0]), ({"transit_encryption_enabled": False}, None)]:
        one = group(**more)
        cache_tokens.begin(one, token)
        made.append(one.lab_fronted)
    assert made == [True, False, False]


@pytest.mark.parametrize("more", [{"transit_encryption_enabled": False}, {"transit_encryption_mode": "preferred"}])
def test_a_token_is_refused_where_not_everything_is_encrypted(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterValueException, match="encryption-in-transit"):
        cache_tokens.change(group(**more), TOKENS[0], "ROTATE")
