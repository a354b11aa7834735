# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Key pair: the public key of new instances. Existing instances keep theirs when it changes."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import tag_specification
from ..._engine.items import Raw
from ..._engine.property_limits import Matching
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

# EC2 User Guide, "Create a key pair": RSA and ED25519 keys, in several formats. These are the lines of others.
PUBLIC_KEY = Matching(
    "a public key of the kind RSA or ED25519",
    "ssh-keygen -t ed25519 makes one",
    r"(?s:(?!\s*(?:ssh-dss|ecdsa-|sk-)).*\S.*)",
    is_shown=False,
)


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
        limits={("public_key",): PUBLIC_KEY},
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
