# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
#!/usr/bin/python
"""An ansible module that only makes the list calls: what `stack` is measured against."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.stack_reads import read_stack


def main() -> None:
    spec = {"stack": {"type": "str", "required": True}, "region": {"type": "str", "required": True}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    read_stack(module.params["stack"], module.params["region"])
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
