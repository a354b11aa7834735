# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One stack in one account: what a test says to it, and what it can ask of it."""

from __future__ import annotations

import copy
import difflib
import itertools
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .account import Account, readable
from .proxy import Proxy
from .runs import CHECKOUT, Modules, Nursery, Outcome, Run

NAME = "single-instance"
DATA = "instance/app-1"
DOCUMENT = str(CHECKOUT / "topologies" / "single_instance.yml")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ4rHn3ZyVTPBvMl6IQ6sKjoTMWLS5k8sVN3TRJRrXn"
# With this the document makes every type of resource, and SSH has a rule.
WHOLE: Mapping[str, Any] = {"access": {"public_key": KEY, "ssh_from": ["203.0.113.0/24"]}}
AT_A_TIME = 4


def merge_documents(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Overrides over overrides, by key."""
    result = copy.deepcopy(dict(base))
    for key, value in more.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merge_documents(result[key], value) if both else copy.deepcopy(value)
    return result


@dataclass(frozen=True)
class Base:
    """The document of a stack before a test changes it; ``zones`` are hosted zones that exist outside the stack."""

    name: str
    topology: str
    overrides: Mapping[str, Any]
    data: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


# The first architecture, whole.
SINGLE = Base(NAME, DOCUMENT, WHOLE, (DATA,))


def base_of(name: str, *data: str) -> Base:
    """The document of that name among those of these tests; ``data`` is what it has that is protected."""
    return Base(name, str(CHECKOUT / "tests" / "integration" / "documents" / f"{name}.yml"), {}, data)


@dataclass
class Stack:
    """A stack in an account of its own behind a proxy of its own."""

    account: Account
    proxy: Proxy
    modules: Modules
    base: Base

    def start(self, overrides: Mapping[str, Any] | None = None, check: bool = False, **options: Any) -> Run:
        return self.modules.start("stack", {**self._given(overrides), **options}, check)

    def _given(self, overrides: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"topology": self.base.topology, "overrides": merge_documents(self.base.overrides, overrides or {})}

    def present(self, overrides: Mapping[str, Any] | None = None, check: bool = False, **options: Any) -> Outcome:
        return self.start(overrides, check, **options).finish()

    def absent(self, check: bool = False, **options: Any) -> Outcome:
        return self.start(None, check, state="absent", **{"allow_destroy": [*self.base.data], **options}).finish()

    def info(self, overrides: Mapping[str, Any] | None = None) -> Outcome:
        return self.modules.run("stack_info", self._given(overrides))

    def made(self, overrides: Mapping[str, Any] | None = None, **options: Any) -> Outcome:
        """Bring it up and forget how: what follows is what the test is about."""
        outcome = self.present(overrides, **options)
        assert outcome.ok, str(outcome)
        self.proxy.forget()
        return outcome

    def id_of(self, address: str) -> str:
        return self.account.id_of(self.base.name, address)

    def id_of_instance(self, address: str = DATA) -> str:
        """Of an instance and its volumes, which bear the same tags, the instance."""
        found = [key for key, owner in self._owned().items() if owner == address and key.startswith("i-")]
        assert len(found) == 1, f"{address}: {found}"
        return found[0]

    def assert_empty(self) -> None:
        """Nothing of it is left, not even its lock."""
        assert self._owned() == {}

    def _owned(self) -> dict[str, str]:
        return self.account.owned(self.base.name)

    def assert_quiet(self, overrides: Mapping[str, Any] | None = None) -> None:
        """One more run finds nothing to do, and does nothing."""
        self.proxy.faults.clear()
        self.proxy.forget()
        again = self.present(overrides)
        assert again.ok, str(again)
        assert not again.changed, str(again)
        assert self.proxy.mutations == []


class Stacks:
    """Creates stacks, each in a new account."""

    def __init__(self, endpoint: str, nursery: Nursery, directory: Path) -> None:
        self._endpoint = endpoint
        self._nursery = nursery
        self._directory = directory
        self._numbers = itertools.count(200_000_000_001)
        self._open: list[Stack] = []

    def __call__(self, base: Base = SINGLE) -> Stack:
        account = Account(self._endpoint, str(next(self._numbers)))
        for zone in base.zones:
            account.client("route53").create_hosted_zone(Name=zone, CallerReference=zone)
        proxy = Proxy(self._endpoint, account.id)
        stack = Stack(account, proxy, Modules(self._nursery, proxy.url, self._directory), base)
        self._open.append(stack)
        return stack

    def close(self) -> None:
        while self._open:
            self._open.pop().proxy.stop()


def for_each(cases: Iterable[Any], trial: Callable[[Any], object], at_a_time: int = AT_A_TIME) -> None:
    """Run a trial of each case, some at a time, and tell of all that failed."""
    listed = list(cases)
    assert listed, "there is nothing to try"
    with ThreadPoolExecutor(at_a_time) as pool:
        failures = [text for text in pool.map(lambda case: _failure(trial, case), listed) if text]
    assert not failures, f"{len(failures)} of {len(listed)} failed\n" + "\n\n".join(failures)


def _failure(trial: Callable[[Any], object], case: Any) -> str:
    try:
        trial(case)
    except AssertionError as error:
        return f"== {case}\n{error}"
    return ""


def assert_same(state: list[str], expected: list[str], when: str = "in the end") -> None:
    """Two accounts hold the same; what differs is shown line by line."""
    missing, surplus = readable(_without(expected, state)), readable(_without(state, expected))
    difference = difflib.unified_diff(missing, surplus, "expected", f"found {when}", n=3, lineterm="")
    assert not missing + surplus, "\n".join(difference)


def _without(lines: list[str], others: list[str]) -> list[str]:
    left = list(others)
    surplus = []
    for line in lines:
        if line in left:
            left.remove(line)
        else:
            surplus.append(line)
    return surplus
