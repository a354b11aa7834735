# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancers that are real: what a client of theirs sees."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from labtools import Account, Lab, client, refused, until

from lab import names
from lab.balancing.snapshot import group_id

pytestmark = pytest.mark.docker

# A small application on four ports: it says where a request came to, and with what. /health follows a file, /slow
# takes its time, and /requests has the paths and answers so far.
PROGRAM = """#!/bin/sh
mkdir -p /srv/app && cat > /srv/app/app.py <<'END'
import collections, http.server, json, os, socket, threading, time

requests = collections.defaultdict(list)

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status = 200
        if self.path == "/health":
            status = 200 if os.path.exists(f"/srv/app/up-{self.server.server_port}") else 503
        if self.path != "/requests":
            requests[self.server.server_port].append((self.path, status))
        answer = {"host": socket.gethostname(), "port": self.server.server_port, "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "requests": requests[self.server.server_port] if self.path == "/requests" else []}
        if self.path.endswith("/slow"):
            time.sleep(2 if self.path == "/slow" else 6)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        pass

servers = [http.server.ThreadingHTTPServer(("", port), Handler) for port in (3000, 3001, 3002, 3003)]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
END
touch /srv/app/up-3000 /srv/app/up-3001
systemd-run --quiet --unit app python3 /srv/app/app.py
"""
EVERYBODY = [{"CidrIp": "0.0.0.0/0"}]
CHECK = {
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": 2,
    "HealthCheckTimeoutSeconds": 1,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def echo(self) -> dict[str, Any]:
        """What the application said."""
        return dict(json.loads(self.body))


@dataclass
class Site:
    """Two instances in two zones behind a load balancer."""

    lab: Lab
    account: Account
    elb: Any = field(init=False)
    balancer: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    machines: list[str] = field(default_factory=list)
    listener: str = ""
    front: str = ""

    def __post_init__(self) -> None:
        # AWS checks every five seconds at most; the lab does it at the interval of the target group.
        self.elb = client("elbv2", self.account.endpoint, config=Config(parameter_validation=False))

    @property
    def name(self) -> str:
        return str(self.balancer["DNSName"])

    def ask(self, path: str, port: int = 80, method: str = "GET", tls: bool = False, **headers: str) -> Answer:
        """Ask the load balancer by its name."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if tls:
            context = ssl._create_unverified_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.name, port, timeout=10, context=context
            )
        else:
            connection = http.client.HTTPConnection(self.name, port, timeout=10)
        try:
            connection.request(method, path, headers=names)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read().decode())
        finally:
            connection.close()

    def group(self, name: str, port: int, **more: Any) -> str:
        options = {"Protocol": "HTTP", "Port": port, "VpcId": self.account.vpc, **CHECK, **more}
        made = self.elb.create_target_group(Name=name, **options)["TargetGroups"][0]
        self.groups[name] = made["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "4"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=self.groups[name], Attributes=delay)
        return self.groups[name]

    def register(self, group: str, *machines: str) -> None:
        self.elb.register_targets(TargetGroupArn=self.groups[group], Targets=[{"Id": one} for one in machines])

    def deregister(self, group: str, *machines: str) -> None:
        self.elb.deregister_targets(TargetGroupArn=self.groups[group], Targets=[{"Id": one} for one in machines])

    def health(self, group: str) -> dict[str, tuple[str, str]]:
        """State and reason of each target."""
        described = self.elb.describe_target_health(TargetGroupArn=self.groups[group])["TargetHealthDescriptions"]
        return {
            one["Target"]["Id"]: (one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", ""))
            for one in described
        }

    def all_are(self, group: str, state: str) -> None:
        until(
            f"the targets of {group} are {state}",
            lambda: {described[0] for described in self.health(group).values()} == {state},
        )

    def rule(self, priority: int, condition: dict[str, Any], **action: Any) -> None:
        described = action or {"Type": "forward", "TargetGroupArn": self.groups["second"]}
        self.elb.create_rule(ListenerArn=self.listener, Priority=priority, Conditions=[condition], Actions=[described])

    def hostname(self, machine: str) -> str:
        return str(self.account.instance(machine)["PrivateDnsName"]).split(".")[0]

    def requests(self, machine: str, port: int) -> list[tuple[str, int]]:
        """Paths and answers of all requests that came to a port of an instance."""
        answer = json.loads(self.run(machine, f"curl -s localhost:{port}/requests"))
        return [(path, status) for path, status in answer["requests"]]

    def is_removed(self, group: str, machine: str) -> bool:
        """Whether the data plane has finished with every registration of an instance in a group, as the log says."""
        log = (self.lab.home / self.lab.name / "daemon.log").read_text()
        target = rf"server {group_id(self.groups[group])}/{machine}_\d+_\w+"
        added = len(re.findall(rf"add {target} .*: New server registered", log))
        return added > 0 and added == len(re.findall(rf"del {target}: Server deleted", log))

    def run(self, machine: str, command: str) -> str:
        return self.lab.ssh(machine, command).stdout


def fixed(text: str) -> dict[str, Any]:
    config = {"StatusCode": "418", "ContentType": "text/plain", "MessageBody": text}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def open_to(account: Account, group: str, **source: Any) -> dict[str, Any]:
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, **source}
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return permission


@pytest.fixture(scope="module")
def site(lab: Lab) -> Iterator[Site]:
    account = lab.account()
    account.make_network("10.7.0.0/16", "10.7.1.0/24")
    made = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.7.2.0/24", AvailabilityZone="us-east-1b")
    second = made["Subnet"]["SubnetId"]
    account.ec2.associate_route_table(RouteTableId=account.table, SubnetId=second)
    public = Path(f"{lab.exports['GROUNDWORK_LAB_SSH_KEY']}.pub").read_bytes()
    account.ec2.import_key_pair(KeyName="balancing", PublicKeyMaterial=public)
    one = Site(lab, account)
    made = account.ec2.create_security_group(GroupName="front", Description="front", VpcId=account.vpc)
    one.front = made["GroupId"]
    open_to(account, one.front, IpRanges=EVERYBODY)
    open_to(account, account.group, UserIdGroupPairs=[{"GroupId": one.front}])
    # An instance reaches a load balancer that faces the internet by a public address of its own, or not at all.
    account.ec2.modify_subnet_attribute(SubnetId=account.subnet, MapPublicIpOnLaunch={"Value": True})
    one.machines = [
        account.launch(UserData=PROGRAM, KeyName="balancing", SubnetId=subnet) for subnet in (account.subnet, second)
    ]
    options = {"Subnets": [account.subnet, second], "SecurityGroups": [one.front], "Scheme": "internet-facing"}
    one.balancer = one.elb.create_load_balancer(Name="Shop", **options)["LoadBalancers"][0]
    assert one.balancer["State"]["Code"] == "provisioning"
    for name, port in (("first", 3000), ("second", 3001), ("empty", 3000)):
        one.group(name, port)
    forward = [{"Type": "forward", "TargetGroupArn": one.groups["first"]}]
    made = one.elb.create_listener(
        LoadBalancerArn=one.balancer["LoadBalancerArn"], Port=80, Protocol="HTTP", DefaultActions=forward
    )
    one.listener = made["Listeners"][0]["ListenerArn"]
    for machine in one.machines:
        account.wait(machine, "running")
    one.register("first", *one.machines)
    one.register("second", one.machines[0])
    until("it is active", lambda: active(one))
    one.all_are("first", "healthy")
    yield one
    one.elb.delete_load_balancer(LoadBalancerArn=one.balancer["LoadBalancerArn"])
    account.terminate(*one.machines)


def active(site: Site) -> bool:
    described = site.elb.describe_load_balancers(Names=["Shop"])["LoadBalancers"][0]
    return bool(described["State"]["Code"] == "active")


def test_every_target_gets_its_share(site: Site) -> None:
    described = [site.ask("/").echo for _ in range(20)]
    assert Counter(one["host"] for one in described) == {site.hostname(one): 10 for one in site.machines}
    headers = described[0]["headers"]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")
    assert headers["x-forwarded-for"] == site.lab.exports["GROUNDWORK_LAB_CLIENT_CIDR"].removesuffix("/32")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    assert headers["host"] == site.name


def test_the_client_is_added_to_those_before_it(site: Site) -> None:
    described = site.ask("/", X_Forwarded_For="192.0.2.7", X_Forwarded_Proto="gopher").echo["headers"]
    assert described["x-forwarded-for"].startswith("192.0.2.7, ")
    assert described["x-forwarded-proto"] == "http"


def test_each_kind_of_rule_in_its_order(site: Site) -> None:
    site.rule(10, {"Field": "path-pattern", "Values": ["/api/*"]})
    site.rule(20, {"Field": "path-pattern", "Values": ["/a?i/x y'\"$*"]}, **fixed("quoted"))
    site.rule(30, {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.Shop.example"]}}, **fixed("host"))
    header = {"HttpHeaderName": "X-Kind", "Values": ["re?d", "blue*"]}
    site.rule(40, {"Field": "http-header", "HttpHeaderConfig": header}, **fixed("header"))
    site.rule(50, {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}}, **fixed("post"))
    pairs = [{"Key": "version", "Value": "v?"}, {"Value": "beta"}]
    site.rule(60, {"Field": "query-string", "QueryStringConfig": {"Values": pairs}}, **fixed("query"))
    site.rule(70, {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/32"]}}, **fixed("elsewhere"))
    site.rule(5, {"Field": "path-pattern", "Values": ["/api/first"]}, **fixed("priority"))
    until("the last rule is there", lambda: site.ask("/api/first").status == 418)
    site.all_are("second", "healthy")
    found = {
        "path": site.ask("/api/users?x=1").echo["port"],
        "priority": site.ask("/api/first").body,
        "quoted": site.ask("/aqi/x%20y").echo["port"],
        "host": site.ask("/", Host="www.shop.EXAMPLE:80").body,
        "header": site.ask("/", x_kind="REaD").body,
        "post": site.ask("/", method="POST").body,
        "query": site.ask("/?a=b&Version=V2").body,
        "any key": site.ask("/?channel=beta").body,
        "not the query": site.ask("/?version=v22").echo["port"],
        "default": site.ask("/other").echo["port"],
    }
    assert found == {
        "path": 3001,
        "priority": "priority",
        "quoted": 3000,
        "host": "host",
        "header": "header",
        "post": "post",
        "query": "query",
        "any key": "query",
        "not the query": 3000,
        "default": 3000,
    }


def test_a_fixed_response_and_a_redirect(site: Site) -> None:
    answer = site.ask("/api/first")
    assert (answer.status, answer.headers["content-type"], answer.headers["server"]) == (
        418,
        "text/plain",
        "awselb/2.0",
    )
    config = {"Protocol": "HTTPS", "Port": "443", "Path": "/new/#{path}", "StatusCode": "HTTP_302"}
    site.rule(7, {"Field": "path-pattern", "Values": ["/old/*"]}, Type="redirect", RedirectConfig=config)
    until("the redirect is there", lambda: site.ask("/old/x").status == 302)
    assert site.ask("/old/x").headers["location"] == f"https://{site.name}:443/new/old/x"
    assert site.ask("/old/x?a=%20&b").headers["location"] == f"https://{site.name}:443/new/old/x?a=%20&b"


def test_weights_share_requests_out(site: Site) -> None:
    config = {
        "TargetGroups": [
            {"TargetGroupArn": site.groups["first"], "Weight": 1},
            {"TargetGroupArn": site.groups["second"], "Weight": 3},
            {"TargetGroupArn": site.groups["empty"], "Weight": 0},
        ]
    }
    site.rule(8, {"Field": "path-pattern", "Values": ["/weighted"]}, Type="forward", ForwardConfig=config)
    until("the rule is there", lambda: Counter(weighted(site) for _ in range(5))[3001] > 0)
    site.all_are("second", "healthy")
    found = Counter(weighted(site) for _ in range(120))
    assert 60 <= found[3001] < 120


def weighted(site: Site) -> int:
    answer = site.ask("/weighted")
    return int(answer.echo["port"]) if answer.status == 200 else answer.status


def test_https_with_a_certificate_of_acm_at_its_own_name(site: Site) -> None:
    """Proved by a record, issued by the lab's authority, found by the name that a record leads there."""
    acm, dns = client("acm", site.account.endpoint), client("route53", site.account.endpoint)
    names = {"DomainName": "shop.lab.test", "SubjectAlternativeNames": ["*.shop.lab.test"]}
    arn = acm.request_certificate(**names, ValidationMethod="DNS")["CertificateArn"]
    zone = dns.create_hosted_zone(Name="lab.test", CallerReference="lab")["HostedZone"]["Id"]
    listener = {
        "LoadBalancerArn": site.balancer["LoadBalancerArn"],
        "Port": 443,
        "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": arn}],
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": site.groups["first"]}],
    }
    assert refused(site.elb.create_listener, **listener) == "UnsupportedCertificate"
    record = until("it tells its record", lambda: proof(acm, arn))
    alias = {"HostedZoneId": "Z1", "DNSName": site.name, "EvaluateTargetHealth": False}
    for one in (
        {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]},
        {"Name": "shop.lab.test", "Type": "A", "AliasTarget": alias},
    ):
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": one}]}
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    until("it is issued", lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED")
    site.elb.create_listener(**listener)
    until("443 is open", lambda: opens(site.name, 443))
    headers = site.ask("/", port=443, tls=True).echo["headers"]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", "443")
    until("the name leads there", lambda: "shop.lab.test" in Path("/etc/hosts").read_text())
    trusted = ssl.create_default_context(cafile=site.lab.exports["GROUNDWORK_LAB_CA"])
    with urllib.request.urlopen("https://shop.lab.test/", context=trusted, timeout=10) as answer:
        assert json.load(answer)["headers"]["host"] == "shop.lab.test"
    assert '"port": 3000' in site.run(site.machines[0], "curl -sk https://shop.lab.test/")
    assert refused(acm.delete_certificate, CertificateArn=arn) == "ResourceInUseException"
    assert "PRIVATE" not in "".join(acm.get_certificate(CertificateArn=arn)["Certificate"])


def proof(acm: Any, arn: str) -> dict[str, str] | None:
    """The record that proves the first name of a certificate, once ACM tells it."""
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    found: dict[str, str] | None = described[0].get("ResourceRecord")
    return found


def opens(name: str, port: int) -> bool:
    try:
        with socket.create_connection((name, port), timeout=1):
            return True
    except OSError:
        return False


def test_a_group_without_targets_is_not_available(site: Site) -> None:
    site.rule(9, {"Field": "path-pattern", "Values": ["/empty"]}, Type="forward", TargetGroupArn=site.groups["empty"])
    until("the rule is there", lambda: site.ask("/empty").status == 503)
    assert site.ask("/empty").headers["server"] == "awselb/2.0"


def test_a_target_joins_when_it_is_healthy(site: Site) -> None:
    """3002 answers everything, but its health check does not pass before the file is there."""
    target = {"Id": site.machines[1], "Port": 3002}
    arn = site.groups["empty"]
    site.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": site.machines[0], "Port": 3001}])
    site.all_are("empty", "healthy")
    site.elb.register_targets(TargetGroupArn=arn, Targets=[target])
    until(
        "the check fails",
        lambda: site.health("empty")[site.machines[1]] == ("unhealthy", "Target.ResponseCodeMismatch"),
    )
    assert {site.ask("/empty").echo["port"] for _ in range(8)} == {3001}
    site.run(site.machines[1], "sudo touch /srv/app/up-3002")
    site.all_are("empty", "healthy")
    until("it gets requests", lambda: 3002 in {site.ask("/empty").echo["port"] for _ in range(4)})
    # Two ports of one instance are two targets.
    site.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": site.machines[0], "Port": 3000}])
    described = site.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert sorted((one["Target"]["Port"], one["HealthCheckPort"]) for one in described) == [
        (3000, "3000"),
        (3001, "3001"),
        (3002, "3002"),
    ]


CHECKED = "/health"


@pytest.fixture(scope="module")
def fifth(site: Site) -> str:
    """A target group whose healthy threshold is five, at the paths /fifth and /fifth/slow; its delay is a minute."""
    arn = site.group("fifth", 3003, HealthyThresholdCount=5, UnhealthyThresholdCount=3)
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]
    site.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
    site.rule(6, {"Field": "path-pattern", "Values": ["/fifth*"]}, Type="forward", TargetGroupArn=arn)
    until("the rule is there", lambda: site.ask("/fifth").status == 503)
    return "fifth"


