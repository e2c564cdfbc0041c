"""Looks for words where no words may be: in logs, in Redis, in the raw database. Also in disguise."""

from __future__ import annotations

import base64
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import redis

from webapp.private_servers import PrivatePostgres, program


def traces_of(word: str) -> Iterator[bytes]:
    """The word as it stands, and as it would look in UTF-16, in hex, in a URL and anywhere inside base64."""
    plain = word.encode()
    yield plain
    yield word.encode("utf-16-le")
    yield plain.hex().encode()
    yield quote(word).encode()
    yield quote(word).replace("%20", "+").encode()
    for before in range(3):
        # Of three alignments the middle is the same whatever stands around the word.
        coded = base64.b64encode(b"\0" * before + plain)
        yield coded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]


def found_in(places: Mapping[str, bytes], words: Iterable[str]) -> list[str]:
    """Where which word stands, as sentences."""
    traces = {word: set(traces_of(word)) for word in words}
    return [
        f"{word!r} stands in {place}"
        for place, content in places.items()
        for word, forms in traces.items()
        if any(form in content for form in forms)
    ]


class Monitor:
    """Everything that anybody tells Redis, from the beginning to the end of the block."""

    def __init__(self, port: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._heard = bytearray()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._line.sendall(b"MONITOR\r\n")
        assert self._line.recv(16).startswith(b"+OK")
        self._line.settimeout(None)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self._line.close()

    def _listen(self) -> None:
        while data := self._line.recv(65536):
            self._heard += data

    @property
    def heard(self) -> bytes:
        return bytes(self._heard)


def everything_in_redis(url: str) -> bytes:
    """All keys with all values. Not DUMP: that compresses."""
    readers: dict[bytes, Any] = {
        b"string": lambda client, key: client.get(key),
        b"list": lambda client, key: client.lrange(key, 0, -1),
        b"set": lambda client, key: client.smembers(key),
        b"zset": lambda client, key: client.zrange(key, 0, -1),
        b"hash": lambda client, key: client.hgetall(key),
        b"stream": lambda client, key: client.xrange(key),
    }
    with redis.Redis.from_url(url) as client:
        return b"\n".join(
            key + b" " + repr(readers[client.type(key)](client, key)).encode() for key in client.scan_iter()
        )


def raw_sqlite(folder: Path) -> dict[str, bytes]:
    """The bytes of the database, of its write-ahead log and of its index."""
    return {path.name: path.read_bytes() for path in folder.glob("lantern.sqlite3*")}


def raw_postgres(server: PrivatePostgres, url: str) -> dict[str, bytes]:
    """A dump, the server's own log, and every file that it keeps."""
    dump = subprocess.run([program("pg_dump"), url], capture_output=True, check=True, timeout=60).stdout
    files = (path for path in (server.folder / "data").rglob("*") if path.is_file())
    return {
        "pg_dump": dump,
        "Postgres' log": (server.folder / "log").read_bytes(),
        "Postgres' files": b"\n".join(path.read_bytes() for path in files),
    }
