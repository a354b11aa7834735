# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration: from the environment, and from nowhere else."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit


def from_environment() -> dict[str, Any]:
    """Times are in seconds."""
    return {
        "RELEASE": os.environ.get("RELEASE", "development"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO").upper(),
        "TRUSTED_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "1")),
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "BACKEND_URLS": urls(os.environ.get("BACKEND_URLS", "http://127.0.0.1:5001")),
        "CONNECT_TIMEOUT": float(os.environ.get("CONNECT_TIMEOUT", "1")),
        "BACKEND_TIMEOUT": float(os.environ.get("BACKEND_TIMEOUT", "15")),
        "BACKEND_REST": float(os.environ.get("BACKEND_REST", "5")),
    }


def urls(text: str) -> list[str]:
    """The back ends of a list with commas; what is wrong with it is said when the service starts, not later."""
    found = [part.strip().rstrip("/") for part in text.split(",") if part.strip()]
    wrong = [url for url in found if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname]
    if wrong or not found:
        raise ValueError(f"BACKEND_URLS must be like http://10.0.11.4:5001,http://10.0.12.5:5001, not {text!r}")
    return found
