# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the Redis of each cache, and tells the API how it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..hooks import cache_places, caches
from ..machines import Appliance
from ..servers.driver import Servers
from ..snapshot import stand
from .model import Cache, appliance_id, describe
from .redis import Redis

REDIS = Redis()


class Caches(Servers[Cache]):
    """The caches of the lab: a kind of appliance. One Redis stands for the primary and all replicas."""

    def desired(self) -> Iterator[Appliance]:
        for _backend, group in caches.all_caches():
            self.miss(appliance_id(group), group)
            yield Appliance(
                id=appliance_id(group),
                options=self.options(),
                **self.launch(REDIS),
                **stand(cache_places.interfaces(group)),
            )

    def find(self, id: str) -> tuple[Any, Any] | None:
        return next((pair for pair in caches.all_caches() if appliance_id(pair[1]) == id), None)

    def describe(self, thing: Any, fresh: bool) -> Cache:
        return describe(thing)

    def program(self, desired: Cache) -> Redis:
        return REDIS

    def is_up(self, thing: Any) -> bool:
        return bool(thing.status == "available")

    def go_away(self, thing: Any) -> None:
        caches.go_away(thing)

    def fill(self, desired: Cache, root: Path) -> bool:
        """What a node held is lost with it, unless a replica had it too."""
        if not desired.kept and os.listdir(f"{root}{REDIS.data}"):
            self.run(desired, f"find {REDIS.data} -mindepth 1 -delete\n")
        return True

    def settle(self, backend: Any, thing: Any, desired: Cache, root: Path, pid: int) -> None:
        if not self.is_up(thing):
            self.change(lambda: caches.come_up(thing))

    def finish(self, backend: Any, thing: Any) -> None:
        caches.finish_deletion(backend, thing)
