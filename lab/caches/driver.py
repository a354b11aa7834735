# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the Redis of each cache, and tells the API how it is."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..hooks import cache_places, caches
from ..hooks.cache_tokens import digest
from ..hooks.lifecycle import note, read_note
from ..machines import Appliance
from ..servers.driver import Servers, write
from ..shell import LabError
from ..snapshot import stand
from .model import Cache, appliance_id, describe, is_fronted
from .redis import ADMIN_PASSWORD, FrontedRedis, Redis

REDIS, FRONTED = Redis(), FrontedRedis()


class Caches(Servers[Cache]):
    """The caches of the lab: a kind of appliance. One Redis stands for the primary and all replicas."""

    def desired(self) -> Iterator[Appliance]:
        for _backend, group in caches.all_caches():
            self.miss(appliance_id(group), group)
            yield Appliance(
                id=appliance_id(group),
                options=self.options(),
                **self.launch(FRONTED if is_fronted(group) else REDIS),
                **stand(cache_places.interfaces(group)),
            )

    def find(self, id: str) -> tuple[Any, Any] | None:
        return next((pair for pair in caches.all_caches() if appliance_id(pair[1]) == id), None)

    def describe(self, thing: Any, fresh: bool) -> Cache:
        return describe(thing)

    def program(self, desired: Cache) -> Redis:
        return FRONTED if desired.fronted else REDIS

    def is_up(self, thing: Any) -> bool:
        return bool(thing.status == "available")

    def go_away(self, thing: Any) -> None:
        caches.go_away(thing)

    def fill(self, desired: Cache, root: Path) -> bool:
        """What a node held is lost with it, unless a replica had it too."""
        if not desired.kept and os.listdir(f"{root}{REDIS.data}"):
            self.run(desired, f"find {REDIS.data} -mindepth 1 -delete\n")
        return True

    def configure(self, desired: Cache, root: Path) -> None:
        """The lab has a password of its own, which is another one in each container."""
        place = Path(f"{root}{ADMIN_PASSWORD}")
        if not place.exists():
            write(root, ADMIN_PASSWORD, secrets.token_hex(16).encode(), 0o600)
        super().configure(replace(desired, admin=digest(place.read_text())), root)

    def begin(self, thing: Any, desired: Cache) -> None:
        super().begin(thing, desired)
        note(thing, "tokens_in_force", desired.tokens)

    def settle(self, backend: Any, thing: Any, desired: Cache, root: Path, pid: int) -> None:
        """It accepts the tokens that the API says; then it is available."""
        if read_note(thing, "tokens_in_force", desired.tokens) != desired.tokens:
            self.configure(desired, root)
            if not self.program(desired).set_tokens(root, desired):
                raise LabError(f"the tokens of {desired.id} could not be changed")
            self.change(lambda: note(thing, "tokens_in_force", desired.tokens))
        if not self.is_up(thing):
            self.change(lambda: caches.come_up(thing))

    def finish(self, backend: Any, thing: Any) -> None:
        caches.finish_deletion(backend, thing)
