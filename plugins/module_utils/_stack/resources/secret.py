# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secret: a value that is made up when the secret is created, and that nobody here ever reads.

How it was made up, and how long it can be called back after a deletion, cannot be read from AWS and is noted in tags.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._aws.errors import StackError, code_of, is_not_found
from ..._aws.sdk import ClientError
from ..._aws.tags import STACK, as_list, as_mapping
from .. import passwords
from ..resource import Client, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope, Tagging, tagged_address

CREATED_WITH = "groundwork:created-with"
RECOVERY = "groundwork:recovery-window"
DAYS = 7


def avoid_arn_suffix(name: str) -> str:
    """A name that does not end with a hyphen and six characters, as the ARN of a secret does: AWS might take such a
    name for the end of an ARN (Secrets Manager API reference, CreateSecret)."""
    return f"{name}-value" if re.search(r"-.{6}$", name) else name


def digest(generate: Properties) -> str:
    return hashlib.sha256(json.dumps(generate, sort_keys=True).encode()).hexdigest()[:16]


def desired(wanted: Properties) -> dict[str, Any]:
    whole = {
        "description": "",
        "recovery_window": DAYS,
        **wanted,
        "generate": passwords.desired(wanted.get("generate")),
    }
    if not 7 <= whole["recovery_window"] <= 30:
        raise ValueError("recovery_window is from 7 to 30 days")
    return whole


def normalize(item: Raw) -> dict[str, Any]:
    tags = as_mapping(item.get("Tags"))
    noted: dict[str, Any] = {"generate": tags[CREATED_WITH]} if tags.get(CREATED_WITH) else {}
    window = tags.get(RECOVERY)
    return {
        "description": item.get("Description", ""),
        **noted,
        **({} if window == "" else {"recovery_window": int(window) if window else None}),
    }


def owner(item: Raw, scope: Scope) -> str | None:
    """The address by tags. What a service has made for itself (RDS: its master passwords) is the service's."""
    tags = as_mapping(item.get("Tags"))
    return None if item.get("OwningService") else tagged_address(item, tags, scope)


def list_of_stack(scope: Scope) -> Mapping[str, Any]:
    """Filters go by how keys and values begin, and not by which belong together: `owner` is more exact."""
    return {"Filters": [{"Key": "tag-key", "Values": [STACK]}, {"Key": "tag-value", "Values": [scope.stack]}]}


def _name(arn: str) -> str:
    """The name in an ARN, to which AWS adds a dash and six characters."""
    return arn.split(":", 6)[-1].rpartition("-")[0]


def by_name(client: Client, name: str) -> Raw:
    """A list is up to five minutes late, this is not."""
    found: Raw = client.describe_secret(SecretId=name)
    return found


def look_up(clients: Callable[[str], Client], orders: list[Order]) -> Mapping[str, Any]:
    """Of the secrets that are to be made those which the stack once had: until they are gone they are called back.

    StackError for a name that another secret has, or had and keeps until the end of its recovery window.
    """
    client, found, problems = clients("secretsmanager"), {}, []
    for order in orders:
        try:
            item = by_name(client, order.name)
        except ClientError as error:
            if not is_not_found(error):
                raise
            continue
        if owner(item, order.scope) != order.address:
            problems.append(_foreign(order, item))
        elif item.get("DeletedDate"):
            found[order.address] = {"deleted": item}
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return found


def _foreign(order: Order, item: Raw) -> str:
    if item.get("DeletedDate"):
        state = "is scheduled for deletion, and keeps its name until then: delete it without recovery"
    else:
        state = "exists: remove it"
    return f"{order.address}: a secret {order.name} that is not tagged as this stack's {state}, or rename this one"


def create(client: Client, order: Order) -> Raw:
    deleted = order.prepared.get("deleted")
    if deleted:
        client.restore_secret(SecretId=deleted["ARN"])
        called_back: Raw = deleted | {"DeletedDate": None}
        return called_back
    wanted = order.properties
    tags = as_list({**order.tags, CREATED_WITH: digest(wanted["generate"]), RECOVERY: str(wanted["recovery_window"])})
    made = client.create_secret(
        Name=order.name,
        Description=wanted["description"],
        SecretString=passwords.make(wanted["generate"]),
        ClientRequestToken=order.token,
        Tags=tags,
    )
    return {"ARN": made["ARN"], "Name": made["Name"], "Description": wanted["description"], "Tags": tags}


def set_description(client: Client, edit: Edit) -> None:
    client.update_secret(SecretId=edit.live.id, Description=edit.order.properties["description"])


def set_window(client: Client, edit: Edit) -> None:
    _write(client, edit.live, {RECOVERY: str(edit.order.properties["recovery_window"])})


def delete(client: Client, live: Live) -> None:
    """Schedule the deletion: until then the secret can be called back."""
    try:
        client.delete_secret(SecretId=live.id, RecoveryWindowInDays=live.properties.get("recovery_window") or DAYS)
    except ClientError as error:
        # So AWS also says that this was done before, by a call whose answer was lost.
        if code_of(error) != "InvalidRequestException" or not by_name(client, live.id).get("DeletedDate"):
            raise


def _write(client: Client, live: Live, tags: Mapping[str, str]) -> None:
    client.tag_resource(SecretId=live.id, Tags=as_list(tags))


def _remove(client: Client, live: Live, keys: Sequence[str]) -> None:
    client.untag_resource(SecretId=live.id, TagKeys=list(keys))


TYPE = ResourceType(
    name="secret",
    service="secretsmanager",
    listing=Listing(
        "list_secrets",
        "SecretList",
        list_of_stack,
        lambda found: {"Filters": [{"Key": "name", "Values": [_name(arn) for arn in found]}]},
        by_tag=True,
    ),
    id="ARN",
    owner=owner,
    by_name=by_name,
    tagging=Tagging(lambda item: as_mapping(item.get("Tags")), _write, _remove),
    data=True,
    is_dead=lambda item: bool(item.get("DeletedDate")),
    attributes={"id": "ARN", "arn": "ARN", "name": "Name"},
    create_only=frozenset({"generate"}),
    same={"generate": lambda wanted, live: digest(wanted) == live},
    hidden=frozenset({"generate"}),
    own_tags=frozenset({CREATED_WITH, RECOVERY}),
    # Names are the region's, and that of a deleted one is taken until the end of its window.
    create_first="region",
    adjust_name=avoid_arn_suffix,
    prepare=look_up,
    desired=desired,
    normalize=normalize,
    create=create,
    updates={"description": set_description, "recovery_window": set_window},
    delete=delete,
    exists=frozenset({"ResourceExistsException"}),
)
