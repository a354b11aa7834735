#!/usr/bin/python
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: files
version_added: 0.1.0
short_description: Manage several files, directories and links on a host
description:
  - Does in one task what M(ansible.builtin.file), M(ansible.builtin.copy) and M(ansible.builtin.template) do for one
    path each. Where nothing changes, the connection to the host is what takes the time.
  - The entries are carried out in their order. Each is replaced in one step, so that readers never see a part of it.
  - Templates are rendered on the controller, with the lookup P(ansible.builtin.template#lookup).
  - Differences show the texts. Do not use it for secrets.
  - Nothing is changed below a directory of another user than root. That user could put a link there.
author:
  - groundwork.aws authors (@groundwork-aws)
options:
  entries:
    description: The files, directories and links.
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
          - V(file) has O(entries[].content). A link at the path is replaced; its target is not changed.
          - V(directory) is created with its parent directories. Its content is not changed.
          - V(link) points to O(entries[].target), which need not exist.
          - V(absent) removes a file or a link, and a directory only with O(entries[].recursive).
        type: str
        choices: [file, directory, link, absent]
        default: file
      content:
        description: Text of the file.
        type: str
      keep:
        description: An existing file keeps its text. O(entries[].content) is that of a new one, empty by default.
        type: bool
      target:
        description: Target of the link.
        type: str
      owner:
        description: Owner of a file or directory.
        type: str
        default: root
      group:
        description: Group of a file or directory.
        type: str
        default: root
      mode:
        description: Mode in octal digits. By default V(0644) for a file and V(0755) for a directory.
        type: str
      recursive:
        description:
          - When the owner of the directory changes, all files in it change theirs as well. No link is followed.
          - With O(entries[].state=absent) a directory is removed with everything in it, however deep it is.
        type: bool
        default: false
      moved_from:
        description:
          - Former path of a directory. A directory of O(entries[].owner), or of the user V(app), at this path is moved
            once, and a link is left in its place. It has to be in the same file system.
        type: path
      move:
        description: V(false) fails where the directory of O(entries[].moved_from) has not been moved yet.
        type: bool
        default: true
      linked_from:
        description:
          - Another path of a directory. A link is created there, unless the path exists.
        type: path
extends_documentation_fragment:
  - groundwork.aws.attributes
attributes:
  check_mode:
    support: full
    details: Users, groups and directories may be missing that earlier tasks would have created.
  diff_mode:
    description: Will return details on what has changed, when in diff mode.
    support: full
"""

EXAMPLES = r"""
- name: Write the settings of the service
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

from ansible_collections.groundwork.aws.plugins.module_utils._host.file_reconciler import FileError, FileReconciler
from ansible_collections.groundwork.aws.plugins.module_utils._host.printable_text import replace_control_characters


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
                    "keep": {"type": "bool"},
                    "target": {"type": "str"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "mode": {"type": "str"},
                    "recursive": {"type": "bool", "default": False},
                    "moved_from": {"type": "path"},
                    "move": {"type": "bool", "default": True},
                    "linked_from": {"type": "path"},
                },
                "required_if": [("state", "file", ["content", "keep"], True), ("state", "link", ["target"])],
            }
        },
        supports_check_mode=True,
    )

    def set_context(path: str) -> bool:
        return bool(module.set_default_selinux_context(path, False))

    try:
        module.exit_json(**FileReconciler(module.check_mode, set_context).run(module.params["entries"]))
    except FileError as error:
        module.fail_json(msg=replace_control_characters(str(error)))


if __name__ == "__main__":
    main()
