"""A worker: does one task after the other, and finishes the one at hand when it is asked to end."""

import json
import os
import signal
import sys
import time

TEXT = "one"
LOG = os.path.join(os.environ["STATE_DIRECTORY"], "log")
ending = []


def note(event):
    names = ("RELEASE", "GREETING", "TOKEN", "HOME", "PATH")
    seen = {name: os.environ.get(name) for name in names}
    line = {"event": event, "text": TEXT, "pid": os.getpid(), "arguments": sys.argv[1:], "cwd": os.getcwd(), **seen}
    with open(LOG, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def work():
    note("began")
    time.sleep(3)
    note("finished")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    while not ending:
        work()
