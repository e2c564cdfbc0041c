"""`python -m webapp.tests.noting_addresses serve …` is `manage.py serve …`, and notes where the process connects to.

What Python connects to or looks up goes to the file named by ADDRESSES_FILE, one address a line.
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")


def note_addresses(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in EVENTS:
            address = arguments[0] if event.startswith("socket.get") else arguments[1]
            host = address[0] if isinstance(address, tuple) else address
            os.write(file, f"{event} {host}\n".encode())

    sys.addaudithook(hook)


if __name__ == "__main__":
    note_addresses(os.environ["ADDRESSES_FILE"])
    sys.argv[0] = "manage.py"
    runpy.run_path("manage.py", run_name="__main__")
