# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The newest images of instances whose document names an alias or an SSM parameter, which a run asks for by address.

The planner does not compare these: an instance keeps the image that was the newest one when it was created.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.errors import StackError
from .._aws.similar_names import suggest
from .._engine.model import DesiredStack
from .._engine.resource_type import ClientOf
from .._resources.ec2 import images


def choose_newest_images(
    clients: ClientOf, stack: DesiredStack, addresses: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    """The image of the instances with these addresses as a property, by address; nothing for an image given by its id.

    Raises `StackError` with every address that is not an instance of the stack, and for a parameter that is not there.
    """
    instances = {resource.address: resource for resource in stack.resources if resource.type == "instance"}
    problems = [
        f"refresh: {address}: is not an instance of the topology; {suggest(address, list(instances))}"
        for address in addresses
        if address not in instances
    ]
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    found = images.find_newest(clients, {address: instances[address].properties for address in addresses})
    return {address: {"image": image} for address, image in found.items()}
