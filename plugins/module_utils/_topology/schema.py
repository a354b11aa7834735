# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology document, declared: every key with its kind, default, bounds and meaning.

Validation, defaults, the JSON Schema and the reference in docs/topology.md all come from here. A new section is a
new field of `DOCUMENT`, declared in a module of its own; what takes two places of the document to judge is a rule
in `rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .applications import LOAD_BALANCER, PROXY, SERVICE
from .containers import Table
from .infrastructure import ACCESS, MACHINES, NETWORK
from .kinds import Kind, Scalar, Text
from .monitoring import MONITORING
from .record import Field, Record
from .stores import CACHE, DATABASE, SECRET
from .view import Document, caches, databases, machine_groups, services, shared_secrets, tiers
from .words import NAME, THING

# Where the newest schema is served, so that a document anywhere can name it.
SCHEMA_ADDRESS = "https://raw.githubusercontent.com/groundwork-aws/groundwork.aws/main/schema/topology.schema.json"

# What a text with `refers` may name.
REFERABLE: Mapping[str, Callable[[Document], Collection[str]]] = {
    "subnets": tiers,
    "instances": machine_groups,
    "services": services,
    "stores": lambda document: [
        *(f"database/{name}" for name in databases(document)),
        *(f"cache/{name}" for name in caches(document)),
    ],
    "secrets": shared_secrets,
}

# IAM takes fewer characters than EC2, and the metadata of instances shows no key with a space or a slash. AWS takes 50
# tags on an object; ten are for our own.
TAGS = Table(
    Text("a tag key (letters, digits and + - = . _ : @)", r"(?!aws:|groundwork:|Name$)[A-Za-z0-9+=._:@-]+", 128),
    Scalar("a tag value (letters, digits, spaces and + - = . _ : / @)", r"[\w +=._:/@-]*", 256, private=False),
    "<key>",
    most=40,
)

RAW = Table(
    Text("type/name, like security_group/extra", r"[a-z][a-z0-9_]*/[a-z0-9](?:-{0,2}[a-z0-9])*", longest=80),
    Table(Text("a property"), Kind(), "<property>"),
    "<type>/<name>",
)

DOCUMENT = Record(
    fields={
        "name": Field(
            Text("a name of lower-case letters, digits and single dashes, at most 32", NAME, longest=32),
            "Name of the stack, and the beginning of the names of everything in it.",
            required=True,
        ),
        "region": Field(
            Text("a region like us-east-1", r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"), "AWS region.", required=True
        ),
        "account": Field(
            Text("an account id of 12 digits", r"[0-9]{12}"),
            "The AWS account of the stack, in quotes. Credentials of another account are refused before anything is "
            "read.",
        ),
        "tags": Field(TAGS, "Tags of everything in the stack.", default={}),
        "network": Field(NETWORK, "The private network and its subnets.", required=True),
        "access": Field(ACCESS, "Who may log in to the instances.", default={}),
        "instances": Field(Table(THING, MACHINES, "<group>"), "Groups of instances that services share.", default={}),
        "proxy": Field(PROXY, "nginx in front of the services of one group of instances."),
        "load_balancer": Field(
            LOAD_BALANCER, "An application load balancer in front of the services that have routes."
        ),
        "services": Field(Table(THING, SERVICE, "<service>"), "The applications.", default={}),
        "databases": Field(Table(THING, DATABASE, "<database>"), "Databases of RDS.", default={}),
        "caches": Field(Table(THING, CACHE, "<cache>"), "Caches of ElastiCache, always encrypted.", default={}),
        "secrets": Field(
            Table(THING, SECRET, "<secret>"),
            "Values that services share and nobody has to know, made up once, or kept by you in AWS Secrets Manager.",
            default={},
        ),
        "monitoring": Field(
            MONITORING,
            "Alarms, a dashboard and log groups of CloudWatch for all of the above. Without it there are none.",
        ),
        "resources": Field(
            RAW,
            "Resources that nothing above can say, by type and name, with the properties of their type; "
            "`{ref: type/name, attribute: id}` stands for an attribute of another. `tags` and `protect` work on each.",
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