def become(site: Site, group: str, machine: str, state: str) -> list[str]:
    """The states of a target until it has this one, while requests come to its group."""
    states: list[str] = []

    def arrived() -> bool:
        site.ask("/fifth")
        states.append(site.health(group)[machine][0])
        return states[-1] == state

    until(f"it is {state}", arrived, 30)
    return states


def serve(site: Site, group: str) -> str:
    """An instance that is a healthy target of the group."""
    machine = site.machines[0]
    site.run(machine, "sudo touch /srv/app/up-3003")
    site.register(group, machine)
    become(site, group, machine, "healthy")
    return machine


def test_a_new_target_serves_after_one_good_check(site: Site, fifth: str) -> None:
    machine = site.machines[0]
    site.run(machine, "sudo touch /srv/app/up-3003")
    site.register(fifth, machine)
    states = become(site, fifth, machine, "healthy")
    assert set(states[:-1]) == {"initial"}
    until("it gets requests", lambda: site.ask("/fifth").status == 200)
    seen = site.requests(machine, 3003)
    first = seen.index(("/fifth", 200))
    assert seen[:first] in ([(CHECKED, 200)], [(CHECKED, 200)] * 2)


def test_an_unhealthy_target_needs_as_many_good_checks_as_the_group_says(site: Site, fifth: str) -> None:
    machine = serve(site, fifth)
    site.run(machine, "sudo rm /srv/app/up-3003")
    become(site, fifth, machine, "unhealthy")
    failed = [status for path, status in site.requests(machine, 3003) if path == CHECKED].count(503)
    assert failed >= 3
    before = site.requests(machine, 3003).count((CHECKED, 200))
    site.run(machine, "sudo touch /srv/app/up-3003")
    states = become(site, fifth, machine, "healthy")
    assert set(states[:-1]) == {"unhealthy"}
    assert site.requests(machine, 3003).count((CHECKED, 200)) - before >= 5


