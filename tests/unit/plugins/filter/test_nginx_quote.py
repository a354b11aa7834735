# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts in the configuration of nginx. molecule/nginx reads such texts with nginx itself."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.groundwork.aws.plugins.filter.nginx_quote import nginx_quote


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("nosniff", '"nosniff"'),
        ("default-src 'self'; x", "\"default-src 'self'; x\""),
        ('say "a"', '"say \\"a\\""'),
        ("a\\b", '"a\\\\b"'),
        ("5 $host", '"5 ${dollar}host"'),
        (86400, '"86400"'),
    ],
)
def test_a_text_is_quoted(text: str, quoted: str) -> None:
    assert nginx_quote(text, "dollar") == quoted


def test_a_dollar_sign_stays_without_a_variable_for_it() -> None:
    assert nginx_quote("5 $") == '"5 $"'


@pytest.mark.parametrize("text", ["a\nX-Other: b", "a\r", "a\x00", "\x7f", "a\tb"])
def test_control_characters_are_rejected(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="has a control character"):
        nginx_quote(text)
