# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read case files, and convert compiled data to their form."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import parse_text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
TOPOLOGIES = sorted((CHECKOUT / "topologies").glob("*.yml"))
# Documents of the examples, which have no playbook of their own.
EXAMPLES = sorted((CHECKOUT / "examples" / "topologies").glob("*.yml"))


def read(path: Path) -> Any:
    """Read a YAML file like a document: the key `on` is text."""
    return deepcopy(_parse(path))


@cache
def _parse(path: Path) -> Any:
    """The data of a file, which is parsed once: that takes longer than most tests."""
    problems: list[Any] = []
    data = parse_text(path.read_text(encoding="utf-8"), lambda *problem: problems.append(problem)).data
    assert not problems, (path, problems)
    return data


def cases(name: str, directory: Path = HERE) -> dict[str, Any]:
    """The cases of one file, by name."""
    found: dict[str, Any] = read(directory / "cases" / f"{name}.yml")
    return found


def base_of(case: Mapping[str, Any]) -> Any:
    """The base document of a case: its own, one of the collection, or the small one."""
    if "document" in case:
        return case["document"]
    return read(CHECKOUT / "topologies" / f"{case['topology']}.yml") if "topology" in case else read(HERE / "small.yml")


def document_of(case: Mapping[str, Any]) -> dict[str, Any]:
    return load(base_of(case), [case["change"]] if "change" in case else [])


def errors_of(case: Mapping[str, Any]) -> list[str]:
    try:
        document_of(case)
    except TopologyError as error:
        return error.errors
    return []


def written(value: Any) -> Any:
    """Convert compiled data to the form of a case file: a reference is {ref, attribute}."""
    if isinstance(value, Ref):
        return {"ref": value.address, "attribute": value.attribute}
    if isinstance(value, DesiredResource):
        return {
            "properties": written(value.properties),
            **({"tags": dict(value.tags)} if value.tags else {}),
            **({"protected": True} if value.protected else {}),
            **({"adopt": value.adopt} if value.adopt else {}),
        }
    if isinstance(value, Mapping):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(item) for item in value]
    return value
