"""Says who it is and as whom it runs."""

import json
import os
import pwd

TEXT = "one"


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    user = pwd.getpwuid(os.getuid()).pw_name
    return [json.dumps({"text": TEXT, "user": user, "token": os.environ.get("TOKEN")}).encode()]
