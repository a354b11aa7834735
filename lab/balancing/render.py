# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration of HAProxy that does what a load balancer does in AWS."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .conditions import condition
from .model import Action, Balancer, FixedResponse, Forward, Group, Listener, Redirect, Target

HOME = "/etc/haproxy/lab"
CONFIGURATION = f"{HOME}/haproxy.cfg"
STATES = f"{HOME}/states"
SOCKET = "/run/haproxy-lab.sock"
# A target that is not healthy gets requests all the same when no target of its group is (AWS's fail-open: "If a target
# group contains only unhealthy registered targets, the load balancer routes requests to all those targets, regardless
# of their health status"): for that, HAProxy has every target twice, the second as a backup that is never checked.
TWIN = ".open"
REASONS = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    408: "Request Timeout",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
SERVER = "awselb/2.0"
DICE = 1_000_000
# The longest deregistration delay: so long an open request may keep an old worker.
LONGEST = 3600


def digest(balancer: Balancer) -> str:
    """Changes whenever the configuration has to be loaded anew; targets come and go at run time."""
    groups = tuple(dataclasses.replace(group, targets=(), leaving={}) for group in balancer.groups)
    bare = dataclasses.replace(balancer, groups=groups)
    checks = [options(group, Target(group.id, "", 0)) for group in groups]
    whole = [configuration(bare, {}, ""), *checks, *(f"{name}\0{text!r}" for name, text in sorted(files(bare).items()))]
    return hashlib.sha256("\0".join(whole).encode()).hexdigest()[:16]


def files(balancer: Balancer) -> dict[str, bytes]:
    """The files that the configuration names, by their names in its directory."""
    found = {f"{status}.html": _page(status) for status in REASONS}
    found |= {f"{status}.http": _answer(status) for status in (400, 408, 502, 503, 504)}
    for listener in balancer.listeners:
        for number, certificate in enumerate(listener.certificates):
            found[_certificate(listener, number)] = certificate
        for rule in listener.rules:
            if isinstance(rule.action, FixedResponse) and rule.action.body:
                found[f"{_own(listener, rule.name)}.body"] = rule.action.body.encode()
    return found


def _certificate(listener: Listener, number: int) -> str:
    return f"{listener.port}-{number}.pem"


def _own(listener: Listener, rule: str) -> str:
    """The backend that answers for a rule without a target."""
    return f"rule-{listener.port}-{rule}"


def _page(status: int) -> bytes:
    text = f"{status} {REASONS[status]}"
    lines = ("<html>", f"<head><title>{text}</title></head>", "<body>", f"<center><h1>{text}</h1></center>")
    return "\r\n".join((*lines, "</body>", "</html>", "")).encode()


def _answer(status: int) -> bytes:
    page = _page(status)
    head = (f"HTTP/1.1 {status} {REASONS[status]}", f"Server: {SERVER}", "Content-Type: text/html")
    return "\r\n".join((*head, f"Content-Length: {len(page)}", "Connection: close", "", "")).encode() + page


def configuration(balancer: Balancer, servers: Mapping[str, Sequence[Target]], mark: str) -> str:
    """The whole file; ``servers`` are those that HAProxy has now, by group, twins included.

    The mark shows which configuration a running HAProxy has loaded.
    """
    lines = [*_start(balancer, mark)]
    for listener in balancer.listeners:
        lines += _frontend(balancer, listener)
        for rule in listener.rules:
            lines += _rule_backend(listener, rule.name, rule.action)
    for group in balancer.groups:
        lines += _group_backend(group, servers.get(group.id, ()))
    lines += ["backend nothing", f"  {_return(503, 'text/html', '503.html')}"]
    return "\n".join(lines) + "\n"


