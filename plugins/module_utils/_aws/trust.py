# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One TLS context for all clients of a run.

botocore gives each client its own, and urllib3 has the certificates of all authorities read into it for every
connection: more work than most calls. What is trusted stays the same, and so does what is checked.
"""

from __future__ import annotations

import ssl
import threading
from typing import Any


class Trust:
    """The context that the clients share. It is that of the first, made by botocore."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def share(self, client: Any) -> None:
        """Let a client use it. There is no option for this: where a botocore has no such place, nothing changes."""
        session = getattr(getattr(client, "_endpoint", None), "http_session", None)
        pools = getattr(getattr(session, "_manager", None), "connection_pool_kw", {})
        if isinstance(pools.get("ssl_context"), ssl.SSLContext):
            self._context = self._context or _reading_once(pools["ssl_context"])
            pools["ssl_context"] = self._context


def _reading_once(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context, which from now on reads each bundle of certificates when it is first told to."""
    read, lock, known = context.load_verify_locations, threading.Lock(), set()

    def load(cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        with lock:
            if (cafile, capath, cadata) not in known:
                read(cafile, capath, cadata)
                known.add((cafile, capath, cadata))

    context.load_verify_locations = load  # type: ignore[method-assign]
    return context
