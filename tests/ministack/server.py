# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ministack with its faults patched: ``server.py PORT`` serves on loopback until its standard input ends.

It runs in an environment of its own, because ministack pins another botocore than this collection is tested with.
"""

from __future__ import annotations

import os
import sys
import threading


def main() -> None:
    os.environ.update(
        GATEWAY_PORT=sys.argv[1],
        BIND_HOST="127.0.0.1",
        MINISTACK_ACCOUNT_ID="123456789012",
        LOG_LEVEL="WARNING",
        # It makes containers for databases and caches where it finds an engine: here it must find none.
        DOCKER_HOST="unix:///nonexistent",
    )
    import faults
    from ministack import app

    for fault in faults.FAULTS:
        fault.mend()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    sys.argv[1:] = []
    app.main()


if __name__ == "__main__":
    main()
