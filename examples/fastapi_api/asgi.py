# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What gunicorn serves (`gunicorn -k uvicorn_worker.UvicornWorker asgi:app`)."""

from __future__ import annotations

from confirmations.api import create_app

app = create_app()
