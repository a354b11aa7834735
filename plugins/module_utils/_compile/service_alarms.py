# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarms of instances, of the load balancer, and of the services behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.placement import Placement, find_placement, find_placements
from .._topology.runtimes import MANAGERS
from .._topology.view import Document, balanced_services, load_balancer, services
from .alarms import build_alarm, combine_metrics, split_into_tens
from .load_balancer import ALB
from .placement import instance_ref

EC2, ELB = "AWS/EC2", "AWS/ApplicationELB"
# With fewer requests in five minutes, a single failed request is a large share.
MIN_REQUESTS = 20
BALANCER = {"LoadBalancer": Ref(ALB, "full_name")}
REQUESTS = {"metric": "RequestCount", "statistic": "Sum"}


def instance_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[DesiredResource]:
    """CPU alarms for each placement, whose instances share the work; status alarms for each instance."""
    for placement in find_placements(document).values():
        if limits["cpu"]:
            for part, members in split_into_tens(placement.member_names):
                name = f"instances-{placement.name}-cpu" + (f"-{part}" if part > 1 else "")
                yield _build_cpu_alarm(placement, name, members, limits["cpu"])
        if limits["status"]:
            for member in placement.member_names:
                yield _build_status_alarm(placement, member)


def _build_cpu_alarm(placement: Placement, name: str, members: Sequence[str], limit: int) -> DesiredResource:
    dimensions = [{"InstanceId": instance_ref(member)} for member in members]
    text = (
        f"The instances {placement.name}{_describe_services(placement)} have on average used more than {limit} % of "
        "their CPU for 15 minutes: requests get slow. See on the dashboard whether there are more requests than usual, "
        "or one instance stands out: log in there and look at top. Where there is more to do, add instances (count). "
        "If it began with a release, roll that back (rollback.yml)."
    )
    watched = {
        "namespace": EC2,
        "metric": "CPUUtilization",
        "statistic": "Average",
        **combine_metrics("AVG", dimensions),
    }
    return build_alarm(name, ">", limit, 3, text, watched)


def _build_status_alarm(placement: Placement, member: str) -> DesiredResource:
    text = (
        f"Instance {member}{_describe_services(placement)} fails a status check of EC2: its machine is broken "
        "(system) or its operating system does not answer (instance). EC2 moves most instances off a broken machine by "
        "itself within minutes. See in EC2 which check it is, and the system log. If it goes on, stop and start the "
        "instance, or terminate it and run site.yml, which makes a new one."
    )
    watched = {
        "namespace": EC2,
        "metric": "StatusCheckFailed",
        "statistic": "Maximum",
        "dimensions": {"InstanceId": instance_ref(member)},
    }
    return build_alarm(f"instance-{member}-status", ">=", 1, 2, text, watched)


def _describe_services(placement: Placement) -> str:
    """The services of a placement in brackets, unless its name is that of the only one."""
    names = [*placement.services]
    return "" if names == [placement.name] else f" ({', '.join(names) or 'without a service'})"


def load_balancer_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[DesiredResource]:
    if load_balancer(document) is None:
        return
    if limits["errors"]:
        yield _build_balancer_error_alarm(limits["errors"])
    if limits["rejected"]:
        yield _build_rejected_alarm()


def _build_balancer_error_alarm(limit: int) -> DesiredResource:
    """RequestCount has no requests for which no target could be chosen, so errors are added to it."""
    text = (
        f"The load balancer itself answered more than {limit} % of the requests with 5xx for 10 minutes: no instance "
        "took them, or none answered in time. Look at the alarms of services that came with this one, at the hosts on "
        "the dashboard, and at the codes: 503 is no healthy instance, 504 one that was too slow, 502 one that broke "
        "off. If it began with a release, roll that back (rollback.yml)."
    )
    watched = _build_share("HTTPCode_ELB_5XX_Count", "(FILL(requests, 0) + FILL(errors, 0))", BALANCER)
    return build_alarm("alb-errors", ">", limit, 2, text, watched)


