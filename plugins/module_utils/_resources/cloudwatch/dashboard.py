# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dashboard of CloudWatch. Dashboards belong to the account, not to a region, and the list shows only their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import (
    EVERY,
    Items,
    JsonObject,
    Limit,
    Limits,
    PropertyProblem,
    describe_invalid,
    find_limit_problems,
    format_property_path,
    list_references,
    whole_number,
)
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from ..._engine.scope import Scope
from .. import named


@dataclass(frozen=True)
class Required(Limit):
    """A mapping that has keys, and may have others."""

    names: tuple[str, ...] = ()

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        for name in self.names:
            if value.get(name) is None:
                yield (), f"lacks {name} (add it)"


MOST_WIDGETS = 500
# CloudWatch API Reference, "Dashboard Body Structure and Syntax".
WIDGETS: Limits = {
    ("body",): Required(names=("widgets",)),
    ("body", "widgets"): Items(most=MOST_WIDGETS),
    ("body", "widgets", EVERY, "width"): whole_number("a number of columns", 1, 24),
    ("body", "widgets", EVERY, "height"): whole_number("a number of rows", 1, 1000),
}


def prefix(scope: Scope) -> str:
    return f"groundwork_{scope.stack}_{scope.region}_"


def read_body(client: Client, dashboards: list[Raw]) -> list[Raw]:
    name = dashboards[0]["DashboardName"]
    return [{"Body": json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])}]


def with_defaults(desired: Properties) -> dict[str, Any]:
    """The body as data: as text it may be formatted in any way."""
    body = desired["body"]
    return {**desired, "body": json.loads(body) if isinstance(body, str) else body}


def check_widgets(given: Properties) -> Iterator[PropertyProblem]:
    """A body as text is checked as its data is: its problems are of the whole text."""
    body = given["body"]
    is_text = isinstance(body, str)
    for path, text in find_limit_problems(WIDGETS, {"body": json.loads(body) if is_text else body}):
        yield (("body",), f"{format_property_path(path[1:]) or 'the object'}: {text}") if is_text else (path, text)
    for pattern in WIDGETS:
        for path, ref in list_references(pattern, given):
            yield path, describe_invalid(ref, path, WIDGETS)


def _put(client: Client, name: str, body: Any) -> None:
    client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body, separators=(",", ":")))


def create(client: Client, resource: ResolvedResource) -> Raw:
    _put(client, resource.name, resource.properties["body"])
    return {"DashboardName": resource.name, "Body": resource.properties["body"]}


def set_body(client: Client, update: ResourceUpdate) -> None:
    _put(client, update.actual.id, update.desired.properties["body"])


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_dashboards(DashboardNames=[actual.id])


class DashboardType(named.NameOwnedType):
    in_tag_index = False

    def prefix(self, scope: Scope) -> str:
        return prefix(scope)


TYPE = DashboardType(
    Schema(
        name="dashboard",
        service="cloudwatch",
        id_path="DashboardName",
        attributes={"id": "DashboardName", "name": "DashboardName"},
        required=frozenset({"body"}),
        limits={("body",): JsonObject()},
        free_references=frozenset({("body",)}),
        checks=(check_widgets,),
        with_defaults=with_defaults,
        normalize=lambda dashboard: {"body": dashboard["Body"]},
        name_attributes=frozenset({"id", "name"}),
    ),
    Discovery(
        listing=Listing("list_dashboards", "DashboardEntries", lambda scope: {"DashboardNamePrefix": prefix(scope)}),
        details=(Detail(read_body),),
        tagging=None,
    ),
    Lifecycle(
        create=create,
        updates={"body": set_body},
        delete=delete,
    ),
)
