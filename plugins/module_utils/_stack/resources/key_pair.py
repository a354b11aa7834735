# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Key pair: the public key with which instances are born. Existing instances keep theirs when it changes."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import specification
from .. import ec2
from ..resource import Client, Live, Order, Raw, ResourceType


def _bare(key: str) -> str:
    """A public key without its comment: AWS puts the name of the pair there."""
    return " ".join(key.split()[:2])


def normalize(pair: Raw) -> dict[str, Any]:
    return {"public_key": _bare(pair["PublicKey"])} if pair.get("PublicKey") else {}


def create(client: Client, order: Order) -> Raw:
    key = order.properties["public_key"]
    pair: Raw = client.import_key_pair(
        KeyName=order.name,
        PublicKeyMaterial=key.encode(),
        TagSpecifications=specification(order.tags, "key-pair"),
    )
    return {**pair, "PublicKey": key}


def delete(client: Client, live: Live) -> None:
    client.delete_key_pair(KeyName=live.attributes["name"])


TYPE = ResourceType(
    name="key_pair",
    service="ec2",
    told_as="ec2:key-pair",
    listing=ec2.listing("describe_key_pairs", "KeyPairs", "key-pair-id", IncludePublicKey=True),
    id="KeyPairId",
    tagging=ec2.TAGGING,
    attributes={"id": "KeyPairId", "name": "KeyName"},
    named=frozenset({"name"}),
    mentioned_by=("id", "name"),
    required=frozenset({"public_key"}),
    create_only=frozenset({"public_key"}),
    desired=lambda wanted: {**wanted, "public_key": _bare(wanted["public_key"])},
    normalize=normalize,
    create=create,
    delete=delete,
    exists=frozenset({"InvalidKeyPair.Duplicate"}),
)
