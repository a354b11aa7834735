# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All problems of a document are reported at once, with path and fix; the JSON Schema reports those it can express."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from support.documents import base_of, cases, errors_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import examine, load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.merge import merge
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import (
    MAX_SHOWN_ERRORS,
    TopologyError,
    split_fix,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.document import json_schema
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.shared import NAME_HINT

CASES = cases("errors")
EDITOR = jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_case_gives_its_errors(case: Any) -> None:
    assert errors_of(case) == case["errors"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_error_has_a_fix_of_its_own(case: Any) -> None:
    """A page of the documentation is not one."""
    for problem in examine(base_of(case), [case["change"]]).errors:
        assert split_fix(problem.text)[1], problem.text


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_schema_rejects_what_it_can_express(case: Any) -> None:
    accepted = EDITOR.is_valid(merge(base_of(case), case["change"]))
    assert accepted is (case.get("editor") is False)


def test_the_document_that_the_cases_change_is_good() -> None:
    assert errors_of({}) == []
    assert EDITOR.is_valid(base_of({}))


def test_the_message_lists_the_errors_under_the_name_of_the_document() -> None:
    with pytest.raises(TopologyError) as raised:
        load(base_of({}), [{"name": 1, "region": 2}])
    assert str(raised.value).splitlines() == [
        "the topology cannot be used:",
        "- name: 1 is not a name of lower-case letters, digits and single dashes, at most 32 "
        f"({NAME_HINT}) [from override 1]",
        "- region: 2 is not a region like us-east-1 [from override 1]",
    ]


def test_a_message_shows_a_limited_number_of_errors() -> None:
    with pytest.raises(TopologyError) as raised:
        load({f"key{number}": number for number in range(1000)})
    assert len(raised.value.errors) > 1000
    assert len(str(raised.value).splitlines()) == MAX_SHOWN_ERRORS + 2


def test_long_values_are_cut() -> None:
    (error,) = errors_of({"change": {"tags": {"note": "x" * 257}}})
    assert error == (
        f'tags.note: "{"x" * 56}… has 257 characters, and at most 256 are allowed (shorten it) [from override 1]'
    )


def test_the_number_of_tags_is_limited() -> None:
    (error,) = errors_of({"change": {"tags": {f"tag{number}": number for number in range(41)}}})
    assert error == "tags: has 41 entries, which is more than 40 (remove some) [from override 1]"


def test_secrets_are_not_repeated() -> None:
    secret = "correct-horse-battery-staple"
    change = {
        "access": {"public_key": secret},
        "instances": {"app": {"user_data": secret * 2000}},
        "services": {
            "api": {"environment": {"API_TOKEN": secret, "LIST": [secret], "URL": f"redis://:{secret}@cache/0"}}
        },
    }
    errors = errors_of({"change": change})
    assert len(errors) == 5
    assert secret not in "\n".join(errors)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"services": {"api": {"routes": ["no"]}}}, "services.api.routes[0]"),
        ({"services": {"api": {"routes": "no"}}}, "services.api.routes"),
        ({"services": {"api": []}}, "services.api"),
        ({"load_balancer": {"domain": "Shop!", "tls": {}}}, "load_balancer.domain"),
        ({"load_balancer": {"domain": "Shop!", "hosted_zone": "Z1234"}}, "load_balancer.domain"),
    ],
)
def test_a_wrong_value_is_not_reported_as_missing_too(change: Any, key: str) -> None:
    base = {"load_balancer": {"subnets": "public"}, "services": {"api": {"routes": ["/*"]}}}
    found = examine(merge(merge(base_of({}), base), change))
    assert [problem.key for problem in found.errors] == [key]


@pytest.mark.parametrize(
    ("network", "keys"),
    [
        (
            {"subnets": {"public": {"route": "internt"}, "private": {"route": "nat"}}},
            ["network.subnets.public.route"],
        ),
        ({"zones": ["eu-central-1a", 7]}, ["network.zones[1]"]),
        ({"subnets": {"public": {"cidrs": ["10.0.1.0/24", "x"]}}}, ["network.subnets.public.cidrs[1]"]),
    ],
)
def test_a_wrong_item_is_not_reported_as_missing_too(network: Any, keys: list[str]) -> None:
    found = examine(merge(base_of({}), {"network": network}))
    assert [problem.key for problem in found.errors] == keys


