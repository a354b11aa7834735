#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Query a metric and compare it with a limit."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: metric_gate
short_description: Fail unless a metric stays within its limit
version_added: 0.1.0
description:
  - Queries Prometheus or CloudWatch during the bake time of a rollout, and fails when the metric leaves its limit.
  - A query that returns several series is good if all of them are. The result names the worst.
  - A query without a result is not a bad measurement. It could not be measured, and O(unmeasured) says what follows.
    That is so for an answer without series or data points, for V(NaN), and for a server that does not answer.
  - A query that is wrong, and credentials that are rejected, fail at once.
options:
  promql:
    description:
      - A PromQL expression that returns a scalar or an instant vector. Required unless O(cloudwatch) is given.
    type: str
  prometheus_url:
    description:
      - The address of the Prometheus server, or of another server with its HTTP API, without C(/api/v1/query).
      - Requests are not signed as Amazon Managed Service for Prometheus requires, and do not use proxies of the
        environment.
    type: str
  prometheus_user:
    description:
      - The user, for a server with basic authentication.
    type: str
  prometheus_password:
    description:
      - The password of O(prometheus_user).
    type: str
  prometheus_token:
    description:
      - A bearer token, instead of user and password.
    type: str
  prometheus_validate_certs:
    description:
      - Whether the certificate of the Prometheus server must be valid.
    type: bool
    default: true
  prometheus_ca_path:
    description:
      - A file or directory with the certificate authorities that may have signed that certificate. By default those of
        the system.
    type: path
  query_timeout:
    description:
      - Seconds that a single query of Prometheus may take.
    type: int
    default: 30
  cloudwatch:
    description:
      - A metric of CloudWatch, or an expression, instead of O(promql). It needs O(region).
      - The newest data point counts whose period has ended. Data points that are read again count once.
      - Takes the permission C(cloudwatch:GetMetricData).
    type: dict
    suboptions:
      namespace:
        description:
          - The namespace of the metric, such as V(AWS/ApplicationELB).
        type: str
      metric:
        description:
          - The name of the metric.
        type: str
      dimensions:
        description:
          - The dimensions of the metric, values by name. CloudWatch finds a metric only by all of its dimensions.
        type: dict
      statistic:
        description:
          - The statistic of each period, such as V(Average), V(Sum), V(Maximum) or a percentile like V(p99).
        type: str
        default: Average
      period:
        description:
          - Seconds of a data point. V(1), V(5), V(10), V(20), V(30) or a multiple of 60.
        type: int
        default: 60
      window:
        description:
          - How many seconds ago the newest data point may have ended. Many services of AWS report some minutes late.
        type: int
        default: 300
      expression:
        description:
          - A metric math expression over O(cloudwatch.metrics), a C(SEARCH) expression or a Metrics Insights query.
          - CloudWatch has no data points for what did not happen. V(FILL(errors, 0\)) makes them 0.
        type: str
      metrics:
        description:
          - The metrics of O(cloudwatch.expression) by id, each with C(metric), and with C(namespace), C(dimensions) and
            C(statistic) where they differ from those of O(cloudwatch).
        type: dict
  limit:
    description:
      - The values that are good. With both suboptions, those between them.
    type: dict
    required: true
    suboptions:
      below:
        description:
          - A good value is less than this.
        type: float
      above:
        description:
          - A good value is greater than this.
        type: float
  bake:
    description:
      - Seconds during which the metric is queried. With V(0) there is one query.
    type: int
    default: 0
  interval:
    description:
      - Seconds between two queries.
    type: int
    default: 30
  failures_allowed:
    description:
      - How many bad measurements are tolerated. The next one fails at once.
    type: int
    default: 0
  unmeasured:
    description:
      - What follows when a query could not be measured.
      - With V(wait), the next one is made, and the module fails after O(bake) seconds if none could be measured.
      - With V(pass), it counts as good, and the module succeeds also if none could be measured.
      - With V(fail), it counts as a bad measurement.
    type: str
    choices: [wait, pass, fail]
    default: wait
extends_documentation_fragment:
  - groundwork.aws.attributes
  - groundwork.aws.aws
attributes:
  check_mode:
    support: full
    details: There is one query. The result shows the measurement, and a bad one does not fail. A wrong query does.
  diff_mode:
    support: none
seealso:
  - module: groundwork.aws.http_gate
author:
  - groundwork.aws authors (@groundwork-aws)
"""

EXAMPLES = r"""
- name: Require for five minutes that less than one percent of the requests fail
  groundwork.aws.metric_gate:
    prometheus_url: http://10.0.1.20:9090
    promql: >-
      sum by (service) (rate(http_requests_total{code=~"5.."}[1m])) / sum by (service) (rate(http_requests_total[1m]))
    limit:
      below: 0.01
    bake: 300
    failures_allowed: 1
  delegate_to: localhost

