# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declaration of the topology document: every key with its kind, default, bounds and description.

Validation, defaults, the JSON Schema and the reference in docs/topology.md are derived from it. A new section is a new
field of `DOCUMENT`, declared in a module of its own. A check that compares several paths is a rule in `rules/`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..placement import find_placements
from ..view import Document, caches, databases, generated_secrets, services, tiers
from .applications import LOAD_BALANCER, PROXY, SERVICE
from .containers import MappingOf
from .infrastructure import ACCESS, INSTANCE_GROUP, NETWORK
from .kinds import Kind, Scalar, Text
from .monitoring import MONITORING
from .record import Field, Record
from .rollout import ROLLOUT
from .shared import NAME, NAME_HINT, RESOURCE_NAME
from .stores import CACHE, DATABASE, SECRET

# The address of the newest schema, for documents outside this repository.
SCHEMA_ADDRESS = "https://raw.githubusercontent.com/groundwork-aws/groundwork.aws/main/schema/topology.schema.json"

# The names that a text with `refers` may have.
REFERABLE: Mapping[str, Callable[[Document], Collection[str]]] = {
    "subnets": tiers,
    "instances": find_placements,
    "services": services,
    "stores": lambda document: [
        *(f"database/{name}" for name in databases(document)),
        *(f"cache/{name}" for name in caches(document)),
    ],
    "secrets": generated_secrets,
}

# IAM allows fewer characters than EC2, and instance metadata has no keys with a space or a slash. AWS allows 50 tags on
# an object, of which ten are left for the stack engine.
TAGS = MappingOf(
    Text(
        "a tag key (letters, digits and + - = . _ : @, and not Name, aws:… or groundwork:…)",
        # AWS reserves its prefix in any case: Tagging AWS Resources User Guide, "Tag naming limits and requirements".
        r"(?![Aa][Ww][Ss]:|groundwork:|Name$)[A-Za-z0-9+=._:@-]+",
        128,
    ),
    Scalar("a tag value (letters, digits, spaces and + - = . _ : / @)", r"[\w +=._:/@-]*", 256, private=False),
    "<key>",
    most=40,
)

# EC2 User Guide, "Tag restrictions": letters of any language, digits and spaces. IAM's pattern of tag keys is the same.
RAW_TAGS = MappingOf(
    Text(
        "a tag key (letters, digits, spaces and + - = . _ : / @, and not Name, aws:… or groundwork:…)",
        r"(?![Aa][Ww][Ss]:|groundwork:|Name$)[\w +=._:/@-]+",
        128,
    ),
    TAGS.value,
    "<key>",
    most=40,
)

RAW = MappingOf(
    Text("type/name, like security_group/extra", r"[a-z][a-z0-9_]*/[a-z0-9](?:-{0,2}[a-z0-9])*", longest=80),
    MappingOf(Text("the name of a property"), Kind(), "<property>"),
    "<type>/<name>",
)

DOCUMENT = Record(
    fields={
        "name": Field(
            Text(
                "a name of lower-case letters, digits and single dashes, at most 32", NAME, longest=32, hint=NAME_HINT
            ),
            "Name of the stack, and the prefix of the names of its resources.",
            required=True,
        ),
        "region": Field(
            Text("a region like us-east-1", r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"), "AWS region.", required=True
        ),
        "account": Field(
            Text("an account id of 12 digits", r"[0-9]{12}"),
            "The AWS account of the stack, in quotes. Credentials of another account are rejected before the first "
            "read.",
        ),
        "tags": Field(TAGS, "Tags of all resources of the stack.", default={}),
        "network": Field(NETWORK, "The private network and its subnets.", required=True),
        "access": Field(ACCESS, "Who may log in to the instances.", default={}),
        "instances": Field(
            MappingOf(RESOURCE_NAME, INSTANCE_GROUP, "<group>"), "Groups of instances that services share.", default={}
        ),
        "proxy": Field(PROXY, "nginx in front of the services of one group of instances."),
        "load_balancer": Field(
            LOAD_BALANCER, "An application load balancer in front of the services that have routes."
        ),
        "services": Field(MappingOf(RESOURCE_NAME, SERVICE, "<service>"), "The applications.", default={}),
        "rollout": Field(
            ROLLOUT, "How the services move to new releases. A service may set each key for itself.", default={}
        ),
        "databases": Field(MappingOf(RESOURCE_NAME, DATABASE, "<database>"), "Databases of RDS.", default={}),
        "caches": Field(
            MappingOf(RESOURCE_NAME, CACHE, "<cache>"),
            "Caches of ElastiCache, always encrypted and with an AUTH token.",
            default={},
        ),
        "secrets": Field(
            MappingOf(RESOURCE_NAME, SECRET, "<secret>"),
            "Values that services share and people need not know: generated once, or your own in AWS Secrets Manager.",
            default={},
        ),
        "monitoring": Field(
            MONITORING,
            "Alarms, a dashboard and log groups of CloudWatch for all sections above. Without it there are none.",
        ),
        "resources": Field(
            RAW,
            "Resources that no section above covers, by type and name, with the properties of their type. "
            "`{ref: type/name, attribute: id}` refers to an attribute of another resource. All accept `tags` and "
            "`protect`.",
            default={},
        ),
    }
)


def json_schema() -> dict[str, Any]:
    """The document as JSON Schema, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ADDRESS,
        "title": "Topology document of groundwork.aws",
        **DOCUMENT.schema(),
    }
