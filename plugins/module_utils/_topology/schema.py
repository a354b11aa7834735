# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology document, declared: every key with its kind, default, bounds and meaning.

Validation, defaults, the JSON Schema and the reference in docs/topology.md all come from here. A new section is a
new field of `DOCUMENT`; what needs two places of the document to judge is a rule in `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .kinds import Choice, Cidr, Either, Flag, Kind, ListOf, Scalar, Table, Text, Whole
from .record import Derived, Field, Record
from .view import machine_groups

NAME = r"[a-z](?:-?[a-z0-9])*"
COMMAND = r"[^\x00-\x1f]+"

PORT = Whole("a port", 1, 65535)
ANY_CIDR = Cidr("an IPv4 network like 203.0.113.7/32 or 0.0.0.0/0")
NETWORK_CIDR = Cidr("a network like 10.0.0.0/16", shortest=16, longest=28)
THING = Text("a name of lower-case letters, digits and single dashes, at most 40", NAME, longest=40)
COMMAND_LINE = Text("a command on one line", COMMAND)


# What a text with `refers` may name.
REFERABLE: Mapping[str, Callable[[Mapping[str, Any]], Collection[str]]] = {
    "subnets": lambda document: (document.get("network") or {}).get("subnets") or {},
    "instances": machine_groups,
    "services": lambda document: document.get("services") or {},
}


def address_by_route(machines: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    tier = ((document.get("network") or {}).get("subnets") or {}).get(machines["subnets"]) or {}
    return "public" if tier.get("route") == "internet" else "private"


def manager_by_runtime(service: Mapping[str, Any], _document: Mapping[str, Any]) -> str:
    return "pm2" if service["runtime"] == "pm2" else "systemd"


SUBNETS = Record(fields={
    "cidrs": Field(ListOf(NETWORK_CIDR, least=1), "One network for each zone, in the order of the zones.", required=True),
    "route": Field(Choice("internet", "none"), "Where traffic that leaves the network goes.", default="none"),
})

NETWORK = Record(fields={
    "cidr": Field(NETWORK_CIDR, "The private network of the whole stack.", required=True),
    "zones": Field(
        ListOf(Text("an availability zone like us-east-1a", r"[a-z]{2,}(?:-[a-z]+)+-[0-9a-z-]*[a-z]"), least=1),
        "Availability zones of the region. Instances are spread over them.", required=True,
    ),
    "subnets": Field(Table(THING, SUBNETS, "<tier>"), "Tiers of subnets, one subnet in each zone.", required=True),
})

ACCESS = Record(fields={
    "ssh_from": Field(ListOf(ANY_CIDR), "Networks that may connect to port 22. Empty: nobody.", default=[]),
    "public_key": Field(
        Text("a public key that EC2 takes: ssh-ed25519 … or ssh-rsa …",
             r"ssh-(?:ed25519|rsa) [A-Za-z0-9+/]+={0,3}(?: [^\x00-\x1f]*)?", longest=4096, private=True),
        "Public half of the key pair of the instances. Without it they have no key pair.",
    ),
})

MACHINES = Record(fields={
    "type": Field(Text("an instance type like t3.micro", r"[a-z][a-z0-9-]*\.[a-z0-9-]+"), "Instance type.",
                  default="t3.micro"),
    "image": Field(
        Text("al2023, an image id (ami-…) or the path of an SSM parameter (/…)",
             r"al2023|ami-[0-9a-f]{8,17}|/[A-Za-z0-9_./-]+"),
        "Image of the instances: `al2023` (the newest Amazon Linux 2023 when an instance is made), an image id, or the "
        "path of an SSM parameter that holds one.", default="al2023",
    ),
    "subnets": Field(Text("a tier of network.subnets", NAME, refers="subnets"), "The tier they stand in.",
                     required=True),
    "count": Field(Whole("a number of instances", 1, 500), "How many, spread over the zones.", default=1),
    "address": Field(
        Choice("elastic", "public", "private"),
        "`elastic`: a fixed public address; `public`: one that changes with each stop; `private`: none.",
        default=Derived(address_by_route, "`public` where the tier routes to the internet, else `private`"),
    ),
    "volume": Field(Record(fields={
        "size": Field(Whole("a size in GiB", 8, 16384), "Size of the root volume (gp3, encrypted) in GiB.", default=8),
    }), "The root volume.", default={}),
    "protect": Field(
        Flag(), "They hold data: termination protection, and only deleted or replaced when `allow_destroy` names them.",
        default=False,
    ),
    "user_data": Field(
        Text("text of at most 16384 characters", r"[^\x00]+", longest=16384, private=True),
        "Script or cloud-config of the first boot. Never a secret: every process of the instance can read it.",
    ),
})

LOCAL_PATH = Text("a path", path=True)

PROXY = Record(fields={
    "on": Field(Text("a group of instances", NAME, refers="instances"), "The instances that nginx runs on.",
                required=True),
    "port": Field(PORT, "HTTP port.", default=80),
    "allow_from": Field(ListOf(ANY_CIDR), "Networks that may connect to it.", default=["0.0.0.0/0"]),
    "server_name": Field(
        Text("a host name", r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", longest=253),
        "Host name of the site. Without it nginx answers to every name.",
    ),
    "tls": Field(Record(fields={
        "certificate": Field(LOCAL_PATH, "Certificate chain (PEM) on the controller.", required=True),
        "key": Field(LOCAL_PATH, "Private key (PEM) on the controller.", required=True),
        "port": Field(PORT, "HTTPS port.", default=443),
    }), "HTTPS; plain HTTP is then redirected."),
    "max_body": Field(Whole("a size in MiB", 1, 10240), "Largest request body in MiB.", default=10),
})

# The bounds are those of a target group, so that a service can move behind a load balancer as it is.
HEALTH = Record(fields={
    "path": Field(Text("a path that starts with /", r"/[^\s\x00-\x1f]*"), "Path that answers 200 when all is well.",
                  default="/health"),
    "interval": Field(Whole("seconds", 5, 300), "Seconds between two checks.", default=30),
    "timeout": Field(Whole("seconds", 2, 120), "Seconds until a check counts as failed.", default=5),
    "healthy": Field(Whole("a number of checks", 2, 10), "Good checks in a row until it counts as healthy.", default=2),
    "unhealthy": Field(Whole("a number of checks", 2, 10), "Failed checks in a row until it counts as unhealthy.",
                       default=3),
})

SOURCE = Record(one_of=(("directory", "git", "archive"),), fields={
    "directory": Field(LOCAL_PATH, "Directory on the controller."),
    "git": Field(Text("the address of a git repository"), "Git repository, as the controller reaches it."),
    "ref": Field(Text("a branch, tag or commit", r"[^\s\x00-\x1f-][^\s\x00-\x1f]*", longest=255),
                 "Branch, tag or commit of `git`. Without it the repository's default branch."),
    "archive": Field(LOCAL_PATH, "Tar file on the controller (.tar, .tar.gz, .tar.xz)."),
})

SERVICE = Record(one_of=(("on", "instances"),), fields={
    "runtime": Field(Choice("gunicorn", "pm2"), "What runs it: `gunicorn` for Python (WSGI), `pm2` for Node.js.",
                     required=True),
    "process_manager": Field(
        Choice("systemd", "pm2"), "What keeps it running. Node.js services are always kept by pm2.",
        default=Derived(manager_by_runtime, "`systemd` for gunicorn, `pm2` for pm2"),
    ),
    "on": Field(Text("a group of instances", NAME, refers="instances"), "The group of instances it runs on, shared with "
                "other services."),
    "instances": Field(MACHINES, "Instances of its own, in a group named as the service."),
    "port": Field(PORT, "The port it listens on."),
    "socket": Field(Flag(), "Listen on a Unix socket instead of a port (gunicorn only).", default=False),
    "entry": Field(Text("what to start: module:callable for gunicorn, a script for pm2", COMMAND, longest=255),
                   "What to start: `module:callable` for gunicorn, a script of the release for pm2.", required=True),
    "workers": Field(Either(Choice("auto"), Whole("a number of processes", 1, 128)),
                     "Worker processes; `auto` goes by the number of CPUs.", default="auto"),
    "threads": Field(Whole("a number of threads", 1, 128), "Threads of each worker (gunicorn only).", default=1),
    "timeout": Field(Whole("seconds", 1, 3600), "Longest time that a request may take, in seconds.", default=30),
    "memory": Field(Whole("a size in MiB", 16, 1048576), "Restart a process that grows beyond this many MiB."),
    "routes": Field(
        ListOf(Text("a path like /, /about or /api/*", r"/[A-Za-z0-9._~%/-]*\*?", longest=128)),
        "Paths that the proxy sends to it; a `*` at the end stands for anything.", default=[],
    ),
    "health": Field(HEALTH, "How to tell that it works.", default={}),
    "static": Field(
        Table(Text("a URL prefix like /static/", r"/(?:[A-Za-z0-9._~-]+/)*"),
              Text("a directory inside the release", r"(?!.*\.\.)[A-Za-z0-9_.][A-Za-z0-9_./ -]*"), "<prefix>"),
        "Directories of the release that nginx serves itself, by URL prefix.", default={},
    ),
    "websocket": Field(Flag(), "The proxy passes WebSocket upgrades on.", default=False),
    "allow_from": Field(ListOf(ANY_CIDR), "Networks that may connect to its port directly. Empty: nobody.", default=[]),
    "calls": Field(ListOf(Text("a service", NAME, refers="services")),
                   "Services that it calls over the network; opens their ports to its instances.", default=[]),
    "environment": Field(
        Table(Text("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]*", longest=128), Scalar(), "<KEY>"),
        "Environment variables. Never secrets: those belong in the variable `app_secrets`, in a vault.", default={},
    ),
    "source": Field(SOURCE, "Where releases come from.", required=True),
    "build": Field(COMMAND_LINE, "Command that is run once for each release, after its dependencies are installed."),
    "migrate": Field(COMMAND_LINE, "Command that is run once for each release, before it takes over."),
})

# Tags appear in the metadata of the instances as well, where their keys may not have spaces or slashes.
TAGS = Table(
    Text("a tag key (letters, digits and + - = . , _ : @)", r"(?!aws:|groundwork:|Name$)[A-Za-z0-9+=.,_:@-]+", 128),
    Scalar(longest=256, private=False), "<key>",
)

RAW = Table(Text("type/name, like security_group/extra", r"[a-z][a-z0-9_]*/[a-z0-9](?:-?[a-z0-9])*", longest=80),
            Table(Text("a property"), Kind(), "<property>"), "<type>/<name>")

DOCUMENT = Record(fields={
    "name": Field(Text("a name of lower-case letters, digits and single dashes, at most 32", NAME, longest=32),
                  "Name of the stack, and the beginning of the names of everything in it.", required=True),
    "region": Field(Text("a region like us-east-1", r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"), "AWS region.", required=True),
    "tags": Field(TAGS, "Tags of everything in the stack.", default={}),
    "network": Field(NETWORK, "The private network and its subnets.", required=True),
    "access": Field(ACCESS, "Who may log in to the instances.", default={}),
    "instances": Field(Table(THING, MACHINES, "<group>"), "Groups of instances that services share.", default={}),
    "proxy": Field(PROXY, "nginx in front of the services of one group of instances."),
    "services": Field(Table(THING, SERVICE, "<service>"), "The applications.", default={}),
    "resources": Field(
        RAW, "Resources that nothing above can say, by type and name, with the properties of their type; "
        "`{ref: type/name, attribute: id}` stands for an attribute of another one. `tags` and `protect` work on each.",
        default={},
    ),
})


def json_schema() -> dict[str, Any]:
    """The document as JSON Schema, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Topology document of groundwork.aws",
        **DOCUMENT.schema(),
    }
