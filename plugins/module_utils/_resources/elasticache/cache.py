# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cache: Redis of ElastiCache, a primary node and its replicas. Encrypted by default.

The document names the secret that holds its AUTH token. The token itself is read only for the call that sends it.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Any

from ..._aws.tags import tags_to_dict, tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.list_call import Listing
from ..._engine.model import DesiredResource, Ref
from ..._engine.property_limits import (
    EVERY,
    FLAG,
    PORT,
    Matching,
    PropertyPath,
    PropertyProblem,
    Scalar,
    WholeNumber,
    a_set,
    display_value,
    is_reference,
    whole_number,
)
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    Schema,
)
from ..._engine.scope import Scope, shorten_name
from ..secretsmanager import passwords
from . import auth_token, node_types, versions
from . import cache_changes as changes
from . import common as elasticache

ENDPOINT_PORT = "NodeGroups.0.PrimaryEndpoint.Port"
# Members of the properties in the lists of groups and of nodes.
MEMBERS = {
    "node_type": "CacheNodeType",
    "automatic_failover": "AutomaticFailover",
    "multi_az": "MultiAZ",
    "snapshot_retention_days": "SnapshotRetentionLimit",
    "encryption_at_rest": "AtRestEncryptionEnabled",
    "encryption_in_transit": "TransitEncryptionEnabled",
}
MEMBERS_OF_NODE = {
    "engine_version": "EngineVersion",
    "parameter_group": "CacheParameterGroup.CacheParameterGroupName",
    "maintenance_window": "PreferredMaintenanceWindow",
    "subnet_group": "CacheSubnetGroupName",
}
CREATION_PARAMETERS = {
    "subnet_group": "CacheSubnetGroupName",
    "port": "Port",
    "encryption_at_rest": "AtRestEncryptionEnabled",
    "encryption_in_transit": "TransitEncryptionEnabled",
}


DEFAULT_VERSION = "7.1"


def check_node_type(given: Properties) -> Iterator[PropertyProblem]:
    problem = None if is_reference(given["node_type"]) else node_types.find_node_type_problem(given["node_type"])
    if problem is not None:
        yield ("node_type",), problem


def check_version(given: Properties) -> Iterator[PropertyProblem]:
    version, group = given.get("engine_version") or DEFAULT_VERSION, given.get("parameter_group")
    if is_reference(version):
        return
    problem = versions.find_version_problem(str(version))
    if problem is not None:
        yield ("engine_version",), problem
    elif isinstance(group, str):
        problem = versions.find_group_problem(str(version), group)
        if problem is not None:
            yield ("parameter_group",), problem


def check_failover(given: Properties) -> Iterator[PropertyProblem]:
    """Another node takes over from the primary (CreateReplicationGroup, AutomaticFailoverEnabled, MultiAZEnabled)."""
    if is_reference(given.get("nodes")):
        return
    nodes = int(given.get("nodes") or 1)
    for name in ("automatic_failover", "multi_az"):
        if given.get(name) is True and nodes < 2:
            yield (name,), f"needs two nodes, and there is {nodes} (write nodes: 2, or false)"
    if given.get("multi_az") is True and given.get("automatic_failover") is False:
        yield ("multi_az",), "needs automatic_failover, which is false (write the same for both)"


def check_token(given: Properties) -> Iterator[PropertyProblem]:
    token = given.get("auth_token")
    if token is None or is_reference(token):
        return
    problem = auth_token.find_form_problem(token)
    if problem is not None:
        yield ("auth_token",), problem
    elif given.get("encryption_in_transit") is False:
        yield ("auth_token",), "needs encryption_in_transit, which is false (remove one of them)"
    elif isinstance(token["secret"], Ref) and isinstance(token["version"], Ref):
        secret, version = token["secret"].address, token["version"].address
        if secret != version:
            yield ("auth_token", "version"), f"is of {version}, and the token of {secret} (take both from one secret)"


