# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of the lab."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Callable

from . import updown
from .access.keys import read_key
from .description import Description, read_description, running_pid
from .guests import docker
from .paths import CHECKOUT, lab_paths
from .shell import LabError, as_root, escape_controls


def _read_port(text: str) -> int:
    """A port of the command line."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1-65535)")
    return int(text)


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


def environment(description: Description) -> dict[str, str]:
    """The environment variables for AWS clients and the lab's inventory."""
    paths = lab_paths(description.name)
    key = read_key(paths.credentials)
    command = f"env PYTHONPATH={CHECKOUT} {sys.executable} -m lab"
    found = {
        "AWS_ENDPOINT_URL": description.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "GROUNDWORK_LAB": description.name,
        "GROUNDWORK_LAB_SSH_KEY": str(paths.ssh_key),
        # To be followed by the id of an instance: how ssh gets to one that has no public address.
        "GROUNDWORK_LAB_SSH_PROXY": f"{command} ssh-proxy --name {description.name}",
    }
    if description.gateway:
        found["GROUNDWORK_LAB_CLIENT_CIDR"] = f"{description.gateway}/32"
        found["GROUNDWORK_LAB_CA"] = str(paths.authority)
    return found


def _known(name: str) -> Description:
    description = read_description(lab_paths(name))
    if description is None:
        raise LabError(f"there is no lab {name}; `python -m lab up --name {name}` makes it")
    return description


def _setup(options: argparse.Namespace) -> int:
    _say(f"ready; guests start from {updown.setup(_say)[0]}")
    return 0


def _up(options: argparse.Namespace) -> int:
    description = updown.up(options.name, options.port, not options.no_guests, _say)
    _say(f"{description.name} answers at {description.endpoint}")
    return 0


def _down(options: argparse.Namespace) -> int:
    updown.down(options.name, _say, options.keep_engine)
    _say(f"{options.name} is gone")
    return 0


def _clean(options: argparse.Namespace) -> int:
    updown.clean(_say)
    return 0


def _env(options: argparse.Namespace) -> int:
    for key, value in environment(_known(options.name)).items():
        print(f"export {key}={shlex.quote(value)}")
    # The session token of an account in AWS does not belong to the key of the lab.
    print("unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN")
    return 0


def _status(options: argparse.Namespace) -> int:
    description = _known(options.name)
    running = running_pid(description)
    rows = [("lab", description.name), ("endpoint", description.endpoint), ("process", str(running or "not running"))]
    if description.range:
        rows.append(("addresses", description.range))
    if description.guests:
        rows += [(one.instance or one.name, one.state) for one in docker.containers(description.identity)]
    width = max(len(row[0]) for row in rows)
    for left, right in rows:
        print(f"{left:<{width}}  {right}")
    return 0 if running else 1


def _logs(options: argparse.Namespace) -> int:
    log = lab_paths(_known(options.name).name).log
    command = ["tail", "-n", str(options.lines), *(["-f"] if options.follow else []), str(log)]
    return subprocess.run(command, check=False).returncode


def _serve(options: argparse.Namespace) -> int:
    from .daemon import serve

    return serve(options.name)


def _ssh_proxy(options: argparse.Namespace) -> int:
    """Connect standard input and output to a port of an instance, wherever its networks are."""
    identity = _known(options.name).identity
    found = [one for one in docker.containers(identity) if one.instance == options.instance]
    running = docker.find_running(found[0].name) if found else None
    if not running:
        raise LabError(f"instance {options.instance} does not run in lab {options.name}")
    command = as_root(sys.executable, "-m", "lab.relay", running.network, "127.0.0.1", str(options.to_port))
    os.chdir(CHECKOUT)
    os.execvp(command[0], command)


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "setup": (_setup, "install what the lab needs and build the image of its guests"),
    "up": (_up, "start the lab, or do nothing when it runs"),
    "down": (_down, "remove the lab with everything in it"),
    "status": (_status, "show what runs"),
    "env": (_env, "print the exports that point AWS clients at the lab"),
    "logs": (_logs, "show the log of the lab's process"),
    "clean": (_clean, "remove images and caches"),
    "ssh-proxy": (_ssh_proxy, "connect to a port of an instance (as ProxyCommand of ssh)"),
    "serve": (_serve, "run the lab's process in the foreground"),
}


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    whole = argparse.ArgumentParser(prog="python -m lab", description="The local stand-in for AWS.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text) in COMMANDS.items():
        one = commands.add_parser(name, help=text)
        one.add_argument("--name", default=os.environ.get("GROUNDWORK_LAB", updown.DEFAULT_NAME), help="which lab")
        if name == "up":
            one.add_argument(
                "--port", type=_read_port, help=f"port of the API ({updown.DEFAULT_PORT} for the default lab)"
            )
            one.add_argument("--no-guests", action="store_true", help="only the API: instances without machines")
        elif name == "down":
            one.add_argument("--keep-engine", action="store_true", help="leave the Docker Engine to others that use it")
        elif name == "logs":
            one.add_argument("--lines", type=int, default=50)
            one.add_argument("--follow", action="store_true")
        elif name == "ssh-proxy":
            one.add_argument("instance", help="id of the instance")
            one.add_argument("to_port", nargs="?", type=_read_port, default=22)
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run a command; a LabError is a line for the person, not a traceback."""
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command][0](options)
    except LabError as error:
        print(f"lab: {escape_controls(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
