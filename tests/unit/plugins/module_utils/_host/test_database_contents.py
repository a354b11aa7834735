# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which tables are listed and expected, and failures without the password."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import database_contents as contents
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import AccessError

OPTIONS = {"engine": "mysql", "host": "h", "port": 3306, "database": "appdb", "username": "api", "password": "Geheim1"}


class Engine:
    def __init__(self, rows: list[tuple[Any]]) -> None:
        self.rows, self.asked, self.is_closed = rows, [], False

    def cursor(self) -> Engine:
        return self

    def execute(self, text: str, values: tuple[str, ...]) -> None:
        self.asked.append((text.split(" from ")[1].split(" ")[0], values))

    def fetchall(self) -> list[tuple[Any]]:
        return self.rows

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("engine", "asked"), [("mysql", ("information_schema.tables", ("appdb",))), ("postgres", ("pg_tables", ()))]
)
def test_tables_are_listed(monkeypatch: pytest.MonkeyPatch, engine: str, asked: tuple[Any, ...]) -> None:
    there = Engine([("orders",), (b"items",)])
    monkeypatch.setattr(contents, "connect", lambda *_: there)
    assert contents.list_tables({**OPTIONS, "engine": engine}) == ["items", "orders"]
    assert (there.asked, there.is_closed) == ([asked], True)


def test_a_failure_hides_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no way in with Geheim1")

    monkeypatch.setattr(contents, "connect", refuse)
    with pytest.raises(AccessError) as caught:
        contents.list_tables(OPTIONS)
    assert "Geheim1" not in str(caught.value)


def test_an_empty_database_is_never_as_expected() -> None:
    assert contents.find_missing_tables(["a", "b"], ["a"]) is None
    assert contents.find_missing_tables(["a"], []) is None
    assert contents.find_missing_tables([], []) == "it holds no table"
    assert contents.find_missing_tables(["a"], ["b", "c"]) == "it has no table b, c; it has a"
