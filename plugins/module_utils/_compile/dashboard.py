# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the dashboard of a stack: a row for each part, in the order of a request: balancer, services, stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.placement import Placement, find_placements
from .._topology.view import Document, balanced_services, caches, databases, load_balancer
from .placement import instance_ref
from .service_alarms import BALANCER, EC2, ELB
from .store_alarms import ELASTICACHE, NODE, RDS

WIDTH, GRAPH_WIDTH, GRAPH_HEIGHT = 24, 6, 6
MAX_ALARMS = 100  # that AWS shows in one widget
MAX_INSTANCES = 40  # of a placement: AWS draws 2500 lines on a dashboard, but more than these cannot be distinguished

Widget = dict[str, Any]
Metric = list[Any]


def compile_dashboard(document: Document, alarms: Sequence[str]) -> DesiredResource:
    rows = [
        list(_build_alarm_widgets(alarms)),
        *([_build_title(title), *graphs] for title, graphs in _build_rows(document)),
    ]
    widgets = list(_place_widgets(rows, document["region"]))
    return DesiredResource("dashboard", "overview", {"body": {"widgets": widgets}})


def _build_rows(document: Document) -> Iterator[tuple[str, list[Widget]]]:
    if load_balancer(document) is not None:
        yield "Load balancer", list(_build_balancer_graphs(document))
    for placement in find_placements(document).values():
        yield _build_placement_title(placement), list(_build_placement_graphs(placement.member_names[:MAX_INSTANCES]))
    for name in databases(document):
        yield f"Database {name}", list(_build_database_graphs(name))
    for name, cache in caches(document).items():
        yield f"Cache {name}", list(_build_cache_graphs(name, cache))


def _build_balancer_graphs(document: Document) -> Iterator[Widget]:
    groups = {
        name: {"TargetGroup": Ref(f"target_group/{name}", "full_name"), **BALANCER}
        for name in balanced_services(document)
    }

    def each(*metrics: tuple[str, str, str | None]) -> list[Metric]:
        return [
            _build_line(ELB, metric, where, f"{name} {label}".strip(), statistic)
            for name, where in groups.items()
            for metric, label, statistic in metrics
        ]

    times = each(("TargetResponseTime", "average", None), ("TargetResponseTime", "p95", "p95"))
    yield _build_graph("Requests", "Sum", each(("RequestCount", "", None)))
    yield _build_graph("Response time (s)", "Average", times)
    yield _build_graph(
        "Errors", "Sum", [_build_error_line(side, code) for side in ("ELB", "Target") for code in ("4XX", "5XX")]
    )
    hosts = each(("HealthyHostCount", "healthy", "Minimum"), ("UnHealthyHostCount", "unhealthy", "Maximum"))
    yield _build_graph("Hosts", "Maximum", hosts, least=0)


def _build_error_line(side: str, code: str) -> Metric:
    text = "the load balancer" if side == "ELB" else "services"
    return _build_line(ELB, f"HTTPCode_{side}_{code}_Count", BALANCER, f"{code.lower()} of {text}")


def _build_placement_title(placement: Placement) -> str:
    title = f"Instances {placement.name}"
    if placement.count > MAX_INSTANCES:
        title += f" (the first {MAX_INSTANCES} of {placement.count})"
    names = ", ".join(placement.services)
    return title if names in ("", placement.name) else f"{title}: {names}"


def _build_placement_graphs(members: Sequence[str]) -> Iterator[Widget]:
    def each(metric: str, text: str = "") -> list[Metric]:
        return [_build_line(EC2, metric, {"InstanceId": instance_ref(member)}, f"{member}{text}") for member in members]

    yield _build_graph("CPU (%)", "Average", each("CPUUtilization"), least=0, most=100)
    yield _build_graph("Network (bytes)", "Sum", [*each("NetworkIn", " in"), *each("NetworkOut", " out")])
    # Current instance types report EBS metrics; DiskReadBytes counts instance store volumes, which they do not have.
    yield _build_graph("Disk (bytes)", "Sum", [*each("EBSReadBytes", " read"), *each("EBSWriteBytes", " written")])
    yield _build_graph("Failed status checks", "Maximum", each("StatusCheckFailed"), least=0)