def test_a_new_target_that_fails_is_initial_until_the_unhealthy_threshold(site: Site, fifth: str) -> None:
    machine = site.machines[1]
    site.register(fifth, machine)
    states = become(site, fifth, machine, "unhealthy")
    assert set(states[:-1]) == {"initial"}
    seen = site.requests(machine, 3003)
    assert set(seen) == {(CHECKED, 503)}
    assert len(seen) >= 3


def test_an_idle_target_is_finished_with_at_once_and_shown_as_draining(site: Site, fifth: str) -> None:
    """A client that keeps its connection to the load balancer open does not delay it."""
    machine = serve(site, fifth)
    idle = http.client.HTTPConnection(site.name, 80, timeout=10)
    try:
        idle.request("GET", "/fifth")
        assert json.loads(idle.getresponse().read())["port"] == 3003
        site.deregister(fifth, machine)
        assert site.health(fifth)[machine] == ("draining", "Target.DeregistrationInProgress")
        until("it is removed", lambda: site.is_removed(fifth, machine), 5)
        assert site.health(fifth)[machine] == ("draining", "Target.DeregistrationInProgress")
    finally:
        idle.close()


def test_a_request_in_flight_ends_while_its_target_drains_and_comes_back(site: Site, fifth: str) -> None:
    machine = serve(site, fifth)
    site.deregister(fifth, site.machines[1])
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(site.ask, "/fifth/slow")
        time.sleep(0.5)
        site.deregister(fifth, machine)
        time.sleep(1.5)
        assert not site.is_removed(fifth, machine)
        # It is initial again, and checked before it gets another request.
        site.register(fifth, machine)
        assert site.health(fifth)[machine][0] == "initial"
        assert site.ask("/fifth").status == 503
        assert not slow.done()
        assert slow.result().status == 200
    become(site, fifth, machine, "healthy")
    until("it gets requests", lambda: site.ask("/fifth").status == 200)


