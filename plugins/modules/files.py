#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: files
version_added: 0.1.0
short_description: Have several files, directories and links on a host as they should be
description:
  - Does at once what a task each of M(ansible.builtin.file), M(ansible.builtin.copy) and M(ansible.builtin.template)
    does for one path. Where nothing is to be done, asking a host is what takes the time.
  - The entries are brought about in their order. Each is replaced in one step, so that nobody sees half of it.
  - Templates are rendered on the controller, with the lookup P(ansible.builtin.template#lookup).
  - Texts are shown in differences. It is not for secrets.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  entries:
    description: What there should be.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Path on the host.
        type: path
        required: true
      state:
        description:
          - V(file) has O(entries[].content). A link in its place is replaced, what it leads to is left alone.
          - V(directory) is made with the directories above it. What is in it is left alone.
          - V(link) leads to O(entries[].target), which need not exist.
          - V(absent) removes a file or a link, and refuses to remove a directory.
        type: str
        choices: [file, directory, link, absent]
        default: file
      content:
        description: Text of the file.
        type: str
      target:
        description: Where the link leads.
        type: str
      owner:
        description: User that a file or directory belongs to.
        type: str
        default: root
      group:
        description: Group that a file or directory belongs to.
        type: str
        default: root
      mode:
        description: Mode in octal digits. V(0644) of a file and V(0755) of a directory, where nothing is said.
        type: str
      moved_from:
        description:
          - Path where a directory was before. A directory of O(entries[].owner) that is there is moved once, and a link
            is left in its place. It has to be in the same file system.
        type: path
      move:
        description: V(false) fails where the directory of O(entries[].moved_from) has not been moved yet.
        type: bool
        default: true
      linked_from:
        description:
          - Another path of a directory. A link is made there, unless there is something already.
        type: path
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
    details: Users, groups and directories may be missing that tasks before this one would have made.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: full
"""

EXAMPLES = r"""
- name: Have the settings of the service
  groundwork.aws.files:
    entries:
      - {path: /etc/shop, state: directory}
      - {path: /etc/shop/shop.conf, content: "{{ lookup('ansible.builtin.template', 'shop.conf.j2') }}"}
      - {path: /var/log/shop, state: directory, owner: shop, group: shop, mode: "0750"}
      - {path: /var/lib/shops/one, state: directory, owner: shop, group: shop, mode: "0700", moved_from: /var/lib/one}
      - {path: /usr/local/bin/shop, state: link, target: /opt/shop/bin/shop}
      - {path: /etc/shop/old.conf, state: absent}
  register: shop_files

- name: Restart it when its settings changed
  ansible.builtin.systemd_service: {name: shop, state: restarted}
  when: "'/etc/shop/shop.conf' in shop_files.changed_paths"
"""

RETURN = r"""
changed_paths:
  description: The paths that were changed, in the order of the entries.
  type: list
  elements: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.groundwork.aws.plugins.module_utils._files.keeper import FilesProblem, Keeper


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "entries": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "state": {"choices": ["file", "directory", "link", "absent"], "default": "file"},
                    "content": {"type": "str"},
                    "target": {"type": "str"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "mode": {"type": "str"},
                    "moved_from": {"type": "path"},
                    "move": {"type": "bool", "default": True},
                    "linked_from": {"type": "path"},
                },
                "required_if": [("state", "file", ["content"]), ("state", "link", ["target"])],
            }
        },
        supports_check_mode=True,
    )
    keeper = Keeper(module.check_mode, lambda path: bool(module.set_default_selinux_context(path, False)))
    try:
        module.exit_json(**keeper.run(module.params["entries"]))
    except FilesProblem as problem:
        module.fail_json(msg=str(problem))


if __name__ == "__main__":
    main()