def _build_database_graphs(name: str) -> Iterator[Widget]:
    where = {"DBInstanceIdentifier": Ref(f"db_instance/{name}")}

    def lines(*metrics: tuple[str, str]) -> list[Metric]:
        return [_build_line(RDS, metric, where, label) for metric, label in metrics]

    yield _build_graph("CPU (%)", "Average", lines(("CPUUtilization", "CPU")), least=0, most=100)
    yield _build_graph("Connections", "Maximum", lines(("DatabaseConnections", "connections")), least=0)
    free = lines(("FreeStorageSpace", "storage"), ("FreeableMemory", "memory"))
    yield _build_graph("Free (bytes)", "Minimum", [free[0], _use_right_axis(free[1])], least=0)
    seconds = [_use_right_axis(one) for one in lines(("ReadLatency", "read (s)"), ("WriteLatency", "write (s)"))]
    operations = lines(("ReadIOPS", "reads a second"), ("WriteIOPS", "writes a second"))
    yield _build_graph("Reads and writes, and how long they take", "Average", [*operations, *seconds], least=0)


def _build_cache_graphs(name: str, cache: Mapping[str, Any]) -> Iterator[Widget]:
    nodes = {
        f"node {number}": {"CacheClusterId": Ref(f"cache/{name}", f"node_{number}"), "CacheNodeId": NODE}
        for number in range(1, cache["nodes"] + 1)
    }

    def lines(*metrics: tuple[str, str]) -> list[Metric]:
        return [
            _build_line(ELASTICACHE, metric, where, f"{node} {label}".strip())
            for metric, label in metrics
            for node, where in nodes.items()
        ]

    yield _build_graph(
        "CPU (%)", "Average", lines(("EngineCPUUtilization", "Redis"), ("CPUUtilization", "host")), 0, 100
    )
    yield _build_graph("Memory (%)", "Maximum", lines(("DatabaseMemoryUsagePercentage", "")), least=0, most=100)
    keys = lines(("CacheHits", "hits"), ("CacheMisses", "misses"), ("Evictions", "thrown out"))
    yield _build_graph("Keys", "Sum", keys)
    yield _build_graph("Connections", "Maximum", lines(("CurrConnections", "")), least=0)


def _build_line(
    namespace: str, metric: str, dimensions: Mapping[str, Any], label: str, statistic: str | None = None
) -> Metric:
    """A line of a graph in AWS's form: names and values of dimensions in turn, then the options of the line."""
    pairs = [part for pair in dimensions.items() for part in pair]
    return [namespace, metric, *pairs, {"label": label, **({"stat": statistic} if statistic else {})}]


def _use_right_axis(metric: Metric) -> Metric:
    return [*metric[:-1], {**metric[-1], "yAxis": "right"}]


def _build_graph(
    title: str, statistic: str, metrics: Sequence[Metric], least: int | None = None, most: int | None = None
) -> Widget:
    ends = {name: value for name, value in (("min", least), ("max", most)) if value is not None}
    properties = {
        "title": title,
        "view": "timeSeries",
        "stat": statistic,
        "period": 300,
        "metrics": list(metrics),
        **({"yAxis": {"left": ends}} if ends else {}),
    }
    return {"type": "metric", "width": GRAPH_WIDTH, "height": GRAPH_HEIGHT, "properties": properties}


def _build_title(text: str) -> Widget:
    return {"type": "text", "width": WIDTH, "height": 1, "properties": {"markdown": f"## {text}"}}


def _build_alarm_widgets(addresses: Sequence[str]) -> Iterator[Widget]:
    for start in range(0, len(addresses), MAX_ALARMS):
        some = addresses[start : start + MAX_ALARMS]
        properties = {"title": "Alarms", "alarms": [Ref(address, "arn") for address in some]}
        yield {"type": "alarm", "width": WIDTH, "height": 2 + (len(some) + 5) // 6, "properties": properties}


def _place_widgets(rows: Sequence[Sequence[Widget]], region: str) -> Iterator[Widget]:
    """Give each widget its position: to the right while there is room, else below, and each row below the last."""
    across, down, tallest = 0, 0, 0
    for row in rows:
        for widget in row:
            if across + widget["width"] > WIDTH:
                across, down, tallest = 0, down + tallest, 0
            properties = widget["properties"] | ({"region": region} if widget["type"] == "metric" else {})
            yield {**widget, "x": across, "y": down, "properties": properties}
            across, tallest = across + widget["width"], max(tallest, widget["height"])
        across, down, tallest = 0, down + tallest, 0
