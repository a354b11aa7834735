# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers as configurations of HAProxy, and what its statistics say of targets."""

from __future__ import annotations

import dataclasses
import re

import pytest

from lab.balancing.conditions import condition, pattern
from lab.balancing.model import (
    Balancer,
    Check,
    Condition,
    FixedResponse,
    Forward,
    Group,
    Listener,
    Redirect,
    Rule,
    Target,
)
from lab.balancing.render import configuration, digest, files
from lab.balancing.servers import CHECKING, HEALTHY, Health, Row, health, rows, steps
from lab.hooks.targets import Registration, invalid_state

WEB = Group(
    "web-1",
    "HTTP",
    Check(path='/he"alth$', interval=10, timeout=3, healthy=2, unhealthy=4, codes="200-299"),
    (Target("i-1_80", "10.0.1.4", 80),),
)
SECURE = Target("i-1_80.open", "10.0.1.4", 443)
DEFAULT = Rule("default", (), Forward((("web-1", 1),)))
API = Rule("10", (Condition("path-pattern", ("/api/*", "/v?")),), Forward((("web-1", 1),)))


def balancer(*rules: Rule, protocol: str = "HTTP", **more: object) -> Balancer:
    listener = Listener(80, protocol, (*rules, DEFAULT), (b"PEM",) if protocol == "HTTPS" else ())
    return Balancer(**{"listeners": (listener,), "groups": (WEB,), **more})  # type: ignore[arg-type]


def section(text: str, head: str) -> list[str]:
    """The lines of one part of a configuration."""
    lines = text.splitlines()
    start = lines.index(head) + 1
    size = next((number for number, line in enumerate(lines[start:]) if not line.startswith(" ")), len(lines))
    return [line.strip() for line in lines[start : start + size]]


@pytest.mark.parametrize(
    ("case", "fits", "fits_not"),
    [
        ("/api/*", ["/api/", "/api/a/b"], ["/api", "/x/api/", "/API/"]),
        ("/a?c", ["/abc", "/a.c"], ["/ac", "/abbc"]),
        ("/a.b+(c)", ["/a.b+(c)"], ["/aXb+(c)", "/a.bb(c)"]),
        ("/x y'\"$\\#", ["/x y'\"$\\#"], ["/x"]),
    ],
)
def test_wildcards(case: str, fits: list[str], fits_not: list[str]) -> None:
    expression = re.compile(f"^{pattern(case)}$")
    assert [one for one in fits + fits_not if expression.match(one)] == fits
    assert not set("'\"# $") & set(pattern(case))


@pytest.mark.parametrize(
    ("one", "acl"),
    [
        (API.conditions[0], r"{ path -m reg '^\x2fapi\x2f.*$' '^\x2fv.$' }"),
        (Condition("host-header", ("*.a",)), r"{ req.hdr(host),host_only -m reg -i '^.*\x2ea$' }"),
        (Condition("http-header", ("b?",), "X-K$"), r"""{ "req.fhdr(\"X-K\$\")" -m reg -i '^b.$' }"""),
        (Condition("http-request-method", ("GET", "PUT")), "{ method -m reg '^GET$' '^PUT$' }"),
        (Condition("source-ip", ("10.0.0.0/8",)), "{ src '10.0.0.0/8' }"),
        (
            Condition("query-string", parameters=(("v", "1*"), ("", "x"))),
            "{ query -m reg -i '(^|&)v=1[^&]*(&|$)' '(^|&)[^&=]*=x(&|$)' }",
        ),
    ],
)
def test_each_kind_of_condition(one: Condition, acl: str) -> None:
    assert condition(one) == acl


def test_rules_come_in_their_order_and_the_default_last() -> None:
    fixed = Rule(
        "20", (API.conditions[0], Condition("source-ip", ("10.0.0.0/8",))), FixedResponse(200, "text/plain", "x")
    )
    lines = [
        line
        for line in section(configuration(balancer(API, fixed), {}, ""), "frontend listener-80")
        if "backend" in line
    ]
    api = r"{ path -m reg '^\x2fapi\x2f.*$' '^\x2fv.$' }"
    assert lines == [
        f"use_backend web-1 if {api}",
        f"use_backend rule-80-20 if {api} {{ src '10.0.0.0/8' }}",
        "default_backend web-1",
    ]


def test_weights_decide_at_random() -> None:
    weighted = Rule("default", (), Forward((("a", 1), ("b", 0), ("c", 3))))
    listener = Listener(80, "HTTP", (weighted,))
    lines = section(configuration(Balancer((listener,), ()), {}, ""), "frontend listener-80")
    assert lines[-3:] == [
        "http-request set-var(txn.dice) rand(1000000)",
        "use_backend a if { var(txn.dice) -m int lt 250000 }",
        "default_backend c",
    ]


