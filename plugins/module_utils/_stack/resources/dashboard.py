# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dashboard of CloudWatch. The account has them, not the region, and its list shows nothing but their names."""

from __future__ import annotations

import json
from typing import Any

from .. import named
from ..resource import Client, Detail, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope


def prefix(scope: Scope) -> str:
    return f"groundwork_{scope.stack}_{scope.region}_"


def read_body(client: Client, dashboards: list[Raw]) -> list[Raw]:
    name = dashboards[0]["DashboardName"]
    return [{"Body": json.loads(client.get_dashboard(DashboardName=name)["DashboardBody"])}]


def desired(wanted: Properties) -> dict[str, Any]:
    """The body as data: written as text it may be laid out in any way."""
    body = wanted["body"]
    return {**wanted, "body": json.loads(body) if isinstance(body, str) else body}


def _put(client: Client, name: str, body: Any) -> None:
    client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body, separators=(",", ":")))


def create(client: Client, order: Order) -> Raw:
    _put(client, order.name, order.properties["body"])
    return {"DashboardName": order.name, "Body": order.properties["body"]}


def set_body(client: Client, edit: Edit) -> None:
    _put(client, edit.live.id, edit.order.properties["body"])


def delete(client: Client, live: Live) -> None:
    client.delete_dashboards(DashboardNames=[live.id])


TYPE = ResourceType(
    name="dashboard",
    service="cloudwatch",
    listing=Listing("list_dashboards", "DashboardEntries", lambda scope: {"DashboardNamePrefix": prefix(scope)}),
    details=(Detail(read_body),),
    id="DashboardName",
    naming=named.naming(prefix),
    owner=named.owner("dashboard", prefix, lambda dashboard: str(dashboard["DashboardName"])),
    tagging=None,
    untold=True,
    attributes={"id": "DashboardName", "name": "DashboardName"},
    named=frozenset({"id", "name"}),
    required=frozenset({"body"}),
    desired=desired,
    normalize=lambda dashboard: {"body": dashboard["Body"]},
    create=create,
    updates={"body": set_body},
    delete=delete,
)
