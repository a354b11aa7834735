# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests that a web page made in a browser of this machine: no AWS client sends them, so they are rejected.

A page can send requests to loopback. The browser marks most of them (Origin: WHATWG Fetch, "Origin header";
Sec-Fetch-Site: W3C Fetch Metadata), and a name of the page's own that was made to resolve to 127.0.0.1 shows in the
header Host.
"""

from __future__ import annotations

from collections.abc import Mapping

from .rejection import Fault, RejectedError

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
# What a form can send without asking first: WHATWG Fetch, "CORS-safelisted request-header". The third one,
# application/x-www-form-urlencoded, is that of AWS's query services.
FORM_TYPES = ("multipart/form-data", "text/plain")


def list_hosts(port: int) -> frozenset[str]:
    """The values of the header Host with which the API is reached; clients leave the port of HTTP out."""
    return frozenset({f"{name}:{port}" for name in LOOPBACK_NAMES} | (set(LOOPBACK_NAMES) if port == 80 else set()))


def check_source(method: str, headers: Mapping[str, str], hosts: frozenset[str] | None) -> None:
    """Raise a RejectedError for a request that no AWS client sends; without ``hosts`` any port of loopback is right."""
    host = headers.get("host", "").lower()
    if not (host in hosts if hosts is not None else host.partition(":")[0] in LOOPBACK_NAMES):
        allowed = " or ".join(sorted(hosts or LOOPBACK_NAMES))
        _reject(f"the header Host is {host!r}, and this lab answers at {allowed} only")
    for name in ("origin", "referer"):
        if name in headers:
            _reject(f"it has the header {name.capitalize()} ({headers[name]!r}), as requests of web pages have")
    site = headers.get("sec-fetch-site", "none").lower()
    if site != "none":
        _reject(f"it has the header Sec-Fetch-Site ({site!r}), as requests of web pages have")
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method == "POST" and content_type in FORM_TYPES:
        _reject(f"its content type is {content_type}, as that of a form in a web page")


def _reject(reason: str) -> None:
    raise RejectedError(
        Fault.FORBIDDEN,
        f"The lab rejects this request, because {reason}. Nothing was changed. Use the endpoint that `lab env` prints, "
        "with an AWS client.",
    )
