# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Key pair: the public key of new instances. Existing instances keep theirs when it changes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..._aws.tags import tag_specification
from ..._engine.items import Raw
from ..._engine.property_limits import Limit, PropertyProblem
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    ResolvedResource,
    ResourceType,
    Schema,
)
from . import common as ec2

# EC2 User Guide, "Create a key pair": RSA and ED25519 keys. By kind, the number of fields of a key of OpenSSH.
FIELDS = {"ssh-rsa": 3, "ssh-ed25519": 2}
# The first bytes of another form: a sequence of DER, in base64.
DER = b"0"


@dataclass(frozen=True)
class PublicKey(Limit):
    """A line of OpenSSH, or DER in base64. Messages do not show it."""

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        words = value.split() if isinstance(value, str) else []
        if not words or not (words[0] in FIELDS or _is_der(words)):
            yield (), "this is not a public key of the kind RSA or ED25519 (ssh-keygen -t ed25519 makes one)"
        elif words[0] in FIELDS and not is_complete_key(*words[:2]):
            yield (), "is cut off or damaged (paste the whole line of the .pub file)"


def _is_der(words: list[str]) -> bool:
    try:
        return len(words) == 1 and base64.b64decode(words[0], validate=True).startswith(DER)
    except ValueError:
        return False


def is_complete_key(kind: str, text: str = "") -> bool:
    """Whether a public key has all its fields, each after its length: the kind, and two numbers (RSA) or one."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return False
    fields = []
    while data:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            return False
        fields.append(data[4 : 4 + size])
        data = data[4 + size :]
    return len(fields) == FIELDS[kind] and fields[0] == kind.encode()


def _bare(key: str) -> str:
    """A public key without its comment: AWS replaces that by the name of the pair."""
    return " ".join(key.split()[:2])


def normalize(pair: Raw) -> dict[str, Any]:
    return {"public_key": _bare(pair["PublicKey"])} if pair.get("PublicKey") else {}


def create(client: Client, resource: ResolvedResource) -> Raw:
    key = resource.properties["public_key"]
    pair: Raw = client.import_key_pair(
        KeyName=resource.name,
        PublicKeyMaterial=key.encode(),
        TagSpecifications=tag_specification(resource.tags, "key-pair"),
    )
    return {**pair, "PublicKey": key}


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_key_pair(KeyName=actual.attributes["name"])


TYPE = ResourceType(
    Schema(
        name="key_pair",
        service="ec2",
        id_path="KeyPairId",
        attributes={"id": "KeyPairId", "name": "KeyName"},
        required=frozenset({"public_key"}),
        limits={("public_key",): PublicKey()},
        create_only=frozenset({"public_key"}),
        with_defaults=lambda desired: {**desired, "public_key": _bare(desired["public_key"])},
        normalize=normalize,
        name_attributes=frozenset({"name"}),
        reference_attributes=("id", "name"),
    ),
    Discovery(
        listing=ec2.listing("describe_key_pairs", "KeyPairs", "key-pair-id", IncludePublicKey=True),
        tag_index_type="ec2:key-pair",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        delete=delete,
        name_taken_codes=frozenset({"InvalidKeyPair.Duplicate"}),
    ),
)
