# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The addresses and refs that `git fetch` accepts: git-fetch, "GIT URLS", and git-check-ref-format."""

from __future__ import annotations

import re

# Without the spaces, control characters and marks that git excludes, and those that `git fetch` reads as options.
REF = (
    r"(?![-+./])(?!tag$)(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))"
    r"[^\x00-\x20\x7f~^:?*\[\\]*[^\x00-\x20\x7f~^:?*\[\\/.]"
)
REF_HINT = (
    "write its name as git has it, or the 40 digits of a commit; git allows no space, no .. and none of ~ ^ : ? * [ in "
    "a name, and no - or . at its beginning"
)
# Digits alone are left out: they may be a tag with a date.
SHORT_COMMIT = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{7,39}", re.IGNORECASE)

# Protocols that git itself fetches by, and those of them with a path after the host.
PROTOCOLS = ("https", "http", "ssh", "git", "file", "git+ssh", "ssh+git", "ftp", "ftps")
WITH_PATH = ("ssh", "git", "git+ssh", "ssh+git")
EXAMPLES = "https://git.example.org/shop.git, git@git.example.org:shop.git or a path"


def is_local_repository(address: str) -> bool:
    """Whether git reads an address as a path: it has no protocol, and no host before a colon."""
    return "://" not in address and not re.match(r"[^/]*:", address)


def find_ref_problem(ref: str) -> str | None:
    """Why a ref of a valid form cannot be fetched, or None."""
    if SHORT_COMMIT.fullmatch(ref):
        return (
            f"looks like a short commit id, which git does not fetch (write all 40 digits: git rev-parse {ref}; for a "
            f"branch or tag of this name write refs/heads/{ref} or refs/tags/{ref})"
        )
    return None


def find_address_problem(address: str) -> str | None:
    """Why git cannot fetch from an address, or None. The text does not repeat the address."""
    if address != address.strip():
        return "begins or ends with a space (remove it)"
    if address.startswith("-"):
        return f"begins with a dash, which git blocks (write {EXAMPLES})"
    helper = re.match(r"(\w[\w+.-]*)::", address)
    if helper and helper[1] in ("ext", "fd"):
        return f"runs a command or reads a pipe by {helper[1]}::, which git does not allow here (write {EXAMPLES})"
    if is_local_repository(address) or helper:
        return None
    protocol, separator, rest = address.partition("://")
    if not separator:
        return _find_short_form_problem(address)
    if protocol == "file":
        return None if re.match(r"/[^/]", rest) else "has no absolute path after file:// (write file:///srv/shop.git)"
    if re.search(r"\s", address):
        return "has a space (write %20 for it)"
    host, slash, path = rest.partition("/")
    if not host or host.rpartition("@")[2].startswith(("-", ":")):
        return f"has no host after {protocol}:// (write {EXAMPLES})"
    port = re.fullmatch(r"(?:.*@)?(?:\[[^]]*\]|[^:]*)(?::(.*))?", host)
    if port is None or (port[1] and not _is_port(port[1])):
        return f"has something else than a port (1 to 65535) after its host and a colon (write {protocol}://host/path)"
    if protocol in WITH_PATH and not (slash and path):
        return f"has no path after the host (write {protocol}://host/path/to/shop.git)"
    return None


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) <= 65535


def _find_short_form_problem(address: str) -> str | None:
    """The problem of an address like ``git@host:path``, which git reaches by ssh."""
    host, _colon, path = address.partition(":")
    name = host.rpartition("@")[2]
    if name.lower() in PROTOCOLS:
        start = "file:///srv/shop.git" if name.lower() == "file" else f"{name.lower()}://host/path"
        return f"has no // after {name}:, so that git takes {name} for a host (write {start})"
    if re.search(r"\s", host) or not name or name.startswith("-"):
        return f"has no valid host before its colon (write {EXAMPLES})"
    if not path.strip("/") or path.startswith("-"):
        return f"has no path after its colon (write {host}:path/to/shop.git)"
    return None


def find_protocol(address: str) -> str | None:
    """The protocol or helper of an address that git itself does not have, such as ``codecommit``; else None."""
    match = re.match(r"(\w[\w+.-]*)(?:::|://)", address)
    return match[1] if match and match[1] not in PROTOCOLS else None