def test_a_client_sticks_to_its_target(site: Site) -> None:
    sticky = [{"Key": "stickiness.enabled", "Value": "true"}, {"Key": "stickiness.type", "Value": "lb_cookie"}]
    site.elb.modify_target_group_attributes(TargetGroupArn=site.groups["first"], Attributes=sticky)
    cookie = until("there is a cookie", lambda: site.ask("/").headers.get("set-cookie", "").partition(";")[0])
    assert cookie.startswith("AWSALB=")
    host = site.ask("/", Cookie=cookie).echo["host"]
    assert {site.ask("/", Cookie=cookie).echo["host"] for _ in range(6)} == {host}
    machine, other = sorted(site.machines, key=lambda one: site.hostname(one) != host)
    site.run(machine, "sudo rm /srv/app/up-3000")
    until("it is unhealthy", lambda: site.health("first")[machine][0] == "unhealthy")
    assert {site.ask("/", Cookie=cookie).echo["host"] for _ in range(6)} == {site.hostname(other)}
    site.run(machine, "sudo touch /srv/app/up-3000")
    site.all_are("first", "healthy")
    sticky[0]["Value"] = "false"
    site.elb.modify_target_group_attributes(TargetGroupArn=site.groups["first"], Attributes=sticky)
    until("there is none", lambda: "set-cookie" not in site.ask("/").headers)


