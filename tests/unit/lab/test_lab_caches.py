# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab tells its caches."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from lab.caches.model import Cache
from lab.caches.redis import SOCKET, Redis
from lab.servers.model import CONFIGURATION

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


@pytest.mark.parametrize(
    ("said", "serves"),
    [(b"+PONG\r\n", True), (b"-LOADING Redis is loading the dataset in memory\r\n", False), (b"", False)],
)
def test_a_cache_is_ready_when_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes, serves: bool
) -> None:
    place = tmp_path / SOCKET.lstrip("/")
    place.parent.mkdir(parents=True)
    # The path of a socket must be short, and that of a test is not.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(SOCKET.lstrip("/"))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(64)
                connection.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert Redis().answers(Path(".")) is serves
        thread.join()
