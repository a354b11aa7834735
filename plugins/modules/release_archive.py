#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: release_archive
version_added: 0.1.0
short_description: Create the archive of a release from a directory, a git repository or another archive
description:
  - Runs on the controller and creates one C(.tar.gz) whose content and digest depend on the source alone, not on the
    time, the machine or the owner of the files.
  - In a git checkout it takes what git does not ignore, uncommitted changes included. Elsewhere it takes everything
    except directories that are never part of a release (C(.git), C(node_modules), virtual environments, caches).
  - For a C(poetry.lock) the archive also has its main group as C(.groundwork/requirements.txt), with all hashes.
  - Submodules and files of Git LFS are part of the archive. Git LFS needs the program C(git-lfs) on the controller.
  - A checkout that git does not read is an error, because the archive would have the files that git ignores.
  - git does not read what an archive holds, and runs no program that the settings of a repository name.
  - The archive lies in a cache. Writing it is no change.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  directory:
    description: Directory on the controller.
    type: path
  git:
    description: Address of a git repository. Its submodules are fetched as well.
    type: str
  ref:
    description: Branch, tag or commit of O(git). A commit works if the server allows fetching single commits.
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
      - Other users cannot enter one that the module makes, nor the default one.
      - An archive that was not used for 30 days is removed from it.
    type: path
requirements:
  - Python >= 3.11
  - git, for O(git), and for O(directory) in a git checkout
  - git-lfs, for repositories with files in Git LFS
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
    details: No managed resource is changed; the archive in the cache is created in check mode, too.
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Create the archive of a directory
  groundwork.aws.release_archive:
    directory: examples/flask_api
  delegate_to: localhost
  become: false
  register: archive

- name: Create the archive of a tag
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
artifact:
  description: What the release is made from, for M(groundwork.aws.release).
  type: dict
  returned: success
  contains:
    kind:
      description: Always V(tree).
      type: str
    digest:
      description: SHA-256 over names, modes and contents of the files.
      type: str
    version:
      description: Text that names the release.
      type: str
    commit:
      description:
        - The commit of O(git), or the last one that changed O(directory) where that is in a git checkout, followed by
          C(-dirty) where it has changes that are not committed.
        - Empty where there is none.
      type: str
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

from ansible_collections.groundwork.aws.plugins.module_utils._aws.modules import run_module
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source import build_archive

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


def run(options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Run the module and return its result."""
    return build_archive(options, check_mode)


def main() -> None:
    run_module(ARGUMENT_SPEC, RESTRICTIONS, run, needs_botocore=False)


if __name__ == "__main__":
    main()
