# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The dashboard of a stack: a row for each part of it, in the way of a request: balancer, services, stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._stack.wanted import Ref, Wanted
from .service_alarms import BALANCER, EC2, ELB
from .store_alarms import ELASTICACHE, NODE, RDS
from .view import Document, balanced_services, caches, databases, load_balancer, machine_groups, services_on

WIDTH, GRAPH_WIDTH, GRAPH_HEIGHT = 24, 6, 6
MOST_ALARMS = 100  # that AWS shows in one widget
MOST_INSTANCES = 40  # of a group: AWS draws 2500 lines on a dashboard, and nobody tells more than these apart

Widget = dict[str, Any]
Metric = list[Any]


def dashboard(document: Document, alarms: Sequence[str]) -> Wanted:
    rows = [list(_alarms(alarms)), *([_title(title), *graphs] for title, graphs in _parts(document))]
    widgets = list(_laid_out(rows, document["region"]))
    return Wanted("dashboard", "overview", {"body": {"widgets": widgets}})


def _parts(document: Document) -> Iterator[tuple[str, list[Widget]]]:
    if load_balancer(document) is not None:
        yield "Load balancer", list(_balancer(document))
    for group, machines in machine_groups(document).items():
        count, names = machines["count"], ", ".join(services_on(document, group))
        some = f" (the first {MOST_INSTANCES} of {count})" if count > MOST_INSTANCES else ""
        title = f"Instances {group}{some}" + (f": {names}" if names not in ("", group) else "")
        yield title, list(_group(group, range(1, min(count, MOST_INSTANCES) + 1)))
    for name in databases(document):
        yield f"Database {name}", list(_database(name))
    for name, cache in caches(document).items():
        yield f"Cache {name}", list(_cache(name, cache))


def _balancer(document: Document) -> Iterator[Widget]:
    groups = {
        name: {"TargetGroup": Ref(f"target_group/{name}", "full_name"), **BALANCER}
        for name in balanced_services(document)
    }

    def each(*metrics: tuple[str, str, str | None]) -> list[Metric]:
        return [
            _metric(ELB, metric, where, f"{name} {label}".strip(), statistic)
            for name, where in groups.items()
            for metric, label, statistic in metrics
        ]

    times = each(("TargetResponseTime", "average", None), ("TargetResponseTime", "p95", "p95"))
    yield _graph("Requests", "Sum", each(("RequestCount", "", None)))
    yield _graph("Response time (s)", "Average", times)
    yield _graph("Errors", "Sum", [_errors(side, code) for side in ("ELB", "Target") for code in ("4XX", "5XX")])
    hosts = each(("HealthyHostCount", "healthy", "Minimum"), ("UnHealthyHostCount", "unhealthy", "Maximum"))
    yield _graph("Hosts", "Maximum", hosts, least=0)


def _errors(side: str, code: str) -> Metric:
    text = "the load balancer" if side == "ELB" else "services"
    return _metric(ELB, f"HTTPCode_{side}_{code}_Count", BALANCER, f"{code.lower()} of {text}")


def _group(group: str, numbers: Sequence[int]) -> Iterator[Widget]:
    def each(metric: str, text: str = "") -> list[Metric]:
        named = {number: f"{group}-{number}{text}" for number in numbers}
        return [
            _metric(EC2, metric, {"InstanceId": Ref(f"instance/{group}-{number}")}, label)
            for number, label in named.items()
        ]

    yield _graph("CPU (%)", "Average", each("CPUUtilization"), least=0, most=100)
    yield _graph("Network (bytes)", "Sum", [*each("NetworkIn", " in"), *each("NetworkOut", " out")])
    # Volumes of today's types of instances tell their own; DiskReadBytes is about disks that these do not have.
    yield _graph("Disk (bytes)", "Sum", [*each("EBSReadBytes", " read"), *each("EBSWriteBytes", " written")])
    yield _graph("Failed status checks", "Maximum", each("StatusCheckFailed"), least=0)


