"""A mail relay and a webhook of a test run alone, on free ports; they can go down and come back where they were.

Both keep what they were given: the relay each message with its Message-ID, the webhook each body with its headers.
"""

from __future__ import annotations

import socketserver
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from webapp.private_servers import free_port


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    relay: PrivateRelay

    def handle_error(self, *_: object) -> None:
        """A client that was killed in the middle is what these runs are about."""


class _Line(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs who has one message to hand over."""

    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        relay = self.server.relay
        self.say("220 relay")
        to: list[str] = []
        while words := self.rfile.readline().decode("ascii", "replace").strip():
            verb = words.partition(" ")[0].upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            if verb == "MAIL":
                to = []
            if verb == "RCPT":
                address = words.partition("<")[2].partition(">")[0]
                if address in relay.refused:
                    self.say("550 no such person")
                    continue
                to.append(address)
            if verb == "DATA":
                self.say("354 go on")
                relay.keep(Mail(tuple(to), message_from_bytes(self.body()), time.time()))
            self.say("250 ok")

    def body(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@dataclass(frozen=True, slots=True)
class Mail:
    to: tuple[str, ...]
    message: Message
    at: float

    @property
    def key(self) -> str:
        """The part of its Message-ID that says which delivery it is."""
        return str(self.message["Message-ID"]).strip("<>").partition("@")[0]


@dataclass
class PrivateRelay:
    port: int = field(default_factory=free_port)
    mails: list[Mail] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # addresses that it does not know
    _server: _Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), _Line)
        self._server.relay = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def keep(self, mail: Mail) -> None:
        self.mails.append(mail)


@dataclass
class PrivateWebhook:
    status: int = 204
    asked: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def start(self) -> None:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.asked.append((body, dict(self.headers)))
                self.send_response(webhook.status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts?room=1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
