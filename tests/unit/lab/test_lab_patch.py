# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hooks: put in, taken out, and never in the place of something that moto has by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.hooks import patch


class Moto:
    def describe(self) -> str:
        return "moto"


@pytest.fixture(autouse=True)
def no_other_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_declared", "_added", "_replaced"):
        monkeypatch.setattr(patch, name, [])


def test_a_method_is_changed_and_given_back() -> None:
    @patch.around(Moto, "describe")
    def describe(original: Callable[[Any], str], moto: Any) -> str:
        return original(moto) + " and more"

    patch.install()
    assert Moto().describe() == "moto and more"
    patch.remove()
    assert Moto().describe() == "moto"


def test_a_method_that_is_missing_is_added_and_taken_away() -> None:
    @patch.add(Moto, "modify")
    def modify(moto: Any) -> str:
        return "modified " + str(moto.describe())

    patch.install()
    assert Moto().modify() == "modified moto"  # type: ignore[attr-defined]
    patch.remove()
    assert not hasattr(Moto, "modify")


def test_a_method_that_moto_has_by_now_is_not_replaced_in_silence() -> None:
    patch.add(Moto, "describe")(lambda _moto: "lab")
    with pytest.raises(TypeError, match=r"moto has Moto\.describe by now"):
        patch.install()
    assert Moto().describe() == "moto"


def test_a_method_that_moto_has_no_more_is_noticed() -> None:
    patch.around(Moto, "gone")(lambda _original, _moto: "lab")
    with pytest.raises(AttributeError, match="gone"):
        patch.install()
