# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules that run on the controller: each file is documentation, options and one call."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.groundwork.aws.plugins.module_utils._aws import modules
from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"
# Those with an action plugin of their name.
NAMES = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_module_file_has_documentation_options_and_one_call(name: str) -> None:
    tree = ast.parse((PLUGINS / "modules" / f"{name}.py").read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert list(functions) == ["run", "main"]
    docstring, call = functions["run"].body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(call, ast.Return)
    assert isinstance(call.value, ast.Call)
    (start,) = functions["main"].body
    assert ast.unparse(start).startswith("run_module(ARGUMENT_SPEC, RESTRICTIONS, run")


def run_with(
    arguments: dict[str, Any], result: dict[str, Any], capsys: pytest.CaptureFixture[str], **more: Any
) -> tuple[int, dict[str, Any]]:
    spec = {"name": {"type": "str"}, "other": {"type": "str"}}
    with patch_module_args(arguments), pytest.raises(SystemExit) as ended:
        run_module(spec, {"mutually_exclusive": [("name", "other")]}, lambda _options, _check: dict(result), **more)
    return int(str(ended.value.code)), json.loads(capsys.readouterr().out)


def test_the_result_ends_the_module_and_its_warnings_are_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(modules.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    code, result = run_with({"name": "a"}, {"changed": True, "warnings": ["the lock was renewed late"]}, capsys)
    assert (code, result["changed"]) == (0, True)
    assert warnings == ["the lock was renewed late"]


def test_a_failed_result_fails_the_module(capsys: pytest.CaptureFixture[str]) -> None:
    code, result = run_with({"name": "a"}, {"failed": True, "msg": "no"}, capsys)
    assert (code, result["failed"], result["msg"]) == (1, True, "no")


def test_restrictions_of_options_are_enforced(capsys: pytest.CaptureFixture[str]) -> None:
    code, result = run_with({"name": "a", "other": "b"}, {}, capsys)
    assert (code, result["failed"]) == (1, True)
    assert "mutually exclusive" in result["msg"]


@pytest.mark.parametrize(("needs_botocore", "code"), [(True, 1), (False, 0)])
def test_only_modules_that_need_botocore_fail_without_it(
    needs_botocore: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(modules, "MISSING", ImportError("No module named 'botocore'"))
    ended, _result = run_with({"name": "a"}, {"changed": False}, capsys, needs_botocore=needs_botocore)
    assert ended == code