def _build_rejected_alarm() -> DesiredResource:
    text = (
        "The load balancer turned connections away, because it had as many as it takes: visitors saw errors. Look at "
        "the requests on the dashboard, and in the access logs for who sends them. It grows by itself within minutes. "
        "If it goes on, keep the sender away, or ask AWS Support to make room beforehand."
    )
    watched = {
        "namespace": ELB,
        "metric": "RejectedConnectionCount",
        "statistic": "Sum",
        "dimensions": BALANCER,
        "treat_missing_data": "notBreaching",
    }
    return build_alarm("alb-rejected", ">", 0, 1, text, watched)


def service_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[DesiredResource]:
    """Alarms of the services behind the load balancer; it has no metrics of other services."""
    for name in balanced_services(document):
        dimensions = {"TargetGroup": Ref(f"target_group/{name}", "full_name"), **BALANCER}
        if limits["unhealthy"]:
            yield _build_unhealthy_alarm(document, name, dimensions)
        if limits["errors"]:
            yield _build_error_alarm(document, name, limits["errors"], dimensions)
        if limits["latency"]:
            yield _build_latency_alarm(document, name, limits["latency"], dimensions)


def _build_unhealthy_alarm(document: Document, name: str, dimensions: Mapping[str, Any]) -> DesiredResource:
    service = services(document)[name]
    count = find_placement(document, name).count
    others = "the others do its work" if count > 1 else "there is no other"
    text = (
        f"An instance of service {name} has failed its health check ({service['health']['path']}) for 3 minutes and "
        f"gets no requests; {others}. See in the target group which one it is and why, then log in there: "
        f"{_log_command(name, service)}. If several fail, look for what they have in common: a database, a "
        "service that they call, a release that has just gone out (roll that back: rollback.yml)."
    )
    watched = {
        "namespace": ELB,
        "metric": "UnHealthyHostCount",
        "statistic": "Maximum",
        "dimensions": dict(dimensions),
        "period": 60,
        "treat_missing_data": "notBreaching",
    }
    return build_alarm(f"service-{name}-unhealthy", ">=", 1, 3, text, watched)


def _log_command(name: str, service: Mapping[str, Any]) -> str:
    """The command that shows the logs of a service on its instances."""
    return MANAGERS[service["process_manager"]].log_command.format(name=name)


def _build_error_alarm(document: Document, name: str, limit: int, dimensions: Mapping[str, Any]) -> DesiredResource:
    text = (
        f"Service {name} answered more than {limit} % of its requests with 5xx for 10 minutes: visitors see errors. "
        f"Its logs say why ({_log_command(name, services(document)[name])}, on any of its instances). See whether an "
        "alarm of a database or cache came with this one. If it began with a release, roll that back (rollback.yml)."
    )
    watched = _build_share("HTTPCode_Target_5XX_Count", "requests", dimensions)
    return build_alarm(f"service-{name}-errors", ">", limit, 2, text, watched)


def _build_latency_alarm(document: Document, name: str, limit: int, dimensions: Mapping[str, Any]) -> DesiredResource:
    text = (
        f"5 of 100 requests to service {name} have taken longer than {limit} s for 15 minutes; after "
        f"{services(document)[name]['timeout']} s they fail. See on the dashboard what is slow with it: CPU of its "
        "instances (add some), a database (CPU, latency, connections), a service that it calls. If it began with a "
        "release, roll that back (rollback.yml)."
    )
    metrics = {"latency": {"metric": "TargetResponseTime", "statistic": "p95"}, "requests": REQUESTS}
    watched = _build_formula(f"IF(requests >= {MIN_REQUESTS}, latency, 0)", metrics, dimensions)
    return build_alarm(f"service-{name}-latency", ">", limit, 3, text, watched)


def _build_share(metric: str, whole: str, dimensions: Mapping[str, Any]) -> dict[str, Any]:
    """The share of requests that a metric counts, in percent. Without requests AWS reports no data instead of 0."""
    metrics = {"errors": {"metric": metric, "statistic": "Sum"}, "requests": REQUESTS}
    return _build_formula(f"IF({whole} >= {MIN_REQUESTS}, 100 * FILL(errors, 0) / {whole}, 0)", metrics, dimensions)


def _build_formula(expression: str, metrics: Mapping[str, Any], dimensions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "namespace": ELB,
        "dimensions": dict(dimensions),
        "metrics": dict(metrics),
        "expression": expression,
        "treat_missing_data": "notBreaching",
    }
