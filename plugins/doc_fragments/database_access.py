# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules that log in to a database."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules; use as C(groundwork.aws.database_access)."""

    DOCUMENTATION = r"""
options:
  engine:
    description:
      - The engine of the database.
    type: str
    choices: [mysql, postgres]
    required: true
  host:
    description:
      - The host name of its endpoint.
    type: str
    required: true
  port:
    description:
      - The port of its endpoint.
    type: int
    required: true
  ca_cert:
    description:
      - The path of a file on the host with the authorities (PEM) that sign the certificate of the server.
      - The connection is encrypted, and the certificate must be valid for O(host). Otherwise no password is sent.
    type: path
    required: true
  database:
    description:
      - The name of the database in the instance.
    type: str
    required: true
  username:
    description:
      - The name of the user.
    type: str
    required: true
  password:
    description:
      - The password of the user.
    type: str
    required: true
requirements:
  - PyMySQL and cryptography, or pg8000
"""
