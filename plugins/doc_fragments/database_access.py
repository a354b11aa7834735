# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules that get into a database as a user."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules; use as C(groundwork.aws.database_access)."""

    DOCUMENTATION = r"""
options:
  engine:
    description:
      - What the database is.
    type: str
    choices: [mysql, postgres]
    required: true
  host:
    description:
      - Where it answers.
    type: str
    required: true
  port:
    description:
      - At which port.
    type: int
    required: true
  database:
    description:
      - What the database inside is called.
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
