# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text of hosts that is safe to print on a terminal. Runs on managed hosts: Python 3.9.

Log lines and answers of a service may have escape sequences, which a terminal obeys: they hide lines, change the title
of the window, or write to the clipboard. Ansible prints messages of failures as they are.
"""

from __future__ import annotations

import re

# C0 without tab and line feed, DEL and C1. Python reads bytes that are not UTF-8 as surrogates, and some terminals obey
# the byte 0x9b, too. The others are line ends, invisible, or show the characters after them in another order (Unicode
# Standard Annex 9); joiners between letters stay.
CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
REPLACEMENT = "\ufffd"


def replace_control_characters(text: str) -> str:
    """The text with a replacement character for each control character but tabs and line ends."""
    return CONTROL_CHARACTERS.sub(REPLACEMENT, text.replace("\r\n", "\n"))
