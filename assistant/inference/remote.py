"""A model on another machine of the network: llama-server or vLLM, asked the same as the engine in this process.

A thread for each request that runs, at most `slots`; what comes beyond that waits here, in order, where its deadline and its
cancelling are kept without the server. Cancelling closes the connection, which frees the slot there. A server that goes
away ends the requests that it had with `EngineAway`; whether to try again is not decided here.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from assistant.inference.engine import EngineAway, EngineBusy, EngineError, ModelUnavailable, PromptTooLong
from assistant.inference.output import LoopDetector, OutputText
from assistant.inference.remote_line import Client, DeadlinePassed, Line
from assistant.inference.remote_servers import Piece, Server, connect
from assistant.inference.statistics import Statistics
from assistant.inference.stream import QueuedStream
from assistant.inference.types import EngineState, ModelInfo, Preparation, Prompt, Request, StopReason

WAITING_PER_SLOT = 4
PREPARE_SECONDS = 60.0
CANNOT_FORGET = (
    "The server keeps the context of a closed case until its slot is used again: it has no --slot-save-path."
)
PREPARED_CASES = 1000  # remembered as prepared; the server may have dropped them


@dataclass(eq=False)
class Running:
    stream: QueuedStream
    tokens: list[int]
    line: Line
    counted: bool = False


@dataclass
class Prepared:
    """Which cases were prepared. Their contexts lie on the server, which says nothing of their size."""

    cases: OrderedDict[str, None] = field(default_factory=OrderedDict)
    limit: int = 0
    bytes: int = 0
    evictions: int = 0
    threads: int = 0  # of this process that compute: none

    def __len__(self) -> int:
        return len(self.cases)

    def add(self, case: str) -> None:
        self.cases[case] = None
        self.cases.move_to_end(case)
        if len(self.cases) > PREPARED_CASES:
            self.cases.popitem(last=False)


class RemoteEngine:
    def __init__(
        self,
        url: str,
        *,
        name: str,
        model: str = "",
        api_key: str = "",
        context_tokens: int | None = None,
        slots: int = 8,
        sha256: str = "",
        silence_seconds: float = 15.0,
    ) -> None:
        """Asks the server what it serves. Raises ModelUnavailable with a sentence for people.

        `sha256` is what the registry knows of the file; without it a sum over what the server says of its model stands in.
        """
        try:
            client = Client(url, api_key=api_key, silence=silence_seconds)
            self._server: Server = connect(client, model)
        except EngineError as error:
            raise ModelUnavailable(str(error)) from None
        self._info = ModelInfo(
            name=name,
            sha256=sha256 or self._server.fingerprint,
            size=self._server.size,
            context_tokens=min(context_tokens or self._server.context_tokens, self._server.context_tokens),
            adapters=tuple(self._server.adapters),
        )
        self._slots = max(1, min(slots, self._server.slots))
        self._statistics = Statistics()
        self._statistics.note(f"The model is served by {self._server.kind} at {client.address}.")
        self._prepared = Prepared()
        self._waiting: deque[Running] = deque()  # guarded by _changed, as all below and the two above
        self._running: set[Running] = set()
        self._to_prepare: OrderedDict[str, Preparation] = OrderedDict()  # by case, oldest first
        self._to_forget: deque[str] = deque()
        self._preparing: tuple[Preparation, Line] | None = None
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._cannot_forget = False
        self._closing = False
        self._changed = threading.Condition()

    @property
    def model(self) -> ModelInfo:
        return self._info

    @property
    def usable(self) -> bool:
        return not self._closing

    @property
    def special_tokens(self) -> dict[int, str]:
        """The control tokens of the model there, with their literals."""
        return self._server.special_tokens

    def tokenise(self, prompt: Prompt) -> list[int]:
        """Asks the server; a person's words come back without control tokens, whatever they say."""
        return self._server.tokenise(prompt)

    def submit(self, request: Request) -> QueuedStream:
        with self._changed:
            self._refuse_if_over()
            self._refuse_if_busy()
        self._server.check_adapter(request.adapter)
        self._server.check_model()
        tokens = self.tokenise(request.prompt)
        if not tokens:
            raise EngineError("The prompt is empty. Write something first.")
        limit = self._info.context_tokens - request.params.max_tokens
        if len(tokens) > limit:
            raise PromptTooLong(tokens=len(tokens), limit=max(0, limit))
        line = self._server.client.line(time.monotonic() + request.params.deadline_seconds)
        stream = QueuedStream(request, prompt_tokens=len(tokens), interrupt=lambda: self._interrupt(job))
        job = Running(stream, tokens, line)
        with self._changed:
            self._refuse_if_over()
            self._waiting.append(job)
            self._put_off_preparing(for_case=request.case)
            self._need_a_thread()
        return stream

    def prepare(self, preparation: Preparation) -> None:
        with self._changed:
            if self._closing or not preparation.case:
                return
            self._to_prepare[preparation.case] = preparation
            self._to_prepare.move_to_end(preparation.case)
            if len(self._to_prepare) > PREPARED_CASES:
                self._to_prepare.popitem(last=False)
            self._need_a_thread()

    def forget(self, case: str) -> None:
        """llama-server empties the slots that had this case last; vLLM never finds its blocks again."""
        with self._changed:
            if self._closing or not case:
                return
            self._to_prepare.pop(case, None)
            self._prepared.cases.pop(case, None)
            if self._preparing is not None and self._preparing[0].case == case:
                self._preparing[1].cut()
            self._to_forget.append(case)
            self._need_a_thread()

    def state(self) -> EngineState:
        with self._changed:
            return self._statistics.state(
                slots=self._slots,
                running=len(self._running),
                waiting=self._count_waiting(),
                contexts=self._prepared,
                pace=self._prepared,
            )

    def close(self) -> None:
        with self._changed:
            self._closing = True
            jobs = [*self._waiting, *self._running]
            self._waiting.clear()
            if self._preparing is not None:
                self._preparing[1].cut()
            self._changed.notify_all()
        for job in jobs:
            job.stream.cancel()

    def _refuse_if_over(self) -> None:
        if self._closing:
            raise EngineError("The engine is closed. Start it again.")

    def _refuse_if_busy(self) -> None:
        if (waiting := self._count_waiting()) >= WAITING_PER_SLOT * self._slots:
            raise EngineBusy(f"{waiting} requests wait for this model already. Try again in a moment.")

    def _count_waiting(self) -> int:
        return sum(job.stream.outcome is None for job in self._waiting)

    def _need_a_thread(self) -> None:
        """Under `_changed`. Threads that were woken already still count as idle, so what there is to do is counted too."""
        duties = len(self._waiting) + len(self._to_forget) + bool(self._to_prepare)
        if duties > self._idle and len(self._threads) < self._slots:
            thread = threading.Thread(target=self._live, name=f"remote-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._changed.notify()

    def _put_off_preparing(self, *, for_case: str) -> None:
        """Under `_changed`. What was evaluated stays in its slot, so going on later costs nothing twice."""
        if self._preparing is None:
            return
        preparation, line = self._preparing
        line.cut()
        if preparation.case != for_case and preparation.case not in self._to_prepare:
            self._to_prepare[preparation.case] = preparation
            self._to_prepare.move_to_end(preparation.case, last=False)

    def _interrupt(self, job: Running) -> None:
        """The reader wants an end: it gets it now, and the server learns of it by the closed connection."""
        job.line.cut()
        if reason := job.stream.reason_to_stop():
            self._end(job, reason)

    # The threads, one for each request that runs.

    def _live(self) -> None:
        while (duty := self._next_duty()) is not None:
            if isinstance(duty, Running):
                self._run(duty)
            elif isinstance(duty, Preparation):
                self._prepare(duty)
            else:
                self._forget(duty)

    def _next_duty(self) -> Running | Preparation | str | None:
        """A request first, then what is to be forgotten, then what is to be prepared; None when the engine closes."""
        with self._changed:
            while not self._closing:
                if self._waiting:
                    job = self._waiting.popleft()
                    if job.stream.begin():
                        self._running.add(job)
                        return job
                    self._count(job, job.stream.outcome.stop.value if job.stream.outcome else "")
                elif self._to_forget:
                    return self._to_forget.popleft()
                elif self._may_prepare():
                    _, preparation = self._to_prepare.popitem(last=False)
                    line = self._server.client.line(time.monotonic() + PREPARE_SECONDS)
                    self._preparing = (preparation, line)
                    return preparation
                else:
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
            return None

    def _may_prepare(self) -> bool:
        """Not while the server has much to do: a prompt that is evaluated there holds up the answers that are being given."""
        return bool(self._to_prepare) and self._preparing is None and len(self._running) <= self._slots // 2

    def _run(self, job: Running) -> None:
        stream = job.stream
        try:
            self._end(job, stream.reason_to_stop() or self._speak(job))
        except DeadlinePassed:
            self._end(job, StopReason.DEADLINE)
        except EngineError as error:
            # A line that was cut breaks like one that failed.
            if reason := stream.reason_to_stop():
                self._end(job, reason)
            else:
                self._fail(job, error)
        except BaseException as error:
            # The type is safe to name; the message may quote a prompt.
            self._fail(job, EngineError(f"The remote engine stopped ({type(error).__name__}). Try again."))
        finally:
            job.line.hang_up()
            with self._changed:
                self._running.discard(job)
                self._changed.notify()

    def _speak(self, job: Running) -> StopReason:
        request, stream = job.stream.request, job.stream
        output = OutputText(request.params.stop)
        loops, seen = LoopDetector(), Alphabet()
        answer = self._server.answer(
            job.tokens, request.params, case=request.case, adapter=request.adapter, line=job.line
        )
        try:
            for piece in answer:
                if reason := stream.reason_to_stop():
                    return reason
                stream.output_tokens = piece.made
                stream.reused_tokens = piece.reused if piece.reused is not None else stream.reused_tokens
                # The servers put a mark in the place of bytes that are no text; it would be shown to a person.
                stream.put(output.feed(piece.text.replace("\ufffd", "").encode("utf-8", "ignore")))
                if output.stopped:
                    return StopReason.END
                looped = [loops.loops_with(number) for number in seen.numbers_of(piece)]
                if any(looped):
                    return StopReason.REPETITION
                if piece.stop is not None:
                    return piece.stop
        finally:
            answer.close()
            stream.put(output.finish())
        raise EngineAway(f"The model server {self._server.client.address} broke off in the middle of an answer.")

    def _end(self, job: Running, reason: StopReason) -> None:
        job.stream.end(reason)
        self._count(job, reason.value)

    def _fail(self, job: Running, error: EngineError) -> None:
        job.stream.fail(error)
        self._count(job, error.code)

    def _count(self, job: Running, how: str) -> None:
        """Once: a request that was interrupted ends a second time when its thread notices."""
        with self._changed:
            if job.counted:
                return
            job.counted = True
            self._running.discard(job)
            case = job.stream.request.case
            self._statistics.began(
                prompt=len(job.tokens),
                reused=job.stream.reused_tokens,
                from_case=case in self._prepared.cases,
                case=case,
            )
            self._statistics.ended(job.stream, how)

    def _prepare(self, preparation: Preparation) -> None:
        assert self._preparing is not None
        line, done = self._preparing[1], False
        try:
            self._server.check_adapter(preparation.adapter)
            self._server.check_model()
            tokens = self.tokenise(preparation.prompt)
            if tokens and len(tokens) < self._info.context_tokens:
                self._server.prepare(tokens, case=preparation.case, adapter=preparation.adapter, line=line)
                done = True
        except (EngineError, DeadlinePassed):
            pass  # nothing was promised
        finally:
            line.hang_up()
            with self._changed:
                self._preparing = None
                if done:
                    self._prepared.add(preparation.case)
                self._changed.notify()

    def _forget(self, case: str) -> None:
        try:
            self._server.forget(case)
        except EngineAway:
            pass  # what was there went with the server
        except EngineError:
            if not self._cannot_forget:
                self._cannot_forget = True
                self._statistics.note(CANNOT_FORGET)


class Alphabet:
    """Numbers for what `LoopDetector` compares: the tokens where the server names them, else the text of a step."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbers_of(self, piece: Piece) -> tuple[int, ...]:
        if piece.tokens or not piece.text:
            return piece.tokens
        return (-1 - self._numbers.setdefault(piece.text, len(self._numbers)),)
