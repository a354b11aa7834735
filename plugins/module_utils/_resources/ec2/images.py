# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine image of an instance: given by id, by SSM parameter, or by an alias of a parameter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..._aws.errors import StackError
from ..._engine.resource_type import Client, Properties, ResolvedResource

ALIAS = "al2023"
AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
PARAMETERS_A_CALL = 10


def architecture(instance_type: str) -> str:
    """Graviton families carry a g after the number of their generation (t4g, m7gd, im4gn); a1 came before that."""
    family = instance_type.split(".")[0]
    match = re.match(r"[a-z]+\d+([a-z]*)", family)
    arm = family == "a1" or (match is not None and "g" in match.group(1))
    return "arm64" if arm else "x86_64"


# Public parameters of AWS and of distributions, such as …/al2023-ami-kernel-default-arm64, name their architecture.
PUBLIC_PARAMETER = re.compile(r"/aws/service/(?:.*[/_-])?(arm64|aarch64|x86_64|amd64)(?:[/_-].*)?")
ARCHITECTURES = {"arm64": "arm64", "aarch64": "arm64", "x86_64": "x86_64", "amd64": "x86_64"}


def find_architecture_problem(image: str, instance_type: str) -> str | None:
    """Why instances of a type cannot start from an image, None where nothing is known of it, as of types for macOS."""
    match = PUBLIC_PARAMETER.fullmatch(image)
    if match is None or instance_type.startswith("mac"):
        return None
    given, needed = ARCHITECTURES[match[1]], architecture(instance_type)
    if given == needed:
        return None
    return f"is an image for {given}, and {instance_type} is of {needed} (name one for {needed}, or write al2023)"


def parameter(properties: Properties) -> str | None:
    """The SSM parameter that holds the image's id, None when the document gives the id itself."""
    image: str = properties["image"]
    if image == ALIAS:
        return AL2023.format(architecture=architecture(properties["type"]))
    return image if image.startswith("/") else None


def find_newest(clients: Callable[[str], Client], instances: Mapping[str, Properties]) -> Mapping[str, str]:
    """The ids that the parameters hold now, by address; instances whose image is given by its id are left out."""
    parameters = {address: name for address, given in instances.items() if (name := parameter(given))}
    values = _values(clients("ssm"), sorted(set(parameters.values())))
    return {address: _id(address, instances[address], name, values) for address, name in parameters.items()}


def find_images(clients: Callable[[str], Client], resources: list[ResolvedResource]) -> Mapping[str, Any]:
    """The images by address, as `{"id": ami, "root": device name}`, in as few calls as AWS allows."""
    parameters = {resource.address: parameter(resource.properties) for resource in resources}
    values = _values(clients("ssm"), sorted({name for name in parameters.values() if name}))
    ids = {
        resource.address: _id(resource.address, resource.properties, parameters[resource.address], values)
        for resource in resources
    }
    roots = _roots(clients("ec2"), sorted(set(ids.values())))
    missing = sorted(f"{address}: image {image} does not exist" for address, image in ids.items() if image not in roots)
    if missing:
        raise StackError("\n".join(missing) + "\nNothing was changed. Name an image of this region.")
    return {address: {"id": image, "root": roots[image]} for address, image in ids.items()}


def _id(address: str, properties: Properties, name: str | None, values: Mapping[str, str]) -> str:
    if name is None:
        return str(properties["image"])
    if name not in values:
        raise StackError(f"{address}: there is no SSM parameter {name}. Nothing was changed. Name another image.")
    return values[name]


def _values(client: Client, names: list[str]) -> dict[str, str]:
    chunks = [names[start : start + PARAMETERS_A_CALL] for start in range(0, len(names), PARAMETERS_A_CALL)]
    answers: Iterable[Any] = [client.get_parameters(Names=chunk) for chunk in chunks]
    return {found["Name"]: found["Value"] for answer in answers for found in answer["Parameters"]}


def _roots(client: Client, ids: list[str]) -> dict[str, str]:
    # A filter leaves out unknown ids, where ImageIds would fail with the first of them. Deprecated images of other
    # accounts are listed only on request, and can still be launched (EC2 User Guide, "Deprecate an Amazon EC2 AMI").
    answer = client.describe_images(Filters=[{"Name": "image-id", "Values": ids}], IncludeDeprecated=True)
    return {image["ImageId"]: image.get("RootDeviceName") or "/dev/xvda" for image in answer["Images"]}