def test_an_error_about_all_services_hides_none_of_a_service() -> None:
    many = {f"a-long-name-of-a-service-number-{number}": {"port": 5010 + number} for number in range(9)}
    shared = {"runtime": "gunicorn", "on": "app", "entry": "wsgi:app", "source": {"git": "https://git.example/shop"}}
    change: Any = {name: {**shared, **service} for name, service in many.items()}
    change["api"] = {
        "health": {"interval": 5, "timeout": 6},
        "port": 22,
        "routes": ["/k", "/nginx-health"],
        "environment": {"PATH": "/bin"},
    }
    change["web"] = {**shared, "runtime": "pm2", "entry": "a.js", "port": 5001, "routes": ["/k"], "threads": 2}
    keys = [problem.key for problem in examine(merge(base_of({}), {"proxy": {"on": "app"}, "services": change})).errors]
    assert sorted(keys) == [
        "services",
        "services.api.environment.PATH",
        "services.api.health.timeout",
        "services.api.port",
        "services.api.routes[1]",
        "services.web.routes[0]",
        "services.web.threads",
    ]


@pytest.mark.parametrize("tls", [None, {"certificate": f"arn:aws:acm:eu-central-1:123456789012:certificate/{'0' * 8}"}])
def test_a_domain_without_a_certificate_of_its_own_may_be_longer(tls: Any) -> None:
    balancer = {"subnets": "public", "domain": f"{'a' * 60}.shop.exampl.org", "tls": tls}
    change = {"load_balancer": balancer, "services": {"api": {"routes": ["/*"]}}}
    found = errors_of({"change": change})
    assert not [error for error in found if "domain" in error], found


GATES = {"requests": {"cloudwatch": {"metric": "m", "namespace": "Shop"}, "below": 5}}
PROMETHEUS = {"promql": "up", "prometheus_url": "http://10.0.0.9", "above": 0}
BALANCED = {"load_balancer": {"subnets": "public"}, "services": {"api": {"routes": ["/*"]}}}
STORES = {
    "databases": {"main": {"engine": "postgres", "subnets": "private", "size": 100, "limit": 200}},
    "caches": {"redis": {"engine": "redis", "subnets": "private", "nodes": 2, "multi_az": True}},
}


def gate(**settings: Any) -> dict[str, Any]:
    return {"rollout": {"bake": 300, "gates": {"requests": settings}}}


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        (gate(cloudwatch={"metric": "m", "namespace": ":x"}, below=5), ["cloudwatch.namespace"]),
        (gate(cloudwatch={"metric": " ", "namespace": "Shop"}, below=5), ["cloudwatch.metric"]),
        (gate(cloudwatch={"metric": " ", "namespace": ":x"}, below=5), ["cloudwatch.metric", "cloudwatch.namespace"]),
        (gate(cloudwatch={"namespace": ":x"}, below=5), ["cloudwatch.namespace", "cloudwatch"]),
        (gate(cloudwatch={"expression": ["m"]}, below=5), ["cloudwatch.expression"]),
        (
            gate(cloudwatch={"expression": "a", "metrics": {"a": {"metric": "m", "namespace": ":x"}}}, below=5),
            ["cloudwatch.metrics.a.namespace"],
        ),
        (
            gate(cloudwatch={"expression": "a", "namespace": ":x", "metrics": {"a": {"metric": "m"}}}, below=5),
            ["cloudwatch.namespace"],
        ),
        (gate(cloudwatch={"metric": "m", "namespace": "Shop", "period": "x"}, below=5), ["cloudwatch.period"]),
        (gate(cloudwatch={"metric": "m", "namespace": "Shop"}, below="x"), ["below"]),
        (gate(cloudwatch={"metric": "m", "namespace": "Shop"}, above="x"), ["above"]),
        (gate(cloudwatch={"metric": "m", "namespace": "Shop"}), [""]),
        (gate(**{**PROMETHEUS, "prometheus_url": "ftp://x"}), ["prometheus_url"]),
        (gate(**PROMETHEUS, prometheus_user="a:b", prometheus_password="token"), ["prometheus_user"]),
        (gate(**PROMETHEUS, prometheus_user="a", prometheus_password="Token!"), ["prometheus_password"]),
        (gate(**PROMETHEUS, prometheus_user="a"), [""]),
    ],
)
def test_a_wrong_key_of_a_gate_counts_as_given(change: Any, keys: list[str]) -> None:
    found = examine(merge(base_of({}), {"secrets": {"token": {}}, **change}))
    assert [problem.key for problem in found.errors] == [f"rollout.gates.requests.{key}".rstrip(".") for key in keys]


