# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The greeting of MySQL servers. Real servers: tests/integration/test_database_users.py."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import database_connection
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import (
    AccessError,
    offers_tls,
    peek_greeting,
)


def greeting(capabilities: int, version: bytes = b"8.4.3") -> bytes:
    rest = b"\x08\x00\x00\x00" + b"saltsalt" + b"\0" + capabilities.to_bytes(2, "little") + b"\xff" + b"\x02\x00" * 8
    return b"\x0a" + version + b"\0" + rest


@pytest.mark.parametrize("version", [b"8.4.3", b"5.5.5-10.11.6-MariaDB-0+deb12u1", b""])
def test_the_offer_of_tls_is_read_from_the_capabilities(version: bytes) -> None:
    assert offers_tls(greeting(0xFFFF, version))
    assert offers_tls(greeting(0x0800, version))
    assert not offers_tls(greeting(0xF7FF, version))


@pytest.mark.parametrize("data", [b"", b"\x0a", b"\x0a8.4.3", greeting(0xFFFF)[:20], b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_is_no_greeting_offers_nothing(data: bytes) -> None:
    assert not offers_tls(data)


def test_an_error_of_the_server_is_left_to_the_driver() -> None:
    assert offers_tls(b"\xff\x10\x04Too many connections")


def test_the_greeting_stays_for_the_driver_also_where_it_comes_in_parts() -> None:
    here, there = socket.socketpair()
    with here, there:
        data = greeting(0x0800)
        packet = len(data).to_bytes(3, "little") + b"\0" + data
        there.sendall(packet[:7])
        with pytest.raises(AccessError, match="did not greet as a MySQL server does"):
            peek_greeting(here, 0.05)
        there.sendall(packet[7:])
        assert peek_greeting(here, 1) == data
        assert here.recv(1000) == packet


def test_a_server_that_closes_the_connection_is_an_error() -> None:
    here, there = socket.socketpair()
    there.close()
    with here, pytest.raises(AccessError, match="so the password was not sent"):
        peek_greeting(here, database_connection.TIMEOUT)
