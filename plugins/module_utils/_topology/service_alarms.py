# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarms of instances, of the load balancer, and of the services behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._stack.wanted import Ref, Wanted
from .alarms import alarm, in_tens, together
from .balancer import ALB
from .view import Document, balanced_services, group_of, load_balancer, machine_groups, services, services_on

EC2, ELB = "AWS/EC2", "AWS/ApplicationELB"
# Below that many requests in five minutes one that goes wrong is a large share, and tells little.
ENOUGH = 20
BALANCER = {"LoadBalancer": Ref(ALB, "full_name")}
REQUESTS = {"metric": "RequestCount", "statistic": "Sum"}


def instance_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[Wanted]:
    """CPU by group, whose machines do the same work and are made more together; status by instance, each its own."""
    for group, machines in machine_groups(document).items():
        numbers = range(1, machines["count"] + 1)
        if limits["cpu"]:
            for part, some in in_tens(numbers):
                name = f"instances-{group}-cpu" + (f"-{part}" if part > 1 else "")
                yield _cpu(document, group, name, some, limits["cpu"])
        if limits["status"]:
            yield from (_status(document, group, number) for number in numbers)


def _cpu(document: Document, group: str, name: str, numbers: Sequence[int], limit: int) -> Wanted:
    dimensions = [{"InstanceId": Ref(f"instance/{group}-{number}")} for number in numbers]
    text = (
        f"The instances {group}{_work(document, group)} have on average used more than {limit} % of their CPU for 15 "
        "minutes: requests get slow. See on the dashboard whether there are more requests than usual, or one instance "
        "stands out: log in there and look at top. Where there is more to do, add instances (count). If it began with "
        "a release, roll that back (rollback.yml)."
    )
    watched = {"namespace": EC2, "metric": "CPUUtilization", "statistic": "Average", **together("AVG", dimensions)}
    return alarm(name, ">", limit, 3, text, watched)


def _status(document: Document, group: str, number: int) -> Wanted:
    text = (
        f"Instance {group}-{number}{_work(document, group)} fails a status check of EC2: its machine is broken "
        "(system) or its operating system does not answer (instance). EC2 moves most instances off a broken machine by "
        "itself within minutes. See in EC2 which check it is, and the system log. If it goes on, stop and start the "
        "instance, or terminate it and run site.yml, which makes a new one."
    )
    watched = {
        "namespace": EC2,
        "metric": "StatusCheckFailed",
        "statistic": "Maximum",
        "dimensions": {"InstanceId": Ref(f"instance/{group}-{number}")},
    }
    return alarm(f"instance-{group}-{number}-status", ">=", 1, 2, text, watched)


def _work(document: Document, group: str) -> str:
    """What runs on a group of instances, unless its name says so."""
    names = [*services_on(document, group)]
    return "" if names == [group] else f" ({', '.join(names) or 'without a service'})"


def balancer_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[Wanted]:
    if load_balancer(document) is None:
        return
    if limits["errors"]:
        yield _balancer_errors(limits["errors"])
    if limits["rejected"]:
        yield _rejected()


def _balancer_errors(limit: int) -> Wanted:
    """AWS counts no request for which there was no instance to choose, so that errors stand beside requests here."""
    text = (
        f"The load balancer itself answered more than {limit} % of the requests with 5xx for 10 minutes: no instance "
        "took them, or none answered in time. Look at the alarms of services that came with this one, at the hosts on "
        "the dashboard, and at the codes: 503 is no healthy instance, 504 one that was too slow, 502 one that broke "
        "off. If it began with a release, roll that back (rollback.yml)."
    )
    watched = _share("HTTPCode_ELB_5XX_Count", "(FILL(requests, 0) + FILL(errors, 0))", BALANCER)
    return alarm("alb-errors", ">", limit, 2, text, watched)


def _rejected() -> Wanted:
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
    return alarm("alb-rejected", ">", 0, 1, text, watched)


