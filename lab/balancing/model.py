# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a data plane has to know of its load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Condition:
    """One condition of a rule, AWS's kind of it; ``name`` is that of the header.

    The parameters of a query are pairs of name and value; with an empty name any parameter may have the value.
    """

    kind: str
    values: tuple[str, ...] = ()
    name: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Forward:
    """Target groups by their id, with their weights."""

    groups: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Redirect:
    """Where to, in AWS's words: ``#{host}`` and its like stand for the parts of the request."""

    protocol: str
    port: str
    host: str
    path: str
    query: str
    status: int


@dataclass(frozen=True)
class FixedResponse:
    """An answer that needs no target."""

    status: int
    content_type: str
    body: str


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True)
class Rule:
    """A rule of a listener; the name is its priority, or default."""

    name: str
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    """A port; the rules are in the order in which they are tried, the default last. The certificates are PEM texts
    with their keys, the default one first."""

    port: int
    protocol: str
    rules: tuple[Rule, ...]
    certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Check:
    """How the health of a target is found out; times in seconds, port 0 for that of the traffic."""

    protocol: str = "HTTP"
    port: int = 0
    path: str = "/"
    interval: int = 30
    timeout: int = 5
    healthy: int = 5
    unhealthy: int = 2
    codes: str = "200"


@dataclass(frozen=True)
class Target:
    """A target that is to be checked, and gets requests once it is healthy. One that is registered again has another
    name."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Group:
    """A target group; ``leaving`` has the draining targets' names and when their delay ends (seconds since 1970)."""

    id: str
    protocol: str
    check: Check
    targets: tuple[Target, ...] = ()
    leaving: Mapping[str, float] = field(default_factory=dict)
    algorithm: str = "round_robin"
    cookie_seconds: int = 0


@dataclass(frozen=True)
class Balancer:
    """A load balancer; the idle timeout is in seconds."""

    listeners: tuple[Listener, ...]
    groups: tuple[Group, ...]
    idle_timeout: int = 60
    http2: bool = True
    forwarded_for: str = "append"
    client_port: bool = False
