# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write down which parameters the oldest supported botocore knows, for the operations that the collection calls.

Run it with a Python that has that botocore, after raising the requirement or calling another operation:

    python3 -m venv /somewhere && /somewhere/bin/pip install botocore==1.35.0
    /somewhere/bin/python scripts/oldest_botocore.py

The tests check every request against the file, so that no parameter is used that a supported botocore rejects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import botocore.session
from botocore import xform_name

CHECKOUT = Path(__file__).resolve().parent.parent
FILE = CHECKOUT / "tests" / "unit" / "support" / "oldest_botocore.json"
SERVICES = (
    *("acm", "cloudwatch", "ec2", "elasticache", "elbv2", "iam", "logs", "rds", "resourcegroupstaggingapi"),
    *("route53", "secretsmanager", "sns", "ssm", "sts"),
)
# Operations whose names the sources put together from a prefix and a noun.
COMPOSED = re.compile(
    r"(un)?tag_(role|instance_profile)|(de)?register_targets|describe_\w+_attributes"
    r"|(authorize|revoke|update)_security_group_(ingress|egress|rule_descriptions_\w+)"
)


def parameters(shape: Any, path: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
    """The dotted paths of all members of a shape; a list adds nothing to a path, a mapping an asterisk."""
    if shape.type_name == "structure" and shape.name not in above:
        for name, member in shape.members.items():
            inner = f"{path}.{name}" if path else name
            yield inner
            yield from parameters(member, inner, (*above, shape.name))
    elif shape.type_name == "list":
        yield from parameters(shape.member, path, above)
    elif shape.type_name == "map":
        yield f"{path}.*"
        yield from parameters(shape.value, f"{path}.*", above)


def called(service: Any, words: set[str]) -> dict[str, list[str]]:
    """Of the operations of a service those that the sources name, each with its parameters."""
    found: dict[str, list[str]] = {}
    for name in sorted(service.operation_names):
        operation = xform_name(name)
        if operation in words or COMPOSED.fullmatch(operation):
            shape = service.operation_model(name).input_shape
            found[operation] = sorted(parameters(shape)) if shape else []
    return found


def main() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "plugins").rglob("*.py"))
    words = set(re.findall(r"\w+", sources))
    session = botocore.session.Session()
    services = {name: called(session.get_service_model(name), words) for name in SERVICES}
    lines = [f'"botocore": "{botocore.__version__}"']
    for service, operations in services.items():
        lines += [f'"{service}:{name}": {json.dumps(" ".join(paths))}' for name, paths in operations.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
