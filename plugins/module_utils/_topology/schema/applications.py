# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the applications: proxy, load balancer, and services with their health checks and sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._aws.mail_addresses import HOST_LABEL
from ..git_addresses import EXAMPLES, REF, REF_HINT
from ..runtimes import MANAGERS, RUNTIMES
from ..view import balanced_services
from .containers import ListOf, MappingOf
from .infrastructure import INSTANCE_GROUP
from .kinds import AnyOf, Boolean, Choice, Integer, Scalar, Text
from .record import Derived, Field, Record
from .rollout import SERVICE_ROLLOUT
from .shared import ANY_CIDR, COMMAND_LINE, LOCAL_PATH, NAME, PORT, VARIABLE

DEFAULT_MANAGER = next(iter(MANAGERS))
DEFAULT_IDLE_TIMEOUT = 60  # AWS's own default, in seconds


def derive_process_manager(service: Mapping[str, Any], _document: Mapping[str, Any]) -> str:
    runtime = RUNTIMES.get(service["runtime"])
    return DEFAULT_MANAGER if runtime is None else runtime.default_manager


def describe_runtimes() -> str:
    """What the reference says about the choice of a runtime."""
    return "; ".join(f"`{one.name}`: {one.description}" for one in RUNTIMES.values())


def describe_default_managers() -> str:
    return ", ".join(f"`{one.default_manager}` for {one.name}" for one in RUNTIMES.values())


def derive_idle_timeout(_balancer: Mapping[str, Any], document: Mapping[str, Any]) -> int:
    return max(DEFAULT_IDLE_TIMEOUT, *(service["timeout"] for service in balanced_services(document).values()), 0)


def derive_drain(service: Mapping[str, Any], _document: Mapping[str, Any]) -> int:
    return int(service["timeout"])


# Amazon S3 User Guide, "General purpose bucket naming rules": no address, no two dots together, and nothing reserved.
BUCKET = (
    r"(?![0-9]+(?:\.[0-9]+){3}$)(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)"
    r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]"
)
HOST_NAME = Text("a host name like shop.example.org", rf"(?:\*\.)?{HOST_LABEL}(?:\.{HOST_LABEL})*", longest=253)
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = rf"(?:{LABEL}\.)+{LABEL}"

# A segment of a path: the characters of a load balancer's path pattern (Elastic Load Balancing API Reference,
# RuleCondition) that need no quotes in nginx. Clients resolve "." and "..", and nginx compares decoded paths.
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
        "max_body": Field(Integer("a size in MiB", 1, 10240), "Largest request body in MiB.", default=10),
    }
)

LOAD_BALANCER = Record(
    fields={
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"),
            "The tier of its subnets. It is reached from the internet if the tier routes there, else from inside only.",
            required=True,
        ),
        "port": Field(PORT, "HTTP port.", default=80),
        "allow_from": Field(ListOf(ANY_CIDR), "Networks that may connect to it.", default=["0.0.0.0/0"]),
        "server_name": Field(
            HOST_NAME,
            "Host name of the site whose DNS record you create yourself. Without it, and without `domain`, the name "
            "that AWS gives.",
        ),
        "domain": Field(
            Text("a domain name of small letters like shop.example.org", DOMAIN, longest=128),
            "Host name of the site. Its record is created in Route 53, with `tls` also a certificate, whose first name "
            "has at most 64 characters.",
        ),
        "alternative_names": Field(
            ListOf(
                Text(
                    "a domain name of small letters like www.example.org, or *.example.org", rf"(?:\*\.)?{DOMAIN}", 128
                )
            ),
            "Names in addition to `domain`. A `*` at the beginning matches any one label.",
            default=[],
        ),
        "hosted_zone": Field(
            Text("the id or the name of a hosted zone", rf"Z[A-Z0-9]{{1,31}}|{DOMAIN}"),
            "Hosted zone of the records, by id or name. Without it, the public zone of the account with the longest "
            "matching name. If two zones have the same name, give the id.",
        ),
        "alias_records": Field(
            Boolean(),
            "Create the records that lead the names to the load balancer; with `false` you create them.",
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
                        "is created for `domain` and `alternative_names`, and validated by records in Route 53.",
                    ),
                    "port": Field(PORT, "HTTPS port.", default=443),
                }
            ),
            "HTTPS; plain HTTP is then redirected.",
        ),
        "idle_timeout": Field(
            Integer("a number of seconds", 1, 4000),
            "Seconds until an idle connection is closed.",
            default=Derived(derive_idle_timeout, "60, or the longest `timeout` of a service with routes"),
        ),
        "access_logs": Field(
            Record(
                fields={
                    "bucket": Field(
                        Text("the name of a bucket", BUCKET, longest=63),
                        "S3 bucket, whose policy lets Elastic Load Balancing write.",
                        required=True,
                    ),
                    "prefix": Field(
                        Text(
                            "a prefix like shop/logs, without AWSLogs",  # which Elastic Load Balancing appends itself
                            r"(?!.*AWSLogs)[^/\x00-\x1f][^\x00-\x1f]*",
                            longest=512,
                        ),
                        "Where in the bucket.",
                    ),
                }
            ),
            "Every request, logged to S3.",
        ),
        "protect": Field(Boolean(), "Deletion protection; only deleted when `allow_destroy` names it.", default=False),
    }
)

