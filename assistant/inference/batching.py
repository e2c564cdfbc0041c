"""Continuous batching: one thread decodes for everybody, and requests come and go between two steps.

The thread loads, warms up and decodes for life; everybody else only queues. Decoding from another thread than the one that
loaded is some 40 % slower, because OpenMP keeps a pool of workers per calling thread.

Each turn of the loop does, in this order: what others asked for (new requests, cancelled ones, contexts to forget), one
prefill step for whoever waits for a first word, one decode step for all who have one, and, when nobody waits, a small step
of preparing a context that is not asked for yet (docs/engine.md).
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from assistant.inference.border import CopyBorder, begins_word
from assistant.inference.contexts import KeptContexts, common_beginning
from assistant.inference.decoder import PREFILL_TOKENS, Decoder, PromptTokens, Row
from assistant.inference.engine import EngineBusy, EngineError, ModelUnavailable, PromptTooLong
from assistant.inference.lookup import DraftLookup
from assistant.inference.output import OutputText
from assistant.inference.pace import Pace, piece
from assistant.inference.slots import Preparing, Slot
from assistant.inference.statistics import Statistics
from assistant.inference.stream import QueuedStream
from assistant.inference.types import EngineState, Preparation, Prompt, Request, StopReason

TOGETHER_TOKENS = 64  # so short prefills that they share a step
WISHES = 64  # contexts to prepare that wait for a quiet moment; of the oldest the page has most likely been left
WAITING_PER_SLOT = 4  # requests that wait in here; more stay in the table
ADAPTER_STEPS = 8  # decode steps of one adapter before the other has its turn; a change costs about one step
IDLE_SECONDS = 2.0  # without work for so long, the cells are overwritten


D = TypeVar("D", bound=Decoder)


class Closing(Exception):
    """The running step was left because the engine closes."""


class Batching(Generic[D]):
    def __init__(
        self,
        load: Callable[[], D],
        *,
        contexts: KeptContexts,
        lookup: bool = True,
        pace: Pace | None = None,
    ) -> None:
        """Returns when the model is loaded and warm, or raises what loading raised.

        One sequence of the decoder is for preparing; the others are slots.
        """
        self.pace = pace or Pace()
        self.statistics = Statistics()
        self._contexts = contexts
        self._lookup = lookup
        self._arrived: deque[tuple[QueuedStream, PromptTokens]] = deque()  # guarded by _changed, as the next six
        self._to_prepare: OrderedDict[tuple[str, str], Preparing] = OrderedDict()  # (case, adapter), oldest first
        self._to_forget: set[str] = set()
        self._closing = False
        self._failure: EngineError | None = None
        self._stirred = False  # something changed that the loop has to look at
        self._may_interrupt = False  # the running step is one that nobody waits for
        self._changed = threading.Condition()
        self._slots: dict[int, Slot] = {}
        self._preparing: Preparing | None = None
        self._group = ""  # the adapter whose requests are decoded now
        self._group_steps = 0
        self._dirty = False  # cells hold what somebody wrote
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

    @property
    def slots(self) -> int:
        return self.decoder.sequences - 1

    # For everybody.

    def tokenise(self, prompt: Prompt) -> PromptTokens:
        with self._vocabulary:
            self._refuse_if_over()
            return self.decoder.tokenise(prompt)

    def submit(self, request: Request) -> QueuedStream:
        prompt = self.tokenise(request.prompt)
        if not prompt.tokens:
            raise EngineError("The prompt is empty. Write something first.")
        limit = self.decoder.context_tokens - request.params.max_tokens
        if len(prompt.tokens) > limit:
            raise PromptTooLong(tokens=len(prompt.tokens), limit=max(0, limit))
        stream = QueuedStream(request, prompt_tokens=len(prompt.tokens), interrupt=self._stir)
        with self._changed:
            self._refuse_if_over()
            if len(self._arrived) >= WAITING_PER_SLOT * self.slots:
                raise EngineBusy(f"{len(self._arrived)} requests wait for this model already. Try again in a moment.")
            self._arrived.append((stream, prompt))
            if self._may_interrupt:
                self.decoder.abort()
            self._wake()
        return stream

    def prepare(self, preparation: Preparation) -> None:
        prompt = self.tokenise(preparation.prompt)
        # Of a prompt that leaves no room for an answer nothing is asked.
        tokens = prompt.tokens if preparation.case else prompt.tokens[: prompt.shared]
        if not tokens or len(tokens) >= self.decoder.context_tokens:
            return
        wanted = Preparing(preparation.case, preparation.adapter, tokens, prompt.shared)
        with self._changed:
            if self.usable:
                self._to_prepare[preparation.case, preparation.adapter] = wanted
                while len(self._to_prepare) > WISHES:
                    self._to_prepare.popitem(last=False)
                self._wake()

    def forget(self, case: str) -> None:
        with self._changed:
            self._to_forget.add(case)
            for key in [key for key in self._to_prepare if key[0] == case]:
                del self._to_prepare[key]
            self._wake()

    def state(self) -> EngineState:
        with self._changed:
            waiting = len(self._arrived)
        return self.statistics.state(
            slots=self.slots, running=len(self._slots), waiting=waiting, contexts=self._contexts, pace=self.pace
        )

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self.decoder.abort()
            self._wake()
        self._thread.join()
        atexit.unregister(self.close)

    def _refuse_if_over(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closing:
            raise EngineError("The engine is closed. Start it again.")

    def _wake(self) -> None:
        """Under `_changed`."""
        self._stirred = True
        self._changed.notify()

    def _stir(self) -> None:
        with self._changed:
            self._wake()

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
        self.decoder = decoder
        try:
            while self._turn():
                pass
            self._end_all()
        except BaseException as error:
            # Whoever waits must hear of it, whatever it was.
            self._fail_all(stopped_by(error))
        finally:
            self._contexts.clear()
            with self._vocabulary:
                decoder.close()

    def _turn(self) -> bool:
        """False when the engine closes."""
        if not self._take_orders():
            return False
        began, inside = time.perf_counter(), self.statistics.inside_seconds
        try:
            self._prefill()
            self._decode()
            self._prepare_a_little()
        except Closing:
            return False
        self.statistics.turn(seconds=time.perf_counter() - began, inside=self.statistics.inside_seconds - inside)
        return True

    def _take_orders(self) -> bool:
        """Wait until there is something to do, then do what costs nothing. False when the engine closes."""
        with self._changed:
            while not (self._stirred or self._closing or self._busy()):
                if not self._changed.wait(IDLE_SECONDS if self._dirty else 60.0):
                    self._rest()
            if self._closing:
                return False
            self._stirred = False
            forgotten, self._to_forget = self._to_forget, set()
        for case in forgotten:
            self._contexts.forget(case)
            if self._preparing is not None and self._preparing.case == case:
                self._stop_preparing()
        for slot in list(self._slots.values()):
            if reason := slot.stream.reason_to_stop():
                self._end(slot, reason)
        self._admit()
        return True

    def _busy(self) -> bool:
        return bool(self._slots or self._arrived or self._preparing or self._to_prepare)

    def _rest(self) -> None:
        self._contexts.drop_unused()
        if self._dirty:
            self.decoder.wipe()
            self._dirty = False

    def _admit(self) -> None:
        """First come, first served, as long as there are slots."""
        while len(self._slots) < self.slots:
            with self._changed:
                if not self._arrived:
                    return
                stream, prompt = self._arrived.popleft()
            if not stream.begin():
                continue
            try:
                self._start(stream, prompt)
            except EngineError as error:
                stream.fail(error)

    def _start(self, stream: QueuedStream, prompt: PromptTokens) -> None:
        request = stream.request
        sequence = next(number for number in range(self.slots) if number not in self._slots)
        self._dirty = True
        self._contexts.drop_unused()
        reused = self._begin_with_known(sequence, request.case, request.adapter, prompt.tokens, shared=prompt.shared)
        stream.reused_tokens = reused
        self.statistics.began(
            prompt=len(prompt.tokens), reused=reused, from_case=reused > prompt.shared, case=request.case
        )
        self._slots[sequence] = Slot(
            sequence=sequence,
            stream=stream,
            prompt=prompt,
            sampler=self.decoder.sampler(request.params),
            output=OutputText(request.params.stop),
            lookup=DraftLookup(prompt.draft) if self._lookup and prompt.draft else None,
            border=CopyBorder(
                prompt.post, prompt.draft, begins_word=lambda token: begins_word(self.decoder.bytes_of(token))
            ),
            filled=reused,
        )

    def _begin_with_known(self, sequence: int, case: str, adapter: str, tokens: list[int], *, shared: int) -> int:
        """Fill the sequence with the longest beginning that this case may use; how many tokens it is.

        The last token is always evaluated anew: its logits are what the answer begins with.
        """
        most = len(tokens) - 1
        best, state = 0, None
        running = self._preparing
        if running is not None and case and (running.case, running.adapter) == (case, adapter) and running.filled:
            best = min(common_beginning(running.tokens[: running.filled], tokens), most)
            state = self.decoder.save(self.slots) if best > shared else None
        for kept in (self._contexts.of_case(case, adapter), self._contexts.shared(tokens[:shared], adapter)):
            if kept is not None and (common := min(kept.common(tokens), most)) > (best if state else 0):
                best, state = common, kept.state
        if state is None:
            return 0
        if self.decoder.restore(sequence, state) and self.decoder.cut(sequence, best):
            return best
        self.decoder.cut(sequence, 0)
        return 0

    # Prefill.

    def _prefill(self) -> None:
        """One step for those who wait for their first word: the shortest first, but nobody is passed over for long."""
        waiting = [slot for slot in self._slots.values() if slot.prefilling]
        if not waiting:
            return
        now = time.monotonic()
        waiting.sort(key=lambda slot: self.pace.seconds_for(slot.left) - slot.stream.waited(now))
        first = waiting[0]
        speaking = len(self._slots) - len(waiting)
        room = self.pace.prefill_tokens(waiting=len(waiting), speaking=speaking, most=PREFILL_TOKENS)
        chosen = [first]
        together = first.left
        for slot in waiting[1:]:
            if slot.adapter == first.adapter and together + slot.left <= TOGETHER_TOKENS:
                chosen.append(slot)
                together += slot.left
        self._step_prefill(chosen, room=room)

    def _step_prefill(self, chosen: list[Slot], *, room: int) -> None:
        rows: list[Row] = []
        for slot in chosen:
            prompt = slot.prompt
            tokens = self._next_piece(prompt.tokens, slot.filled, shared=prompt.shared, adapter=slot.adapter, room=room)
            done = slot.filled + len(tokens) == len(slot.prompt.tokens)
            rows.append(Row(slot.sequence, tokens, slot.filled, last=done))
        if not self._decode_rows(rows, slots=chosen, adapter=chosen[0].adapter, prefill=True):
            return
        index = -1
        for slot, row in zip(chosen, rows, strict=True):
            index += len(row.tokens)
            slot.filled += len(row.tokens)
            if slot.filled == slot.prompt.shared:
                self._keep_shared(slot.sequence, slot.adapter, slot.prompt.tokens[: slot.filled])
            if not slot.prefilling:
                self._say(slot, index)

    def _next_piece(self, tokens: list[int], filled: int, *, shared: int, adapter: str, room: int) -> list[int]:
        """What a step evaluates of a prompt. It ends where the shared beginning ends, once, so that it can be kept for all."""
        end = len(tokens)
        if filled < shared and self._contexts.shared(tokens[:shared], adapter) is None:
            end = shared
        return tokens[filled : filled + piece(end - filled, room=room)]

    def _keep_shared(self, sequence: int, adapter: str, tokens: list[int]) -> None:
        if tokens and self._contexts.shared(tokens, adapter) is None:
            self._contexts.keep_shared(adapter, tokens, self.decoder.save(sequence))

    # Decode.

    def _decode(self) -> None:
        speaking = [slot for slot in self._slots.values() if not slot.prefilling]
        if not speaking:
            return
        self._close_ranks(speaking)
        speaking.sort(key=lambda slot: slot.sequence)
        groups = list(dict.fromkeys(slot.adapter for slot in speaking))
        if self._group not in groups or self._group_steps >= ADAPTER_STEPS:
            after = groups.index(self._group) + 1 if self._group in groups else 0
            self._group, self._group_steps = groups[after % len(groups)], 0
        self._group_steps += 1
        if len(groups) > 1:
            speaking = [slot for slot in speaking if slot.adapter == self._group]
        if len(self._slots) == 1 and (proposal := self._proposal(speaking[0])):
            self._step_with_proposal(speaking[0], proposal)
        else:
            self._step(speaking)

    def _close_ranks(self, speaking: list[Slot]) -> None:
        """Give those who speak the lowest sequences, each adapter's side by side.

        llama.cpp puts sequences into one step only as far as their numbers follow one another; every gap that a finished
        request leaves would cost nearly a step of its own. Changing places costs a copy of two states, about a millisecond.
        """
        wanted = sorted(slot.adapter for slot in speaking)
        for sequence, adapter in enumerate(wanted):
            there = self._slots.get(sequence)
            if there is not None and not there.prefilling and there.adapter == adapter:
                continue
            slot = max((one for one in speaking if one.adapter == adapter), key=lambda one: one.sequence)
            began = time.perf_counter()
            moved = slot.sequence > sequence and self.decoder.swap(slot.sequence, sequence)
            self.statistics.inside_seconds += time.perf_counter() - began
            if not moved:
                return
            del self._slots[slot.sequence]
            if there is not None:
                there.sequence = slot.sequence
                self._slots[there.sequence] = there
            slot.sequence = sequence
            self._slots[sequence] = slot

    def _step(self, speaking: list[Slot]) -> None:
        rows = [Row(slot.sequence, slot.said[-1:], slot.position) for slot in speaking]
        if self._decode_rows(rows, slots=speaking, adapter=self._group):
            for index, slot in enumerate(speaking):
                self._say(slot, index)

    def _proposal(self, slot: Slot) -> list[int]:
        if slot.lookup is None or not self.pace.one_row_seconds:
            return []
        left = slot.stream.request.params.max_tokens - len(slot.said)
        return slot.lookup.propose(slot.said, most=max(0, left - 1))

    def _step_with_proposal(self, slot: Slot, proposal: list[int]) -> None:
        row = Row(slot.sequence, [slot.said[-1], *proposal], slot.position, every=True)
        began = time.perf_counter()
        if not self._decode_rows([row], slots=[slot], adapter=slot.adapter, proposed=len(proposal)):
            return
        accepted = 0
        for index in range(len(proposal) + 1):
            self._say(slot, index)
            if slot.sequence not in self._slots or index == len(proposal) or slot.said[-1] != proposal[index]:
                break
            accepted += 1
        if slot.sequence in self._slots:
            self.decoder.cut(slot.sequence, row.position + 1 + accepted)
        self.statistics.looked_up(proposed=len(proposal), accepted=accepted)
        if slot.lookup is not None:
            slot.lookup.account(
                proposed=len(proposal),
                accepted=accepted,
                seconds=time.perf_counter() - began,
                one_row_seconds=self.pace.one_row_seconds,
            )

    def _say(self, slot: Slot, row: int) -> None:
        """Draw the next token of this slot after the step's row, and end the request where it ends."""
        began = time.perf_counter()
        token = slot.sampler.next_token(row, slot.border.after(slot.said))
        self.statistics.inside_seconds += time.perf_counter() - began
        if self.decoder.ends_turn(token):
            self._end(slot, StopReason.END)
            return
        slot.said.append(token)
        slot.stream.output_tokens += 1
        slot.stream.put(slot.output.feed(self.decoder.bytes_of(token)))
        if slot.output.stopped:
            self._end(slot, StopReason.END)
        elif slot.loops.loops_with(token):
            self._end(slot, StopReason.REPETITION)
        elif len(slot.said) >= slot.stream.request.params.max_tokens:
            self._end(slot, StopReason.LENGTH)

    # Preparing.

    def _prepare_a_little(self) -> None:
        """A small step for whoever has not asked yet; never while somebody waits for a first word."""
        if any(slot.prefilling for slot in self._slots.values()):
            return
        if self._preparing is None and not self._next_to_prepare():
            return
        preparing = self._preparing
        assert preparing is not None
        room = self.pace.preparing_tokens(speaking=len(self._slots), slots=self.slots, most=PREFILL_TOKENS)
        if room == 0:
            return
        tokens = self._next_piece(
            preparing.tokens, preparing.filled, shared=preparing.shared, adapter=preparing.adapter, room=room
        )
        try:
            if not self._decode_unless_asked(Row(self.slots, tokens, preparing.filled, last=False), preparing.adapter):
                return
        except EngineError:
            self._stop_preparing()
            return
        preparing.filled += len(tokens)
        if preparing.filled == preparing.shared:
            self._keep_shared(self.slots, preparing.adapter, preparing.tokens[: preparing.shared])
        if preparing.filled == len(preparing.tokens):
            if preparing.case:
                state = self.decoder.save(self.slots)
                self._contexts.keep(preparing.case, preparing.adapter, preparing.tokens, state)
            self._stop_preparing()

    def _decode_unless_asked(self, row: Row, adapter: str) -> bool:
        """A step that is left at once when a request comes. False when it was: then nothing has changed."""
        with self._changed:
            if self._arrived or self._closing:
                return False
            self._may_interrupt = True
        try:
            return self._step_of([row], adapter=adapter, prefill=True)
        finally:
            with self._changed:
                self._may_interrupt = False
                if not self._closing:
                    self.decoder.resume()

    def _next_to_prepare(self) -> bool:
        with self._changed:
            if not self._to_prepare:
                return False
            _, preparing = self._to_prepare.popitem(last=False)
        kept = self._contexts.of_case(preparing.case, preparing.adapter)
        if kept is not None and kept.common(preparing.tokens) == len(preparing.tokens):
            return False  # as much or more is there already
        self._preparing = preparing
        self._dirty = True
        preparing.filled = self._begin_with_known(
            self.slots, preparing.case, preparing.adapter, preparing.tokens, shared=preparing.shared
        )
        return True

    def _stop_preparing(self) -> None:
        self._preparing = None
        self.decoder.cut(self.slots, 0)

    # Steps and ends.

    def _decode_rows(
        self, rows: list[Row], *, slots: list[Slot], adapter: str, prefill: bool = False, proposed: int = 0
    ) -> bool:
        """One step for these slots. False when it failed: then their requests have failed with it."""
        try:
            whole = self._step_of(rows, adapter=adapter, prefill=prefill, proposed=proposed)
        except EngineError as error:
            for slot in slots:
                self._fail(slot, error)
            return False
        if not whole:
            raise Closing
        return True

    def _step_of(self, rows: list[Row], *, adapter: str, prefill: bool, proposed: int = 0) -> bool:
        """One step of llama.cpp, and what it says about the pace. False when it was aborted."""
        count = sum(len(row.tokens) for row in rows)
        began = time.perf_counter()
        self.decoder.use_adapter(adapter)
        self.decoder.use_threads(self.pace.threads_for(count))
        whole = self.decoder.decode(rows)
        seconds = time.perf_counter() - began
        self.statistics.step(seconds=seconds, decoding=not prefill)
        if whole and prefill:
            self.pace.prefilled(tokens=count, seconds=seconds)
        elif whole and not proposed:
            self.pace.decoded(rows=count, seconds=seconds)
        return whole

    def _end(self, slot: Slot, reason: StopReason) -> None:
        slot.stream.put(slot.output.finish())
        self._free(slot)
        slot.stream.end(reason)
        self.statistics.ended(slot.stream, str(reason))

    def _fail(self, slot: Slot, error: EngineError) -> None:
        self._free(slot)
        slot.stream.fail(error)
        self.statistics.ended(slot.stream, error.code)

    def _free(self, slot: Slot) -> None:
        del self._slots[slot.sequence]
        slot.sampler.close()
        self.decoder.cut(slot.sequence, 0)

    def _end_all(self) -> None:
        for slot in list(self._slots.values()):
            self._end(slot, slot.stream.reason_to_stop() or StopReason.CANCELLED)
        with self._changed:
            waiting, self._arrived = list(self._arrived), deque()
        for stream, _prompt in waiting:
            stream.cancel()

    def _fail_all(self, failure: EngineError) -> None:
        with self._changed:
            self._failure = failure
            waiting, self._arrived = list(self._arrived), deque()
        for stream in [*(stream for stream, _prompt in waiting), *(slot.stream for slot in self._slots.values())]:
            stream.fail(failure)


def stopped_by(error: BaseException) -> EngineError:
    # The type is safe to name; the message may quote a prompt.
    return EngineError(f"The engine stopped ({type(error).__name__}). Restart the worker.")


def warm_up(decoder: Decoder) -> None:
    """The first steps of a context build its graphs and wake the threads; not in front of a person."""
    decoder.decode([Row(0, [0] * 8, 0)])
    decoder.decode([Row(0, [0], 8)])
    decoder.wipe()
