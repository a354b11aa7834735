# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from portfolio import create_app
from portfolio.config import from_environment, urls

Front = Callable[..., FlaskClient]


def test_the_page_lets_only_our_own_files_run(front: Front, closed_url: str) -> None:
    page = front(closed_url).get("/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//|<style|\sstyle=|\son\w+=", page.text)


def test_the_page_names_only_files_and_places_that_are_there(front: Front, closed_url: str) -> None:
    client = front(closed_url)
    page = client.get("/").text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) >= 3
    for file in files:
        answer = client.get(file)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=3600"), file
        assert "v=r42" in file
    places = set(re.findall(r'\sid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places
    assert set(re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', page)) <= places


def test_health_and_version_are_its_own(front: Front, closed_url: str) -> None:
    client = front(closed_url)
    assert client.get("/health").json == {"status": "ok", "release": "r42"}
    assert client.get("/version").json == {"service": "frontend", "release": "r42"}
    assert client.get("/health").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/static/none.js", "/static/../config.py", "/favicon.ico"])
def test_what_is_missing_is_a_problem(front: Front, closed_url: str, path: str) -> None:
    answer = front(closed_url).get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.headers["Cache-Control"] == "no-store"


def test_each_request_is_one_line_of_json_and_healthy_checks_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    client = create_app().test_client()
    client.get("/health")
    client.get("/version", headers={"X-Request-ID": "a forged line", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["path"], line["client"]) for line in lines] == [("/version", "203.0.113.9")]
    assert " " not in lines[0]["request_id"]


def test_the_environment_names_the_back_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_URLS", "http://10.0.11.4:5001, http://10.0.12.5:5001/,")
    assert from_environment()["BACKEND_URLS"] == ["http://10.0.11.4:5001", "http://10.0.12.5:5001"]


@pytest.mark.parametrize("text", ["", ",", "10.0.11.4:5001", "http://", "ftp://10.0.11.4"])
def test_back_ends_that_cannot_be_are_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="BACKEND_URLS must be like"):
        urls(text)
