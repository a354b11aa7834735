# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts module processes fast: a process that has imported what every run imports, and forks one for each run.

A run is then a process like any other, with its own memory and process group, killed for real. What it saves is a
second of importing botocore and parsing EC2's description, three hundred times. The same modules also run through
ansible itself, in test_ansible.py.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import random
import runpy
import select
import signal
import sys
from pathlib import Path
from typing import Any


def warm() -> None:
    """Import and parse what all runs need; no thread is started and no connection opened."""
    import ansible.module_utils.basic  # noqa: F401
    from botocore.loaders import JSONFileLoader

    from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
    from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
    from ansible_collections.groundwork.aws.plugins.module_utils._provision import operations as entry  # noqa: F401
    from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

    sys.path.append(str(Path(__file__).parent))
    import constraints

    # Every request of every run is refused where AWS would refuse it.
    create = Clients._create

    def checked(made: Clients, *arguments: Any, **options: Any) -> Any:
        client = create(made, *arguments, **options)
        client.meta.events.register("before-parameter-build", constraints.check)
        return client

    Clients._create = checked  # type: ignore[method-assign]
    # All sessions of all runs share the parsed models.
    parsed = functools.cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _loader, path: parsed(path)
    clients = Clients(Connection(access_key="x", secret_key="x"), "us-east-1")
    models = clients._open().get_component("data_loader")
    for service in {"resourcegroupstaggingapi", "ssm", "sts", *(kind.service for kind in REGISTRY.values())}:
        clients._create(service, retries=True)
        models.load_service_model(service, "paginators-1")
    # What is here stays: a child that collected garbage among it would copy all of it.
    gc.collect()
    gc.freeze()


def become(request: dict[str, Any]) -> None:
    """In the child: be the module."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, path in ((1, request["output"]), (2, request["errors"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    sys.argv = [request["module"], request["arguments"]]
    runpy.run_path(request["module"], run_name="__main__")


def tell(**message: Any) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def reap() -> None:
    """Tell of every child that has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        tell(ended=pid, code=os.waitstatus_to_exitcode(status))


def main() -> None:
    warm()
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(awake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    tell(ready=True)
    waiting = b""
    while True:
        ready, _, _ = select.select([0, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            reap()
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                return
            *lines, waiting = (waiting + received).split(b"\n")
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    become(json.loads(line))
                    return
                tell(started=pid)


if __name__ == "__main__":
    main()
