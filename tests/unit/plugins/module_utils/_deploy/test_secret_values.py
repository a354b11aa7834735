# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of secrets that are JSON."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.secret_values import select_key


def test_the_value_of_a_key_is_text() -> None:
    assert select_key('{"port": 5432}', "port", "shop/main") == "5432"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hunter2", "but the secret is not a JSON object"),
        ('{"a": "hunter2"}', "but the secret has no text under port"),
        ("[" * 200_000, "the secret cannot be read, because its JSON is nested too deeply. Nothing was changed"),
    ],
)
def test_a_secret_without_the_key_is_an_error_without_its_value(value: str, message: str) -> None:
    with pytest.raises(StackError, match=f"shop/main: .*{message}") as raised:
        select_key(value, "port", "shop/main")
    assert "hunter2" not in str(raised.value)
