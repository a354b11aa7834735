# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options for the connection to AWS."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules; use as C(groundwork.aws.aws)."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region to work in. It must be that of the topology, which is the default.
    type: str
    aliases: [aws_region]
  profile:
    description:
      - A named profile of the AWS configuration files. It excludes O(access_key), O(secret_key) and O(session_token).
      - Without it, and without keys, botocore searches its usual sources. Its own environment variables apply.
    type: str
    aliases: [aws_profile]
  endpoint_url:
    description:
      - The address of the API, when it is not AWS's own.
      - The environment variable E(AWS_ENDPOINT_URL) means the same.
    type: str
    aliases: [aws_endpoint_url]
  access_key:
    description:
      - The id of the access key.
    type: str
    aliases: [aws_access_key_id, aws_access_key]
  secret_key:
    description:
      - The secret of the access key.
    type: str
    aliases: [aws_secret_access_key, aws_secret_key]
  session_token:
    description:
      - The token that belongs to temporary keys.
    type: str
    aliases: [aws_session_token]
  assume_role_arn:
    description:
      - A role to assume with the credentials. All calls are made as that role.
      - It is assumed again before its credentials expire, so that a run may take longer.
    type: str
    aliases: [iam_role_arn]
  validate_certs:
    description:
      - Whether the certificate of the API must be valid.
    type: bool
    default: true
  aws_ca_bundle:
    description:
      - A file with the certificate authorities that may have signed the certificate of the API.
      - The environment variable E(AWS_CA_BUNDLE) means the same.
    type: path
  aws_config:
    description:
      - Settings of botocore's C(Config), such as C(proxies) or C(connect_timeout).
      - C(retries) does not apply to calls that create something. Only the module itself repeats these.
    type: dict
  account:
    description:
      - The account (12 digits) that the credentials must belong to. With others the module fails before it reads.
      - By default the C(account) of the topology, if it has one.
    type: str
requirements:
  - python >= 3.11
  - botocore >= 1.35
"""
