# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions and ranges of npm packages: whether a version is in a range, as node-semver decides it. Controller only.

A range is a list of alternatives (``||``), each a list of comparators that all have to hold. The shorthands ``^1.2``,
``~1.2``, ``1.x`` and ``1.2 - 1.4`` are converted to comparators first (node-semver, README, "Ranges"). What is no range
(an address, an alias, a tag like ``latest``) is not read: `parse_range` returns None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

# Identifiers of a prerelease: numbers are compared as such, and come before text.
Prerelease: TypeAlias = "tuple[int | str, ...]"


class Version(NamedTuple):
    """A version. Without identifiers in ``prerelease`` it is a release."""

    major: int
    minor: int
    patch: int
    prerelease: Prerelease = ()

    @property
    def numbers(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch


class Comparator(NamedTuple):
    """A condition like ``>=1.2.3``."""

    operator: str
    version: Version


Range: TypeAlias = "list[list[Comparator]]"

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_BUILD = rf"(?:\+{_IDENTIFIERS})?"
# npm reads ranges loosely: with a v or = in front, and prereleases without their dash.
_VERSION = re.compile(
    rf"\s*[v=\s]*([0-9]+)\.([0-9]+)\.([0-9]+)(?:-?((?=[0-9A-Za-z-])(?<![0-9](?=[0-9])){_IDENTIFIERS}))?{_BUILD}\s*"
)
_PART = r"([0-9]+|[xX*])"
_PARTIAL_TEXT = rf"[v=\s]*{_PART}(?:\.{_PART}(?:\.{_PART}(?:-?((?<![0-9](?=[0-9])){_IDENTIFIERS}))?{_BUILD})?)?"
_PARTIAL = re.compile(rf"(<=|>=|<|>|=|~>|~|\^)?{_PARTIAL_TEXT}")
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_SPACE_AFTER_OPERATOR = re.compile(r"(<=|>=|<|>|=|~>|~|\^)\s+")
_LOWEST: Prerelease = (0,)  # before every other prerelease of a version
_NOTHING = Comparator("<", Version(0, 0, 0, _LOWEST))
LONGEST = 256  # characters of a version or range (node-semver, MAX_LENGTH)


class _Partial(NamedTuple):
    """A version whose last numbers may be missing: None for ``x`` and for a number that is left out."""

    major: int | None
    minor: int | None
    patch: int | None
    prerelease: Prerelease

    @property
    def lowest(self) -> Version:
        return Version(self.major or 0, self.minor or 0, self.patch or 0, self.prerelease)

    @property
    def next_of_last(self) -> Version:
        """The version after all those that a partial one means: 2.0.0 for ``1``, 1.3.0 for ``1.2``."""
        if self.minor is None:
            return Version((self.major or 0) + 1, 0, 0)
        return Version(self.major or 0, self.minor + 1, 0)


def parse_version(text: str) -> Version | None:
    """A version, None for any other text."""
    match = _VERSION.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    return Version(int(match[1]), int(match[2]), int(match[3]), _parse_prerelease(match[4]))


def parse_range(text: str) -> Range | None:
    """A range, None for any other text."""
    if len(text) > LONGEST:
        return None
    alternatives = []
    for part in text.split("||"):
        comparators = _parse_alternative(part)
        if comparators is None:
            return None
        alternatives.append(comparators)
    return alternatives


def is_in_range(version: Version, wanted: Range) -> bool:
    """Whether a version satisfies a range.

    A prerelease does only where a comparator of the same alternative is a prerelease of the same numbers.
    """
    return any(_satisfies(version, comparators) for comparators in wanted)


def _satisfies(version: Version, comparators: list[Comparator]) -> bool:
    if not all(_compare(version, one) for one in comparators):
        return False
    if not version.prerelease:
        return True
    return any(one.version.prerelease and one.version.numbers == version.numbers for one in comparators)


def _compare(version: Version, comparator: Comparator) -> bool:
    left, right = _precedence(version), _precedence(comparator.version)
    return {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "=": left == right,
    }[comparator.operator]


def _precedence(version: Version) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
    """A key that sorts versions: a release after its prereleases (semver.org, "Precedence")."""
    identifiers = tuple(
        (isinstance(one, str), 0 if isinstance(one, str) else one, str(one)) for one in version.prerelease
    )
    return *version.numbers, not version.prerelease, identifiers


def _parse_prerelease(text: str | None) -> Prerelease:
    if not text:
        return ()
    return tuple(int(one) if one.isdecimal() else one for one in text.split("."))


def _parse_alternative(text: str) -> list[Comparator] | None:
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        first, last = _parse_partial(hyphen[1]), _parse_partial(hyphen[2])
        if first is None or last is None or first[0] or last[0]:
            return None
        return [*_from(first[1]), *_until(last[1])]
    comparators: list[Comparator] = []
    for word in _SPACE_AFTER_OPERATOR.sub(r"\1", text.strip()).split():
        partial = _parse_partial(word)
        if partial is None:
            return None
        comparators += _expand(*partial)
    return comparators


def _parse_partial(text: str) -> tuple[str, _Partial] | None:
    match = _PARTIAL.fullmatch(text)
    if match is None:
        return None
    numbers: list[int | None] = []
    for part in match.group(2, 3, 4):
        is_number = part is not None and part.isdecimal()
        if is_number and None in numbers:
            return None  # node-semver reads 1.x.3 in some places, and not in others
        numbers.append(int(part) if is_number else None)
    prerelease = _parse_prerelease(match[5]) if None not in numbers else ()
    return match[1] or "", _Partial(numbers[0], numbers[1], numbers[2], prerelease)


def _expand(operator: str, partial: _Partial) -> Iterator[Comparator]:
    """The comparators that a word of a range means; none means every version."""
    if operator in ("~", "~>", "^"):
        if partial.major is not None:
            yield Comparator(">=", partial.lowest)
            end = _next_of_caret(partial) if operator == "^" else partial.next_of_last
            yield Comparator("<", end._replace(prerelease=_LOWEST))
    elif partial.patch is not None:
        yield Comparator(operator or "=", partial.lowest)
    elif partial.major is None:
        yield from [_NOTHING] if operator in ("<", ">") else []
    elif operator == ">":
        yield Comparator(">=", partial.next_of_last)
    elif operator == "<":
        yield Comparator("<", partial.lowest._replace(prerelease=_LOWEST))
    else:
        if operator != "<=":
            yield Comparator(">=", partial.lowest)
        if operator != ">=":
            yield Comparator("<", partial.next_of_last._replace(prerelease=_LOWEST))


def _next_of_caret(partial: _Partial) -> Version:
    """The version after those with the same first number that is not zero."""
    major, minor, patch = partial.major or 0, partial.minor, partial.patch
    if major or minor is None:
        return Version(major + 1, 0, 0)
    if minor or patch is None:
        return Version(0, minor + 1, 0)
    return Version(0, 0, patch + 1)


def _from(first: _Partial) -> Iterator[Comparator]:
    """The comparators of the version before a hyphen."""
    if first.major is not None:
        yield Comparator(">=", first.lowest)


def _until(last: _Partial) -> Iterator[Comparator]:
    """The comparators of the version after a hyphen: a partial one includes all that it means."""
    if last.patch is not None:
        yield Comparator("<=", last.lowest)
    elif last.major is not None:
        yield Comparator("<", last.next_of_last._replace(prerelease=_LOWEST))
