# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What gunicorn serves (`gunicorn wsgi:app`) and where the `flask` command finds the application."""

from __future__ import annotations

from portfolio import create_app

app = create_app()
