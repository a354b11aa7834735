# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the types have in common whose lists show no tags: the name tells whose an object is.

Names of stacks and resources have no underscore, no slash and no double dash, so that a name with one of those between
the two can be read back, and ``shop`` and ``shop-2`` do not see each other's objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .resource import Client, Order, Raw, Scope

Prefix = Callable[[Scope], str]
Owner = Callable[[Raw, Scope], "str | None"]


def naming(prefix: Prefix) -> Callable[[Scope, str], str]:
    """Names that begin with what is the stack's alone."""
    return lambda scope, name: prefix(scope) + name


def owner(kind: str, prefix: Prefix, name_of: Callable[[Raw], str]) -> Owner:
    """The address of an item, by its name alone."""

    def address(item: Raw, scope: Scope) -> str | None:
        name, start = name_of(item), prefix(scope)
        return f"{kind}/{name.removeprefix(start)}" if name.startswith(start) else None

    return address


def begins(prefix: Prefix, name_of: Callable[[Raw], str]) -> Callable[[Raw, Scope], bool]:
    """Whether an item may be the stack's by its name: only then is it worth a call to read its tags."""
    return lambda item, scope: name_of(item).startswith(prefix(scope))


def arns(clients: Callable[[str], Client], form: str, orders: list[Order]) -> Mapping[str, Mapping[str, str]]:
    """The ARNs of new objects by address, where the call that creates does not answer with one.

    ``form`` has the fields partition, region, account and name.
    """
    caller = clients("sts").get_caller_identity()
    where = {"partition": caller["Arn"].split(":")[1], "account": caller["Account"]}
    return {
        order.address: {"arn": form.format(**where, region=order.scope.region, name=order.name)} for order in orders
    }