def test_zero_weights_get_no_requests() -> None:
    rule = Rule("default", (), Forward((("a", 0), ("b", 0))))
    lines = section(configuration(Balancer((Listener(80, "HTTP", (rule,)),), ()), {}, ""), "frontend listener-80")
    assert lines[-1] == "default_backend nothing"


@pytest.mark.parametrize(
    ("change", "locations"),
    [
        (
            {},
            [
                '"http://%[req.hdr(host),host_only]:80/%[path,bytes(1)]?%[query]" if { query -m len gt 0 }',
                '"http://%[req.hdr(host),host_only]:80/%[path,bytes(1)]"',
            ],
        ),
        (
            {"protocol": "HTTPS", "port": "443", "host": "www.#{host}", "path": "/a%20$b", "query": ""},
            ['"https://www.%[req.hdr(host),host_only]:443/a%%20\\$b"'],
        ),
        (
            {"query": "from=#{host}&#{query}"},
            ['"http://%[req.hdr(host),host_only]:80/%[path,bytes(1)]?from=%[req.hdr(host),host_only]&%[query]"'],
        ),
    ],
)
def test_redirects(change: dict[str, str], locations: list[str]) -> None:
    whole = Redirect("#{protocol}", "#{port}", "#{host}", "/#{path}", "#{query}", 301)
    rule = Rule("5", API.conditions, dataclasses.replace(whole, **change))
    lines = section(configuration(balancer(rule), {}, ""), "backend rule-80-5")
    assert [line.partition("hdr Location ")[2] for line in lines] == locations
    assert all(line.startswith("http-request return status 301 ") for line in lines)


def test_a_fixed_response_answers_from_a_file() -> None:
    rule = Rule("5", API.conditions, FixedResponse(410, "application/json", '{"gone": "%[x]"}\n'))
    one = balancer(rule)
    assert files(one)["rule-80-5.body"] == b'{"gone": "%[x]"}\n'
    assert section(configuration(one, {}, ""), "backend rule-80-5") == [
        'http-request return status 410 content-type "application/json" file /etc/haproxy/lab/rule-80-5.body '
        "hdr Server awselb/2.0"
    ]


def test_a_listener_with_a_certificate() -> None:
    one = balancer(protocol="HTTPS")
    assert files(one)["80-0.pem"] == b"PEM"
    lines = section(configuration(one, {}, ""), "frontend listener-80")
    assert lines[0] == "bind :80 ssl crt /etc/haproxy/lab/80-0.pem alpn h2,http/1.1"
    assert "http-request set-header X-Forwarded-Proto https" in lines


def test_a_target_group_has_its_health_check() -> None:
    lines = section(configuration(balancer(), {"web-1": [Target("i-1_80", "10.0.1.4", 80)]}, ""), "backend web-1")
    assert "timeout check 3s" in lines
    assert "http-check expect status 200-299" in lines
    assert any('uri "/he\\"alth\\$" ver HTTP/1.1' in line for line in lines)
    assert lines[-1] == "server i-1_80 10.0.1.4:80 check inter 10s rise 2 fall 4"


def test_a_check_of_its_own_port_and_protocol() -> None:
    check = Check(protocol="HTTP", port=8081)
    group = dataclasses.replace(WEB, protocol="HTTPS", check=check, cookie_seconds=60)
    lines = section(configuration(balancer(groups=(group,)), {"web-1": [SECURE]}, ""), "backend web-1")
    assert lines[-1] == "server i-1_80.open 10.0.1.4:443 ssl verify none backup"
    assert "http-check connect port 8081" in lines
    assert "cookie AWSALB insert indirect nocache dynamic maxlife 60s" in lines
    assert steps(group, {}, 0.0)[0].endswith("ssl verify none check inter 30s rise 5 fall 2 port 8081")
    same = dataclasses.replace(group, check=Check(protocol="HTTPS", port=8443))
    assert steps(same, {}, 0.0)[0].endswith("rise 5 fall 2 port 8443 check-ssl")
    other = dataclasses.replace(WEB, check=Check(protocol="HTTPS"))
    assert steps(other, {}, 0.0)[0].endswith("check inter 30s rise 5 fall 2 check-ssl verify none")