# The bounds are those of a target group, so that a service can move behind a load balancer unchanged.
HEALTH = Record(
    fields={
        "path": Field(
            Text("a path like /health, of ASCII characters without spaces and #", r'/[!-"$-~]*'),
            "Path that answers 200 when the service is healthy.",
            default="/health",
        ),
        "interval": Field(Integer("a number of seconds", 5, 300), "Seconds between two checks.", default=30),
        "timeout": Field(Integer("a number of seconds", 2, 120), "Seconds until a check counts as failed.", default=5),
        "healthy": Field(
            Integer("a number of checks", 2, 10), "Good checks in a row until it counts as healthy.", default=2
        ),
        "unhealthy": Field(
            Integer("a number of checks", 2, 10), "Failed checks in a row until it counts as unhealthy.", default=3
        ),
    }
)

SOURCE = Record(
    one_of=(("directory", "git", "archive"),),
    fields={
        "directory": Field(LOCAL_PATH, "Directory on the controller."),
        "git": Field(
            Text(
                "the address of a git repository",
                repository=True,
                hint=f"write {EXAMPLES}",
            ),
            "Address of a git repository that the controller can reach. Its submodules and files of Git LFS belong to "
            "it.",
        ),
        "ref": Field(
            Text("a branch, tag or commit", REF, longest=255, hint=REF_HINT),
            "Branch, tag or whole commit id of `git`. Without it the repository's default branch.",
        ),
        "archive": Field(LOCAL_PATH, "Tar file on the controller (.tar, .tar.gz, .tar.xz)."),
    },
)

# Where a value of your own belongs.
SECRET_HINT = (
    "declare one at the top, as in secrets: {api-key: {}}, or put a value of your own in app_secrets, in a vault"
)

