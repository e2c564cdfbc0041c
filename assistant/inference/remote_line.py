"""One HTTP exchange with a model server: inside the network, under a deadline, and cut by whoever waits no longer.

Made of the standard library's sockets, because every step has to be ours: the address that was checked is the one that is
connected to, no proxy of the environment is asked, no redirect followed, and nothing that is sent or received is quoted in a
log or an error.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from assistant.inference.engine import EngineAway, EngineBusy, EngineError, PromptTooLong

CONNECT_SECONDS = 3.0
ASK_SECONDS = 10.0  # a short question, from connecting to the last byte of the answer
LONGEST_ANSWER = 64 << 20  # bytes; a vocabulary is the longest
LONGEST_LINE = 1 << 20  # bytes of one event of a stream

INSIDE = [
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
]


class DeadlinePassed(Exception):
    """The answer is of no use to anybody any more."""


def is_inside(address: str) -> bool:
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in INSIDE if network.version == found.version)


@dataclass(frozen=True, slots=True)
class Address:
    scheme: str
    host: str
    port: int
    prefix: str  # of every path, for servers behind a proxy

    @classmethod
    def parse(cls, url: str) -> Address:
        """Raises EngineError. What is wrong with it is not quoted where it may hold a password."""
        like = "Write it like http://gpu.lan:8080."
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            raise EngineError(f"The address of the model server cannot be read. {like}") from None
        if parts.username is not None or parts.password is not None:
            raise EngineError("The address of the model server holds a name or a password. Give the key apart.")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise EngineError(f"{url}: not the address of a model server. {like}")
        prefix = parts.path.rstrip("/").removesuffix("/v1")
        return cls(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), prefix)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def resolve(self) -> list[tuple[socket.AddressFamily, Any]]:
        """Where to connect to. One address outside the network is enough to refuse them all."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise EngineAway(f"The name of the model server {self} cannot be resolved.") from None
        for *_, sockaddr in found:
            if not is_inside(str(sockaddr[0])):
                raise EngineError(
                    f"The model server {self} is at {sockaddr[0]}, outside the network; nothing is sent there."
                    " Give a server with a private address."
                )
        return [(family, sockaddr) for family, _, _, _, sockaddr in found]


class Line:
    """A connection whose every wait ends by the deadline, and that another thread can cut.

    http.client takes it for a socket: that is what `sendall`, `makefile` and `close` are for.
    """

    def __init__(self, deadline: float, *, silence: float | None = None, still_there: Callable[[], bool] | None = None):
        """After `silence` seconds without a byte `still_there` is asked whether waiting makes sense."""
        self._deadline = deadline
        self._silence = silence
        self._still_there = still_there
        self._socket: socket.socket | None = None
        self._cut = False

    def connect(self, address: Address, trust: ssl.SSLContext | None) -> None:
        problem: OSError | None = None
        for family, sockaddr in address.resolve():
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            try:
                self._socket.settimeout(self._left(CONNECT_SECONDS))
                self._socket.connect(sockaddr)
                self._notice_dead_peers()
                if trust is not None:
                    self._socket = trust.wrap_socket(self._socket, server_hostname=address.host)
                return
            except ssl.SSLCertVerificationError:
                self.hang_up()
                raise
            except OSError as error:
                self.hang_up()
                problem = error
            if self._cut:
                break
        raise problem or ConnectionError()

    def _notice_dead_peers(self) -> None:
        assert self._socket is not None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                self._socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def _left(self, at_most: float | None = None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise DeadlinePassed
        return left if at_most is None else min(left, at_most)

    def cut(self) -> None:
        """From any thread: whoever waits on this line wakes up, and the server sees it closed."""
        self._cut = True
        if self._socket is not None:
            with suppress(OSError):
                # Not SSLSocket.shutdown: it drops the encryption under the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()

    # As http.client sees it.

    def sendall(self, data: bytes) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._left(ASK_SECONDS))
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(Receiver(self))

    def close(self) -> None:
        """http.client closes as soon as it has the head of an answer; the body still comes."""

    def receive_into(self, buffer: Any) -> int:
        assert self._socket is not None
        while True:
            self._socket.settimeout(self._left(self._silence))
            try:
                return self._socket.recv_into(buffer)
            except TimeoutError:
                if time.monotonic() < self._deadline and not (self._still_there and self._still_there()):
                    raise