def test_targets_do_not_load_the_configuration_anew() -> None:
    moved = dataclasses.replace(WEB, targets=(), leaving={"i-1_80": 5.0})
    assert digest(balancer()) == digest(balancer(groups=(moved,)))
    assert digest(balancer()) != digest(balancer(API))
    assert digest(balancer()) != digest(balancer(idle_timeout=61))
    seldom = dataclasses.replace(WEB, check=dataclasses.replace(WEB.check, interval=11))
    assert digest(balancer()) != digest(balancer(groups=(seldom,)))
    one, other = (FixedResponse(200, "text/plain", body) for body in ("a", "b"))
    assert digest(balancer(Rule("5", (), one))) != digest(balancer(Rule("5", (), other)))


STATISTICS = """# pxname,svname,scur,status,check_status,check_code,addr,
listener-80,FRONTEND,2,OPEN,,,,
web-1,i-1_80,1,UP 1/2,L7OK,200,10.0.1.4:80,
web-1,i-1_80.open,0,no check,,,10.0.1.4:80,
web-1,i-2_80,0,DOWN 1/2,* L7STS,404,10.0.1.5:80,
web-1,BACKEND,0,UP,,,,
"""


def test_statistics_are_read() -> None:
    assert rows(STATISTICS) == {
        "web-1": {
            "i-1_80": Row("i-1_80", "UP", "L7OK", "200", 1, "10.0.1.4:80"),
            "i-1_80.open": Row("i-1_80.open", "no", "", "", 0, "10.0.1.4:80"),
            "i-2_80": Row("i-2_80", "DOWN", "L7STS", "404", 0, "10.0.1.5:80"),
        }
    }
    assert rows(STATISTICS)["web-1"]["i-2_80"].server == Target("i-2_80", "10.0.1.5", 80)


