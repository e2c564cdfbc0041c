"""Servers for tests of the remote engine: the real llama-server, and a small one that breaks in every way a server can.

The small one speaks the protocol over real sockets, with a tokenizer of its own: a token for each byte, and a few control
tokens. What it answers means nothing; the contract with content runs on the real one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import http.server
import json
import os
import re
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.inference.modelfile import ModelFile
from assistant.tests.starter import starter_model_file
from bench import llama_server

CONTROL = {256: "<|im_start|>", 257: "<|im_end|>", 258: "<s>"}
USER_DEFINED = {259: "<tool_call>"}
SPECIAL = CONTROL | USER_DEFINED
CONTEXT = 4096


def open_llama_server(
    stack: contextlib.ExitStack, model: ModelFile, *, slots: int, context: int, more: tuple[str, ...] = ()
) -> llama_server.Server:
    if not (llama_server.shelf() / "whole").is_file():
        pytest.skip("llama-server is not built here. Run `make test-remote`.")
    folder = Path(tempfile.mkdtemp(prefix="lantern-llama-server-"))
    return stack.enter_context(
        llama_server.running(
            model.path,
            slots=slots,
            context_per_slot=context,
            more=("--cache-ram", "0", "--slot-save-path", str(folder), *more),
            env={**os.environ, "OMP_WAIT_POLICY": "passive"},
            log=folder / "log",
        )
    )


@functools.cache
def shared_llama_server(*more: str) -> llama_server.Server:
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return open_llama_server(stack, starter_model_file(), slots=2, context=2048, more=more)


Answer = Callable[["Handler", dict[str, Any]], None]


class Peer:
    """Answers completions with `completion`, and shows what it was asked."""

    def __init__(self, *, vllm: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.vllm = vllm
        self.completion: Answer = say_words
        self.meta: dict[str, Any] = {"n_vocab": 260, "size": 1000}
        self.instead: dict[str, Answer] = {}  # other answers, by path
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[str] = []
        self.running = 0
        self.most_running = 0
        self.hung_up = threading.Event()  # somebody closed the line while it was answered
        self.held = threading.Event()  # lets answers that wait go on
        self.lock = threading.Lock()
        self._server = Listening(("127.0.0.1", 0), functools.partial(Handler, self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body in list(self.asked) if asked == path]

    def stop(self) -> None:
        """Whoever connects from now on is refused; who is connected already stays."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def close(self) -> None:
        self.held.set()
        self.stop()


class Listening(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A line that the other side closed is what these tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, peer: Peer, *arguments: Any) -> None:
        self.peer = peer
        self.runs = False  # a completion that is counted
        super().__init__(*arguments)

    def log_message(self, *arguments: Any) -> None: ...

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

    def _answer(self, body: dict[str, Any]) -> None:
        peer, path = self.peer, self.path.partition("?")[0]
        peer.asked.append((self.path, body))
        peer.headers.append(str(self.headers.get("Authorization")))
        if path in peer.instead:
            peer.instead[path](self, body)
        elif path in ("/completion", "/v1/completions"):
            self._complete(body)
        else:
            self.say(self._fact(path, body))

    def _complete(self, body: dict[str, Any]) -> None:
        with self.peer.lock:
            self.peer.running += 1
            self.peer.most_running = max(self.peer.most_running, self.peer.running)
        self.runs = True
        try:
            self.peer.completion(self, body)
        except OSError:
            self.peer.hung_up.set()
        finally:
            self._is_over()

    def _is_over(self) -> None:
        if self.runs:
            self.runs = False
            with self.peer.lock:
                self.peer.running -= 1

    def _fact(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/health":
            return {"status": "ok"}
        if path == "/v1/models":
            more = {"max_model_len": CONTEXT, "root": "m"} if self.peer.vllm else {"meta": self.peer.meta}
            base = {"id": "model", "created": time.time(), **more}
            return {"data": [base, {"id": "kind", "parent": "model"}] if self.peer.vllm else [base]}
        if path == "/tokenize":
            return {"tokens": self._vllm_tokens(body) if self.peer.vllm else tokens_of(body)}
        if path == "/props" and not self.peer.vllm:
            return {"default_generation_settings": {"n_ctx": CONTEXT}, "total_slots": 4}
        if path == "/lora-adapters" and not self.peer.vllm:
            return [{"id": 0, "path": "/adapters/kind.gguf", "scale": 1.0}]
        if path == "/tokenizer_info" and self.peer.vllm:
            return {"tokenizer_class": "Bytes", "added_tokens_decoder": {str(t): text for t, text in SPECIAL.items()}}
        return None

    def _vllm_tokens(self, body: dict[str, Any]) -> list[int]:
        return ([258] if body["add_special_tokens"] else []) + cut_up(body["prompt"], SPECIAL)

    def say(self, value: Any, *, status: int = 200, **headers: str) -> None:
        self.raw(json.dumps(value).encode(), status=404 if value is None else status, **headers)

    def raw(self, data: bytes, *, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self) -> None:
        self.raw(b"", kind="text/event-stream")

    def event(self, value: Any) -> None:
        self.wfile.write(b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n")

    def token(self, number: int, text: str, made: int) -> None:
        self.event({"content": text, "tokens": [number], "stop": False, "id_slot": 0, "tokens_predicted": made})

    def last(self, made: int, *, stop: str = "eos") -> None:
        self._is_over()  # before the other side reads it: it may ask for the next at once
        self.event({"stop": True, "stop_type": stop, "tokens_predicted": made, "id_slot": 0})

    def reset(self) -> None:
        """Not closed politely: the other side reads a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_for_hang_up(self) -> None:
        self.connection.settimeout(5)
        if self.connection.recv(1) == b"":
            self.peer.hung_up.set()


def tokens_of(body: dict[str, Any]) -> list[Any]:
    """As llama-server does it: of a list each text by itself, numbers as they are; user-defined tokens always parsed."""
    if body.get("with_pieces"):
        return [{"id": token, "piece": SPECIAL.get(token) or [token]} for token in body["content"]]
    parsed = SPECIAL if body["parse_special"] else USER_DEFINED
    tokens: list[Any] = [258] if body["add_special"] else []
    for part in body["content"]:
        tokens += cut_up(part, parsed) if isinstance(part, str) else [part]
    return tokens


def cut_up(text: str, literals: dict[int, str]) -> list[int]:
    numbers = {literal: token for token, literal in literals.items()}
    parts = re.split("(" + "|".join(map(re.escape, numbers)) + ")", text)
    return [token for part in parts for token in ([numbers[part]] if part in numbers else part.encode())]


def say_words(handler: Handler, body: dict[str, Any]) -> None:
    """One letter after the other, as many as were asked for."""
    if not body.get("stream"):
        handler.say({"id_slot": 1, "stop": True})
        return
    handler.begin_stream()
    for made in range(1, body["n_predict"] + 1):
        letter = "abcdefghijklmnopqrstuvwxyz"[made * made % 26]
        handler.token(ord(letter), letter, made)
    handler.last(body["n_predict"], stop="limit")


@contextlib.contextmanager
def peer(*, vllm: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    here = Peer(vllm=vllm, tls=tls)
    try:
        yield here
    finally:
        here.close()
