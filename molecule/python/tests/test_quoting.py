# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collection quotes is read by systemd itself."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.filter.systemd_quote import systemd_quote
from ansible_collections.groundwork.aws.plugins.module_utils._host.environment_file import (
    EnvironmentFileError,
    render_environment,
)

# Adds its arguments and the variables whose names begin with T to the results, as one line of JSON.
REPORT = """
import json, os, sys
found = {name: value for name, value in os.environ.items() if name.startswith("T")}
with open("/run/quoting.json", "a") as results:
    results.write(json.dumps([sys.argv[1:], found]) + chr(10))
"""
TEXTS = st.text(
    st.one_of(st.sampled_from("\\\"'$%{}; #=~`!&|<>()[]*?"), st.characters(exclude_categories=["Cc", "Cs", "Cn"])),
    max_size=30,
)
SEVERAL = st.lists(TEXTS, min_size=40, max_size=40)
FEW = settings(
    max_examples=3, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(host: Any, path: str, content: str) -> None:
    encoded = base64.b64encode(content.encode()).decode()
    host.run_expect([0], f"echo {encoded} | base64 -d > {path}")


def run_unit(host: Any, commands: list[str], settings_of_unit: str = "") -> list[Any]:
    """What the program got, for each command of the unit."""
    write(host, "/run/report.py", REPORT)
    lines = "\n".join(f"ExecStart=/usr/bin/python3 /run/report.py {command}" for command in commands)
    write(host, "/run/systemd/system/quoting.service", f"[Service]\nType=oneshot\n{settings_of_unit}{lines}\n")
    host.run_expect([0], "rm -f /run/quoting.json; systemctl daemon-reload && systemctl start quoting.service")
    return [json.loads(line) for line in host.file("/run/quoting.json").content_string.splitlines()]


@FEW
@given(texts=SEVERAL)
def test_a_quoted_text_is_one_argument(host: Any, texts: list[str]) -> None:
    found = run_unit(host, [systemd_quote(text) for text in texts])
    assert [arguments for arguments, _variables in found] == [[text] for text in texts]


@FEW
@given(texts=SEVERAL)
def test_variables_have_the_values_that_were_given(host: Any, texts: list[str]) -> None:
    variables = {f"T{number}": text for number, text in enumerate(texts) if can_be_written(text)}
    write(host, "/run/quoting.env", render_environment(variables))
    ((_arguments, found),) = run_unit(host, [""], "EnvironmentFile=/run/quoting.env\n")
    assert {name: found[name] for name in variables} == variables


def can_be_written(text: str) -> bool:
    """Values that systemd and Node.js would read differently are rejected before."""
    try:
        render_environment({"T": text})
    except EnvironmentFileError:
        return False
    return True
