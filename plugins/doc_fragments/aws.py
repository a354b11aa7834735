# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options by which every module of the collection reaches AWS."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules; use as C(groundwork.aws.aws)."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region to work in. It must be that of the topology, which is the default.
    type: str
  profile:
    description:
      - A named profile of the AWS configuration files.
      - Without it, and without keys, botocore looks where it always does. Its own environment variables apply.
    type: str
  endpoint_url:
    description:
      - Where the AWS API answers, when that is not AWS itself.
      - The environment variable E(AWS_ENDPOINT_URL) says the same.
    type: str
  access_key:
    description:
      - The id of the access key.
    type: str
  secret_key:
    description:
      - The secret of the access key.
    type: str
  session_token:
    description:
      - The token that belongs to temporary keys.
    type: str
  validate_certs:
    description:
      - Whether the certificate of the API must be valid.
    type: bool
    default: true
requirements:
  - python >= 3.11
  - botocore >= 1.35
"""