def test_a_target_that_takes_too_long(site: Site) -> None:
    def idle(seconds: str) -> None:
        described = [{"Key": "idle_timeout.timeout_seconds", "Value": seconds}]
        site.elb.modify_load_balancer_attributes(LoadBalancerArn=site.balancer["LoadBalancerArn"], Attributes=described)

    idle("1")
    until("the timeout is there", lambda: site.ask("/slow").status == 504)
    idle("60")
    until("the timeout is gone", lambda: site.ask("/slow").status == 200)


class Load:
    """Requests, one after the other from a few clients, and what became of each."""

    def __init__(self, site: Site, path: str) -> None:
        self._site, self._path = site, path
        self._ended = threading.Event()
        self.seen: list[tuple[float, str]] = []
        self._pool = ThreadPoolExecutor(3)

    def __enter__(self) -> Load:
        for _ in range(3):
            self._pool.submit(self._work)
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._pool.shutdown()

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                answer = self._site.ask(self._path)
                what = str(answer.echo["host"]) if answer.status == 200 else repr(answer)
            except (OSError, http.client.HTTPException) as error:
                what = repr(error)
            self.seen.append((time.monotonic(), what))
            time.sleep(0.02)


def test_nothing_is_dropped_when_a_target_leaves_and_comes_back(site: Site) -> None:
    leaving = site.machines[1]
    with Load(site, "/"), ThreadPoolExecutor(12) as pool, Load(site, "/other") as load:
        slow = [pool.submit(site.ask, "/slow") for _ in range(12)]
        time.sleep(0.3)
        site.deregister("first", leaving)
        assert site.health("first")[leaving] == ("draining", "Target.DeregistrationInProgress")
        time.sleep(1)
        gone = time.monotonic()
        answers = {one.result().echo["host"] for one in slow}
        assert site.health("first")[leaving][0] == "draining"
        until("the delay is over", lambda: leaving not in site.health("first"))
        site.register("first", leaving)
        back = time.monotonic()
        site.all_are("first", "healthy")
        until("it gets requests", lambda: load.seen[-1][1] == site.hostname(leaving))
    both = {site.hostname(one) for one in site.machines}
    assert answers == both
    assert {what for _when, what in load.seen} == both
    assert site.hostname(leaving) not in {what for when, what in load.seen if gone + 0.5 < when < back}


