# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the applications: the proxy, and services with their health checks and sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .containers import ListOf, Table
from .infrastructure import MACHINES
from .kinds import Choice, Either, Flag, Scalar, Text, Whole
from .record import Derived, Field, Record
from .view import services
from .words import ANY_CIDR, COMMAND_LINE, LOCAL_PATH, NAME, PORT, VARIABLE

USUAL_IDLE_TIMEOUT = 60  # AWS's own default, in seconds


def manager_by_runtime(service: Mapping[str, Any], _document: Mapping[str, Any]) -> str:
    return "pm2" if service["runtime"] == "pm2" else "systemd"


def idle_timeout_by_services(_balancer: Mapping[str, Any], document: Mapping[str, Any]) -> int:
    return max(USUAL_IDLE_TIMEOUT, *(service["timeout"] for service in services(document).values()), 0)


def drain_by_timeout(service: Mapping[str, Any], _document: Mapping[str, Any]) -> int:
    return int(service["timeout"])


HOST_NAME = Text("a host name", r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", longest=253)
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = rf"(?:{LABEL}\.)+{LABEL}"

# A segment of a path as clients send it: they resolve "." and ".." themselves, and nginx merges slashes. The characters
# are those of a load balancer's path pattern (Elastic Load Balancing API Reference, RuleCondition) that need no quotes
# in nginx. An encoded character is none of them, and nginx compares with the decoded path.
SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+"


PROXY = Record(
    fields={
        "on": Field(
            Text("a group of instances", NAME, refers="instances"), "The instances that nginx runs on.", required=True
        ),
        "port": Field(PORT, "HTTP port.", default=80),
        "allow_from": Field(ListOf(ANY_CIDR), "Networks that may connect to it.", default=["0.0.0.0/0"]),
        "server_name": Field(
            HOST_NAME,
            "Host name of the site. Without it nginx answers to every name.",
        ),
        "tls": Field(
            Record(
                fields={
                    "certificate": Field(LOCAL_PATH, "Certificate chain (PEM) on the controller.", required=True),
                    "key": Field(LOCAL_PATH, "Private key (PEM) on the controller.", required=True),
                    "port": Field(PORT, "HTTPS port.", default=443),
                }
            ),
            "HTTPS; plain HTTP is then redirected.",
        ),
        "max_body": Field(Whole("a size in MiB", 1, 10240), "Largest request body in MiB.", default=10),
    }
)

LOAD_BALANCER = Record(
    fields={
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"),
            "The tier it stands in: reached from the internet where that is the tier's route, else from inside alone.",
            required=True,
        ),
        "port": Field(PORT, "HTTP port.", default=80),
        "allow_from": Field(ListOf(ANY_CIDR), "Networks that may connect to it.", default=["0.0.0.0/0"]),
        "server_name": Field(
            HOST_NAME,
            "Host name under which the site is reached, where somebody else makes its record. Without it, and without "
            "`domain`, the name that AWS gives.",
        ),
        "domain": Field(
            # The first name of a certificate has no more characters.
            Text("a domain name of small letters like shop.example.org", DOMAIN, longest=64),
            "Host name under which the site is reached. Its record is made in Route 53, with `tls` also a certificate.",
        ),
        "alternative_names": Field(
            ListOf(
                Text(
                    "a domain name of small letters like www.example.org, or *.example.org", rf"(?:\*\.)?{DOMAIN}", 128
                )
            ),
            "Further names, beside `domain`. A `*` at the beginning stands for any one label.",
            default=[],
        ),
        "hosted_zone": Field(
            Text("the id or the name of a hosted zone", rf"Z[A-Z0-9]{{1,31}}|{DOMAIN}"),
            "Hosted zone of the records, by id or name. Without it, of the public ones of the account, the one that "
            "holds the name; of several the one with the longest name. Of two with the same name the id is needed.",
        ),
        "alias_records": Field(
            Flag(),
            "Make records that lead the names to the load balancer; without them that is for you to do.",
            default=True,
        ),
        "tls": Field(
            Record(
                fields={
                    "certificate": Field(
                        Text(
                            "the ARN of an ACM certificate",
                            r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+",
                        ),
                        "ARN of a certificate of AWS Certificate Manager, in the region of the stack. Without it one "
                        "is made for `domain` and `alternative_names`, and proved by records in Route 53.",
                    ),
                    "port": Field(PORT, "HTTPS port.", default=443),
                }
            ),
            "HTTPS; plain HTTP is then redirected.",
        ),
        "idle_timeout": Field(
            Whole("a number of seconds", 1, 4000),
            "Seconds until a connection on which nothing is said is closed.",
            default=Derived(idle_timeout_by_services, "60, or the longest `timeout` of a service"),
        ),
        "access_logs": Field(
            Record(
                fields={
                    "bucket": Field(
                        Text("the name of a bucket", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", longest=63),
                        "S3 bucket, whose policy lets Elastic Load Balancing write.",
                        required=True,
                    ),
                    "prefix": Field(
                        Text("a prefix", r"[^/\x00-\x1f][^\x00-\x1f]*", longest=512), "Where in the bucket."
                    ),
                }
            ),
            "Every request, logged to S3.",
        ),
        "protect": Field(Flag(), "Deletion protection; only deleted when `allow_destroy` names it.", default=False),
    }
)

# The bounds are those of a target group, so that a service can move behind a load balancer as it is.
HEALTH = Record(
    fields={
        "path": Field(
            Text("a path that starts with /", r'/[!-"$-~]*'),
            "Path that answers 200 when all is well.",
            default="/health",
        ),
        "interval": Field(Whole("a number of seconds", 5, 300), "Seconds between two checks.", default=30),
        "timeout": Field(Whole("a number of seconds", 2, 120), "Seconds until a check counts as failed.", default=5),
        "healthy": Field(
            Whole("a number of checks", 2, 10), "Good checks in a row until it counts as healthy.", default=2
        ),
        "unhealthy": Field(
            Whole("a number of checks", 2, 10), "Failed checks in a row until it counts as unhealthy.", default=3
        ),
    }
)

SOURCE = Record(
    one_of=(("directory", "git", "archive"),),
    fields={
        "directory": Field(LOCAL_PATH, "Directory on the controller."),
        "git": Field(
            Text("the address of a git repository", repository=True), "Git repository, as the controller reaches it."
        ),
        "ref": Field(
            Text("a branch, tag or commit", r"[^\s\x00-\x1f-][^\s\x00-\x1f]*", longest=255),
            "Branch, tag or commit of `git`. Without it the repository's default branch.",
        ),
        "archive": Field(LOCAL_PATH, "Tar file on the controller (.tar, .tar.gz, .tar.xz)."),
    },
)

# Where a value of one's own belongs.
OWN_SECRET = (
    "declare one at the top, as in secrets: {api-key: {}}, or put a value of your own in app_secrets, in a vault"
)

SERVICE = Record(
    one_of=(("on", "instances"),),
    fields={
        "runtime": Field(
            Choice("gunicorn", "pm2"), "What runs it: `gunicorn` for Python (WSGI), `pm2` for Node.js.", required=True
        ),
        "process_manager": Field(
            Choice("systemd", "pm2"),
            "What keeps it running. Node.js services are always kept by pm2.",
            default=Derived(manager_by_runtime, "`systemd` for gunicorn, `pm2` for pm2"),
        ),
        "on": Field(
            Text("a group of instances", NAME, refers="instances"),
            "The group of instances it runs on, shared with other services.",
        ),
        "instances": Field(MACHINES, "Instances of its own, in a group named as the service."),
        "port": Field(PORT, "The port it listens on."),
        "socket": Field(Flag(), "Listen on a Unix socket instead of a port (gunicorn only).", default=False),
        "entry": Field(
            Text("what to start: module:callable for gunicorn, a script for pm2", longest=255),
            "What to start: `module:callable` for gunicorn, a script of the release for pm2.",
            required=True,
        ),
        "workers": Field(
            Either(Choice("auto"), Whole("a number of processes", 1, 128)),
            "Worker processes; `auto` goes by the number of CPUs.",
            default="auto",
        ),
        "threads": Field(Whole("a number of threads", 1, 128), "Threads of each worker (gunicorn only).", default=1),
        "timeout": Field(
            Whole("a number of seconds", 1, 3600), "Longest time that a request may take, in seconds.", default=30
        ),
        "memory": Field(Whole("a size in MiB", 16, 1048576), "Restart a process that grows beyond this many MiB."),
        "routes": Field(
            ListOf(Text("a path like /, /about or /api/*", rf"/(?:{SEGMENT}/)*(?:{SEGMENT})?\*?", longest=128)),
            "Paths that the proxy, or the load balancer, sends to it; a `*` at the end stands for anything. `/api/*` "
            "does not hold `/api`, which may be a route of its own.",
            default=[],
        ),
        "priority": Field(
            Whole("a place", 1, 50000),
            "Place of its first route among the rules of the load balancer, of which the first that fits is taken. "
            "Without it they stand in the order of the document.",
        ),
        "drain": Field(
            Whole("a number of seconds", 0, 3600),
            "Seconds that an instance gets to answer what it has begun when it leaves the load balancer.",
            default=Derived(drain_by_timeout, "`timeout`"),
        ),
        "health": Field(HEALTH, "How to tell that it works.", default={}),
        "static": Field(
            Table(
                Text("a URL prefix like /static/", rf"/(?:{SEGMENT}/)*"),
                Text("a directory inside the release", r"(?!.*\.\.)[A-Za-z0-9_.][A-Za-z0-9_./ -]*"),
                "<prefix>",
            ),
            "Directories of the release that nginx serves itself, by URL prefix.",
            default={},
        ),
        "websocket": Field(Flag(), "The proxy passes WebSocket upgrades on.", default=False),
        "allow_from": Field(
            ListOf(ANY_CIDR), "Networks that may connect to its port directly. Empty: nobody.", default=[]
        ),
        "calls": Field(
            ListOf(Text("a service", NAME, refers="services")),
            "Services that it calls over the network; opens their ports to its instances, and tells it where they are: "
            "`BACKEND_URLS` for `backend`, those of its own zone first, separated by commas.",
            default=[],
        ),
        "uses": Field(
            ListOf(
                Text(
                    "a database or cache",
                    rf"(?:database|cache)/{NAME}",
                    refers="stores",
                    prefixes=("database/", "cache/"),
                )
            ),
            "Databases and caches that it uses, as in `[database/main, cache/sessions]`: they let its instances in, "
            "and its environment has `DATABASE_URL` with a user and password of its own, `REDIS_URL` "
            "(`<NAME>_DATABASE_URL`, `<NAME>_REDIS_URL` where it uses several).",
            default=[],
        ),
        "environment": Field(
            Table(VARIABLE, Scalar(), "<KEY>"),
            "Environment variables. Never secrets: those belong in `secrets`, or in the variable `app_secrets`, in a "
            "vault.",
            default={},
        ),
        "secrets": Field(
            Table(
                VARIABLE, Text("the name of a secret", NAME, refers="secrets", private=True, hint=OWN_SECRET), "<KEY>"
            ),
            "Environment variables whose values are secrets of the document.",
            default={},
        ),
        "source": Field(SOURCE, "Where releases come from.", required=True),
        "build": Field(
            COMMAND_LINE, "Command that is run once for each release, after its dependencies are installed."
        ),
        "migrate": Field(COMMAND_LINE, "Command that is run once for each release, before it takes over."),
    },
)
