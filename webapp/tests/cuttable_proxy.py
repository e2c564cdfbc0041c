"""A TCP proxy whose lines can be cut, or swallow everything without a word, as firewalls and failing hosts do."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from typing import Self


class CuttableProxy:
    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._lines: set[Line] = set()
        self._silent = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> int:
        """End every line by a reset; how many there were."""
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            line.reset()
        return len(lines)

    def go_silent(self) -> int:
        """From now on nothing passes and nobody is told; how many lines there were. These stay dead for good."""
        with self._lock:
            self._silent = True
            for line in self._lines:
                line.silent = True
            return len(self._lines)

    def speak_again(self) -> None:
        """New lines pass again."""
        with self._lock:
            self._silent = False

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                line = Line(near, socket.create_connection(self._target), silent=self._silent)
                self._lines.add(line)
            threading.Thread(target=line.pump, daemon=True).start()


class Line:
    def __init__(self, near: socket.socket, far: socket.socket, *, silent: bool) -> None:
        self.near, self.far, self.silent = near, far, silent

    def pump(self) -> None:
        ends = {self.near: self.far, self.far: self.near}
        with selectors.DefaultSelector() as ready, contextlib.suppress(OSError, ValueError):
            for end in ends:
                ready.register(end, selectors.EVENT_READ)
            while True:
                for key, _event in ready.select():
                    assert isinstance(key.fileobj, socket.socket)
                    data = key.fileobj.recv(65536)
                    if not data and not self.silent:
                        return self._close()
                    if not data:
                        ready.unregister(key.fileobj)  # the other side is not told either
                    elif not self.silent:
                        ends[key.fileobj].sendall(data)
        return None

    def reset(self) -> None:
        # Lingering for no time makes closing a reset.
        with contextlib.suppress(OSError):
            self.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def _close(self) -> None:
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RD)  # wakes the pump
            end.close()
