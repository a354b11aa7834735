# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replacing methods of moto's classes, and putting them back.

A hook names the class and the method that it changes. When a release of moto has no such method any more, the lab
does not start, instead of answering wrongly.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Hook = Callable[..., Any]

# Owner (a class or a module), name, and what makes the replacement out of the original.
_declared: list[tuple[Any, str, Callable[[Any], Any]]] = []
_replaced: list[tuple[Any, str, Any]] = []
# Owner, name, and a method that moto has not got.
_added: list[tuple[type, str, Hook]] = []


def around(owner: type, name: str) -> Callable[[Hook], Hook]:
    """Declare that a function stands in for a method; it gets the original first, then what the method gets."""

    def declare(hook: Hook) -> Hook:
        _declared.append((owner, name, lambda original: _bind(original, hook)))
        return hook

    return declare


def add(owner: type, name: str) -> Callable[[Hook], Hook]:
    """Declare a method that moto has not got; where a release has one, the lab does not start."""

    def declare(hook: Hook) -> Hook:
        _added.append((owner, name, hook))
        return hook

    return declare


def remake(owner: Any, name: str) -> Callable[[Hook], Hook]:
    """Declare that a function makes what stands in for a function of a module; it is given the original, once."""

    def declare(make: Hook) -> Hook:
        _declared.append((owner, name, make))
        return make

    return declare


def install() -> None:
    """Put every declared hook in place, once."""
    if _replaced:
        return
    for owner, name, make in _declared:
        original = getattr(owner, name)
        _replaced.append((owner, name, owner.__dict__.get(name)))
        setattr(owner, name, make(original))
    for owner, name, hook in _added:
        if hasattr(owner, name):
            raise TypeError(f"moto has {owner.__name__}.{name} by now: the lab must not have its own")
        _replaced.append((owner, name, None))
        setattr(owner, name, hook)


def remove() -> None:
    """Give moto its own methods back."""
    while _replaced:
        owner, name, original = _replaced.pop()
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


def _bind(original: Any, hook: Hook) -> Any:
    if isinstance(original, property):
        return property(functools.partial(hook, original.fget))

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return hook(original, self, *args, **kwargs)

    return method