class Receiver(io.RawIOBase):
    def __init__(self, line: Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive_into(buffer)


class Client:
    def __init__(self, url: str, *, api_key: str = "", silence: float = 15.0) -> None:
        """Raises EngineError when the address is unusable or outside the network, EngineAway when nobody knows it."""
        self.address = Address.parse(url)
        self.address.resolve()
        self._silence = silence
        self._trust = ssl.create_default_context() if self.address.scheme == "https" else None
        self._headers = {"Content-Type": "application/json", "Connection": "close", "User-Agent": "lantern"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"

    def line(self, deadline: float) -> Line:
        """For an answer that takes its time; the server is asked now and then whether it is still there."""
        return Line(deadline, silence=self._silence, still_there=self.is_there)

    def is_there(self) -> bool:
        try:
            self.ask("GET", "/health", seconds=CONNECT_SECONDS, raw=True)
        except EngineAway:
            return False
        except EngineError:  # it refuses, so it is there
            return True
        return True

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        line: Line | None = None,
        seconds: float = ASK_SECONDS,
        raw: bool = False,
    ) -> Any:
        """The answer as JSON. Raises EngineAway, or EngineError where the server refuses; DeadlinePassed with a `line`."""
        own = line or Line(time.monotonic() + seconds)
        try:
            with self._answer(own, method, path, body) as answer:
                data = answer.read(LONGEST_ANSWER + 1)
        except DeadlinePassed:
            if line is None:
                raise EngineAway(f"The model server {self.address} did not answer within {seconds:.0f} s.") from None
            raise
        return data if raw else self.parse(data if len(data) <= LONGEST_ANSWER else b"")

    def stream(self, path: str, body: object, *, line: Line) -> Iterator[Any]:
        """The events of an answer, each parsed."""
        with self._answer(line, "POST", path, body) as answer:
            if not str(answer.headers.get("Content-Type", "")).startswith("text/event-stream"):
                raise self.garbage()
            while text := answer.readline(LONGEST_LINE + 1):
                if len(text) > LONGEST_LINE:
                    raise self.garbage()
                name, colon, data = text.strip().partition(b":")
                if name == b"data" and data.strip() == b"[DONE]":
                    return
                if name == b"data":
                    yield self.parse(data)
                elif text.strip() and not colon:
                    raise self.garbage()

    def parse(self, data: bytes) -> Any:
        with suppress(ValueError, RecursionError):
            return json.loads(data)
        # Outside the except block: the error of the parser carries the text.
        raise self.garbage()

    def garbage(self) -> EngineAway:
        return EngineAway(f"The model server {self.address} answers with something that is no answer.")

    @contextmanager
    def _answer(self, line: Line, method: str, path: str, body: object) -> Iterator[http.client.HTTPResponse]:
        try:
            line.connect(self.address, self._trust)
            connection = http.client.HTTPConnection(self.address.host, self.address.port)
            connection.auto_open = 0  # it would connect by itself, unchecked
            connection.sock = line
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, self.address.prefix + path, body=data, headers=self._headers)
            answer = connection.getresponse()
            if answer.status != 200:
                self._refuse(answer)
            yield answer
        except ssl.SSLCertVerificationError as error:
            raise EngineError(
                f"The certificate of the model server {self.address} is not trusted here ({error.verify_message})."
                " Name the authority that signed it in SSL_CERT_FILE."
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineAway(f"The model server {self.address} does not answer ({type(error).__name__}).") from None
        finally:
            line.hang_up()

    def _refuse(self, answer: http.client.HTTPResponse) -> None:
        """What the server writes about a request may quote it, so only codes and numbers are taken from it."""
        status = answer.status
        if status == 501:
            raise EngineError(f"The model server {self.address} was started without this ability (status 501).")
        if status >= 500:
            raise EngineAway(f"The model server {self.address} cannot answer now (status {status}).")
        if status < 400:
            raise EngineError(f"{self.address} points elsewhere (status {status}). Give the server's own address.")
        if status in (401, 403):
            raise EngineError(f"The model server {self.address} does not take our key (status {status}). Check it.")
        if status == 429:
            raise EngineBusy(f"The model server {self.address} has too much to do (status 429). Try again in a moment.")
        said: Any = None
        with suppress(ValueError, RecursionError):
            said = json.loads(answer.read(LONGEST_LINE))
        raise refusal(self.address, status, said)


def refusal(address: Address, status: int, said: Any) -> EngineError:
    error = said.get("error") if isinstance(said, dict) else None
    error = error if isinstance(error, dict) else {}
    tokens, room = error.get("n_prompt_tokens"), error.get("n_ctx")
    if isinstance(tokens, int) and isinstance(room, int):
        return PromptTooLong(tokens=tokens, limit=room)
    kind = str(error.get("type") or "")
    kind = f", {kind}" if re.fullmatch(r"[A-Za-z_]{1,40}", kind) else ""
    return EngineError(
        f"The model server {address} refused the request (status {status}{kind})."
        " Check that it is llama-server or vLLM, and which model it serves."
    )
