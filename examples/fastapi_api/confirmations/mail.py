# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mail provider. This one only pretends: it takes its time and writes a line to the log."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)


def deliver(message_id: str, recipient: str, text: str, seconds: float) -> None:
    """Deliver a message. Providers recognize its id, so a message that a repeated task sends again arrives once."""
    time.sleep(seconds)
    log.info("delivered", extra={"fields": {"message_id": message_id, "recipient": recipient, "length": len(text)}})
