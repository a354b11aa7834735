# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images: those of Amazon Linux 2023 that its public parameters name, with AWS's ids of the region.

moto has two thousand more, Windows and Ubuntu of 2017 among them. No guest stands in for those, and all of them would
be made, with a snapshot each, in every region that is used, and written with every change of the lab's state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.parse import default_timestamp_parser
from moto.ec2.models.amis import Ami, AmiBackend
from moto.utilities.utils import load_resource

from .patch import Hook, around

FAMILY = "al2023-ami-"


@around(AmiBackend, "_load_amis")
def load_images(original: Hook, backend: Any) -> None:
    for image in _published(backend.region_name):
        backend.amis[image["ami_id"]] = Ami(backend, **image, owner_alias="amazon")


def _published(region: str) -> Iterator[dict[str, Any]]:
    try:
        images: list[dict[str, Any]] = load_resource(f"ec2/resources/latest_amis/{region}.json")
    except FileNotFoundError:
        return
    for image in images:
        if image["name"].startswith(FAMILY):
            made = image.get("creation_date")
            yield {**image, "creation_date": default_timestamp_parser(made) if made else None}