def check_secret(_given: Properties, path: PropertyPath, secret: DesiredResource) -> Iterator[PropertyProblem]:
    """The value of a generated secret has to be a token that ElastiCache takes: see `auth_token.FORM`."""
    if secret.type != "secret":
        return
    if not secret.name.startswith(auth_token.SECRET_PREFIX):
        text = f"{secret.address} does not begin with {auth_token.SECRET_PREFIX}, and the policy to provision lets the"
        fix = f"call it secret/{auth_token.SECRET_PREFIX}{secret.name}"
        yield path, f"{text} engine read only the values of secrets that do ({fix})"
    given = secret.properties.get("generate") or {}
    options = {**passwords.DEFAULTS, **{name: value for name, value in given.items() if value is not None}}
    if options["template"] is not None:
        yield path, f"the value of {secret.address} is a JSON object, and a token is plain text (remove its template)"
        return
    length, excluded = options["length"], options["exclude_characters"]
    if isinstance(length, int) and not auth_token.SHORTEST <= length <= auth_token.LONGEST:
        text = f"the value of {secret.address} has {length} characters, and a token {auth_token.SHORTEST} to"
        yield path, f"{text} {auth_token.LONGEST} (change its length)"
    punctuation = "" if options["exclude_punctuation"] is True else string.punctuation
    possible = punctuation + (" " if options["include_space"] is True else "")
    others = [one for one in possible if one not in auth_token.PUNCTUATION and one not in str(excluded)]
    if others:
        text = f"the value of {secret.address} may contain {display_value(others[0])}, which no token has"
        yield path, f"{text} (write exclude_punctuation: true{', include_space: false' if ' ' in others else ''} there)"


def with_defaults(desired: Properties) -> dict[str, Any]:
    nodes = int(desired.get("nodes", 1))
    given = {
        "engine_version": DEFAULT_VERSION,
        "automatic_failover": nodes > 1,
        "multi_az": False,
        "port": 6379,
        "snapshot_retention_days": 0,
        "encryption_at_rest": True,
        "encryption_in_transit": True,
        **desired,
        "nodes": nodes,
        "security_groups": sorted(desired["security_groups"]),
    }
    return {**given, "engine_version": str(given["engine_version"])}


def normalize(group: Raw) -> dict[str, Any]:
    """Properties that only the list of nodes shows are not compared while there are no nodes."""
    found = returned_members(group, {**MEMBERS, "port": ENDPOINT_PORT})
    for name in ("automatic_failover", "multi_az"):
        if name in found:
            found[name] = found[name] in ("enabled", "enabling")
    if "MemberClusters" in group:
        found["nodes"] = len(group["MemberClusters"])
    return {**found, **_node(group.get("Node") or {}), **_token(group)}


def _token(group: Raw) -> dict[str, Any]:
    """The token is not compared where AWS shows no tags, or would refuse one."""
    tags = group.get("Tags")
    state = None if tags is None else auth_token.read_state(tags_to_dict(tags))
    return {} if state is None or auth_token.describe_obstacle(group) else {"auth_token": state.as_property}


def _node(node: Raw) -> dict[str, Any]:
    found = returned_members(node, MEMBERS_OF_NODE)
    if "SecurityGroups" in node:
        found["security_groups"] = sorted(one["SecurityGroupId"] for one in node["SecurityGroups"])
    return found


def same_version(desired: str, actual: str) -> bool:
    """A document may leave the end of a version to AWS, which makes minor upgrades by itself."""
    return actual == desired or actual.startswith(f"{desired}.")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    names = {**changes.PARAMETERS, **CREATION_PARAMETERS}
    parameters = {parameter: desired[name] for name, parameter in names.items() if name in desired}
    tags = dict(resource.tags)
    if "auth_token" in desired:
        parameters["AuthToken"] = auth_token.read_token(resource.clients, desired["auth_token"])
        tags[auth_token.TAG] = auth_token.TokenState(desired["auth_token"]["version"]).as_tag
    made: Raw = client.create_replication_group(
        ReplicationGroupId=resource.name,
        ReplicationGroupDescription=elasticache.description(resource),
        Engine="redis",
        NumCacheClusters=desired["nodes"],
        **parameters,
        Tags=tags_to_list(tags),
    )["ReplicationGroup"]
    return elasticache.with_node_names(made | {"Tags": tags_to_list(tags)})