@pytest.mark.parametrize(
    ("status", "check", "found"),
    [
        ("UP", "L7OK", HEALTHY),
        ("UP", "L4CON", HEALTHY),
        ("DRAIN", "INI", CHECKING),
        # It becomes unhealthy after as many failures as the group says, not after the first.
        ("DRAIN", "L7STS", CHECKING),
        # It has passed, and gets requests in a moment.
        ("DRAIN", "L7OK", CHECKING),
        (
            "DOWN",
            "L7STS",
            Health("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]"),
        ),
        ("DOWN", "L7TOUT", Health("unhealthy", "Target.Timeout", "Request timed out")),
        ("DOWN", "L4TOUT", Health("unhealthy", "Target.Timeout", "Request timed out")),
        ("DOWN", "L4CON", Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")),
        ("DOWN", "L7RSP", Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")),
        # A worker that has just taken over knows that a server is down, and not why.
        ("DOWN", "INI", None),
        ("MAINT", "", None),
    ],
)
def test_health(status: str, check: str, found: Health | None) -> None:
    assert health(row(status, check)) == found


@pytest.mark.parametrize("code", ["0", ""])
def test_a_check_under_way_does_not_replace_the_code_of_the_last_one(code: str) -> None:
    """HAProxy's statistics have the code 0 during a check."""
    during = dataclasses.replace(row("DOWN", "L7STS"), code=code)
    assert health(during) is None
    assert health(dataclasses.replace(during, check="L7TOUT")) == Health(
        "unhealthy", "Target.Timeout", "Request timed out"
    )


@pytest.mark.parametrize(
    ("state", "description"),
    [
        ("stopping", "Target is in the stopped state"),
        ("stopped", "Target is in the stopped state"),
        ("shutting-down", "Target is in the terminated state"),
        ("terminated", "Target is in the terminated state"),
        ("pending", "Target is in an invalid state"),
    ],
)
def test_an_instance_that_does_not_run_is_unused(state: str, description: str) -> None:
    assert invalid_state(state) == Health("unused", "Target.InvalidState", description)


def test_a_registration_is_a_server_of_its_own() -> None:
    one, again, other = Registration("i-1", 80), Registration("i-1", 80), Registration("i-1", 81)
    assert one.key == again.key != other.key
    assert len({one.server, again.server, other.server}) == 3
    assert one.server.startswith("i-1_80_")


def row(status: str, check: str = "", sessions: int = 0, name: str = "i-1_80") -> Row:
    return Row(name, status, check, "404", sessions, "10.0.1.4:80")


READY = ["add server web-1/i-1_80.open 10.0.1.4:80 backup", "set server web-1/i-1_80.open state ready"]
# One line, so that HAProxy is never left between the commands, with a target that counts as healthy.
INITIAL = "set server web-1/i-1_80 state drain; set server web-1/i-1_80 health up; enable health web-1/i-1_80"


@pytest.mark.parametrize(
    ("there", "lines"),
    [
        (
            None,
            ["add server web-1/i-1_80 10.0.1.4:80 check inter 10s rise 2 fall 4", INITIAL],
        ),
        (row("MAINT"), [INITIAL]),
        (row("DRAIN", "INI"), []),
        (row("DRAIN", "L4CON"), []),
        (row("DRAIN", "L7STS"), []),
        (row("DRAIN", "L7OK"), ["set server web-1/i-1_80 state ready", *READY]),
        (row("DOWN", "L4CON"), READY),
        (row("UP", "L7OK"), READY),
    ],
)
def test_a_target_gets_requests_after_its_first_good_check(there: Row | None, lines: list[str]) -> None:
    assert steps(WEB, {"i-1_80": there} if there else {}, 0.0) == lines


def test_a_matching_state_needs_no_action() -> None:
    both = {"i-1_80": row("UP", "L7OK"), "i-1_80.open": row("no", name="i-1_80.open")}
    assert steps(WEB, both, 0.0) == []
    assert steps(WEB, {**both, "i-1_80.open": row("MAINT", name="i-1_80.open")}, 0.0) == READY[1:]


STICKY = dataclasses.replace(WEB, targets=(*WEB.targets, Target("i-2_80", "10.0.1.5", 80)), cookie_seconds=60)
TWINS = ("i-1_80.open", "i-2_80.open")


def pair(first: str, second: str, twins: str) -> dict[str, Row]:
    """Two targets with their twins, by the states of each."""
    both = {"i-1_80": row(first, "L7OK"), "i-2_80": row(second, "L7OK", name="i-2_80")}
    return both | {name: row(twins, name=name) for name in TWINS}


def test_a_target_has_no_cookie_before_it_is_healthy() -> None:
    """HAProxy sends a client to the server of its cookie, also while that is draining."""
    group = dataclasses.replace(STICKY, targets=WEB.targets)
    assert not [line for line in steps(group, {}, 0.0) if "cookie" in line]
    assert steps(group, {"i-1_80": row("DRAIN", "L7OK")}, 0.0)[:2] == [
        "set server web-1/i-1_80 state ready",
        "enable dynamic-cookie backend web-1",
    ]


@pytest.mark.parametrize(
    ("there", "lines"),
    [
        (pair("UP", "DOWN", "MAINT"), []),
        (pair("UP", "UP", "no"), [f"set server web-1/{name} state maint" for name in TWINS]),
        (pair("DOWN", "DOWN", "MAINT"), [f"set server web-1/{name} state ready" for name in TWINS]),
        (pair("DOWN", "DOWN", "no"), []),
    ],
)
def test_a_cookie_does_not_lead_to_an_unhealthy_target(there: dict[str, Row], lines: list[str]) -> None:
    """A twin has the cookie of its target, so in groups with cookies it serves only when no target is healthy."""
    assert steps(STICKY, there, 0.0) == lines


def test_a_target_that_is_registered_again_joins_while_the_old_one_leaves() -> None:
    """Requests that were in flight end on the old server; the new one is checked first."""
    again = Target("i-1_80_b", "10.0.1.4", 80)
    group = dataclasses.replace(WEB, targets=(again,), leaving={"i-1_80": 10.0})
    lines = steps(group, {"i-1_80": row("MAINT", "L7OK", 1)}, 5.0)
    assert lines[0] == "add server web-1/i-1_80_b 10.0.1.4:80 check inter 10s rise 2 fall 4"
    assert len(lines) == 2


GONE = ["shutdown sessions server web-1/i-9_80", "del server web-1/i-9_80"]
LEAVING = ["set server web-1/i-9_80 state maint"]


@pytest.mark.parametrize(
    ("status", "sessions", "now", "lines"),
    [
        ("UP", 0, 5.0, LEAVING),
        ("UP", 3, 50.0, LEAVING),
        ("DRAIN", 0, 5.0, LEAVING),
        ("DOWN", 0, 5.0, LEAVING),
        ("MAINT", 3, 5.0, []),
        ("MAINT", 0, 5.0, GONE),
        ("MAINT", 3, 10.0, GONE),
    ],
)
def test_a_target_leaves_when_its_requests_are_done_or_its_delay_is_over(
    status: str, sessions: int, now: float, lines: list[str]
) -> None:
    group = dataclasses.replace(WEB, targets=(), leaving={"i-9_80": 10.0})
    assert steps(group, {"i-9_80": row(status, "L7OK", sessions, "i-9_80")}, now) == lines
