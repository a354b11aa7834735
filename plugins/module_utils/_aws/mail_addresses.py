# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mail addresses to which SES and SNS send."""

from __future__ import annotations

# RFC 5321, sections 4.1.2 and 4.5.3.1: a dot-string of at most 64 characters, and a domain. SES takes ASCII only before
# the @ (SES API Reference, SendEmail, Destination); a domain with other letters is written in Punycode.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
MAIL_PATTERN = rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{HOST_LABEL}(?:\.{HOST_LABEL})+"
LONGEST_ADDRESS = 254