class CacheType(elasticache.DescriptionOwnedType):
    description_path = "Description"
    other_listings = (Listing("describe_cache_clusters", "CacheClusters"),)

    def physical_name(self, scope: Scope, name: str, suffix: str = "") -> str:
        """The name in AWS. It begins with all of the stack's name, because policies limit new caches by that."""
        full_name = self.base_name(scope, name) + suffix
        return shorten_name(full_name, self.schema.max_name_length, prefix=scope.physical_name(""))

    def merge(self, items: list[Raw], others: Sequence[list[Raw]]) -> list[Raw]:
        """The groups, each with its first node: the nodes of a group are alike, and come in any order."""
        nodes: dict[str, Raw] = {}
        for node in sorted((one for found in others for one in found), key=lambda one: str(one.get("CacheClusterId"))):
            nodes.setdefault(node.get("ReplicationGroupId", ""), node)
        return [
            elasticache.with_node_names(group) | {"Node": nodes.get(group["ReplicationGroupId"])} for group in items
        ]

    def is_deleted(self, item: Raw) -> bool:
        return item.get("Status") == "deleting"

    def reject(self, desired: Properties, actual: Properties) -> str | None:
        version, current = desired["engine_version"], actual.get("engine_version")
        if current and not same_version(version, current) and _parts(version) < _parts(current):
            return f"AWS cannot take it from {current} back to engine_version {version}: give it a new name"
        return None

    def notices(self, actual: ActualResource) -> Sequence[str]:
        pending = auth_token.describe_pending(actual)
        return () if pending is None else (pending,)


TYPE = CacheType(
    Schema(
        name="cache",
        service="elasticache",
        id_path="ReplicationGroupId",
        attributes={
            "id": "ReplicationGroupId",
            "arn": "ARN",
            "name": "ReplicationGroupId",
            "primary_endpoint": "NodeGroups.0.PrimaryEndpoint.Address",
            "reader_endpoint": "NodeGroups.0.ReaderEndpoint.Address",
            "port": ENDPOINT_PORT,
            **elasticache.NODES,
        },
        required=frozenset({"node_type", "subnet_group", "security_groups"}),
        references={
            ("subnet_group",): ("cache_subnet_group.name",),
            ("security_groups", EVERY): ("security_group.id",),
            ("auth_token", "secret"): ("secret.arn", "secret.name"),
            ("auth_token", "version"): ("secret.version",),
        },
        limits={
            ("node_type",): Matching("a type like cache.t3.micro", pattern=node_types.NODE_TYPE),
            ("nodes",): WholeNumber(
                f"a number of nodes (1-{elasticache.MOST_NODES})", low=1, high=elasticache.MOST_NODES, is_text=True
            ),
            ("engine_version",): Scalar(),
            ("security_groups",): a_set(),
            ("parameter_group",): Matching("the name of a parameter group"),
            ("port",): PORT,
            # ElastiCache API Reference, CreateReplicationGroup, SnapshotRetentionLimit.
            ("snapshot_retention_days",): whole_number("a number of days", 0, 35),
            **{
                (name,): FLAG
                for name in ("automatic_failover", "multi_az", "encryption_at_rest", "encryption_in_transit")
            },
        },
        target_checks={("auth_token", "secret"): check_secret},
        checks=(check_node_type, check_version, check_failover, check_token),
        create_only=frozenset(CREATION_PARAMETERS),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"engine_version": same_version, "auth_token": auth_token.is_as_desired},
        name_attributes=frozenset({"id", "name"}),
        max_name_length=40,
        own_tags=frozenset({auth_token.TAG}),
    ),
    Discovery(
        listing=Listing(
            "describe_replication_groups",
            "ReplicationGroups",
            by_ids=lambda names: {"ReplicationGroupId": names[0]},
            by_ids_fails_whole=True,
        ),
        details=(elasticache.TAGS,),
        tagging=elasticache.tagging(changes.describe),
    ),
    Lifecycle(
        create=create,
        updates={
            **dict.fromkeys((*changes.PARAMETERS, "nodes"), changes.change),
            "auth_token": changes.change_token,
        },
        delete=changes.remove,
        ready=changes.AVAILABLE,
        name_taken_codes=frozenset({"ReplicationGroupAlreadyExists"}),
        in_use_codes=frozenset({elasticache.BUSY}),
        in_use_timeout=3600.0,
    ),
)