def test_nothing_is_dropped_when_a_rule_comes(site: Site) -> None:
    with Load(site, "/other") as load:
        for number in range(90, 95):
            site.rule(number, {"Field": "path-pattern", "Values": [f"/new-{number}"]}, **fixed(f"rule {number}"))
            until("the rule is there", lambda number=number: site.ask(f"/new-{number}").body == f"rule {number}")
    assert {what for _when, what in load.seen} == {site.hostname(one) for one in site.machines}


def test_the_labs_process_goes_and_comes_back_under_load(site: Site) -> None:
    with Load(site, "/other") as load:
        os.kill(site.lab.pid, signal.SIGKILL)
        time.sleep(0.5)
        site.lab.up()
        assert {described[0] for described in site.health("first").values()} == {"healthy"}
        time.sleep(1)
    assert {what for _when, what in load.seen} == {site.hostname(one) for one in site.machines}
    assert active(site)
    assert site.ask("/", port=443, tls=True).status == 200


def test_the_name_leads_there_from_within_the_vpc(site: Site) -> None:
    described = json.loads(site.run(site.machines[0], f"curl -s http://{site.name}/other"))
    assert described["port"] == 3000
    subnets = [one["SubnetId"] for one in site.balancer["AvailabilityZones"]]
    options = {"Subnets": subnets, "SecurityGroups": [site.front], "Scheme": "internal"}
    inside = site.elb.create_load_balancer(Name="inside", **options)["LoadBalancers"][0]
    arn = inside["LoadBalancerArn"]
    site.elb.create_listener(LoadBalancerArn=arn, Port=80, Protocol="HTTP", DefaultActions=[fixed("only from inside")])
    curl = f"curl -s -m 2 http://{inside['DNSName']}/"
    until("it answers", lambda: site.run(site.machines[1], curl) == "only from inside")
    assert inside["DNSName"] not in Path("/etc/hosts").read_text()
    site.elb.delete_load_balancer(LoadBalancerArn=arn)


