# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds that several sections of the document share."""

from __future__ import annotations

from ..._aws.mail_addresses import LONGEST_ADDRESS, MAIL_PATTERN
from .kinds import Cidr, Integer, Text

NAME = r"[a-z](?:-?[a-z0-9])*"
NAME_HINT = "write lower-case letters and digits, with single dashes between them, and a letter first"

PORT = Integer("a port", 1, 65535)
ANY_CIDR = Cidr("an IPv4 network like 203.0.113.7/32 or 0.0.0.0/0")
NETWORK_CIDR = Cidr("a network like 10.0.0.0/16", shortest=16, longest=28)
RESOURCE_NAME = Text(
    "a name of lower-case letters, digits and single dashes, at most 40", NAME, longest=40, hint=NAME_HINT
)
VARIABLE = Text(
    "the name of an environment variable",
    r"[A-Za-z_][A-Za-z0-9_]*",
    longest=128,
    hint="write its name with letters, digits and underscores, and no digit at its beginning",
)
COMMAND_LINE = Text("a command on one line")
LOCAL_PATH = Text("a path", path=True)
MAIL_ADDRESS = Text(
    "a mail address",
    MAIL_PATTERN,
    longest=LONGEST_ADDRESS,
    hint="write one like ops@example.org, of ASCII characters",
)
# SNS API Reference, CreateTopic, Name.
TOPIC = Text("the ARN of an SNS topic", r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