SERVICE = Record(
    one_of=(("on", "instances"),),
    fields={
        "runtime": Field(
            Choice(*RUNTIMES),
            f"How it is started. {describe_runtimes()}.",
            required=True,
        ),
        "process_manager": Field(
            Choice(*MANAGERS),
            "The process manager. Only gunicorn has a choice.",
            default=Derived(derive_process_manager, describe_default_managers()),
        ),
        "interface": Field(
            Choice("wsgi", "asgi"),
            "The interface of a Python web application (gunicorn only): `wsgi` (Flask, Django), or `asgi` (FastAPI, "
            "Starlette), whose workers are those of the package `uvicorn-worker`.",
            default="wsgi",
        ),
        "on": Field(
            Text("a group of instances", NAME, refers="instances"),
            "The group of instances it runs on, shared with other services.",
        ),
        "instances": Field(INSTANCE_GROUP, "Instances of its own, in a group with the name of the service."),
        "port": Field(
            PORT,
            "The port it listens on. A service of the runtimes pm2 and python without one (`port: null`) is a worker: "
            "it gets no requests, and is deployed and rolled back by the state of its processes.",
        ),
        "socket": Field(Boolean(), "Listen on a Unix socket instead of a port (gunicorn only).", default=False),
        "entry": Field(
            Text("an entry point: module:callable for gunicorn, a script for pm2, a command for python", longest=255),
            "The entry point: `module:callable` for gunicorn, a script of the release for pm2, a command without "
            "operators of the shell for python (`celery -A shop.tasks worker`).",
            required=True,
        ),
        "workers": Field(
            AnyOf(Choice("auto"), Integer("a number of processes", 1, 128)),
            "Worker processes; `auto` depends on the number of CPUs. A command of the runtime python has one process, "
            "which may start others.",
            default="auto",
        ),
        "threads": Field(Integer("a number of threads", 1, 128), "Threads of each worker (gunicorn only).", default=1),
        "timeout": Field(
            Integer("a number of seconds", 1, 3600),
            "Longest time that a request, or a task of a worker, may take, in seconds.",
            default=30,
        ),
        "memory": Field(Integer("a size in MiB", 16, 1048576), "Restart a process that grows beyond this many MiB."),
        "routes": Field(
            ListOf(
                Text(
                    "a path like /, /about or /api/*",
                    rf"/(?:{SEGMENT}/)*(?:{SEGMENT})?\*?",
                    longest=128,  # Elastic Load Balancing API Reference, RuleCondition, PathPatternConfig
                    hint="begin it with /, write letters, digits and . _ ~ - between slashes, and * at the end only",
                )
            ),
            "Paths that the proxy, or the load balancer, sends to it; a `*` at the end matches any text. `/api/*` does "
            "not match `/api`, which may be a route of its own.",
            default=[],
        ),
        "priority": Field(
            Integer("a priority", 1, 50000),
            "Priority of the rule of its first route in the load balancer, where the first matching rule applies. "
            "Without it, rules have the order of the document.",
        ),
        "drain": Field(
            Integer("a number of seconds", 0, 3600),
            "Seconds that an instance gets to finish its requests when it leaves the load balancer.",
            default=Derived(derive_drain, "`timeout`"),
        ),
        "health": Field(HEALTH, "The health check.", default={}),
        "static": Field(
            MappingOf(
                Text(
                    "a URL prefix like /static/",
                    rf"/(?:{SEGMENT}/)*",
                    hint="begin and end it with /, and write letters, digits and . _ ~ - between slashes",
                ),
                Text(
                    "a directory inside the release like public, without ..",
                    r"(?!.*\.\.)[A-Za-z0-9_.][A-Za-z0-9_./ -]*",
                ),
                "<prefix>",
            ),
            "Directories of the release that nginx serves itself, by URL prefix.",
            default={},
        ),
        "websocket": Field(Boolean(), "Whether the proxy passes on WebSocket upgrades.", default=False),
        "allow_from": Field(
            ListOf(ANY_CIDR), "Networks that may connect to its port directly. Empty: none.", default=[]
        ),
        "calls": Field(
            ListOf(Text("a service", NAME, refers="services")),
            "Services that it calls over the network. Their ports are opened to its instances, and its environment has "
            "their URLs: `BACKEND_URLS` for `backend`, those of its own zone first, separated by commas.",
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
            "Databases and caches that it uses, as in `[database/main, cache/sessions]`. They admit its instances, and "
            "its environment has `DATABASE_URL` with a user and password of its own, or `REDIS_URL` with the AUTH "
            "token (`<NAME>_DATABASE_URL`, `<NAME>_REDIS_URL` where it uses several).",
            default=[],
        ),
        "environment": Field(
            MappingOf(VARIABLE, Scalar(), "<KEY>"),
            "Environment variables. Never secrets: those belong in `secrets`, or in the variable `app_secrets`, in a "
            "vault.",
            default={},
        ),
        "secrets": Field(
            MappingOf(
                VARIABLE, Text("the name of a secret", NAME, refers="secrets", private=True, hint=SECRET_HINT), "<KEY>"
            ),
            "Environment variables whose values are secrets of the document.",
            default={},
        ),
        "source": Field(SOURCE, "The source of its releases.", required=True),
        "build": Field(
            COMMAND_LINE,
            "Command that runs once for each release, after its dependencies are installed, in `bash` with `set -euo "
            "pipefail`. It has the variables of `environment`, but no secrets or URLs of databases and caches. For "
            "Node.js it finds the development dependencies, which are removed afterwards.",
        ),
        "aws_access": Field(
            Boolean(),
            "Whether its processes may use the AWS credentials of their instance. Without it they cannot reach the "
            "instance metadata service, and no fault of the service leads to these credentials.",
            default=False,
        ),
        "install_scripts": Field(
            Boolean(),
            "Whether npm runs the scripts of packages while it installs them (pm2 only), for packages that compile or "
            "download programs. They run code of every dependency on the host, without the secrets of the service.",
            default=False,
        ),
        "migrate": Field(
            COMMAND_LINE,
            "Command that runs once for each release, before the release serves, in `bash` with `set -euo pipefail` "
            "and all variables of the service.",
        ),
        "rollout": Field(SERVICE_ROLLOUT, "How it moves to new releases, where it differs from `rollout`.", default={}),
    },
)

# The keys of a service that only some runtimes have.
RUNTIME_OPTIONS = tuple(key for key in SERVICE.fields if any(key in one.options for one in RUNTIMES.values()))
