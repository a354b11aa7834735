# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the gates of rollouts: HTTP probes and metrics. `rules/gates.py` checks what belongs to which."""

from __future__ import annotations

from ..._resources.cloudwatch import alarm
from .containers import ListOf, MappingOf
from .kinds import Choice, Integer, Number, Scalar, Text
from .record import Field, Record
from .shared import NAME

# http_gate gives up a request after 10 seconds.
LONGEST_LATENCY = 9000
WEB_ADDRESS = Text(
    "an http or https URL without spaces",
    r"[Hh][Tt][Tt][Pp][Ss]?://[!-~]+",
    hint="write one like https://shop.example.org/health",
)
WEB_PATH = Text("a path like /health, of ASCII characters without spaces and #", r'/[!-"$-~]*')
HEADER_NAME = Text("the name of a header", r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", longest=100)
SECRET_NAME = Text("the name of a secret", NAME, refers="secrets", private=True, hint="declare it in secrets")
# Expressions may have several lines, as block scalars of YAML have.
LINES = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*[^\x00-\x20][^\x00-\x08\x0b\x0c\x0e-\x1f]*"
NAMESPACE = Text("a namespace like AWS/ApplicationELB", alarm.NAMESPACE, longest=255)
# GetMetricData: MetricStat and Dimension of the CloudWatch API reference.
METRIC_NAME = Text("the name of a metric", r"[ -~]*[!-~][ -~]*", longest=255)
DIMENSIONS = MappingOf(
    Text("the name of a dimension", r"[!-9;-~][ -~]*", longest=255),
    Scalar("the value of a dimension", r"[ -~]*[!-~][ -~]*", 1024, private=False),
    "<dimension>",
    most=30,
)
STATISTIC = Text("a statistic like Average, Sum or p99", r"[A-Za-z0-9.%:()]+", longest=40)

# The same answer as that of the module `http_gate`.
PROBE_FIELDS = {
    "url": Field(WEB_ADDRESS, "URL that is asked, from the controller. Its redirects are not followed."),
    "path": Field(
        WEB_PATH,
        "Path that is asked at the URL of the stack, as `show_url` shows it: through the load balancer or the proxy.",
    ),
    "status": Field(
        ListOf(Integer("a status", 100, 599), least=1), "Statuses of a good answer of `url` or `path`.", default=[200]
    ),
    "body": Field(Text("a regular expression"), "Regular expression that matches somewhere in the body."),
    "headers": Field(
        MappingOf(HEADER_NAME, Text("a regular expression"), "<header>", most=20),
        "Regular expressions that match values of headers of the answer.",
        default={},
    ),
    "latency": Field(
        Integer("a number of milliseconds", 1, LONGEST_LATENCY), "Longest time until the whole answer, in milliseconds."
    ),
}

METRIC = Record(
    fields={
        "metric": Field(METRIC_NAME, "Name of the metric.", required=True),
        "namespace": Field(NAMESPACE, "Its namespace, where it differs from that of the query."),
        "statistic": Field(STATISTIC, "Its statistic, where it differs from that of the query."),
        "dimensions": Field(DIMENSIONS, "Its dimensions, where they differ from those of the query."),
    }
)

CLOUDWATCH = Record(
    fields={
        "metric": Field(METRIC_NAME, "Name of the metric."),
        "namespace": Field(NAMESPACE, "Namespace of the metric."),
        "statistic": Field(STATISTIC, "Statistic of each period, such as Average, Sum or p99.", default="Average"),
        "period": Field(
            Integer("a number of seconds", 1, 3600),
            "Seconds of a data point: 1, 5, 10, 20, 30 or a multiple of 60.",
            default=60,
        ),
        "window": Field(
            Integer("a number of seconds", 1, 86400),
            "How many seconds ago the newest data point may have begun. Data points from before the batch has moved "
            "never count.",
            default=300,
        ),
        "dimensions": Field(
            DIMENSIONS,
            "Dimensions of the metric. For AWS/ApplicationELB, without them: the load balancer, and the target group "
            "of each service that moves.",
        ),
        "expression": Field(
            Text("a metric math expression", LINES, longest=2048),
            "Metric math over `metrics`, a `SEARCH` or a Metrics Insights query, instead of `metric`.",
        ),
        "metrics": Field(
            MappingOf(Text("an id like errors", r"[a-z][A-Za-z0-9_]*", longest=255), METRIC, "<id>", most=100),
            "Metrics of `expression` by id.",
            default={},
        ),
    }
)

GATE = Record(
    one_of=(("url", "path", "promql", "cloudwatch"),),
    fields={
        **PROBE_FIELDS,
        "promql": Field(
            Text("a PromQL expression", LINES, longest=8192),
            "PromQL expression that returns a scalar or an instant vector, of which every series is compared.",
        ),
        "prometheus_url": Field(WEB_ADDRESS, "Address of the Prometheus server of `promql`, without `/api/v1/query`."),
        "prometheus_user": Field(
            Text("a user name", r"[^\x00-\x1f:]+", longest=255), "User of a server with basic authentication."
        ),
        "prometheus_password": Field(SECRET_NAME, "Secret of the document with the password of `prometheus_user`."),
        "prometheus_token": Field(SECRET_NAME, "Secret of the document with a bearer token, instead of a user."),
        "cloudwatch": Field(CLOUDWATCH, "Metric of CloudWatch, in the region of the stack."),
        "above": Field(Number(), "A good value of the metric is greater than this."),
        "below": Field(Number(), "A good value of the metric is less than this."),
        "failures_allowed": Field(
            Integer("a number of measurements", 0, 1000),
            "Bad measurements that are tolerated while a batch bakes. The newest one has to be good.",
            default=0,
        ),
        "unmeasured": Field(
            Choice("wait", "go_on", "abort", suggests=True),
            "What follows when the newest measurement could not be taken: `wait` for the next one, and abort if there "
            "is none at the end of the bake time; `go_on` as if it were good; `abort` at once.",
            default="wait",
        ),
        "interval": Field(Integer("a number of seconds", 5, 3600), "Seconds between two measurements.", default=15),
    },
)