def _database(name: str) -> Iterator[Widget]:
    where = {"DBInstanceIdentifier": Ref(f"db_instance/{name}")}

    def lines(*metrics: tuple[str, str]) -> list[Metric]:
        return [_metric(RDS, metric, where, label) for metric, label in metrics]

    yield _graph("CPU (%)", "Average", lines(("CPUUtilization", "CPU")), least=0, most=100)
    yield _graph("Connections", "Maximum", lines(("DatabaseConnections", "connections")), least=0)
    free = lines(("FreeStorageSpace", "storage"), ("FreeableMemory", "memory"))
    yield _graph("Free (bytes)", "Minimum", [free[0], _on_the_right(free[1])], least=0)
    seconds = [_on_the_right(one) for one in lines(("ReadLatency", "read (s)"), ("WriteLatency", "write (s)"))]
    operations = lines(("ReadIOPS", "reads a second"), ("WriteIOPS", "writes a second"))
    yield _graph("Reads and writes, and how long they take", "Average", [*operations, *seconds], least=0)


def _cache(name: str, cache: Mapping[str, Any]) -> Iterator[Widget]:
    nodes = {
        f"node {number}": {"CacheClusterId": Ref(f"cache/{name}", f"node_{number}"), "CacheNodeId": NODE}
        for number in range(1, cache["nodes"] + 1)
    }

    def lines(*metrics: tuple[str, str]) -> list[Metric]:
        return [
            _metric(ELASTICACHE, metric, where, f"{node} {label}".strip())
            for metric, label in metrics
            for node, where in nodes.items()
        ]

    yield _graph("CPU (%)", "Average", lines(("EngineCPUUtilization", "Redis"), ("CPUUtilization", "host")), 0, 100)
    yield _graph("Memory (%)", "Maximum", lines(("DatabaseMemoryUsagePercentage", "")), least=0, most=100)
    keys = lines(("CacheHits", "hits"), ("CacheMisses", "misses"), ("Evictions", "thrown out"))
    yield _graph("Keys", "Sum", keys)
    yield _graph("Connections", "Maximum", lines(("CurrConnections", "")), least=0)


def _metric(
    namespace: str, metric: str, dimensions: Mapping[str, Any], label: str, statistic: str | None = None
) -> Metric:
    """A line of a graph, as AWS writes it: names and values of dimensions in turn, then how it is shown."""
    pairs = [part for pair in dimensions.items() for part in pair]
    return [namespace, metric, *pairs, {"label": label, **({"stat": statistic} if statistic else {})}]


def _on_the_right(metric: Metric) -> Metric:
    return [*metric[:-1], {**metric[-1], "yAxis": "right"}]


def _graph(
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


def _title(text: str) -> Widget:
    return {"type": "text", "width": WIDTH, "height": 1, "properties": {"markdown": f"## {text}"}}


def _alarms(addresses: Sequence[str]) -> Iterator[Widget]:
    for start in range(0, len(addresses), MOST_ALARMS):
        some = addresses[start : start + MOST_ALARMS]
        properties = {"title": "Alarms", "alarms": [Ref(address, "arn") for address in some]}
        yield {"type": "alarm", "width": WIDTH, "height": 2 + (len(some) + 5) // 6, "properties": properties}


def _laid_out(rows: Sequence[Sequence[Widget]], region: str) -> Iterator[Widget]:
    """Each widget with its place: beside the one before it while there is room, and each row below the last."""
    across, down, tallest = 0, 0, 0
    for row in rows:
        for widget in row:
            if across + widget["width"] > WIDTH:
                across, down, tallest = 0, down + tallest, 0
            properties = widget["properties"] | ({"region": region} if widget["type"] == "metric" else {})
            yield {**widget, "x": across, "y": down, "properties": properties}
            across, tallest = across + widget["width"], max(tallest, widget["height"])
        across, down, tallest = 0, down + tallest, 0
