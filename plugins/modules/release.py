#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: release
version_added: 0.1.0
short_description: Manage the releases of a service on a host
description:
  - Stages, switches, confirms, lists and prunes the releases of one service below a directory such as C(/srv/api).
  - A release is a directory C(releases/<n>). The symbolic link C(current) points to the current one. The directory
    C(.groundwork/) has the records of all, which only root can read.
  - The next run removes a release that a killed run left incomplete.
  - A record that cannot be read counts as absent, and is reported as a warning.
  - The module starts and reloads nothing. The role P(groundwork.aws.app#role) puts the steps together.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  root:
    description: Directory of the service.
    type: path
    required: true
  state:
    description:
      - V(listed) changes nothing and returns the releases. With O(artifact), also whether it has been staged.
      - V(staged) unpacks O(archive) as a new release, unless one of the same O(artifact) and O(inputs) exists, and
        writes its environment.
      - V(recorded) records that O(step) has been done for release O(number).
      - V(current) makes O(number) the release that serves, and its environment the content of O(environment_file).
        Whether it is healthy is unknown until V(confirmed).
      - V(confirmed) records that release O(number) was healthy.
      - V(failed) records that release O(number) must not be used for a rollback.
      - V(withdrawn) removes C(current), so that no release is started any more, such as at boot.
      - V(pruned) removes all but the last O(keep) releases. The current one and the one before it always stay. Of those
        that never served or failed, only the newest stays, unless a later one serves. V(staged) also removes these,
        except for the newest.
      - V(absent) removes release O(number), which must not be the current one.
      - V(owned) gives releases, shared files and O(environment_file) to O(owner), when the service has another user.
      - V(removed) removes all releases with their records. Shared files stay, and belong to root then.
    type: str
    choices: [listed, staged, recorded, current, confirmed, failed, withdrawn, pruned, absent, owned, removed]
    default: listed
  archive:
    description:
      - Archive on the host to unpack, as M(groundwork.aws.release_archive) makes it. Not read when the release exists.
    type: path
  artifact:
    description:
      - What the release is made from, as M(groundwork.aws.release_archive) returns it.
      - Two artifacts with the same digest have the same content, and make one release.
    type: dict
    suboptions:
      kind:
        description: V(tree) is a source tree, which O(archive) has.
        type: str
        choices: [tree]
        default: tree
      digest:
        description: Digest of the content.
        type: str
        required: true
      version:
        description: Text that names the release. The application finds it in the variable E(RELEASE).
        type: str
        required: true
      commit:
        description: Commit of the source, kept with the release. Staging it again replaces it.
        type: str
        default: ""
  inputs:
    description:
      - Everything else the build depends on, such as commands and interpreter. Another value is another release.
    type: dict
    default: {}
  requires:
    description:
      - With O(artifact), steps that a release must have done to be used, such as V([build]). A release whose build
        failed or was interrupted is then not used again, because its files may be half written; O(state=staged) unpacks
        another one.
    type: list
    elements: str
    default: []
  environment:
    description:
      - Variables of the service. E(RELEASE) is added.
      - Until the step V(build) is done, C(environment.build) in the record of the release has these without O(secrets).
      - A value that systemd and Node.js would read differently is rejected.
    type: dict
  secrets:
    description:
      - More variables of the service, whose values are never shown.
      - Ansible masks such values in all results, also where they occur by chance. Read numbers and paths again with
        O(state=listed).
    type: dict
  environment_file:
    description: Where the process manager reads the variables of the service. Written with mode 0600.
    type: path
  restore:
    description: With O(state=current), take the environment with which the release was last confirmed.
    type: bool
    default: false
  number:
    description: Number of a release.
    type: int
  step:
    description: Name of a step that is done once for each release.
    type: str
  reason:
    description: Why the release failed.
    type: str
    default: ""
  keep:
    description: How many releases stay.
    type: int
    default: 5
  owner:
    description: User that the files of a release and the environment file belong to.
    type: str
    default: root
  public:
    description:
      - With O(state=staged) and O(state=current), directories of a release that every user may read, such as those
        whose files nginx serves. Only O(owner) can read anything else of a release.
      - What symbolic links in these directories lead to, inside of the release, can be read as well.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    description: Will return details on what has changed, when in diff mode. Values of variables are not shown.
    support: full
"""

EXAMPLES = r"""
- name: Stage a release
  groundwork.aws.release:
    root: /srv/api
    state: staged
    archive: /var/tmp/api.tar.gz
    artifact: "{{ archive.artifact }}"
    environment: {PORT: 5000}
    secrets: "{{ api_secrets }}"
    owner: app
  register: staged

- name: Make it the current release
  groundwork.aws.release:
    root: /srv/api
    state: current
    number: "{{ staged.number }}"
    environment_file: /etc/groundwork/api.env
    owner: app
"""

RETURN = r"""
number:
  description: The release of this call, V(null) when there is none.
  type: int
  returned: always
identity:
  description: Its content and what it was built with; RV(releases) has it for the others.
  type: str
  returned: when there is no such release, and O(artifact) is set
path:
  description: Its directory.
  type: str
  returned: when there is such a release
version:
  description: Its version.
  type: str
  returned: when there is such a release, or O(artifact) is set
commit:
  description: Commit of its source, empty where it is not known.
  type: str
  returned: when there is such a release, or O(artifact) is set
activated_at:
  description: When it was last made the current one, in UTC; empty where it never was, or where that is not known.
  type: str
  returned: when there is such a release
  sample: "2026-03-01T04:05:06Z"
confirmed:
  description: Whether it was healthy after it was last made the current one.
  type: bool
  returned: always
steps:
  description: The steps that have been done for it.
  type: list
  elements: str
  returned: always
settled:
  description: Whether it is the current one, was confirmed, and its environment has not changed since.
  type: bool
  returned: always
current:
  description: Number of the release that C(current) points to.
  type: int
  returned: always
previous:
  description: Number of the last confirmed release before the current one.
  type: int
  returned: always
fallback:
  description: Number of the release for a rollback when the next switch fails.
  type: int
  returned: always
fallbacks:
  description:
    - Numbers of all releases for a rollback, the best first.
    - That is the current one if it is confirmed, then the others, the last activated first.
  type: list
  elements: int
  returned: always
releases:
  description: All releases, oldest first.
  type: list
  elements: dict
  returned: always
unreadable:
  description: Files of the records that could not be read, and count as absent. Each is also a warning.
  type: list
  elements: str
  returned: always
removed:
  description: Names of the removed releases.
  type: list
  elements: str
  returned: when O(state=pruned), O(state=staged) or O(state=absent)
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._host.artifact import OPTION
from ansible_collections.groundwork.aws.plugins.module_utils._host.environment_file import EnvironmentFileError
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_archive import ArchiveError
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_manager import ReleaseError, ReleaseManager
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_store import StoreLockedError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "state": {
                "choices": [
                    "listed",
                    "staged",
                    "recorded",
                    "current",
                    "confirmed",
                    "failed",
                    "withdrawn",
                    "pruned",
                    "absent",
                    "owned",
                    "removed",
                ],
                "default": "listed",
            },
            "archive": {"type": "path"},
            "artifact": OPTION,
            "inputs": {"type": "dict", "default": {}},
            "requires": {"type": "list", "elements": "str", "default": []},
            "environment": {"type": "dict"},
            "secrets": {"type": "dict", "no_log": True},
            "environment_file": {"type": "path"},
            "restore": {"type": "bool", "default": False},
            "number": {"type": "int"},
            "step": {"type": "str"},
            "reason": {"type": "str", "default": ""},
            "keep": {"type": "int", "default": 5},
            "owner": {"type": "str", "default": "root"},
            "public": {"type": "list", "elements": "str", "default": []},
        },
        required_if=[
            ("state", "staged", ["artifact"]),
            ("state", "recorded", ["number", "step"]),
            ("state", "current", ["number"]),
            ("state", "confirmed", ["number"]),
            ("state", "failed", ["number"]),
            ("state", "absent", ["number"]),
        ],
        supports_check_mode=True,
    )
    try:
        result = ReleaseManager(module.params, module.check_mode).run()
    except (ArchiveError, EnvironmentFileError, ReleaseError, StoreLockedError, OSError) as error:
        module.fail_json(
            msg=f"State {module.params['state']} of a release of {module.params['root']} was not reached: "
            f"{replace_control_characters(str(error))}. The release that served before still serves. Correct the cause "
            "and run again."
        )
    for text in result["unreadable"]:
        module.warn(replace_control_characters(text))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
