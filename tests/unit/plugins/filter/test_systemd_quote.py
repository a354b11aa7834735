# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Arguments of commands in units. molecule/python has systemd itself read such arguments."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.groundwork.aws.plugins.filter.systemd_quote import systemd_quote


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("shop:create_app('a b')", "\"shop:create_app('a b')\""),
        ('say "a"', '"say \\"a\\""'),
        ("a\\b", '"a\\\\b"'),
        ("5 $HOME ${HOME}", '"5 $$HOME $${HOME}"'),
        ("100% %h", '"100%% %%h"'),
        ("naïve 🙂", '"naïve 🙂"'),
        (5, '"5"'),
    ],
)
def test_a_text_is_one_argument(text: str, quoted: str) -> None:
    assert systemd_quote(text) == quoted


@pytest.mark.parametrize("text", ["a\nUser=root", "a\r", "a\x00", "\x7f", "a\tb", "\ud800", "\uffff", "\x85"])
def test_what_a_unit_cannot_have_is_rejected(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="has a control character"):
        systemd_quote(text)