@pytest.mark.parametrize(
    ("base", "change", "key"),
    [
        ({}, {"rollout": {"notify": {"sns": "pager"}}}, "rollout.notify.sns"),
        ({}, {"rollout": {"notify": {"email": "me"}}}, "rollout.notify.email"),
        ({}, {"rollout": {"bake": 700, "deadline": "x"}}, "rollout.deadline"),
        ({}, {"services": {"api": {"rollout": {"bake": 700, "deadline": "x"}}}}, "services.api.rollout.deadline"),
        ({}, {"services": {"api": {"health": {"timeout": 50, "interval": "x"}}}}, "services.api.health.interval"),
        ({}, {"services": {"api": {"port": None, "socket": "maybe"}}}, "services.api.socket"),
        ({}, {"services": {"api": {"port": 80}}, "proxy": {"on": "app", "port": "x"}}, "proxy.port"),
        (
            BALANCED,
            {"load_balancer": {"idle_timeout": 10}, "services": {"api": {"timeout": "x"}}},
            "services.api.timeout",
        ),
        (
            BALANCED,
            {"load_balancer": {"port": "x", "domain": "a.example.org", "tls": {"port": 80}}},
            "load_balancer.port",
        ),
        (STORES, {"caches": {"redis": {"nodes": "x"}}}, "caches.redis.nodes"),
        (STORES, {"network": {"zones": "x"}}, "network.zones"),
    ],
)
def test_nothing_is_said_of_the_default_of_a_wrong_key(base: Any, change: Any, key: str) -> None:
    assert examine(merge(base_of({}), base)).errors == []
    found = examine(merge(merge(base_of({}), base), change))
    assert [problem.key for problem in found.errors] == [key]


def test_a_wrong_port_hides_no_other_error_of_gates_and_hooks() -> None:
    change = {
        "services": {"api": {"port": "x"}},
        "rollout": {
            "gates": {"site": {"path": "/", "body": "("}},
            "hooks": {"before_batch": [{"request": {"url": "http://", "method": "HEAD", "body": "x"}}]},
        },
    }
    found = [problem.key for problem in examine(merge(base_of({}), change)).errors]
    assert found[0] == "services.api.port"
    assert "rollout.gates.site.body" in found
    assert "rollout.gates.site.path" not in found
    assert any(key.startswith("rollout.hooks.before_batch[0].request.") for key in found)


@pytest.mark.parametrize(
    "namespace", ["My App", "AWS/EC2", "a:b", " x", "ContainerInsights/Prometheus", "{x}", "a" * 255]
)
def test_namespaces_that_cloudwatch_accepts(namespace: str) -> None:
    change = gate(cloudwatch={"metric": "m", "namespace": namespace}, below=5)
    document = merge(base_of({}), change)
    assert examine(document).errors == []
    assert EDITOR.is_valid(document)


@pytest.mark.parametrize("namespace", ["", " ", ":x", "ä", "a\tb", "a" * 256])
def test_namespaces_that_cloudwatch_rejects(namespace: str) -> None:
    document = merge(base_of({}), gate(cloudwatch={"metric": "m", "namespace": namespace}, below=5))
    assert [problem.key for problem in examine(document).errors] == ["rollout.gates.requests.cloudwatch.namespace"]
    assert not EDITOR.is_valid(document)


@pytest.mark.parametrize("url", ["HTTP://shop.example.org/", "Https://shop.example.org", "http://x"])
def test_the_scheme_of_an_address_has_no_case(url: str) -> None:
    hook = {"request": {"url": url}}
    change = {"rollout": {"gates": {"site": {"url": url}}, "hooks": {"before_batch": [hook]}}}
    change["rollout"]["gates"]["load"] = {**PROMETHEUS, "prometheus_url": url}
    assert examine(merge(base_of({}), change)).errors == []
