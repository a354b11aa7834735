# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Problems name their file, line and key, and a fix, for every layer that may set a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.documents import HERE

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import (
    Layer,
    read_layer,
    read_sources,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import (
    Problem,
    TopologyError,
    split_fix,
)

SMALL = (HERE / "small.yml").read_text(encoding="utf-8")


def problems_of(text: str, folder: Path, layers: Any = ()) -> list[Problem]:
    path = folder / "shop.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TopologyError) as raised:
        load(path, layers)
    return raised.value.problems


def line_of(text: str, part: str) -> int:
    (number,) = [number for number, line in enumerate(text.splitlines(), 1) if part in line]
    return number


def test_an_invalid_value_has_the_line_of_its_key(tmp_path: Path) -> None:
    text = SMALL.replace("port: 5000", "port: 99999")
    (problem,) = problems_of(text, tmp_path)
    assert (problem.file, problem.line) == (str(tmp_path / "shop.yml"), line_of(text, "99999"))
    assert problem.key == "services.api.port"
    assert str(problem) == f"{problem.file}:{problem.line}: services.api.port: 99999 is not a port (1-65535)"


def test_an_item_of_a_list_has_its_own_line(tmp_path: Path) -> None:
    text = SMALL + "proxy:\n  on: app\n  allow_from:\n    - 10.0.0.0/8\n    - anywhere\n"
    (problem,) = problems_of(text, tmp_path)
    assert (problem.key, problem.line) == ("proxy.allow_from[1]", len(text.splitlines()))


def test_a_missing_key_has_the_line_of_the_mapping_around_it(tmp_path: Path) -> None:
    text = "\n".join(line for line in SMALL.splitlines() if "entry:" not in line)
    (problem,) = problems_of(text, tmp_path)
    assert (problem.key, problem.line) == ("services.api.entry", line_of(text, "api:"))


def test_a_value_from_an_anchor_has_the_line_of_the_anchor(tmp_path: Path) -> None:
    text = SMALL + (
        "caches:\n"
        "  one:\n"
        "    <<: &cache {engine: redis, subnets: nowhere}\n"
        "  two: {<<: *cache, nodes: 7}\n"
        "  three: *cache\n"
    )
    found = [(problem.key, problem.line) for problem in problems_of(text, tmp_path)]
    anchor = line_of(text, "&cache")
    assert found == [
        ("caches.two.nodes", anchor + 1),
        ("caches.one.subnets", anchor),
        ("caches.two.subnets", anchor),
        ("caches.three.subnets", anchor),
    ]


def test_of_several_merged_mappings_the_first_wins_as_in_the_data(tmp_path: Path) -> None:
    text = SMALL + (
        "caches:\n  a: &a {engine: redis, subnets: private, nodes: 1}\n  b: &b\n    nodes: 9\n  c:\n    <<: [*b, *a]\n"
    )
    found = [(problem.key, problem.line) for problem in problems_of(text, tmp_path) if "nodes" in problem.key]
    assert found == [("caches.b.nodes", line_of(text, "nodes: 9")), ("caches.c.nodes", line_of(text, "nodes: 9"))]


def test_an_override_has_the_line_of_the_file_that_sets_it(tmp_path: Path) -> None:
    first, second = tmp_path / "all.yml", tmp_path / "more.yml"
    first.write_text("stack_overrides:\n  services:\n    api:\n      port: 0\n      workers: 0\n", encoding="utf-8")
    second.write_text("# more\nstack_overrides: {services: {api: {port: 0}}}\n", encoding="utf-8")
    sources = read_sources([str(first), str(second)], "stack_overrides")
    change = {"services": {"api": {"port": 0, "workers": 0}}}
    found = problems_of(SMALL, tmp_path, [Layer(change, "stack_overrides of here", sources=sources)])
    assert [(problem.key, problem.file, problem.line) for problem in found] == [
        ("services.api.port", str(second), 2),
        ("services.api.workers", str(first), 5),
    ]
    assert {problem.origin for problem in found} == {"stack_overrides of here"}


def test_an_override_without_a_file_names_its_layer_and_key(tmp_path: Path) -> None:
    layer = Layer({"services": {"api": {"port": 0}}}, "stack_overrides of the extra variables")
    (problem,) = problems_of(SMALL, tmp_path, [layer])
    assert (problem.file, problem.line, problem.origin) == (None, None, "stack_overrides of the extra variables")
    assert str(problem).startswith("services.api.port: 0 is not a port")


def test_a_missing_key_of_a_new_mapping_names_the_override(tmp_path: Path) -> None:
    layer = Layer({"caches": {"redis": {"engine": "redis"}}}, "stack_overrides of the extra variables")
    (problem,) = problems_of(SMALL, tmp_path, [layer])
    assert (problem.key, problem.file) == ("caches.redis.subnets", None)


def test_files_that_are_no_yaml_give_no_lines_and_no_traceback(tmp_path: Path) -> None:
    vault, broken = tmp_path / "vault.yml", tmp_path / "broken.yml"
    vault.write_text("$ANSIBLE_VAULT;1.1;AES256\n3132\n", encoding="utf-8")
    broken.write_text("{", encoding="utf-8")
    files = [str(vault), str(broken), str(tmp_path / "none.yml"), str(tmp_path)]
    described = {"name": "x", "values": {"region": 1}, "files": files}
    (problem,) = problems_of(SMALL, tmp_path, [read_layer(described)])
    assert (problem.key, problem.line) == ("region", None)


def test_a_document_that_is_a_mapping_has_no_file() -> None:
    with pytest.raises(TopologyError) as raised:
        load({"name": 1})
    assert {problem.file for problem in raised.value.problems} == {None}


def test_every_problem_is_data_with_a_fix(tmp_path: Path) -> None:
    text = SMALL.replace("port: 5000", "port: 0\n    prot: 1\n    calls: [missing]\n    threads: many")
    for problem in problems_of(text, tmp_path):
        data = problem.as_data()
        assert set(data) == {"file", "line", "column", "path", "source", "message", "fix"}
        assert data["message"]
        assert data["fix"]
        assert data["line"] > 0


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("0 is not a port (1-65535)", "0 is not a port (1-65535)", "write a port (1-65535)"),
        ('"x" is not true or false', '"x" is not true or false', "write true or false"),
        ('"x" is not one of a, b', '"x" is not one of a, b', "write one of a, b"),
        ('unknown key; did you mean "port"?', "unknown key", 'did you mean "port"?'),
        ("missing; it takes a name", "missing", "it takes a name"),
        ("5 is less than min, 7 (raise it, or lower min)", "5 is less than min, 7", "raise it, or lower min"),
        ("x is not pinned (write x==<version>)", "x is not pinned", "write x==<version>"),
        ("a (b) is wrong (use f(x) instead)", "a (b) is wrong", "use f(x) instead"),
        ("wrong in some way", "wrong in some way", ""),
    ],
)
def test_a_text_is_split_into_problem_and_fix(text: str, message: str, fix: str) -> None:
    assert split_fix(text) == (message, fix)
