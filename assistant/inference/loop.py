"""The engine's one thread: it loads, warms up and decodes for life; everybody else only queues.

Decoding from another thread than the one that loaded is some 40 % slower, because OpenMP keeps a pool of workers per
calling thread. This first form serves one request at a time, first come, first served; a form that decodes several
sequences in one step replaces this class and leaves `QueuedStream` and the engine's interface as they are.
"""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar

from assistant.inference.engine import EngineError, ModelUnavailable, PromptTooLong
from assistant.inference.output import LoopDetector, OutputText
from assistant.inference.stream import QueuedStream
from assistant.inference.types import Params, Prompt, Request, StopReason

PREFILL_TOKENS = 512  # per step


class Sampler(Protocol):
    def next_token(self) -> int: ...

    def close(self) -> None: ...


class Decoder(Protocol):
    """A loaded model with one context. Only `tokenise` and `abort` may be called from another thread."""

    @property
    def context_tokens(self) -> int: ...

    def tokenise(self, prompt: Prompt) -> list[int]: ...

    def bytes_of(self, token: int) -> bytes: ...

    def ends_turn(self, token: int) -> bool: ...

    def decode(self, tokens: Sequence[int], *, position: int) -> bool:
        """One step. False when it was aborted; the context is then undefined until `forget`."""

    def abort(self) -> None:
        """Leave the running step soon."""

    def forget(self) -> None:
        """Empty the context. Nothing of one request may reach the next."""

    def sampler(self, params: Params) -> Sampler: ...

    def close(self) -> None: ...


D = TypeVar("D", bound=Decoder)


class OneAtATime(Generic[D]):
    def __init__(self, load: Callable[[], D]) -> None:
        """Returns when the model is loaded and warm, or raises what loading raised."""
        self._waiting: deque[QueuedStream] = deque()
        self._running: QueuedStream | None = None
        self._closing = False
        self._failure: EngineError | None = None
        self._changed = threading.Condition()  # guards the four above
        self._vocabulary = threading.Lock()  # held while tokenising, so that the vocabulary is not freed meanwhile
        loaded: Future[D] = Future()
        self._thread = threading.Thread(target=self._live, args=(load, loaded), name="engine", daemon=True)
        self._thread.start()
        self.decoder = loaded.result()
        # A thread inside llama.cpp while the interpreter goes away ends in a crash.
        atexit.register(self.close)

    @property
    def usable(self) -> bool:
        return self._failure is None and not self._closing

    def tokenise(self, prompt: Prompt) -> list[int]:
        with self._vocabulary:
            self._refuse_if_over()
            return self.decoder.tokenise(prompt)

    def submit(self, request: Request) -> QueuedStream:
        tokens = self.tokenise(request.prompt)
        if not tokens:
            raise EngineError("The prompt is empty. Write something first.")
        limit = self.decoder.context_tokens - request.params.max_tokens
        if len(tokens) > limit:
            raise PromptTooLong(tokens=len(tokens), limit=max(0, limit))
        stream = QueuedStream(request, tokens, interrupt=self._interrupt)
        with self._changed:
            self._refuse_if_over()
            self._waiting.append(stream)
            self._changed.notify()
        return stream

    def close(self) -> None:
        with self._changed:
            self._closing = True
            streams = self._unanswered()
            self._changed.notify()
        for stream in streams:
            stream.cancel()
        self._thread.join()
        atexit.unregister(self.close)

    def _refuse_if_over(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing:
            raise EngineError("The engine is closed. Start it again.")

    def _unanswered(self) -> list[QueuedStream]:
        return [*self._waiting, *([self._running] if self._running else [])]

    def _interrupt(self, stream: QueuedStream) -> None:
        with self._changed:
            if stream is self._running:
                self.decoder.abort()

    # The engine's thread.

    def _live(self, load: Callable[[], D], loaded: Future[D]) -> None:
        try:
            decoder = load()
            warm_up(decoder)
        except EngineError as error:
            loaded.set_exception(error)
            return
        except BaseException as error:
            loaded.set_exception(ModelUnavailable(f"The model does not load ({type(error).__name__})."))
            return
        loaded.set_result(decoder)
        try:
            self._work(decoder)
        except BaseException as error:
            # Whoever waits must hear of it, whatever it was.
            self._fail(stopped_by(error))
        finally:
            with self._vocabulary:
                decoder.close()

    def _work(self, decoder: D) -> None:
        while (stream := self._next()) is not None:
            try:
                if stream.begin():
                    stream.end(answer(decoder, stream))
            except EngineError as error:
                stream.fail(error)
            except BaseException as error:
                stream.fail(stopped_by(error))
                raise
            finally:
                with self._changed:
                    self._running = None
                decoder.forget()

    def _next(self) -> QueuedStream | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._closing:
                return None
            self._running = self._waiting.popleft()
            return self._running

    def _fail(self, failure: EngineError) -> None:
        with self._changed:
            self._failure = failure
            streams = self._unanswered()
            self._waiting.clear()
        for stream in streams:
            stream.fail(failure)


def stopped_by(error: BaseException) -> EngineError:
    # The type is safe to name; the message may quote a prompt.
    return EngineError(f"The engine stopped ({type(error).__name__}). Restart the worker.")


def warm_up(decoder: Decoder) -> None:
    """The first step of a context builds its graph and wakes the threads; not in front of a person."""
    decoder.decode([0, 0], position=0)
    decoder.forget()


def answer(decoder: Decoder, stream: QueuedStream) -> StopReason:
    for start in range(0, len(stream.tokens), PREFILL_TOKENS):
        if reason := stream.reason_to_stop():
            return reason
        if not decoder.decode(stream.tokens[start : start + PREFILL_TOKENS], position=start):
            return aborted(stream)
    output = OutputText(stream.request.params.stop)
    sampler = decoder.sampler(stream.request.params)
    try:
        return speak(decoder, stream, sampler, output)
    finally:
        sampler.close()
        stream.put(output.finish())


def speak(decoder: Decoder, stream: QueuedStream, sampler: Sampler, output: OutputText) -> StopReason:
    loops = LoopDetector()
    while stream.output_tokens < stream.request.params.max_tokens:
        if reason := stream.reason_to_stop():
            return reason
        token = sampler.next_token()
        if decoder.ends_turn(token):
            return StopReason.END
        position = len(stream.tokens) + stream.output_tokens
        stream.output_tokens += 1
        stream.put(output.feed(decoder.bytes_of(token)))
        if output.stopped:
            return StopReason.END
        if loops.loops_with(token):
            return StopReason.REPETITION
        if stream.output_tokens < stream.request.params.max_tokens and not decoder.decode([token], position=position):
            return aborted(stream)
    return StopReason.LENGTH


def aborted(stream: QueuedStream) -> StopReason:
    return stream.reason_to_stop() or StopReason.CANCELLED
