"""Says who it is and what it was given."""

import json
import os

TEXT = "one"


def create_app(first, second=True):
    """An application that says what it was made with."""

    def made(environ, start_response):
        return app(environ, start_response, FIRST=first, SECOND=str(second))

    return made


def app(environ, start_response, **more):
    start_response("200 OK", [("Content-Type", "application/json")])
    seen = {
        name: os.environ.get(name) for name in ("RELEASE", "GREETING", "TOKEN", "APP_ENV", "PORT", "STATE_DIRECTORY")
    }
    return [json.dumps({"text": TEXT, "pid": os.getpid(), "path": environ["PATH_INFO"], **seen, **more}).encode()]
