# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a module of the controller runs: as it is installed, or packed by ansible."""

from __future__ import annotations

import json
import sys
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.plugin_utils._direct import action
from ansible_collections.groundwork.aws.plugins.plugin_utils._direct.action import ControllerAction


def action_on(transport: str = "local", become: Any = None, delegate: str | None = None) -> Any:
    """An action plugin with as much of a task and a connection as tells where it is."""
    made = object.__new__(ControllerAction)
    made._connection = SimpleNamespace(transport=transport, become=become)
    made._task = SimpleNamespace(delegate_to=delegate)
    made._templar = SimpleNamespace(template=lambda text: text.replace("{{ ansible_playbook_python }}", sys.executable))
    return made


@pytest.mark.parametrize(
    ("interpreter", "here"),
    [
        (None, True),
        ("auto_silent", True),
        (sys.executable, True),
        ("{{ ansible_playbook_python }}", True),
        ("/somewhere/else/python3", False),
    ],
)
def test_it_runs_here_with_the_interpreter_of_ansible(interpreter: str | None, here: bool) -> None:
    variables = {} if interpreter is None else {"ansible_python_interpreter": interpreter}
    assert action_on()._is_here(variables) is here


def test_it_does_not_on_other_machines_nor_as_another_user() -> None:
    assert not action_on(transport="ssh")._is_here({})
    assert not action_on(become=object())._is_here({})


def test_a_task_that_is_delegated_goes_by_where_it_goes() -> None:
    variables = {
        "ansible_python_interpreter": "/usr/bin/python3.9",
        "ansible_delegated_vars": {"localhost": {"ansible_python_interpreter": sys.executable}},
    }
    assert action_on(delegate="localhost")._is_here(variables)
    assert not action_on()._is_here(variables)


def test_an_interpreter_that_nobody_chose_must_have_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action.importlib.util, "find_spec", lambda _name: None)
    assert not action_on()._is_here({})
    assert action_on()._is_here({"ansible_python_interpreter": sys.executable})


def test_parameters_that_json_does_not_know_are_texts() -> None:
    given = {"date": date(2026, 3, 1), "vaulted": SimpleNamespace()}
    told = json.loads(json.dumps(given, default=action._plain))
    assert told == {"date": "2026-03-01", "vaulted": "namespace()"}
