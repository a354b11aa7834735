# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roles, profiles and key pairs: answers that moto does not give, or gives to the wrong question."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.key_pairs import KeyPairs
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend

from .patch import Hook, around


@around(IAMBackend, "remove_role_from_instance_profile")
def remove_role_from_instance_profile(original: Hook, backend: Any, profile_name: str, role_name: str) -> None:
    """To remove a role that is not there is an error of the caller, not of the service."""
    if all(role.name != role_name for role in backend.get_instance_profile(profile_name).roles):
        raise NotFoundException(f"Instance Profile {profile_name} does not have the role {role_name}.")
    original(backend, profile_name, role_name)


@around(KeyPairs, "delete_key_pair")
def delete_key_pair(original: Hook, response: Any) -> Any:
    """A key pair may be named by its id as well."""
    requested = response._get_param("KeyPairId")
    if not requested:
        return original(response)
    response.error_on_dryrun()
    for pair in list(response.ec2_backend.key_pairs.values()):
        if pair.id == requested:
            response.ec2_backend.delete_key_pair(pair.key_name)
    return ActionResult({"Return": True, "KeyPairId": requested})
