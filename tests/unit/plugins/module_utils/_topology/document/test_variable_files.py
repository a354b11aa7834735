# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible cannot read in a file of variables has a line and a fix; ansible's own loader decides the cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import split_fix
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.variable_files import (
    find_unreadable_files,
)

UNREADABLE = {
    "a tab": (b"a: 1\nb:\n\tc: hunter2\n", 3, "a tab"),
    "an unclosed bracket": (b"a: 1\nb: [hunter2\nc: 2\n", 3, "not YAML"),
    "an unclosed quote": (b"a: 1\nb: 'hunter2\nc: 2\n", 4, "not YAML"),
    "a second document": (b"a: 1\n---\nb: 2\n", 2, "has a second document"),
    "an unknown alias": (b"a: 1\nb: *hunter2\n", 2, "an alias to an anchor that does not exist"),
    "a tag of Python": (b"a: 1\nb: !!python/object:hunter2 {}\n", 2, "has a tag that ansible does not know"),
    "a tag of a handle that is none": (b"b: !hunter2!x y\n", 1, "a tag, which means nothing"),
    "a password as a tag": (b"b: !hunter2\n", 1, "has a tag that ansible does not know"),
    "Latin-1": (b"a: 1\nb: caf\xe9\n", 2, "is not UTF-8 text"),
    "a control character": (b"a: 1\nb: \x01\n", 2, "has the character #x0001"),
    "a list": (b"# mine\n- hunter2\n", 2, "holds a list"),
    "plain text": (b"hunter2\n", 1, "holds plain text"),
    "a number": (b"5\n", 1, "holds a single value"),
    "a template without quotes": (b"a: 1\nb: {{ hunter2 }}\n", 2, "has a mapping or list as a key"),
    "a date that is none": (b"a: 1\nb: 2026-02-30\n", 2, "is no valid date or number"),
    "an anchor twice": (b"a: &hunter2 1\nb: &hunter2 2\n", 2, "an anchor of this name exists already"),
    "a character that is none": (b'a: 1\nb: "\\UFFFFFFFF"\n', 2, "not YAML"),
    "a tag of another kind": (b"a: 1\nb: !!bool hunter2\n", 2, "is no valid date or number"),
    "too little indentation": (b"a:\n  b: 1\n c: 2\n", 3, "not YAML"),
}
READABLE = {
    "nothing": b"",
    "a comment": b"# none yet\n",
    "null": b"---\n...\n",
    "a byte order mark": b"\xef\xbb\xbfa: 1\n",
    "tags of ansible": b"a: !unsafe '{{ x }}'\n",
    "JSON with tabs": b'{\n\t"a": 1\n}\n',
    "an anchor": b"a: &x {b: 1}\nc: {<<: *x, d: 1}\n",
    "line ends of Windows": b"a: 1\r\nb: [1,\r\n  2]\r\n",
}


def write(folder: Path, content: bytes) -> str:
    path = folder / "all.yml"
    path.write_bytes(content)
    return str(path)


def is_readable(file: str) -> bool:
    try:
        found = DataLoader().load_from_file(file)
    except (AnsibleError, ValueError):
        return False
    return found is None or isinstance(found, dict)


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_that_ansible_cannot_read_has_a_line_and_a_fix(case: str, tmp_path: Path) -> None:
    content, line, text = UNREADABLE[case]
    file = write(tmp_path, content)
    (found,) = find_unreadable_files([file])
    assert (found.file, found.line) == (file, line)
    message, fix = split_fix(found.text)
    assert message.startswith(text)
    assert fix
    assert "hunter2" not in found.text


@pytest.mark.parametrize("case", UNREADABLE)
def test_ansible_rejects_it(case: str, tmp_path: Path) -> None:
    assert not is_readable(write(tmp_path, UNREADABLE[case][0]))


@pytest.mark.parametrize("case", READABLE)
def test_a_file_that_ansible_reads_has_no_problem(case: str, tmp_path: Path) -> None:
    file = write(tmp_path, READABLE[case])
    assert list(find_unreadable_files([file])) == []
    assert is_readable(file)


def test_an_encrypted_file_is_left_to_ansible(tmp_path: Path) -> None:
    assert list(find_unreadable_files([write(tmp_path, b"$ANSIBLE_VAULT;1.1;AES256\n6162\n")])) == []


def test_a_file_that_is_gone_is_a_problem_of_its_own(tmp_path: Path) -> None:
    (found,) = find_unreadable_files([str(tmp_path / "all.yml")])
    assert "cannot be read: No such file" in found.text
