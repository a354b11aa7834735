# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A name that does not exist is answered with a similar one, or with all known names."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.similar_names import find_similar_names, suggest


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("wbe", ["api", "web"], 'did you mean "web"?'),
        ("user_api", ["user-api", "users"], 'did you mean "user-api"?'),
        ("xyz", ["api", "web"], "known here: api, web"),
        ("", ["api"], "known here: api"),
        ("api", [], "there is none yet"),
    ],
)
def test_a_similar_name_is_suggested_or_all_are_listed(name: str, known: list[str], text: str) -> None:
    assert suggest(name, known) == text


def test_the_most_similar_names_come_first() -> None:
    assert find_similar_names("wsgi.py", ["asgi.py", "wsgi_.py", "jobs.py"], 2) == ["wsgi_.py", "asgi.py"]
