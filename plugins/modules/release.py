#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: release
version_added: 0.1.0
short_description: Keep the releases of a service on a host
description:
  - Stages, switches, confirms, lists and prunes the releases of one service below a directory such as C(/srv/api).
  - A release is a directory C(releases/<n>), the one that serves is the target of the symbolic link C(current), and
    what is known of each lies in C(.groundwork/), readable by root only.
  - A release counts once all of it is there. What a killed run leaves half-done is removed by the next one.
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
      - V(listed) changes nothing and tells what there is. With O(digest), also whether it has been staged.
      - V(staged) unpacks O(archive) as a new release, unless one with the same O(digest) and O(inputs) exists, and
        writes its environment.
      - V(recorded) notes that O(step) has been done for release O(number).
      - V(current) makes O(number) the release that serves, and its environment the content of O(environment_file).
        Whether it works is open until V(confirmed).
      - V(confirmed) notes that release O(number) was seen healthy.
      - V(failed) notes that release O(number) is none to go back to.
      - V(withdrawn) removes C(current), so that no release is started any more, at boot for example.
      - V(pruned) removes all but the last O(keep) releases. The current one and the one before it always stay.
      - V(absent) removes release O(number), which must not be the current one.
    type: str
    choices: [listed, staged, recorded, current, confirmed, failed, withdrawn, pruned, absent]
    default: listed
  archive:
    description:
      - Archive on the host to unpack, as M(groundwork.aws.release_archive) makes it. Not read when the release exists.
    type: path
  digest:
    description: Digest of the content of the archive.
    type: str
  inputs:
    description:
      - Everything else the build depends on, such as commands and interpreter. Another value is another release.
    type: dict
    default: {}
  version:
    description: Text that names the release to people. The application finds it in the variable E(RELEASE).
    type: str
  environment:
    description:
      - Variables of the service. E(RELEASE) is added.
      - A value that systemd and Node.js would read differently is refused.
    type: dict
  secrets:
    description:
      - More variables of the service, whose values are never shown.
      - Ansible blots such values out of all results, also where they stand by chance. Ask again with O(state=listed)
        for a number or path to go on with.
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
  commit:
    description: Commit of the source, kept with a staged release. That of the last time where it is staged again.
    type: str
    default: ""
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
    digest: "{{ archive.digest }}"
    version: "{{ archive.version }}"
    environment: {PORT: 5000}
    secrets: "{{ api_secrets }}"
    owner: app
  register: staged

- name: Let it serve
  groundwork.aws.release:
    root: /srv/api
    state: current
    number: "{{ staged.number }}"
    environment_file: /etc/groundwork/api.env
    owner: app
"""

RETURN = r"""
number:
  description: The release that this call was about, V(null) when there is none.
  type: int
  returned: always
path:
  description: Its directory.
  type: str
  returned: when there is such a release
version:
  description: Its version.
  type: str
  returned: when there is such a release
commit:
  description: Commit of its source, empty where it is not known.
  type: str
  returned: when there is such a release
activated_at:
  description: When it was last made the current one, in UTC; empty where it never was, or where that is not known.
  type: str
  returned: when there is such a release
  sample: "2026-03-01T04:05:06Z"
confirmed:
  description: Whether it was seen healthy after it was last made the current one.
  type: bool
  returned: when there is such a release
steps:
  description: The steps that have been done for it.
  type: list
  elements: str
  returned: when there is such a release
settled:
  description: Whether it is the current one, was confirmed, and its environment has not changed since.
  type: bool
  returned: when there is such a release
current:
  description: Number of the release that C(current) points to.
  type: int
  returned: always
previous:
  description: Number of the release that served, healthy, before the current one.
  type: int
  returned: always
fallback:
  description: Number of the release to go back to when the next switch fails.
  type: int
  returned: always
fallbacks:
  description:
    - Numbers of all releases to go back to, the best first.
    - That is the current one where it is healthy, then those that served last.
  type: list
  elements: int
  returned: always
releases:
  description: All releases, oldest first.
  type: list
  elements: dict
  returned: always
removed:
  description: Names of what was removed.
  type: list
  elements: str
  returned: when O(state=pruned), O(state=staged) or O(state=absent)
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._release.environment import EnvironmentProblem
from ansible_collections.groundwork.aws.plugins.module_utils._release.keeper import Keeper, KeeperProblem
from ansible_collections.groundwork.aws.plugins.module_utils._release.unpack import ArchiveProblem


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
                ],
                "default": "listed",
            },
            "archive": {"type": "path"},
            "digest": {"type": "str"},
            "inputs": {"type": "dict", "default": {}},
            "version": {"type": "str"},
            "environment": {"type": "dict"},
            "secrets": {"type": "dict", "no_log": True},
            "environment_file": {"type": "path"},
            "restore": {"type": "bool", "default": False},
            "number": {"type": "int"},
            "step": {"type": "str"},
            "commit": {"type": "str", "default": ""},
            "reason": {"type": "str", "default": ""},
            "keep": {"type": "int", "default": 5},
            "owner": {"type": "str", "default": "root"},
        },
        required_if=[
            ("state", "staged", ["digest", "version"]),
            ("state", "recorded", ["number", "step"]),
            ("state", "current", ["number"]),
            ("state", "confirmed", ["number"]),
            ("state", "failed", ["number"]),
            ("state", "absent", ["number"]),
        ],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**Keeper(module.params, pretend=module.check_mode).run())
    except (ArchiveProblem, EnvironmentProblem, KeeperProblem, OSError) as problem:
        module.fail_json(
            msg=f"State {module.params['state']} of a release of {module.params['root']} was not reached: {problem}. "
            "What served before still serves. Mend the cause and run again."
        )


if __name__ == "__main__":
    main()
