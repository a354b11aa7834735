# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SSH servers on loopback, each with a host key of its own, that run what they are sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncssh


@dataclass
class SshServer:
    """Where one answers. ``commands`` are those that it ran, ``tunnels`` the ports that it led others to."""

    port: int = 0
    commands: list[str] = field(default_factory=list)
    tunnels: list[int] = field(default_factory=list)


class _OpenServer(asyncssh.SSHServer):
    """Accepts every login and every tunnel: what is tested is the key of the host."""

    def __init__(self, server: SshServer) -> None:
        self._server = server

    def begin_auth(self, username: str) -> bool:
        return False

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        self._server.tunnels.append(dest_port)
        return True


async def _serve(server: SshServer, address: str) -> asyncssh.SSHAcceptor:
    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        server.commands.append(process.command or "")
        child = await asyncio.create_subprocess_shell(
            process.command or "true",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _nothing = await child.communicate()
        process.stdout.write(output)
        process.exit(child.returncode or 0)

    return await asyncssh.create_server(
        lambda: _OpenServer(server),
        address,
        server.port,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        process_factory=run,
        encoding=None,
    )


@contextmanager
def ssh_server(address: str = "127.0.0.1", port: int = 0) -> Iterator[SshServer]:
    """A server with a new host key, as a new instance has it."""
    server = SshServer(port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ssh", daemon=True)
    thread.start()

    def call(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    acceptor = call(_serve(server, address))
    server.port = acceptor.get_port()
    try:
        yield server
    finally:
        acceptor.close()
        call(acceptor.wait_closed())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
