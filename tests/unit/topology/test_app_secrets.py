# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names in `app_secrets` are checked against the document. Their values never reach validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.layers import _describe_app_secrets

from .test_validate import errors, run, service

SECRET = "hunter2secret"


def check(app_secrets: Any, **keys: Any) -> dict[str, str]:
    inventory = {"variables": {"ansible_connection": "local"}, "app_secrets": app_secrets}
    return errors(run(service({"git": "https://git.example/x"}, **keys), inventory=inventory))


@pytest.mark.parametrize("app_secrets", [None, {}, {"api": {}}, {"api": {"DB_PASS": None, "_x1": None}}])
def test_names_that_fit(app_secrets: Any) -> None:
    assert check(app_secrets) == {}


@pytest.mark.parametrize(
    ("app_secrets", "path", "text"),
    [
        (False, "app_secrets", "is not a mapping (write it as service: {NAME: value})"),
        ({"api": False}, "app_secrets.api", "is not a mapping (write it as NAME: value)"),
        ({"apo": {"A": None}}, "app_secrets.apo", '"apo" is not a service of this document (did you mean "api"?)'),
        ({"api": {"DB-PASS": None}}, "app_secrets.api", '"DB-PASS" is not the name of an environment variable'),
        ({"api": {"1A": None}}, "app_secrets.api", '"1A" is not the name of an environment variable'),
        ({"api": {f"A={SECRET}": None}}, "app_secrets.api", "one of its keys is not the name of an environment"),
        ({f"api={SECRET}": {}}, "app_secrets", "one of its keys is not a service"),
        ({"api": {"PORT": None}}, "app_secrets.api.PORT", "the service gets 5000 as PORT"),
        ({"api": {"PATH": None}}, "app_secrets.api.PATH", "is set by what starts the service"),
        ({"api": {"LISTEN_FDS": None}}, "app_secrets.api.LISTEN_FDS", "is set by what starts the service"),
        ({"api": {"MODE": None}}, "app_secrets.api.MODE", "is in environment of services.api as well (remove one)"),
        ({"api": {"A": "its value is bad (fix it)"}}, "app_secrets.api.A", "its value is bad (fix it)"),
    ],
)
def test_names_that_do_not_fit(app_secrets: Any, path: str, text: str) -> None:
    found = check(app_secrets, environment={"MODE": "x"})
    assert list(found) == [path]
    assert text in found[path]
    assert SECRET not in str(found)


def test_a_variable_that_the_service_gets_for_its_database_or_secret() -> None:
    change = {
        "databases": {"main": {"engine": "mysql", "subnets": "private"}},
        "secrets": {"jwt": {}},
        **service({"git": "https://git.example/x"}, uses=["database/main"], secrets={"JWT": "jwt"}),
    }
    names = {"api": {"DATABASE_URL": None, "JWT": None}}
    inventory = {"variables": {"ansible_connection": "local"}, "app_secrets": names}
    assert errors(run(change, inventory=inventory)) == {
        "app_secrets.api.DATABASE_URL": "is made of uses of the service (remove it)",
        "app_secrets.api.JWT": "is in secrets of services.api as well (remove one)",
    }


def test_an_error_has_the_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    file.write_text(f"app_secrets:\n  api:\n    OK: {SECRET}\n    PORT: {SECRET}\n", encoding="utf-8")
    inventory = {"variables": {}, "files": [str(file)], "app_secrets": {"api": {"OK": None, "PORT": None}}}
    inventory["variables"] = {"ansible_connection": "local"}
    outcome = run(service({"git": "https://git.example/x"}), inventory=inventory)
    assert [(item["path"], item["file"], item["line"]) for item in outcome["errors"]] == [
        ("app_secrets.api.PORT", str(file), 4)
    ]
    assert SECRET not in str(outcome)


class Templar:
    def template(self, value: Any) -> Any:
        if value == "{{ broken }}":
            raise ValueError(value)
        return {"A": SECRET} if value == "{{ mapping }}" else value


def test_values_are_left_out_and_what_hosts_refuse_is_said_of_them() -> None:
    given = {
        "api": {
            "GOOD": SECRET,
            "NUMBER": 1,
            "NOTHING": None,
            "FLAG": True,
            "LATER": "{{ broken }}",
            "CONTROL": f"{SECRET}\x07",
            "MIXED": f"{SECRET}'$",
            "SURROGATE": f"{SECRET}\ud800",
            "LIST": [SECRET],
            "MAPPING": {"a": SECRET},
            "A-B": SECRET,
        },
        "rendered": "{{ mapping }}",
        "later": "{{ broken }}",
        "none": None,
        "text": SECRET,
    }
    found = _describe_app_secrets(Templar(), given)
    assert SECRET not in str(found)
    api = found.pop("api")
    assert found == {"rendered": {"A": None}, "later": {}, "none": {}, "text": False}
    assert [name for name, problem in api.items() if problem] == ["CONTROL", "MIXED", "SURROGATE", "LIST", "MAPPING"]
    assert "the value of CONTROL holds a control character (encode it" in api["CONTROL"]
    assert _describe_app_secrets(Templar(), None) is None
    assert _describe_app_secrets(Templar(), "{{ broken }}") is None
    assert _describe_app_secrets(Templar(), SECRET) is False
    assert _describe_app_secrets(Templar(), [SECRET]) is False