def service_alarms(document: Document, limits: Mapping[str, Any]) -> Iterator[Wanted]:
    """Of services that get no requests from the load balancer it knows nothing."""
    for name in balanced_services(document):
        dimensions = {"TargetGroup": Ref(f"target_group/{name}", "full_name"), **BALANCER}
        if limits["unhealthy"]:
            yield _unhealthy(document, name, dimensions)
        if limits["errors"]:
            yield _errors(document, name, limits["errors"], dimensions)
        if limits["latency"]:
            yield _latency(document, name, limits["latency"], dimensions)


def _unhealthy(document: Document, name: str, dimensions: Mapping[str, Any]) -> Wanted:
    service = services(document)[name]
    count = machine_groups(document)[str(group_of(name, service))]["count"]
    others = "the others do its work" if count > 1 else "there is no other"
    text = (
        f"An instance of service {name} has failed its health check ({service['health']['path']}) for 3 minutes and "
        f"gets no requests; {others}. See in the target group which one it is and why, then log in there: "
        f"{_logs(name, service)}. If several fail, look for what they have in common: a database, a service that they "
        "call, a release that has just gone out (roll that back: rollback.yml)."
    )
    watched = {
        "namespace": ELB,
        "metric": "UnHealthyHostCount",
        "statistic": "Maximum",
        "dimensions": dict(dimensions),
        "period": 60,
        "treat_missing_data": "notBreaching",
    }
    return alarm(f"service-{name}-unhealthy", ">=", 1, 3, text, watched)


def _logs(name: str, service: Mapping[str, Any]) -> str:
    """What shows the logs of a service on its instances."""
    return (
        f"sudo -iu app pm2 logs {name}" if service["process_manager"] == "pm2" else f"journalctl -u groundwork-{name}"
    )


def _errors(document: Document, name: str, limit: int, dimensions: Mapping[str, Any]) -> Wanted:
    text = (
        f"Service {name} answered more than {limit} % of its requests with 5xx for 10 minutes: visitors see errors. "
        f"Its logs say why ({_logs(name, services(document)[name])}, on any of its instances). See whether an alarm of "
        "a database or cache came with this one. If it began with a release, roll that back (rollback.yml)."
    )
    watched = _share("HTTPCode_Target_5XX_Count", "requests", dimensions)
    return alarm(f"service-{name}-errors", ">", limit, 2, text, watched)


def _latency(document: Document, name: str, limit: int, dimensions: Mapping[str, Any]) -> Wanted:
    text = (
        f"5 of 100 requests to service {name} have taken longer than {limit} s for 15 minutes; after "
        f"{services(document)[name]['timeout']} s they fail. See on the dashboard what is slow with it: CPU of its "
        "instances (add some), a database (CPU, latency, connections), a service that it calls. If it began with a "
        "release, roll that back (rollback.yml)."
    )
    metrics = {"latency": {"metric": "TargetResponseTime", "statistic": "p95"}, "requests": REQUESTS}
    watched = _formula(f"IF(requests >= {ENOUGH}, latency, 0)", metrics, dimensions)
    return alarm(f"service-{name}-latency", ">", limit, 3, text, watched)


def _share(metric: str, whole: str, dimensions: Mapping[str, Any]) -> dict[str, Any]:
    """The share of requests that a metric counts, in percent. Where there was none, AWS tells nothing instead of 0."""
    metrics = {"errors": {"metric": metric, "statistic": "Sum"}, "requests": REQUESTS}
    return _formula(f"IF({whole} >= {ENOUGH}, 100 * FILL(errors, 0) / {whole}, 0)", metrics, dimensions)


def _formula(expression: str, metrics: Mapping[str, Any], dimensions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "namespace": ELB,
        "dimensions": dict(dimensions),
        "metrics": dict(metrics),
        "expression": expression,
        "treat_missing_data": "notBreaching",
    }