- name: Require that the load balancer measures short response times
  groundwork.aws.metric_gate:
    region: eu-central-1
    cloudwatch:
      namespace: AWS/ApplicationELB
      metric: TargetResponseTime
      statistic: p99
      dimensions:
        LoadBalancer: app/shop/50dc6c495c0c9188
    limit:
      below: 0.8
    bake: 600
    interval: 60
  delegate_to: localhost

- name: Compare two metrics of the load balancer
  groundwork.aws.metric_gate:
    region: eu-central-1
    cloudwatch:
      namespace: AWS/ApplicationELB
      statistic: Sum
      dimensions:
        LoadBalancer: app/shop/50dc6c495c0c9188
      expression: 100 * FILL(errors, 0) / requests
      metrics:
        errors:
          metric: HTTPCode_Target_5XX_Count
        requests:
          metric: RequestCount
    limit:
      below: 1
    bake: 600
    interval: 60
    unmeasured: pass
  delegate_to: localhost
"""

RETURN = r"""
passed:
  description: Whether the gate is open. In check mode whether the measurement is good, and none if there is no value.
  returned: when the query is not rejected
  type: bool
measured:
  description: Whether any query returned a value.
  returned: when the query is not rejected
  type: bool
verdict:
  description:
    - V(passed) or V(failed), and V(unmeasured) when no query returned a value, whether that passes or not.
  returned: when the query is not rejected
  type: str
  sample: failed
request:
  description: What was queried, and where.
  returned: when the query is not rejected
  type: str
  sample: p99 of AWS/ApplicationELB TargetResponseTime (LoadBalancer=app/shop/50dc6c495c0c9188) in CloudWatch
expected:
  description: The limit.
  returned: when the query is not rejected
  type: str
  sample: below 0.8
requests:
  description: How many queries were made.
  returned: when the query is not rejected
  type: int
good:
  description: How many measurements are good. Data points of CloudWatch that were read several times count once.
  returned: when the query is not rejected
  type: int
bad:
  description: How many are bad.
  returned: when the query is not rejected
  type: int
unmeasured:
  description: How many queries returned no value.
  returned: when the query is not rejected
  type: int
measurements:
  description: The last ten queries, the newest last.
  returned: when the query is not rejected
  type: list
  elements: dict
  contains:
    passed:
      description: Whether all series are within the limit.
      type: bool
    measured:
      description: Whether there was a value.
      type: bool
    value:
      description: The worst value. None without one, and for an infinite one, which C(why) has.
      type: float
    series:
      description: The labels of the series with that value, where it has any.
      type: str
      sample: '{service="api"}'
    why:
      description: How the value differs from the limit, or why there is none. Empty for a good one.
      type: str
      sample: '{service="api"} is 0.05, not below 0.01 (1 of 3 series)'
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import ARGUMENTS
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.metric_gate import run_metric_gate

CLOUDWATCH: dict[str, dict[str, Any]] = {
    "namespace": {"type": "str"},
    "metric": {"type": "str"},
    "dimensions": {"type": "dict"},
    "statistic": {"type": "str", "default": "Average"},
    "period": {"type": "int", "default": 60},
    "window": {"type": "int", "default": 300},
    "expression": {"type": "str"},
    "metrics": {"type": "dict"},
}
ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "promql": {"type": "str"},
    "prometheus_url": {"type": "str"},
    "prometheus_user": {"type": "str"},
    "prometheus_password": {"type": "str", "no_log": True},
    "prometheus_token": {"type": "str", "no_log": True},
    "prometheus_validate_certs": {"type": "bool", "default": True},
    "prometheus_ca_path": {"type": "path"},
    "query_timeout": {"type": "int", "default": 30},
    "cloudwatch": {"type": "dict", "options": CLOUDWATCH},
    "limit": {
        "type": "dict",
        "required": True,
        "options": {"below": {"type": "float"}, "above": {"type": "float"}},
        "required_one_of": [("below", "above")],
    },
    "bake": {"type": "int", "default": 0},
    "interval": {"type": "int", "default": 30},
    "failures_allowed": {"type": "int", "default": 0},
    "unmeasured": {"type": "str", "choices": ["wait", "pass", "fail"], "default": "wait"},
    **ARGUMENTS,
}
RESTRICTIONS: dict[str, Any] = {
    "required_one_of": [("promql", "cloudwatch")],
    "mutually_exclusive": [("promql", "cloudwatch"), ("prometheus_user", "prometheus_token")],
    "required_together": [("promql", "prometheus_url"), ("prometheus_user", "prometheus_password")],
}


def run(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return run_metric_gate(options, check_mode)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run)


if __name__ == "__main__":
    main()
