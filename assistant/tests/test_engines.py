"""One contract for every engine: a new engine is one more entry in ENGINES."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from assistant.inference.engine import Engine, EngineError, PromptTooLong
from assistant.inference.llamacpp.engine import LlamaCppEngine
from assistant.inference.output import LoopDetector, OutputText
from assistant.inference.prompts import build_prompt
from assistant.inference.remote import RemoteEngine
from assistant.inference.types import Mode, Params, Prompt, Request, Segment, StopReason
from assistant.tests.remote_peer import shared_llama_server
from assistant.tests.starter import starter_model_file
from webapp.running import wait_until

CONTEXT = 2048


def llama_cpp() -> Engine:
    return LlamaCppEngine(starter_model_file(), name="starter", context_tokens=CONTEXT)


def remote() -> Engine:
    # A prompt that is found in its cache is evaluated in other steps, which can turn a close choice of words.
    return RemoteEngine(shared_llama_server("--no-cache-prompt").url, name="starter")


ENGINES = [llama_cpp, pytest.param(remote, marks=pytest.mark.llama_server)]

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", params=ENGINES, ids=lambda make: str(make.__name__))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine: Engine = request.param()
    yield engine
    engine.close()


@pytest.fixture(params=ENGINES, ids=lambda make: str(make.__name__))
def own_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """For tests that close it."""
    engine: Engine = request.param()
    yield engine
    engine.close()


def ask(post: str, *, draft: str = "I hear you. Try to rest.", params: Params | None = None) -> Request:
    prompt = build_prompt(Mode.IMPROVE, post=post, draft=draft)
    return Request(id="r", prompt=prompt, params=params or Params(max_tokens=40, temperature=0))


def tell(text: str, params: Params) -> Request:
    """A prompt that goes on and on, and ends only where it is told to."""
    prompt = Prompt(segments=(Segment(text, scaffold=False),), mode=Mode.GENERATE, version="test")
    return Request(id="r", prompt=prompt, params=params)


def long_story(params: Params) -> Request:
    return tell("The farmer walked to the village and met a neighbour. " * 150, params)


def tokens_in(engine: Engine, text: str) -> int:
    with pytest.raises(PromptTooLong) as caught:
        engine.submit(tell(text, Params(max_tokens=CONTEXT)))
    return caught.value.tokens


def test_it_says_which_model_it_runs(engine: Engine) -> None:
    assert engine.model.name
    assert len(engine.model.sha256) == 64
    assert engine.model.context_tokens == CONTEXT


def test_it_answers_in_pieces_and_then_says_how_it_ended(engine: Engine) -> None:
    stream = engine.submit(ask("The exam is tomorrow and I cannot read one more page."))
    pieces = list(stream)
    assert len(pieces) > 1
    assert all(pieces)
    outcome = stream.outcome
    assert outcome is not None
    assert outcome.stop in (StopReason.END, StopReason.LENGTH, StopReason.REPETITION)
    assert outcome.prompt_tokens > 50
    assert 1 <= outcome.output_tokens <= 40
    assert outcome.seconds_to_first is not None
    assert 0 < outcome.seconds_to_first <= outcome.seconds


def test_a_stream_that_was_read_is_empty_and_does_not_wait(engine: Engine) -> None:
    stream = engine.submit(ask("I am late again."))
    assert list(stream)
    assert list(stream) == []


def test_greedy_twice_is_the_same_text(engine: Engine) -> None:
    request = ask("My tent leaks and it rains.")
    first = "".join(engine.submit(request))
    list(engine.submit(ask("Something else entirely, about bread.")))
    assert "".join(engine.submit(request)) == first


def test_the_same_seed_is_the_same_text_and_another_seed_another(engine: Engine) -> None:
    def say(seed: int) -> str:
        return "".join(engine.submit(tell("Once upon a time", Params(max_tokens=30, temperature=1.2, seed=seed))))

    assert say(1) == say(1)
    assert len({say(seed) for seed in range(1, 5)}) > 1


def test_it_stops_at_the_length_it_was_given(engine: Engine) -> None:
    stream = engine.submit(tell("Once upon a time there was", Params(max_tokens=5, temperature=0)))
    assert "".join(stream)
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.LENGTH
    assert stream.outcome.output_tokens == 5


def test_it_stops_before_a_stop_string(engine: Engine) -> None:
    params = Params(max_tokens=30, temperature=0)
    whole = "".join(engine.submit(tell("Once upon a time there was", params)))
    stop = whole[8:13]
    stream = engine.submit(tell("Once upon a time there was", Params(max_tokens=30, temperature=0, stop=(stop,))))
    assert "".join(stream) == whole[: whole.index(stop)]
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.END


def test_it_notices_that_it_loops(engine: Engine) -> None:
    stream = engine.submit(tell("no no no no " * 60, Params(max_tokens=200, temperature=0, repeat_penalty=1.0)))
    list(stream)
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.REPETITION
    assert stream.outcome.output_tokens < 200


@pytest.mark.quiet
def test_cancelled_between_tokens_it_ends_within_a_second(engine: Engine) -> None:
    stream = engine.submit(tell("Once upon a time there was", Params(max_tokens=1000, temperature=1.0)))
    pieces = iter(stream)
    next(pieces)
    started = time.monotonic()
    stream.cancel()
    stream.cancel()
    list(pieces)
    assert time.monotonic() - started < 1
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.CANCELLED


@pytest.mark.quiet
def test_cancelled_while_a_long_prompt_is_read_it_ends_within_a_second(engine: Engine) -> None:
    stream = engine.submit(long_story(Params(max_tokens=100)))
    time.sleep(0.2)
    started = time.monotonic()
    stream.cancel()
    assert list(stream) == []
    assert time.monotonic() - started < 1
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.CANCELLED
    assert stream.outcome.seconds_to_first is None


def test_cancelled_while_it_waits_it_ends_at_once_and_the_one_in_front_goes_on(engine: Engine) -> None:
    front = engine.submit(tell("Once upon a time there was", Params(max_tokens=60, temperature=1.0)))
    behind = engine.submit(ask("I am next."))
    behind.cancel()
    assert list(behind) == []
    assert behind.outcome is not None
    assert behind.outcome.stop is StopReason.CANCELLED
    assert "".join(front)


@pytest.mark.quiet
def test_a_reader_that_walks_away_frees_the_engine(engine: Engine) -> None:
    stream = engine.submit(tell("Once upon a time there was", Params(max_tokens=1500, temperature=1.0)))
    for _piece in stream:
        break
    started = time.monotonic()
    list(engine.submit(ask("Is anybody there?", params=Params(max_tokens=1))))
    assert time.monotonic() - started < 8
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.CANCELLED


@pytest.mark.quiet
@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_the_deadline_holds_while_a_long_prompt_is_read(engine: Engine, seconds: float) -> None:
    started = time.monotonic()
    stream = engine.submit(long_story(Params(max_tokens=100, deadline_seconds=seconds)))
    list(stream)
    assert time.monotonic() - started < seconds + 1
    assert stream.outcome is not None
    assert stream.outcome.stop is StopReason.DEADLINE


@pytest.mark.quiet
def test_the_deadline_counts_the_waiting(engine: Engine) -> None:
    slots = engine.state().slots
    endless = (Params(max_tokens=1500, temperature=1.0, seed=seed) for seed in range(slots))
    speaking = [engine.submit(tell("Once upon a time there was", params)) for params in endless]
    wait_until(lambda: engine.state().running == slots, seconds=10, what="all slots to be taken")
    behind = engine.submit(ask("I am next.", params=Params(max_tokens=20, deadline_seconds=0.2)))
    started = time.monotonic()
    assert list(behind) == []
    assert time.monotonic() - started < 1
    assert behind.outcome is not None
    assert behind.outcome.stop is StopReason.DEADLINE
    for stream in speaking:
        stream.cancel()


@pytest.mark.parametrize("excess", [-2, -1, 0, 1, 2])
def test_what_does_not_fit_is_refused_with_the_numbers_before_anything_is_decoded(engine: Engine, excess: int) -> None:
    text = "word " * 100
    prompt_tokens = tokens_in(engine, text)
    request = tell(text, Params(max_tokens=CONTEXT - prompt_tokens + excess, deadline_seconds=0.0))
    if excess <= 0:
        list(engine.submit(request))
        return
    with pytest.raises(PromptTooLong) as caught:
        engine.submit(request)
    assert caught.value.tokens == prompt_tokens
    assert caught.value.limit == prompt_tokens - excess


@pytest.mark.deep
def test_the_last_place_of_the_context_can_be_used(engine: Engine) -> None:
    text = "The farmer walked to the village and met a neighbour. " * 185
    room = CONTEXT - tokens_in(engine, text)
    assert 0 < room < 100
    stream = engine.submit(tell(text, Params(max_tokens=room, temperature=1.5, min_p=0.0, seed=3)))
    list(stream)
    assert stream.outcome is not None
    assert stream.outcome.stop in (StopReason.LENGTH, StopReason.END, StopReason.REPETITION)


def test_a_megabyte_is_refused_with_the_numbers(engine: Engine) -> None:
    with pytest.raises(PromptTooLong, match=str(CONTEXT - 40)):
        engine.submit(ask("a b " * 260_000))


def test_an_empty_prompt_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match="empty"):
        engine.submit(tell("", Params()))


@pytest.mark.parametrize("text", ["\x00", "\ud800", "\u202e\u2066", "e\u0301" * 100, "<|im_end|>", "{{ x }}{% y %}"])
def test_awkward_text_is_answered(engine: Engine, text: str) -> None:
    stream = engine.submit(ask(text, draft=text, params=Params(max_tokens=3)))
    "".join(stream).encode("utf-8")
    assert stream.outcome is not None


def test_two_who_ask_at_once_get_each_their_own_and_nothing_of_the_other(engine: Engine) -> None:
    def request(word: str) -> Request:
        return tell(f"My word: {word}\n" * 12 + "My word:", Params(max_tokens=12, temperature=0))

    alone = {word: "".join(engine.submit(request(word))) for word in ("marigold", "teapot")}
    together: dict[str, str] = {}

    def read(word: str) -> None:
        together[word] = "".join(engine.submit(request(word)))

    threads = [threading.Thread(target=read, args=(word,)) for word in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert together == alone
    assert "marigold" in together["marigold"]
    assert "teapot" not in together["marigold"]
    assert "marigold" not in together["teapot"]


def test_nothing_of_one_prompt_is_left_for_the_next(engine: Engine) -> None:
    question = tell("The secret word is", Params(max_tokens=12, temperature=0))
    before = "".join(engine.submit(question))
    list(engine.submit(tell("The secret word is marigold. " * 40, Params(max_tokens=5, temperature=0))))
    cancelled = engine.submit(tell("The secret word is marigold. " * 250, Params(max_tokens=5)))
    time.sleep(0.1)
    cancelled.cancel()
    list(cancelled)
    assert "".join(engine.submit(question)) == before
    assert "marigold" not in before


@pytest.mark.quiet
def test_closed_while_it_runs_it_ends_all_as_cancelled_and_takes_no_more(own_engine: Engine) -> None:
    running = own_engine.submit(tell("Once upon a time there was", Params(max_tokens=1500, temperature=1.0)))
    waiting = own_engine.submit(ask("I am next."))
    next(pieces := iter(running))
    started = time.monotonic()
    own_engine.close()
    own_engine.close()
    assert time.monotonic() - started < 2
    list(pieces)
    assert list(waiting) == []
    assert running.outcome is not None
    assert waiting.outcome is not None
    assert running.outcome.stop is waiting.outcome.stop is StopReason.CANCELLED
    with pytest.raises(EngineError, match="closed"):
        own_engine.submit(ask("Anybody?"))


# From bytes to text.


def test_a_character_cut_in_two_is_shown_whole_or_not_at_all() -> None:
    output = OutputText()
    pieces = [output.feed(bytes([byte])) for byte in "a👍🏼é".encode()]
    assert "".join(pieces) == "a👍🏼é"
    assert set(pieces) == {"a", "", "👍", "🏼", "é"}
    assert OutputText().feed(b"\xf0\x9f") == ""


def test_bytes_that_are_no_text_and_characters_nobody_sees_are_dropped() -> None:
    output = OutputText()
    assert output.feed(b"a\xffb\x00\x1b") + output.feed("c\u202ed\U000e0041\n\te".encode()) == "abcd\n\te"


def test_a_stop_string_is_found_across_pieces_and_a_false_start_is_released() -> None:
    output = OutputText(stop=("END", "\n\n"))
    assert [output.feed(part) for part in (b"say E", b"NOUGH", b"\n", b"x E", b"ND more")] == [
        "say ",
        "ENOUGH",
        "",
        "\nx ",
        "",
    ]
    assert output.stopped
    assert output.finish() == ""
    unfinished = OutputText(stop=("END",))
    assert unfinished.feed(b"the EN") + unfinished.finish() == "the EN"


@pytest.mark.parametrize("period", [1, 2, 7, 30, 96])
def test_a_stretch_said_three_times_is_a_loop(period: int) -> None:
    detector = LoopDetector()
    lead = range(1000, 1050)
    stretch = list(range(period)) * 40
    said = next(count for count, token in enumerate([*lead, *stretch], 1) if detector.loops_with(token)) - len(lead)
    assert said == max(3 * period, 24)


def test_a_list_of_similar_lines_is_no_loop() -> None:
    detector = LoopDetector()
    lines = [[5, 6, 7, 100 + number, 8] for number in range(40)]
    assert not any(detector.loops_with(token) for line in lines for token in line)
