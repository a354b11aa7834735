# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of hosts loses what a terminal would obey, and nothing else."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain\ttext,\nü 漢 🚀 �", "plain\ttext,\nü 漢 🚀 �"),
        ("\x1b[31mred", "�[31mred"),
        ("\x1b]0;title\x07", "�]0;title�"),
        ("a\rb", "a�b"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("\x00\x08\x0b\x0c\x7f\x80\x9b\x9f\xa0", "��������\xa0"),
        ("sh \u202etxt.exe\u2028next\u200b\ufeff", "sh �txt.exe�next��"),
        ("👩\u200d💻 a\u200cb", "👩\u200d💻 a\u200cb"),
        (b"\x9b31m\xff".decode("utf-8", "surrogateescape"), "�31m�"),
    ],
)
def test_control_characters_are_replaced(text: str, shown: str) -> None:
    assert replace_control_characters(text) == shown
