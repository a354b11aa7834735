# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The applications that commands of workers name: whether the source has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.entry_point import check_application

FILES = {
    "shop/__init__.py": "",
    "shop/tasks.py": "app = 1\n",
    "shop/celery.py": "from celery import Celery\napp = Celery()\n",
    "worker.py": "def make():\n    inner = 1\n",
    "plain/celery.py": "app = 1\n",
    "src/installed.py": "app = 1\n",
    "dynamic.py": "from shop.tasks import *\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def problem_of(entry: str, root: Path) -> str | None:
    return check_application(entry, root, set(FILES), {"celery", "other-package"}, ["", "src"])


@pytest.mark.parametrize(
    "entry",
    [
        "celery -A shop worker",
        "celery -A shop.tasks worker --loglevel INFO",
        "celery -Ashop.tasks worker",
        "celery -A=shop.tasks worker",
        "celery --app=shop.tasks worker",
        "celery --app shop.tasks:app worker",
        "celery -A shop.tasks.app worker",  # an attribute of a module
        "celery -A plain worker",  # a package without __init__.py
        "celery -A installed worker",
        "celery -A dynamic:anything worker",
        "celery worker -A shop.tasks",
        "celery -A other_package.worker worker",
        "celery -q -A shop.tasks beat",
        "celery --workdir=backend -A elsewhere worker",
        "celery --workdir backend -A elsewhere worker",
        "celery worker",
        "celery worker --app",
        'celery -A "$APP" worker',
        "python -m celery -A shop.tasks worker",
        "python3.11 -m celery -A shop.tasks worker",
        "venv/bin/celery -A shop.tasks worker",
        "uvicorn shop.tasks:app --port 8000",
        "uvicorn --factory worker:make",
        "uvicorn --app-dir backend main:app",
        "uvicorn main:app --app-dir backend",
        "gunicorn --bind unix:app.sock shop.tasks:app",
        "dramatiq shop.tasks:app",
        "dramatiq shop.tasks",
        "another -A nowhere",
        "python worker.py -A nowhere",
        "python -m",
        "python",
    ],
)
def test_an_application_of_the_source_is_found(entry: str, root: Path) -> None:
    assert problem_of(entry, root) is None


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("celery -A shp.tasks worker", "shp/tasks.py is not in its source (it has shop/tasks.py"),
        ("celery -Ashop.task worker", "shop/task.py is not in its source"),
        ("celery --app=nowhere worker", "nowhere.py is not in its source"),
        ("celery --app nowhere worker", "nowhere.py is not in its source"),
        ("celery worker -A nowhere", "nowhere.py is not in its source"),
        ("celery -A shop.tasks:application worker", "shop/tasks.py defines no application at its top level"),
        ("celery -A worker:inner worker", "worker.py defines no inner at its top level"),
        ("celery -A shop.tasks.application worker", "shop/tasks/application.py is not in its source"),
        ("python -m celery -A nowhere worker", "nowhere.py is not in its source"),
        ("uvicorn main:app", "main.py is not in its source"),
        ("uvicorn shop.tasks:api --port 8000", "shop/tasks.py defines no api at its top level"),
        ("dramatiq shop.task:broker", "shop/task.py is not in its source"),
    ],
)
def test_an_application_that_is_not_there_is_named(entry: str, problem: str, root: Path) -> None:
    found = problem_of(entry, root)
    assert found is not None
    assert found.startswith(problem)
    assert found.endswith(")")
