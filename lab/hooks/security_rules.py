# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of security groups for protocols without ports, of which moto expects ports."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from .patch import Hook, around


@around(SecurityGroupRule, "__init__")
def make_rule(
    original: Hook, rule: Any, backend: Any, ip_protocol: Any, group_id: str, *args: Any, **kwargs: Any
) -> None:
    """EC2 API Reference, IpPermission: only TCP, UDP and ICMP have ports. A rule without them is for all."""
    names = ("from_port", "to_port")
    given = {**dict(zip(names, args, strict=False)), **{name: kwargs[name] for name in names if name in kwargs}}
    absent = [name for name in names if given.get(name) is None]
    filled = [0 if number < len(names) and port is None else port for number, port in enumerate(args)]
    for name in absent:
        if name in kwargs:
            kwargs[name] = 0
    original(rule, backend, ip_protocol, group_id, *filled, **kwargs)
    for name in absent:
        setattr(rule, name, None)
