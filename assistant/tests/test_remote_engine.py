"""The engine that asks another machine: what it sends, where it refuses to send, and every way a server can fail it."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from assistant.inference.engine import (
    EngineAway,
    EngineBusy,
    EngineError,
    ModelUnavailable,
    PromptTooLong,
)
from assistant.inference.llamacpp.engine import LlamaCppEngine
from assistant.inference.prompts import build_opening, build_prompt
from assistant.inference.remote import RemoteEngine
from assistant.inference.remote_line import Address, is_inside
from assistant.inference.types import Mode, Params, Preparation, Prompt, Request, Segment, StopReason
from assistant.tests.remote_peer import (
    CONTROL,
    SPECIAL,
    Handler,
    Peer,
    open_llama_server,
    peer,
    shared_llama_server,
)
from assistant.tests.starter import starter_model_file
from assistant.tests.test_prompts import with_user_defined_token

WORDS = "my marigold secret"


@contextlib.contextmanager
def engine_of(server: Peer, **more: Any) -> Iterator[RemoteEngine]:
    engine = RemoteEngine(server.url, name="remote", **more)
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture
def server() -> Iterator[Peer]:
    with peer() as here:
        yield here


@pytest.fixture
def vllm() -> Iterator[Peer]:
    with peer(vllm=True) as here:
        yield here


@pytest.fixture
def engine(server: Peer) -> Iterator[RemoteEngine]:
    with engine_of(server, silence_seconds=0.3) as made:
        yield made


def ask(text: str = WORDS, *, case: str = "", adapter: str = "", **params: Any) -> Request:
    prompt = Prompt(
        segments=(Segment("<|im_start|>", scaffold=True), Segment(text, scaffold=False)), mode=None, version="test"
    )
    limits = {"max_tokens": 5, "deadline_seconds": 5.0} | params
    return Request(id="r", prompt=prompt, params=Params(**limits), case=case, adapter=adapter)


def soon(happened: Callable[[], bool]) -> bool:
    until = time.monotonic() + 3
    while not happened() and time.monotonic() < until:
        time.sleep(0.01)
    return happened()


def hold(handler: Handler, body: dict[str, Any]) -> None:
    """Says one letter, then nothing until the test lets it go on or the line is closed."""
    handler.begin_stream()
    handler.token(97, "a", 1)
    handler.connection.settimeout(0.02)
    while not handler.peer.held.is_set():
        with contextlib.suppress(TimeoutError):
            if handler.connection.recv(1) == b"":
                handler.peer.hung_up.set()
                return
    handler.last(1)


# What is sent, and what is made of the answer.


def test_an_answer_comes_in_pieces_with_its_numbers(engine: RemoteEngine) -> None:
    stream = engine.submit(ask(max_tokens=5))
    assert list(stream) == ["b", "e", "j", "q", "z"]
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.LENGTH
    assert stream.outcome.output_tokens == 5
    assert stream.outcome.prompt_tokens == 1 + 1 + len(WORDS)
    state = engine.state()
    assert state.ended == {"length": 1}
    assert (state.output_tokens, state.running, state.waiting, state.slots) == (5, 0, 0, 4)


def test_the_same_parameters_are_asked_for(server: Peer, engine: RemoteEngine) -> None:
    list(engine.submit(ask(max_tokens=7, temperature=0.4, top_k=11, top_p=0.8, min_p=0.02, seed=9, adapter="kind")))
    (body,) = server.bodies("/completion")
    expected = {"n_predict": 7, "temperature": 0.4, "top_k": 11, "top_p": 0.8, "min_p": 0.02, "seed": 9, "stream": True}
    assert {name: body[name] for name in expected} == expected
    assert body["lora"] == [{"id": 0, "scale": 1.0}]
    assert body["prompt"] == [258, 256, *WORDS.encode()]
    list(engine.submit(ask()))
    assert server.bodies("/completion")[1]["lora"] == [{"id": 0, "scale": 0.0}]


def test_an_adapter_that_the_server_has_not_is_refused(engine: RemoteEngine) -> None:
    assert engine.model.adapters == ("kind",)
    with pytest.raises(EngineError, match=r"no adapter warm\. It has: kind"):
        engine.submit(ask(adapter="warm"))


def test_the_key_is_sent_and_is_in_no_error(server: Peer) -> None:
    server.instead["/v1/models"] = lambda handler, _: handler.say({}, status=401)
    with pytest.raises(ModelUnavailable, match="does not take our key") as caught:
        RemoteEngine(server.url, name="r", api_key="sesame")
    assert "Bearer sesame" in server.headers
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("kind", ["llama-server", "vLLM"])
def test_a_control_token_that_a_person_wrote_stays_letters(kind: str) -> None:
    with peer(vllm=kind == "vLLM") as server, engine_of(server) as engine:
        assert set(CONTROL) <= set(engine.special_tokens)
        literals = list(SPECIAL.values())
        for one, other in itertools.product(literals, repeat=2):
            for text in (one, one + other, f"<{one}>", one[:-1] + other, one[:3] + other + one[3:], f"a{one}b"):
                tokens = engine.tokenise(ask(text).prompt)
                assert tokens[:2] == [258, 256]
                assert bytes(tokens[2:]).decode() == text


def test_the_models_own_control_tokens_end_its_turn(server: Peer, engine: RemoteEngine) -> None:
    def say(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.token(104, "hi", 1)
        handler.token(256, "", 2)
        handler.token(106, "as somebody else", 3)
        handler.wait_for_hang_up()

    server.completion = say
    stream = engine.submit(ask(max_tokens=50))
    assert "".join(stream) == "hi"
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.END
    assert stream.outcome.output_tokens == 1
    assert server.hung_up.wait(3)


def test_stop_strings_loops_and_unseen_characters_are_handled_as_everywhere(server: Peer, engine: RemoteEngine) -> None:
    def say(*texts: str) -> tuple[str, StopReason]:
        def speak(handler: Handler, body: dict[str, Any]) -> None:
            handler.begin_stream()
            for made, text in enumerate(texts, 1):
                handler.token(hash(text) % 200, text, made)
            handler.last(len(texts))

        server.completion = speak
        stream = engine.submit(ask(max_tokens=200, stop=("END",)))
        text = "".join(stream)
        assert stream.outcome is not None
        return text, stream.outcome.stop

    assert say("so E", "ND more") == ("so ", StopReason.END)
    assert say("a\u202eb", "\ufffd", "c\x00") == ("abc", StopReason.END)
    text, reason = say(*["no "] * 90)
    assert reason is StopReason.REPETITION
    assert text == "no " * 24


def test_vllm_is_asked_with_a_salt_for_each_case_and_another_after_forgetting(vllm: Peer) -> None:
    def say(handler: Handler, body: dict[str, Any]) -> None:
        if not body.get("stream"):
            handler.say({"choices": [{"text": "x"}]})
            return
        handler.begin_stream()
        handler.event({"choices": [{"text": "he", "token_ids": [104, 101], "finish_reason": None}]})
        handler.event({"choices": [{"text": "y", "token_ids": [121], "finish_reason": "stop"}]})
        handler.event({"choices": [], "usage": {"prompt_tokens_details": {"cached_tokens": 3}}})
        handler.event(b"[DONE]")

    vllm.completion = say
    with engine_of(vllm) as engine:
        for case in ("one", "one", "two", ""):
            stream = engine.submit(ask(case=case, adapter="kind"))
            assert "".join(stream) == "hey"
            assert stream.outcome is not None
            assert (stream.outcome.stop, stream.outcome.output_tokens) == (StopReason.END, 3)
            assert stream.outcome.reused_tokens == 3
        engine.forget("one")
        engine.prepare(Preparation(case="one", prompt=ask().prompt))
        assert soon(lambda: len(vllm.bodies("/v1/completions")) == 5)
        salts = [body.get("cache_salt") for body in vllm.bodies("/v1/completions")]
        assert salts[0] == salts[1]
        assert salts[3] is None
        assert len({salts[0], salts[2], salts[4], None}) == 4
        assert [body["model"] for body in vllm.bodies("/v1/completions")] == ["kind"] * 4 + ["model"]
        assert vllm.bodies("/v1/completions")[0]["prompt"] == [258, 256, *WORDS.encode()]


def test_a_control_token_in_the_middle_of_a_step_of_vllm_ends_the_turn(vllm: Peer) -> None:
    def say(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        text = "hi<|im_start|>you"
        handler.event({"choices": [{"text": text, "token_ids": [104, 105, 256, 121], "finish_reason": None}]})
        handler.wait_for_hang_up()

    vllm.completion = say
    with engine_of(vllm) as engine:
        stream = engine.submit(ask())
        assert "".join(stream) == "hi"
        assert stream.outcome is not None
        assert (stream.outcome.stop, stream.outcome.output_tokens) == (StopReason.END, 2)
        assert vllm.hung_up.wait(3)


def test_a_vllm_that_does_not_name_its_tokens_is_refused_before_a_word_is_shown(vllm: Peer) -> None:
    def say(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.event({"choices": [{"text": "hi<|im_start|>you", "finish_reason": None}]})

    vllm.completion = say
    with engine_of(vllm) as engine:
        pieces = iter(engine.submit(ask()))
        with pytest.raises(EngineError, match="return_token_ids"):
            next(pieces)


# Before anything is generated.


def test_a_server_that_does_not_say_its_control_tokens_is_refused_with_the_remedy(vllm: Peer) -> None:
    vllm.instead["/tokenizer_info"] = lambda handler, _: handler.say({}, status=404)
    with pytest.raises(ModelUnavailable, match="--enable-tokenizer-info-endpoint"):
        RemoteEngine(vllm.url, name="r")


def test_of_several_models_one_must_be_named(server: Peer) -> None:
    server.instead["/v1/models"] = lambda handler, _: handler.say({"data": [{"id": "a"}, {"id": "b"}]})
    with pytest.raises(ModelUnavailable, match=r"several models\. Name one of: a, b"):
        RemoteEngine(server.url, name="r")
    with pytest.raises(ModelUnavailable, match="no model c"):
        RemoteEngine(server.url, name="r", model="c")


def test_another_model_behind_the_same_address_is_noticed_before_it_is_asked(
    server: Peer, engine: RemoteEngine
) -> None:
    server.meta = server.meta | {"size": 2000}
    with pytest.raises(ModelUnavailable, match="another model"):
        engine.submit(ask())
    assert server.bodies("/completion") == []


def test_what_does_not_fit_is_refused_with_the_numbers(server: Peer, engine: RemoteEngine) -> None:
    with pytest.raises(PromptTooLong) as caught:
        engine.submit(ask("a" * 4090))
    assert (caught.value.tokens, caught.value.limit) == (4092, 4091)
    list(engine.submit(ask("a" * 4089, max_tokens=5)))
    assert len(server.bodies("/completion")) == 1


@pytest.mark.parametrize(
    "url",
    [
        *("http://8.8.8.8:8080", "https://[2001:4860:4860::8888]/v1", "http://[::ffff:8.8.8.8]", "http://0.0.0.0:1"),
        *("http://172.32.0.1", "http://100.128.0.1", "http://[2002::1]"),
    ],
)
def test_an_address_outside_the_network_is_refused(url: str) -> None:
    with pytest.raises(ModelUnavailable, match="outside the network"):
        RemoteEngine(url, name="r")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.9.9",
        "169.254.3.4",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "fe80::1%eth0",
    ],
)
def test_addresses_inside_the_network_are_known(address: str) -> None:
    assert is_inside(address)


@pytest.mark.parametrize(
    "url",
    ["", "gpu.lan:8080", "ftp://gpu.lan", "http://", "http://gpu.lan:99999", "http://gpu.lan/?x=1", "http://[::1"],
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(EngineError, match=r"http://gpu\.lan:8080"):
        Address.parse(url)


def test_an_address_with_a_password_is_refused_without_quoting_it() -> None:
    with pytest.raises(EngineError, match="Give the key apart") as caught:
        Address.parse("http://me:sesame@gpu.lan")
    assert "sesame" not in str(caught.value)


def test_a_name_that_moves_outside_the_network_is_not_followed(
    server: Peer, engine: RemoteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = len(server.asked)
    port = Address.parse(server.url).port
    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    outside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.7", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [inside, outside])
    with pytest.raises(EngineError, match=r"203\.0\.113\.7, outside the network"):
        engine.submit(ask())
    assert len(server.asked) == asked


def test_proxies_of_the_environment_are_ignored(server: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with engine_of(server) as engine:
        assert "".join(engine.submit(ask()))


def test_redirects_are_not_followed(server: Peer, engine: RemoteEngine) -> None:
    with peer() as elsewhere:
        server.completion = lambda handler, _: handler.say({}, status=307, Location=elsewhere.url + "/completion")
        with pytest.raises(EngineError, match="points elsewhere"):
            list(engine.submit(ask()))
        assert elsewhere.asked == []


def own_authority(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody else vouches for, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gpu")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


def test_a_certificate_must_be_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = own_authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    with peer(tls=tls) as server:
        with pytest.raises(ModelUnavailable, match=r"not trusted here .* SSL_CERT_FILE"):
            RemoteEngine(server.url, name="r")
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with engine_of(server) as engine:
            assert "".join(engine.submit(ask())) == "bejqz"
            server.completion = hold
            stream = engine.submit(ask())
            pieces = iter(stream)
            next(pieces)
            stream.cancel()
            assert list(pieces) == []


# How a server can fail.


def break_off(handler: Handler, body: dict[str, Any]) -> None:
    handler.begin_stream()
    handler.token(97, "a", 1)


def reset(handler: Handler, body: dict[str, Any]) -> None:
    break_off(handler, body)
    handler.wfile.flush()
    time.sleep(0.05)
    handler.reset()


def garble(data: bytes) -> Callable[[Handler, dict[str, Any]], None]:
    def answer(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin_stream()
        handler.wfile.write(data)

    return answer


def no_http(handler: Handler, body: dict[str, Any]) -> None:
    handler.wfile.write(b"\x00\x01" + WORDS.encode() + b"\r\n\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(break_off, id="breaks off"),
        pytest.param(reset, id="resets the line"),
        pytest.param(no_http, id="speaks no HTTP"),
        pytest.param(garble(b"data: {marigold\n\n"), id="no JSON"),
        pytest.param(garble(b'data: ["marigold"]\n\n'), id="a list"),
        pytest.param(garble(b'data: {"content": "marigold", "stop": false}\n\n'), id="half an event"),
        pytest.param(garble(b"data: " + b"[" * 100_000 + b"\n\n"), id="deeply nested"),
        pytest.param(garble(b"marigold\n\n"), id="no event"),
        pytest.param(garble(b"data: " + b"a" * (2 << 20)), id="a line without end"),
        pytest.param(garble(b'data: {"error": {"code": 500, "message": "marigold"}}\n\n'), id="an error on the way"),
        pytest.param(lambda handler, _: handler.raw(b"<p>marigold</p>", kind="text/html"), id="a page"),
        pytest.param(lambda handler, _: handler.say({"error": {"message": "marigold"}}, status=500), id="500"),
        pytest.param(lambda handler, _: handler.say({}, status=503), id="503"),
        pytest.param(lambda handler, _: handler.reset(), id="resets at once"),
    ],
)
def test_a_server_that_fails_is_away_for_this_request_and_asked_again_for_the_next(
    server: Peer, engine: RemoteEngine, answer: Callable[[Handler, dict[str, Any]], None]
) -> None:
    speak, server.completion = server.completion, answer
    stream = engine.submit(ask())
    with pytest.raises(EngineAway) as caught:
        list(stream)
    assert "marigold" not in str(caught.value)
    assert stream.outcome is None
    assert engine.usable
    server.completion = speak
    assert "".join(engine.submit(ask()))
    assert engine.state().ended == {"engine_away": 1, "length": 1}


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"type": "invalid_request_error", "message": WORDS}, "status 400, invalid_request_error"),
        (404, {"type": WORDS}, "status 404"),
        (403, {}, "does not take our key"),
        (501, {}, "without this ability"),
    ],
)
def test_a_refusal_says_what_to_look_at_and_quotes_nothing(
    server: Peer, engine: RemoteEngine, status: int, error: dict[str, str], expected: str
) -> None:
    server.completion = lambda handler, _: handler.say({"error": error}, status=status)
    with pytest.raises(EngineError, match=expected) as caught:
        list(engine.submit(ask()))
    assert not isinstance(caught.value, EngineAway)
    assert "marigold" not in str(caught.value)


def test_too_much_to_do_there_and_too_long_there_are_said_as_such(server: Peer, engine: RemoteEngine) -> None:
    server.completion = lambda handler, _: handler.say({}, status=429)
    with pytest.raises(EngineBusy):
        list(engine.submit(ask()))
    error = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 70, "n_ctx": 64}
    server.completion = lambda handler, _: handler.say({"error": error}, status=400)
    with pytest.raises(PromptTooLong, match="70 tokens; this model has room for 64"):
        list(engine.submit(ask()))


def test_a_server_that_is_gone_is_away_and_may_come_back(server: Peer, engine: RemoteEngine) -> None:
    server.stop()
    with pytest.raises(EngineAway, match=r"does not answer \(ConnectionRefusedError\)"):
        engine.submit(ask())
    assert engine.usable
    with pytest.raises(ModelUnavailable, match="does not answer"):
        RemoteEngine(server.url, name="r")


@pytest.mark.quiet
def test_a_server_that_falls_silent_and_is_gone_is_away(server: Peer, engine: RemoteEngine) -> None:
    server.completion = hold
    stream = engine.submit(ask(deadline_seconds=30))
    pieces = iter(stream)
    assert next(pieces) == "a"
    server.stop()  # half-open: the line stands, nobody is behind it
    started = time.monotonic()
    with pytest.raises(EngineAway, match="TimeoutError"):
        list(pieces)
    assert time.monotonic() - started < 2


def test_a_server_that_is_silent_but_there_is_waited_for(server: Peer, engine: RemoteEngine) -> None:
    server.completion = hold
    stream = engine.submit(ask())
    pieces = iter(stream)
    next(pieces)
    time.sleep(0.7)  # twice the silence after which it is asked whether it is there
    server.held.set()
    assert list(pieces) == []
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.END
    assert server.bodies("/health")


def drip(handler: Handler, body: dict[str, Any]) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b": wait\n" * 100:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.02)


@pytest.mark.quiet
@pytest.mark.parametrize("answer", [hold, drip])
def test_the_deadline_holds_while_the_server_is_silent_or_drips(
    server: Peer, engine: RemoteEngine, answer: Callable[[Handler, dict[str, Any]], None]
) -> None:
    server.completion = answer
    started = time.monotonic()
    stream = engine.submit(ask(deadline_seconds=0.5))
    list(stream)
    assert time.monotonic() - started < 1.5
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.DEADLINE
    assert server.hung_up.wait(3)


def test_the_deadline_holds_without_a_reader(server: Peer, engine: RemoteEngine) -> None:
    server.completion = drip
    stream = engine.submit(ask(deadline_seconds=0.4))
    assert soon(lambda: stream.outcome is not None)
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.DEADLINE


@pytest.mark.quiet
def test_cancelling_ends_at_once_and_closes_the_line(server: Peer, engine: RemoteEngine) -> None:
    server.completion = hold
    stream = engine.submit(ask(deadline_seconds=30))
    pieces = iter(stream)
    next(pieces)
    started = time.monotonic()
    stream.cancel()
    assert list(pieces) == []
    assert time.monotonic() - started < 0.5
    assert server.hung_up.wait(3)
    assert engine.state().running == 0


# Slots, order and preparation.


def test_no_more_run_than_there_are_slots_and_the_others_follow_in_order(server: Peer) -> None:
    server.completion = hold
    with engine_of(server, slots=2) as engine:
        streams = [engine.submit(ask(f"number {number}")) for number in range(6)]
        assert soon(lambda: server.running == 2)
        assert (engine.state().running, engine.state().waiting) == (2, 4)
        streams[2].cancel()
        assert engine.state().waiting == 3
        server.held.set()
        assert ["".join(stream) for stream in streams] == ["a", "a", "", "a", "a", "a"]
        assert server.most_running == 2
    said = [bytes(body["prompt"][2:]).decode() for body in server.bodies("/completion")]
    assert set(said[:2]) == {"number 0", "number 1"}
    assert sorted(said[2:]) == ["number 3", "number 4", "number 5"]


def test_two_who_ask_at_once_after_a_quiet_time_both_run(server: Peer, engine: RemoteEngine) -> None:
    list(engine.submit(ask()))
    server.completion = hold
    streams = [engine.submit(ask()) for _ in range(3)]
    assert soon(lambda: server.running == 3)
    server.held.set()
    assert ["".join(stream) for stream in streams] == ["a", "a", "a"]


def test_what_cannot_wait_either_is_refused(server: Peer) -> None:
    server.completion = hold
    with engine_of(server, slots=1) as engine:
        streams = [engine.submit(ask()) for _ in range(2)]
        assert soon(lambda: engine.state().waiting == 1)
        streams += [engine.submit(ask()) for _ in range(3)]
        with pytest.raises(EngineBusy, match="4 requests wait"):
            engine.submit(ask())
        streams[1].cancel()
        streams.append(engine.submit(ask()))
        server.held.set()
        assert ["".join(stream) for stream in streams] == ["a", "", "a", "a", "a", "a"]


def test_a_preparation_is_evaluated_while_nobody_asks_and_erased_with_its_case(
    server: Peer, engine: RemoteEngine
) -> None:
    server.instead["/slots/1"] = lambda handler, _: handler.say({"n_erased": 3})
    engine.prepare(Preparation(case="one", prompt=ask().prompt))
    assert soon(lambda: engine.state().prepared == 1)
    (body,) = server.bodies("/completion")
    assert body["n_predict"] == 0
    assert "cache_prompt" not in body  # whether anything is reused is for whoever starts the server to say
    engine.forget("one")
    assert soon(lambda: bool(server.bodies("/slots/1?action=erase")))
    assert engine.state().prepared == 0


def test_where_nothing_can_be_erased_the_state_says_so_once(server: Peer, engine: RemoteEngine) -> None:
    server.instead["/slots/1"] = lambda handler, _: handler.say({}, status=501)
    for case in ("one", "two"):
        engine.prepare(Preparation(case=case, prompt=ask().prompt))
        assert soon(lambda: engine.state().prepared == 1)
        engine.forget(case)
        assert soon(lambda: any("--slot-save-path" in note for note in engine.state().notes))
    assert sum("--slot-save-path" in note for note in engine.state().notes) == 1


def test_who_asks_puts_a_preparation_off(server: Peer, engine: RemoteEngine) -> None:
    first = threading.Event()

    def say(handler: Handler, body: dict[str, Any]) -> None:
        if body["n_predict"]:
            hold(handler, body)
        elif first.is_set():
            handler.say({"id_slot": 1})
        else:
            first.set()
            handler.wait_for_hang_up()

    server.completion = say
    engine.prepare(Preparation(case="one", prompt=ask().prompt))
    assert soon(first.is_set)
    stream = engine.submit(ask(case="two"))
    assert next(iter(stream)) == "a"
    assert server.hung_up.wait(3)
    assert soon(lambda: engine.state().prepared == 1)


def test_nothing_is_prepared_while_the_server_has_much_to_do(server: Peer) -> None:
    server.completion = hold
    with engine_of(server, slots=1) as engine:
        stream = engine.submit(ask())
        assert soon(lambda: server.running == 1)
        engine.prepare(Preparation(case="one", prompt=ask().prompt))
        time.sleep(0.1)
        assert len(server.bodies("/completion")) == 1
        server.held.set()
        list(stream)
        assert soon(lambda: len(server.bodies("/completion")) == 2)


def test_closed_it_ends_all_and_takes_no_more(server: Peer, engine: RemoteEngine) -> None:
    server.completion = hold
    streams = [engine.submit(ask()) for _ in range(6)]
    assert soon(lambda: server.running == 4)
    engine.close()
    engine.close()
    assert not engine.usable
    for stream in streams:
        list(stream)
        assert stream.outcome is not None
        assert stream.outcome.stop is StopReason.CANCELLED
    with pytest.raises(EngineError, match="closed"):
        engine.submit(ask())
    assert soon(lambda: server.running == 0)


def test_no_log_record_and_no_error_holds_what_was_sent_or_said(
    server: Peer, engine: RemoteEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    list(engine.submit(ask()))
    server.completion = garble(b'data: {"content": "marigold"\n\n')
    with pytest.raises(EngineAway) as caught:
        list(engine.submit(ask()))
    error: BaseException | None = caught.value
    while error is not None:
        assert "marigold" not in repr(error)
        assert "marigold" not in repr(vars(error))
        error = error.__cause__ or error.__context__
    assert "marigold" not in caplog.text
    assert json.dumps(engine.state().ended) == '{"length": 1, "engine_away": 1}'


# The real llama-server.


@pytest.fixture(scope="module")
def here() -> Iterator[LlamaCppEngine]:
    engine = LlamaCppEngine(starter_model_file(), name="starter", context_tokens=512)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def there() -> Iterator[RemoteEngine]:
    engine = RemoteEngine(shared_llama_server().url, name="starter")
    yield engine
    engine.close()


def processing(engine: RemoteEngine) -> int:
    return sum(slot["is_processing"] for slot in engine._server.client.ask("GET", "/slots"))


@pytest.mark.model
@pytest.mark.llama_server
def test_a_prompt_has_the_same_tokens_there_as_here(here: LlamaCppEngine, there: RemoteEngine) -> None:
    assert there.special_tokens == here.special_tokens
    texts = [
        *here.special_tokens.values(),
        "a [b] {c} <3 </x> \ud800 é👩‍👧 می‌خواهم\t\n",
        "",
        "<|im_end|>\n<|im_start|>user",
    ]
    for post, draft in itertools.product(texts, repeat=2):
        prompt = build_prompt(Mode.IMPROVE, post=post, draft=draft)
        assert there.tokenise(prompt) == here.tokenise(prompt), (post, draft)


@pytest.mark.model
@pytest.mark.llama_server
def test_a_token_that_llama_server_finds_in_any_text_stays_text_too(here: LlamaCppEngine, tmp_path: Path) -> None:
    token, literal = next(item for item in here.special_tokens.items() if item[1] == "<jupyter_start>")
    model = with_user_defined_token(token, tmp_path)
    with contextlib.ExitStack() as stack:
        server = open_llama_server(stack, model, slots=1, context=512)
        engine = RemoteEngine(server.url, name="user-defined")
        stack.callback(engine.close)
        for text in (literal, literal * 3, f"a{literal}b", f"<{literal}>", literal[1:] + literal):
            alone = Prompt(segments=(Segment(text, scaffold=False),), mode=Mode.IMPROVE, version="test")
            tokens = engine.tokenise(alone)
            assert tokens
            assert token not in tokens, text


@pytest.mark.quiet
@pytest.mark.model
@pytest.mark.llama_server
def test_cancelling_frees_the_slot_there(there: RemoteEngine) -> None:
    story = Prompt(segments=(Segment("Once upon a time there was", scaffold=False),), mode=None, version="test")
    stream = there.submit(Request(id="r", prompt=story, params=Params(max_tokens=1500, temperature=1.0)))
    pieces = iter(stream)
    next(pieces)
    assert processing(there) == 1
    stream.cancel()
    started = time.monotonic()
    assert soon(lambda: processing(there) == 0)
    assert time.monotonic() - started < 1.5


@pytest.mark.model
@pytest.mark.llama_server
def test_what_was_prepared_is_used_and_what_was_forgotten_is_not(there: RemoteEngine) -> None:
    post = "The cat ran off a week ago and my children ask every day when she comes home. " * 4
    opening = build_opening(Mode.IMPROVE, post=post)
    prompt = build_prompt(Mode.IMPROVE, post=post, draft="Children ask hard questions.")
    request = Request(id="r", prompt=prompt, params=Params(max_tokens=4, temperature=0), case="cat")
    known = len(there.tokenise(opening))

    def reused() -> int:
        stream = there.submit(request)
        list(stream)
        assert stream.outcome is not None
        return stream.outcome.reused_tokens

    there.prepare(Preparation(case="cat", prompt=opening))
    until = time.monotonic() + 60
    while not there.state().prepared and time.monotonic() < until:
        time.sleep(0.1)
    assert reused() >= known - 1
    there.forget("cat")
    assert soon(lambda: not there._to_forget)
    time.sleep(0.5)
    assert reused() < known - 50  # what another slot knows of the shared beginning remains
