# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests that share a system: what happens to the others when one of them fails or was not selected."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.steps import Steps

CHECKOUT = Path(__file__).resolve().parents[3]
FILES = sorted([*CHECKOUT.glob("tests/e2e/test_*.py"), *CHECKOUT.glob("molecule/*/tests/test_*.py")])


def test_tests_after_a_failed_step_name_it() -> None:
    steps = Steps()
    steps.record("a.py", "test_first", failed=False)
    assert steps.find_problem("a.py", []) is None
    steps.record("a.py", "test_deploy", failed=True)
    steps.record("a.py", "test_rollback", failed=True)
    assert "because test_deploy failed" in (steps.find_problem("a.py", []) or "")
    assert steps.find_problem("b.py", []) is None


def test_a_test_whose_step_was_not_selected_names_it() -> None:
    steps = Steps()
    steps.record("b.py", "test_deploy", failed=False)
    assert "uses what test_deploy leaves" in (steps.find_problem("a.py", ["test_deploy"]) or "")
    steps.record("a.py", "test_deploy", failed=False)
    assert steps.find_problem("a.py", ["test_deploy"]) is None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_needed_steps_are_earlier_steps_of_the_same_file(path: Path) -> None:
    earlier: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.step":
                needs = [name for keyword in decorator.keywords for name in ast.literal_eval(keyword.value)]
                assert set(needs) <= set(earlier), f"{node.name} needs a step that does not come before it"
        if any(ast.unparse(decorator).startswith("pytest.mark.step") for decorator in node.decorator_list):
            earlier.append(node.name)