def _start(balancer: Balancer, mark: str) -> Iterator[str]:
    yield from ("global", f"  description config-{mark}", "  user haproxy", "  group haproxy", "  maxconn 4000")
    yield f"  stats socket {SOCKET} mode 600 level admin"
    yield f"  server-state-file {STATES}"
    yield f"  hard-stop-after {LONGEST}s"
    yield from ("  ssl-default-bind-options ssl-min-ver TLSv1.2", "  ssl-server-verify none")
    yield from ("defaults", "  mode http", "  timeout connect 10s", "  timeout queue 10s")
    yield from (f"  timeout {name} {balancer.idle_timeout}s" for name in ("client", "server", "http-keep-alive"))
    # AWS sends a request once. Connections to targets are not kept, so that none is closed under a request.
    yield from ("  retries 0", "  option http-server-close", "  load-server-state-from-file global")
    yield from (f"  errorfile {status} {HOME}/{status}.http" for status in (400, 408, 502, 503, 504))


def _frontend(balancer: Balancer, listener: Listener) -> Iterator[str]:
    yield f"frontend listener-{listener.port}"
    yield f"  bind :{listener.port}{_tls(balancer, listener)}"
    yield from (f"  {line}" for line in _headers(balancer, listener))
    forwards = [rule.action for rule in listener.rules if isinstance(rule.action, Forward)]
    if any(len(forward.groups) > 1 for forward in forwards):
        yield f"  http-request set-var(txn.dice) rand({DICE})"
    for rule in listener.rules:
        met = " ".join(condition(one) for one in rule.conditions)
        for backend, share in _backends(listener, rule.name, rule.action):
            needed = " ".join(part for part in (met, share) if part)
            yield f"  use_backend {backend} if {needed}" if needed else f"  default_backend {backend}"


def _tls(balancer: Balancer, listener: Listener) -> str:
    if listener.protocol != "HTTPS":
        return ""
    certificates = "".join(
        f" crt {HOME}/{_certificate(listener, number)}" for number in range(len(listener.certificates))
    )
    return f" ssl{certificates} alpn {'h2,' if balancer.http2 else ''}http/1.1"


def _headers(balancer: Balancer, listener: Listener) -> Iterator[str]:
    """What AWS tells the target of the client."""
    client = "%[src]:%[src_port]" if balancer.client_port else "%[src]"
    there = "{ req.fhdr(x-forwarded-for) -m found }"
    if balancer.forwarded_for == "append":
        yield f'http-request set-header X-Forwarded-For "%[req.fhdr(x-forwarded-for)], {client}" if {there}'
        yield f'http-request set-header X-Forwarded-For "{client}" unless {there}'
    elif balancer.forwarded_for == "remove":
        yield "http-request del-header X-Forwarded-For"
    yield f"http-request set-header X-Forwarded-Proto {listener.protocol.lower()}"
    yield f"http-request set-header X-Forwarded-Port {listener.port}"
    trace = "Root=1-%[date,hex,bytes(8,8),lower]-%[uuid,regsub(-,,g),bytes(0,24)]"
    yield f'http-request set-header X-Amzn-Trace-Id "{trace}" unless {{ req.fhdr(x-amzn-trace-id) -m found }}'


def _backends(listener: Listener, rule: str, action: Action) -> list[tuple[str, str]]:
    """The backends of a rule, each with the condition under which the dice choose it; the last one has none."""
    if not isinstance(action, Forward):
        return [(_own(listener, rule), "")]
    weighted = [(group, weight) for group, weight in action.groups if weight > 0]
    if len(action.groups) == 1 or not weighted:
        return [(action.groups[0][0] if len(action.groups) == 1 else "nothing", "")]
    whole, sum_so_far, found = sum(weight for _group, weight in weighted), 0, []
    for group, weight in weighted:
        sum_so_far += weight
        limit = DICE * sum_so_far // whole
        found.append((group, f"{{ var(txn.dice) -m int lt {limit} }}" if sum_so_far < whole else ""))
    return found


