# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests of a file that share one system, such as a stack in the lab that takes minutes to create.

A test with the marker `step` changes that system. If it fails, the tests after it in the file fail at once with its
name, because none of them expects the state that it left. `step(needs=["test_x"])` says that a test uses what `test_x`
left: it fails with that reason where `test_x` was not selected. A conftest imports both hooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


class Steps:
    """The steps of each file: those that have passed, and the first that has failed."""

    def __init__(self) -> None:
        self._passed: set[tuple[str, str]] = set()
        self._failed: dict[str, str] = {}

    def record(self, file: str, test: str, failed: bool) -> None:
        if failed:
            self._failed.setdefault(file, test)
        else:
            self._passed.add((file, test))

    def find_problem(self, file: str, needs: list[str]) -> str | None:
        """Why a test of the file cannot run; None where it can."""
        if file in self._failed:
            return (
                f"Not run, because {self._failed[file]} failed and left the system in an unknown state: see its failure"
            )
        missing = [test for test in needs if (file, test) not in self._passed]
        if missing:
            return f"Not run, because it uses what {', '.join(missing)} leaves: run both, for example the whole file"
        return None


STEPS = Steps()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("step")
    needs = marker.kwargs.get("needs", []) if marker else []
    problem = STEPS.find_problem(str(item.path), needs)
    if problem:
        pytest.fail(problem, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    report = yield
    if item.get_closest_marker("step") and (report.failed or (report.passed and call.when == "call")):
        STEPS.record(str(item.path), item.name.partition("[")[0], report.failed)
    return report
