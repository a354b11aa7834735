# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Raw resources: what the document cannot say, typed and planned like the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .._stack.wanted import Ref, Wanted
from .kinds import Place, shown, suggestion
from .schema import TAGS
from .view import Document

try:
    from .._stack.resources import REGISTRY
except ImportError:  # no botocore here, so nothing can be done with the document anyway
    REGISTRY = {}

# Keys beside the properties of the resource's type; no type has a property of these names.
BESIDE = ("tags", "protect")


def compile_raw(address: str, body: Mapping[str, Any]) -> Wanted:
    kind, name = address.split("/", 1)
    holds_data = kind in REGISTRY and REGISTRY[kind].data
    return Wanted(
        type=kind,
        name=name,
        properties={key: _with_refs(value) for key, value in body.items() if key not in BESIDE},
        tags={key: str(value) for key, value in (body.get("tags") or {}).items()},
        protected=body.get("protect", holds_data) is True,
    )


def _with_refs(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "ref" in value:
            return Ref(value["ref"], value.get("attribute", "id"))
        return {key: _with_refs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_refs(item) for item in value]
    return value


def raw_resources_fit(document: Document, compiled: Collection[str]) -> Iterator[tuple[Place, str]]:
    """They do not take the place of what is compiled (by its addresses), and what they refer to exists."""
    own = document["resources"]
    known = [*compiled, *own]
    for address, body in own.items():
        place = ("resources", address)
        if address in compiled:
            yield place, "the document makes a resource of this name itself (choose another name)"
        yield from _type_fits(address.partition("/")[0], place, body)
        yield from _body_fits(place, body)
        for where, value in _references(body, place):
            yield from _reference_fits(where, value, known)


def _type_fits(kind: str, place: Place, body: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    if kind not in REGISTRY:
        if REGISTRY:
            yield place, f"{shown(kind)} is not a type of resource; {suggestion(kind, list(REGISTRY))}"
        return
    declared = (*REGISTRY[kind].updates, *REGISTRY[kind].create_only)
    known = sorted({name.partition(".")[0] for name in declared})
    for name in body:
        if name not in known and name not in BESIDE:
            yield (*place, name), f"unknown property of {kind}; {suggestion(name, known)}"


def _body_fits(place: Place, body: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    if not isinstance(body.get("protect", False), bool):
        yield (*place, "protect"), f"{shown(body['protect'])} is not true or false"
    found: list[tuple[Place, str]] = []
    TAGS.check(body.get("tags") or {}, (*place, "tags"), lambda where, text: found.append((where, text)))
    yield from found


def _references(value: Any, place: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if "ref" in value:
            yield place, value
        for key, item in value.items():
            yield from _references(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _references(item, (*place, number))


def _reference_fits(place: Place, value: Mapping[str, Any], known: list[str]) -> Iterator[tuple[Place, str]]:
    extra = [key for key in value if key not in ("ref", "attribute")]
    if extra:
        yield (*place, extra[0]), "unknown key of a reference; it takes ref and attribute"
    target, attribute = value["ref"], value.get("attribute", "id")
    if not isinstance(target, str) or target not in known:
        hint = suggestion(target, known) if isinstance(target, str) else "write type/name"
        yield (*place, "ref"), f"{shown(target)} is not a resource of this stack; {hint}"
        return
    kind = REGISTRY.get(target.partition("/")[0])
    offered = sorted({*kind.attributes, *kind.named}) if kind else [attribute]
    if not isinstance(attribute, str) or attribute not in offered:
        yield (*place, "attribute"), f"{target} has no {shown(attribute)}; {suggestion(str(attribute), offered)}"
