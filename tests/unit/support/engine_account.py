# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small AWS account inside the process: moto behind real clients, and faults to inject into a run."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.module_utils._engine import run as engine
from ansible_collections.groundwork.aws.plugins.module_utils._engine.discovery import discover_types
from ansible_collections.groundwork.aws.plugins.module_utils._engine.items import Raw
from ansible_collections.groundwork.aws.plugins.module_utils._engine.listing import list_items
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ResourceType
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from support.oldest_botocore import check_request

REGION = "us-east-1"
READS = ("Describe", "List", "Get")
CONNECTION = Connection(access_key="test", secret_key="test")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
POLICY = "arn:aws:iam::123456789012:policy/shop"


class Killed(BaseException):
    """The process was killed: AWS gets no further call."""


class Switch:
    """Kills a run at its nth mutating call, before AWS executes it or after."""

    def __init__(self, at: int, executed: bool) -> None:
        self._at = at
        self._executed = executed
        self._lock = threading.Lock()
        self._seen = 0
        self.dead = False

    def before(self, model: Any, **_event: Any) -> None:
        with self._lock:
            if self.dead:
                raise Killed
            if model.name.startswith(READS) or model.service_model.service_name == "ssm":
                return
            self._seen += 1
            if self._seen == self._at and not self._executed:
                self.dead = True
                raise Killed

    def after(self, model: Any, **_event: Any) -> None:
        if model.name.startswith(READS) or model.service_model.service_name == "ssm":
            return
        with self._lock:
            if self._seen >= self._at and self._executed:
                self.dead = True
            if self.dead:
                raise Killed


def clients(switch: Switch | None = None) -> Clients:
    made = Clients(CONNECTION, REGION)
    made._open().register("provide-client-params", check_request)
    if switch:
        session = made._open()
        session.register("before-call", switch.before)
        session.register("after-call", switch.after)
    return made


def stack(**changes: Any) -> DesiredStack:
    """The first architecture in small: one of each that it has. ``changes`` replaces or (with None) drops some."""
    vpc = Ref("vpc/main")
    resources = {
        "vpc/main": {"cidr": "10.0.0.0/16"},
        "internet_gateway/main": {"vpc": vpc},
        "subnet/public-1": {"vpc": vpc, "cidr": "10.0.1.0/24", "zone": "us-east-1a"},
        "route_table/public": {
            "vpc": vpc,
            "routes": [{"destination": "0.0.0.0/0", "gateway": Ref("internet_gateway/main")}],
            "subnets": [Ref("subnet/public-1")],
        },
        "security_group/app": {
            "vpc": vpc,
            "description": "app",
            "ingress": [
                {"protocol": "tcp", "from_port": 80, "to_port": 80, "cidr": "0.0.0.0/0", "description": "HTTP"},
                {"protocol": "tcp", "from_port": 5000, "to_port": 5000, "group": Ref("security_group/web")},
            ],
        },
        "security_group/web": {
            "vpc": vpc,
            "description": "web",
            "ingress": [{"protocol": "-1", "group": Ref("security_group/app")}],
        },
        "key_pair/main": {"public_key": f"{KEY} me"},
        "iam_role/app": {"principal": "ec2.amazonaws.com", "managed_policies": [POLICY]},
        "instance_profile/app": {"role": Ref("iam_role/app", "name")},
        "instance/app-1": {
            "image": "al2023",
            "type": "t3.micro",
            "subnet": Ref("subnet/public-1"),
            "security_groups": [Ref("security_group/app")],
            "key_pair": Ref("key_pair/main", "name"),
            "instance_profile": Ref("instance_profile/app", "name"),
            "termination_protection": True,
            "public_ip": True,
        },
        "elastic_ip/app-1": {"instance": Ref("instance/app-1")},
    }
    changed = {**resources, **{address.replace("__", "/"): value for address, value in changes.items()}}
    desired = [
        DesiredResource(*address.split("/", 1), properties=value, protected=address == "instance/app-1")
        for address, value in changed.items()
        if value is not None
    ]
    outputs = {"url": ("http://", Ref("elastic_ip/app-1", "public_ip"), "/")} if "elastic_ip/app-1" in changed else {}
    return DesiredStack("shop", REGION, tuple(desired), {"team": "red"}, outputs)


def run(desired: DesiredStack, **options: Any) -> engine.Result:
    """An undisturbed run."""
    return engine.Engine(clients(), desired, REGISTRY, engine.Options(**{"lock_wait": 5, **options})).run()


def run_and_die(desired: DesiredStack, at: int, executed: bool, **options: Any) -> bool:
    """Whether a run reached the mutating call at which it is killed. Its lock is removed, as if it had expired."""
    switch = Switch(at, executed)
    with suppress(Killed):
        engine.Engine(clients(switch), desired, REGISTRY, engine.Options(**options)).run()
    ssm = clients()("ssm")
    for page in ssm.pages("get_parameters_by_path", {"Path": "/groundwork/shop/lock"}):
        for item in page["Parameters"]:
            ssm.delete_parameter(Name=item["Name"])
    return switch.dead


def snapshot(name: str = "shop") -> dict[str, Any]:
    """All that the stack owns, with addresses in place of ids; an address with two objects has two entries."""
    found = discover_types(clients(), REGISTRY.values(), Scope(name, REGION)).alive
    names = {str(value): item.address for item in found for value in (item.id, item.attributes.get("arn")) if value}

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shown(item) for key, item in value.items()}
        if isinstance(value, list):
            return [shown(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    result: dict[str, Any] = {}
    for item in found:
        result.setdefault(item.address, []).append(
            {"properties": shown(dict(item.properties)), "tags": dict(item.tags)}
        )
    return result


def census() -> dict[str, int]:
    """How many objects of each type exist in the whole account, of any owner: orphans count too."""
    made = clients()
    result = {kind.name: len(list_all(made, kind)) for kind in REGISTRY.values()}
    volumes = [item for page in made("ec2").pages("describe_volumes", {}) for item in page["Volumes"]]
    return {**result, "volume": len(volumes)}


def list_all(made: Clients, kind: ResourceType) -> list[Raw]:
    """All objects of a type, of every owner; where AWS lists them only inside a parent, those in every parent."""
    listing, client = kind.discovery.listing, made(kind.service)
    if listing.by_parent:
        parent_type = REGISTRY[kind.discovery.parent_type]
        requests = [listing.by_parent(parent_type.identify(item)) for item in list_all(made, parent_type)]
    elif kind.hosted_zone_property:
        requests = list(kind.list_requests(client, listing, Scope("shop", REGION)))
    else:
        requests = [{}]
    items = [item for request in requests for item in list_items(client, listing, request)]
    return [item for item in items if not kind.is_deleted(item)]
