# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What moto does for every request, done once: it answers the same, several times as fast."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from moto import backends
from moto.core import responses

from .patch import remake


@remake(backends, "list_of_moto_modules")
def list_directory_once(original: Callable[[], Any]) -> Callable[[], tuple[str, ...]]:
    modules = tuple(original())
    return lambda: modules


@remake(responses, "method_names_from_class")
def look_through_class_once(original: Callable[[type], list[str]]) -> Callable[[type], list[str]]:
    return functools.cache(original)
