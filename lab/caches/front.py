# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listens with TLS in place of a Redis that accepts connections with a token and without one.

ElastiCache accepts both after the first ROTATE of a token. Redis does not: for a user without a password, ``AUTH
<token>`` is an error. So this passes on the commands of each client, and writes ``AUTH <token>`` as ``AUTH default
<token>``, which Redis accepts, or as a login that it refuses if the token is wrong. Runs as a program in the container
of a cache; needs the standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

# A user that Redis does not have.
UNKNOWN_USER = b"lab-unknown"
DEFAULT = b"default"
LOGINS = (b"AUTH", b"HELLO")
LONGEST = 512 * 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """The port, and what clients may log in with, which may change at any time: the file is read for each login."""

    port: int
    open: bool
    tokens: tuple[str, ...]

    @classmethod
    def read(cls, path: str) -> Settings:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        return cls(held["port"], held["open"], tuple(held["tokens"]))

    def knows(self, token: bytes) -> bool:
        return hashlib.sha256(token).hexdigest() in self.tokens


def rewrite(command: list[bytes], settings: Settings) -> list[bytes]:
    """The command that Redis gets in place of one of a client."""
    name = command[0].upper() if command else b""
    if not settings.open or not settings.tokens or name not in LOGINS:
        return command
    if name == b"AUTH" and len(command) == 2:
        return [command[0], DEFAULT if settings.knows(command[1]) else UNKNOWN_USER, command[1]]
    # AUTH <user> <password>, and HELLO <version> AUTH <user> <password> …
    place = 1 if name == b"AUTH" else 3
    is_login = name == b"AUTH" or (len(command) > 4 and command[2].upper() == b"AUTH")
    if is_login and len(command) > place + 1 and command[place] == DEFAULT and not settings.knows(command[place + 1]):
        return [*command[:place], UNKNOWN_USER, *command[place + 1 :]]
    return command


def encode(command: list[bytes]) -> bytes:
    """A command as Redis's protocol has it (Redis serialization protocol specification, arrays of bulk strings)."""
    parts = [b"*%d\r\n" % len(command)]
    for word in command:
        parts += [b"$%d\r\n" % len(word), word, b"\r\n"]
    return b"".join(parts)


async def read_command(reader: asyncio.StreamReader) -> list[bytes]:
    """The next command of a client; EOFError when there is none."""
    line = await _read_line(reader)
    if not line.startswith(b"*"):
        return line.split()
    command: list[bytes] = []
    for _word in range(int(line[1:])):
        length = int((await _read_line(reader))[1:])
        if not 0 <= length <= LONGEST:
            raise ValueError(length)
        command.append(await reader.readexactly(length))
        await reader.readexactly(2)
    return command


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line.rstrip(b"\r\n")


async def _pass_commands(client: asyncio.StreamReader, server: asyncio.StreamWriter, settings: str) -> None:
    while True:
        command = await read_command(client)
        if not command:
            continue
        if command[0].upper() in LOGINS:
            command = rewrite(command, Settings.read(settings))
        server.write(encode(command))
        await server.drain()


async def _pass_answers(server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    while data := await server.read(65536):
        client.write(data)
        await client.drain()


async def _serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: str, settings: str) -> None:
    """Until either side ends."""
    with contextlib.suppress(OSError, EOFError, ValueError):
        server_reader, server_writer = await asyncio.open_unix_connection(socket)
        ways = {
            asyncio.ensure_future(_pass_commands(reader, server_writer, settings)),
            asyncio.ensure_future(_pass_answers(server_reader, writer)),
        }
        _done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in left:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        server_writer.close()
    writer.close()


async def serve(settings: str, certificate: str, key: str, socket: str, ready: str) -> None:
    """Listen until the process is ended; the file ``ready`` appears when clients can connect."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)

    async def serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _serve_client(reader, writer, socket, settings)

    port = Settings.read(settings).port
    server = await asyncio.start_server(serve_client, "0.0.0.0", port, ssl=context)
    Path(ready).touch()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:6]))