def _rule_backend(listener: Listener, rule: str, action: Action) -> Iterator[str]:
    # Answers of a frontend would come before every choice of a backend, so each has a backend of its own.
    if isinstance(action, FixedResponse):
        yield f"backend {_own(listener, rule)}"
        name = f"{_own(listener, rule)}.body" if action.body else ""
        yield f"  {_return(action.status, action.content_type, name)}"
    elif isinstance(action, Redirect):
        yield f"backend {_own(listener, rule)}"
        for location, when in _locations(listener, action):
            answer = _return(action.status, "text/html", f"{action.status}.html")
            yield f"  {answer} hdr Location {_quoted(location)}{when}"


def _return(status: int, content_type: str, file: str) -> str:
    body = f' content-type "{content_type}" file {HOME}/{file}' if file else ""
    return f"http-request return status {status}{body} hdr Server {SERVER}"


def _locations(listener: Listener, redirect: Redirect) -> list[tuple[str, str]]:
    """Where a redirect leads, and when: without a query there is no question mark."""
    base = f"{redirect.protocol.lower()}://{redirect.host}:{redirect.port}{redirect.path}"
    bare, whole = _location(listener, base), _location(listener, f"{base}?{redirect.query}")
    if redirect.query == "#{query}":
        return [(whole, " if { query -m len gt 0 }"), (bare, "")]
    return [(whole if redirect.query else bare, "")]


def _location(listener: Listener, text: str) -> str:
    parts = {
        "#{protocol}": listener.protocol.lower(),
        "#{port}": str(listener.port),
        "#{host}": "%[req.hdr(host),host_only]",
        "#{path}": "%[path,bytes(1)]",
        "#{query}": "%[query]",
    }
    found = text.replace("%", "%%")
    for name, value in parts.items():
        found = found.replace(name, value)
    return found


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\{char}" if char in '\\"$' else char for char in text) + '"'


def _group_backend(group: Group, servers: Iterable[Target]) -> Iterator[str]:
    yield f"backend {group.id}"
    yield f"  balance {'leastconn' if group.algorithm == 'least_outstanding_requests' else 'roundrobin'}"
    # A worker that makes way for a new one counts no servers, and still has requests to send on.
    yield f"  {_return(503, 'text/html', '503.html')} if {{ nbsrv eq 0 }} !{{ stopping }}"
    # What HAProxy calls 503 once there are targets is that one does not take the connection.
    yield f"  errorfile 503 {HOME}/502.http"
    yield from ("  option allbackups", "  option httpchk", f"  timeout check {group.check.timeout}s")
    if group.check.protocol == "HTTP" and group.protocol == "HTTPS":
        # The health check of a server that was added at run time cannot be set to use no encryption.
        yield f"  http-check connect{f' port {group.check.port}' if group.check.port else ''}"
    yield (
        f"  http-check send meth GET uri {_quoted(group.check.path)} ver HTTP/1.1 hdr Host {group.id} "
        "hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close"
    )
    yield f"  http-check expect status {group.check.codes}"
    if group.cookie_seconds:
        yield f"  dynamic-cookie-key {group.id}"
        yield f"  cookie AWSALB insert indirect nocache dynamic maxlife {group.cookie_seconds}s"
    for one in servers:
        yield f"  server {one.name} {one.address}:{one.port} {options(group, one)}"


def options(group: Group, server: Target) -> str:
    """What is said of a server, in the file and at run time."""
    words = []
    if group.protocol == "HTTPS":
        words.append("ssl verify none")
    if server.name.endswith(TWIN):
        words.append("backup")
    else:
        check = group.check
        words.append(f"check inter {check.interval}s rise {check.healthy} fall {check.unhealthy}")
        words += [f"port {check.port}"] if check.port else []
        # With a port of its own, a check does not inherit the encryption of the traffic.
        if check.protocol == "HTTPS" and (group.protocol == "HTTP" or check.port):
            words.append("check-ssl verify none" if group.protocol == "HTTP" else "check-ssl")
    return " ".join(words)