def test_a_dead_program_leaves_the_rotation_and_all_dead_get_requests(site: Site) -> None:
    dead = site.machines[1]
    site.run(dead, "sudo systemctl stop app")
    until("it is unhealthy", lambda: site.health("first")[dead] == ("unhealthy", "Target.FailedHealthChecks"))
    assert {site.ask("/other").echo["host"] for _ in range(6)} == {site.hostname(site.machines[0])}
    site.run(site.machines[0], "sudo rm /srv/app/up-3000")
    site.all_are("first", "unhealthy")
    # No target is healthy, so both get requests: one answers, nothing listens at the other.
    assert {site.ask("/other").status for _ in range(6)} == {200, 502}
    site.run(site.machines[0], "sudo touch /srv/app/up-3000")


def test_the_security_group_is_held(site: Site) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "UserIdGroupPairs": [{"GroupId": site.front}]}
    site.account.ec2.revoke_security_group_ingress(GroupId=site.account.group, IpPermissions=[rule])
    until("no request gets through", lambda: site.health("second")[site.machines[0]] == ("unhealthy", "Target.Timeout"))
    open_to(site.account, site.account.group, UserIdGroupPairs=[{"GroupId": site.front}])
    site.all_are("second", "healthy")


def test_a_stopped_instance_is_not_used_and_a_terminated_one_goes(site: Site) -> None:
    leaving = site.machines[1]
    site.account.ec2.stop_instances(InstanceIds=[leaving])
    site.account.wait(leaving, "stopped")
    assert site.health("first")[leaving] == ("unused", "Target.InvalidState")
    site.account.ec2.terminate_instances(InstanceIds=[leaving])
    until("it is deregistered", lambda: site.health("first").get(leaving, ("", ""))[0] in ("", "draining"))
    until("it is gone", lambda: leaving not in site.health("first"))


def test_a_lab_that_goes_takes_its_names_along() -> None:
    names.write(names.MACHINE, "t-gone", [("gone.example", "192.0.2.1")])
    names.write(names.MACHINE, "t-stays", [("stays.example", "192.0.2.2")])
    names.remove("t-gone")
    left = names.MACHINE.read_text()
    names.remove("t-stays")
    assert "gone" not in left
    assert "192.0.2.2 stays.example" in left
    assert "stays" not in names.MACHINE.read_text()


def test_nothing_is_left_of_one_that_is_deleted(site: Site) -> None:
    assert site.name in Path("/etc/hosts").read_text()
    site.elb.delete_load_balancer(LoadBalancerArn=site.balancer["LoadBalancerArn"])
    until("its name is gone", lambda: site.name not in Path("/etc/hosts").read_text())
    filters = [
        {"Name": "description", "Values": [f"ELB {site.balancer['LoadBalancerArn'].partition('loadbalancer/')[2]}"]}
    ]
    assert site.account.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"] == []
    until("its container is gone", lambda: "alb-shop" not in site.lab.run("status").stdout)
