# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engines that packages of npm ask for: what ends `npm ci` on every host. Controller only.

Sources: npm documentation, "package.json" (engines, devEngines) and "Config" (engine-strict); the package
npm-install-checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .npm_tree import NOT_CHECKED
from .semver_range import Version, is_in_range, parse_range

# The role nodejs installs one of 22 and 24; a host may have a version of its own instead.
HOST_NODE_MAJORS = range(14, 31)
# What npm compares `devEngines` with, on any host.
HOST_ENGINES: Mapping[str, tuple[str, ...]] = {
    "runtime": ("node",),
    "packageManager": ("npm",),
    "os": ("linux",),
    "cpu": ("x64", "arm64"),
    "libc": ("glibc",),
}
# With these, npm only warns, or ignores a difference.
TOLERANT = ("warn", "ignore")
STRICT = re.compile(r"""\s*engine-strict\s*(?:=\s*"?true"?\s*)?""", re.IGNORECASE)


def is_node_excluded(text: Any) -> bool:
    """Whether a range certainly excludes every version of Node.js that a host may have."""
    wanted = parse_range(text) if isinstance(text, str) else None
    if wanted is None:
        return False
    # A range of versions begins at one of these, or right after it.
    bounds = [comparator.version.numbers for alternative in wanted for comparator in alternative]
    after = [(major, minor, patch + 1) for major, minor, patch in bounds]
    candidates = [(major, 0, 0) for major in HOST_NODE_MAJORS] + [*bounds, *after]
    return not any(is_in_range(Version(*one), wanted) for one in candidates if one[0] in HOST_NODE_MAJORS)


def is_engine_strict(npmrc: str) -> bool:
    """Whether a project's .npmrc makes npm fail for engines that differ; the last setting counts."""
    lines = [line for line in npmrc.splitlines() if re.match(r"\s*engine-strict\b", line, re.IGNORECASE)]
    return bool(lines) and STRICT.fullmatch(lines[-1]) is not None


def find_excluded_engines(package: Mapping[str, Any], lock: Mapping[str, Any], is_strict: bool) -> Iterator[str]:
    """What no host fulfils of `devEngines`, and with engine-strict of `engines`: "package.json (node >=99)"."""
    wanted = package.get("devEngines")
    if isinstance(wanted, Mapping):
        yield from _find_excluded_dev_engines(wanted)
    if not is_strict:
        return
    if wanted is None and is_node_excluded(_read_node_range(package)):  # npm prefers devEngines of the project
        yield f"package.json (engines: node {_read_node_range(package)})"
    packages = lock.get("packages")
    for path, entry in packages.items() if isinstance(packages, Mapping) else ():
        if not path or not isinstance(entry, Mapping) or any(entry.get(one) for one in NOT_CHECKED):
            continue
        wanted_node = _read_node_range(entry)
        if is_node_excluded(wanted_node):
            yield f"{path.rpartition('node_modules/')[2]} (engines: node {wanted_node})"


def _read_node_range(package: Mapping[str, Any]) -> Any:
    engines = package.get("engines")
    return engines.get("node") if isinstance(engines, Mapping) else None


def _find_excluded_dev_engines(wanted: Mapping[str, Any]) -> Iterator[str]:
    """An engine is one object, or a list of alternatives, of which the last says what follows."""
    for engine, given in wanted.items():
        alternatives = given if isinstance(given, list) else [given]
        if engine not in HOST_ENGINES or not alternatives or not all(isinstance(one, Mapping) for one in alternatives):
            continue
        if alternatives[-1].get("onFail") not in TOLERANT and all(_is_excluded(engine, one) for one in alternatives):
            names = " or ".join(f"{one.get('name')} {one.get('version') or ''}".strip() for one in alternatives)
            yield f"package.json (devEngines.{engine}: {names})"


def _is_excluded(engine: str, wanted: Mapping[str, Any]) -> bool:
    name = wanted.get("name")
    if isinstance(name, str) and name not in HOST_ENGINES[engine]:
        return True
    return engine == "runtime" and name == "node" and is_node_excluded(wanted.get("version"))
