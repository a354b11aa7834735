#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: release_archive
version_added: 0.1.0
short_description: Make the archive of a release from a directory, a git repository or another archive
description:
  - Runs on the controller and makes one C(.tar.gz) whose content and digest depend on the source alone, not on the
    time, the machine or the owner of the files.
  - In a git checkout it takes what git does not ignore, uncommitted changes included. Elsewhere it takes everything
    but what is never part of a release (C(.git), C(node_modules), virtual environments, caches).
  - For a C(poetry.lock) the archive also has its main group as C(.groundwork/requirements.txt), with all hashes.
  - A git submodule is refused, because its files would be missing.
  - The archive lies in a cache. Writing it is no change.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  directory:
    description: Directory on the controller.
    type: path
  git:
    description: Address of a git repository.
    type: str
  ref:
    description: Branch, tag or commit of O(git). A commit works where the server hands out single commits.
    type: str
    default: HEAD
  archive:
    description: A tar or zip archive on the controller. When everything is in one directory, that is the root.
    type: path
  exclude:
    description: File name patterns to leave out.
    type: list
    elements: str
    default: []
  version:
    description: Text that names the release. By default the ref and commit of O(git), else the start of the digest.
    type: str
  cache:
    description:
      - Directory for archives and git mirrors. By default C(groundwork/releases) in the user's cache directory.
    type: path
requirements:
  - Python >= 3.11
  - git, for O(git) and to honour ignore files
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
    details: Nothing that is managed is ever changed; the archive in the cache is made in check mode, too.
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Make the archive of a directory
  groundwork.aws.release_archive:
    directory: examples/flask_api
  delegate_to: localhost
  become: false
  register: archive

- name: Make the archive of a tag
  groundwork.aws.release_archive:
    git: https://git.example.org/shop/user.git
    ref: v1.4.0
  delegate_to: localhost
  become: false
"""

RETURN = r"""
path:
  description: The archive on the controller.
  type: str
  returned: success
digest:
  description: SHA-256 over names, modes and contents of the files.
  type: str
  returned: success
version:
  description: Text that names the release.
  type: str
  returned: success
commit:
  description:
    - The commit of O(git), or the last one that changed O(directory) where that is in a git checkout, followed by
      C(-dirty) where it has changes that are not committed.
    - Empty where there is none.
  type: str
  returned: success
  sample: 0123456789abcdef0123456789abcdef01234567
files:
  description: Number of files and links.
  type: int
  returned: success
size:
  description: Size of the archive in bytes.
  type: int
  returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._release.source import SourceProblem, make_archive
from ansible_collections.groundwork.aws.plugins.module_utils._topology.secret_patterns import hide_secrets

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "git": {"type": "str"},
    "ref": {"type": "str", "default": "HEAD"},
    "archive": {"type": "path"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "version": {"type": "str"},
    "cache": {"type": "path"},
}
RESTRICTIONS: dict[str, Any] = {
    "required_one_of": [("directory", "git", "archive")],
    "mutually_exclusive": [("directory", "git", "archive")],
}


def run(options: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Do the work of the module and return its result."""
    try:
        return {"changed": False, **make_archive(options)}
    except (SourceProblem, OSError, ValueError) as problem:
        source = options["directory"] or options["git"] or options["archive"]
        message = f"No archive could be made from {source}: {problem}. Nothing was changed."
        return {"failed": True, "changed": False, "msg": hide_secrets(message)}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **RESTRICTIONS)
    result = run(module.params, module.check_mode)
    (module.fail_json if result.get("failed") else module.exit_json)(**result)


if __name__ == "__main__":
    main()
