"""An arm in a process of its own: it loads a model, then runs plans that come in as lines of JSON.

python -m bench.engine.child lantern|plain|alone OPTIONS         OPTIONS: one JSON object

Each arm has its own process because OpenMP keeps its threads and its waiting per process; a shared one would let arms
disturb each other. It does nothing between two lines.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.inference.contexts import common_beginning
from assistant.inference.engine import EngineError
from assistant.inference.llamacpp.backends import load_backends
from assistant.inference.llamacpp.measure import PREFILL, Bench, Row
from assistant.inference.modelfile import measured_file
from assistant.inference.types import Preparation, Request
from bench.engine.files import THREADS
from bench.engine.machine import resident_mib
from bench.engine.plan import Answer, Clock, Step, from_json, params_of

Streams = dict[str, tuple[Any, Answer]]
QUIET_SECONDS, SETTLES_WITHIN = 0.3, 30.0


class Runner:
    def run(self, steps: list[Step]) -> list[Answer]:
        raise NotImplementedError

    def settle(self) -> None:
        """Return when nothing is being evaluated any more."""

    def counters(self) -> dict[str, Any]:
        return {}


class Lantern(Runner):
    """The site's engine, used as the site's worker does: whoever asks reads the stream in a thread of their own."""

    def __init__(self, options: dict[str, Any]) -> None:
        from assistant.inference.opening import open_here

        more = {name: value for name, value in options.items() if name != "model"}
        if "adapters" in more:
            more["adapters"] = {name: measured_file(Path(path)) for name, path in more["adapters"].items()}
        self.engine = open_here(measured_file(Path(options["model"])), name="bench", measured=THREADS, **more)

    def run(self, steps: list[Step]) -> list[Answer]:
        clock = Clock(steps)
        answers = [Answer(case=step.case, label=step.label) for step in steps]
        streams: dict[str, tuple[Any, Answer]] = {}
        work = {"ask": self._ask, "prepare": self._prepare, "cancel": self._cancel, "forget": self._forget}
        threads = [
            threading.Thread(target=work[step.do], args=(step, answer, clock, streams))
            for step, answer in zip(steps, answers, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [answer for step, answer in zip(steps, answers, strict=True) if step.do == "ask"]

    def _ask(self, step: Step, answer: Answer, clock: Clock, streams: Streams) -> None:
        assert step.prompt is not None
        request = Request(
            id=step.case, prompt=step.prompt, params=params_of(step), case=step.case, adapter=step.adapter
        )
        clock.wait_for(step)
        answer.sent = clock.now
        pieces = []
        try:
            stream = self.engine.submit(request)
            streams[step.case] = (stream, answer)
            for piece in stream:
                answer.times.append(clock.now)
                pieces.append(piece)
                if len(pieces) == 1:
                    clock.first_word(answer)
        except EngineError as error:
            answer.error = error.code
        answer.ended = clock.now
        if not pieces:
            clock.first_word(answer)
        answer.text = "".join(pieces)
        if not answer.error and stream.outcome is not None:
            outcome = stream.outcome
            answer.tokens, answer.stop = outcome.output_tokens, str(outcome.stop)
            answer.prompt_tokens, answer.reused_tokens = outcome.prompt_tokens, outcome.reused_tokens

    def _prepare(self, step: Step, _answer: Answer, clock: Clock, _streams: Streams) -> None:
        assert step.prompt is not None
        clock.wait_for(step)
        self.engine.prepare(Preparation(case=step.case, prompt=step.prompt, adapter=step.adapter))

    def _cancel(self, step: Step, _answer: Answer, clock: Clock, streams: Streams) -> None:
        clock.wait_for(step)
        stream, answer = streams[step.case]
        answer.cancelled = clock.now
        stream.cancel()

    def _forget(self, step: Step, _answer: Answer, clock: Clock, _streams: Streams) -> None:
        clock.wait_for(step)
        self.engine.forget(step.case)

    def settle(self) -> None:
        """Only the process's own CPU time tells that the engine prepares no more: it has no flag for it, and needs none."""
        until, quiet_since, before = time.monotonic() + SETTLES_WITHIN, time.monotonic(), time.process_time()
        while time.monotonic() < until and time.monotonic() - quiet_since < QUIET_SECONDS:
            time.sleep(0.05)
            spent = time.process_time() - before
            before += spent
            if spent > 0.01:
                quiet_since = time.monotonic()

    def counters(self) -> dict[str, Any]:
        statistics = self.engine._batching.statistics
        return {
            "state": asdict(self.engine.state()),
            "inside_seconds": statistics.inside_seconds,
            "outside_seconds": statistics.outside_seconds,
            "decode_steps": statistics.decode_steps,
            "decode_seconds": statistics.decode_seconds,
        }


class Plain(Runner):
    """llama-cpp-python as its README shows it, in the main thread, one request after the other: its best case."""

    def __init__(self, options: dict[str, Any]) -> None:
        from llama_cpp import Llama, llama_cpp

        load_backends(llama_cpp._lib)  # the wheel has its kernels in libraries of their own

        self.llama: Any = Llama(
            model_path=options["model"],
            n_ctx=options["context_tokens"],
            n_threads=options["threads"],
            n_threads_batch=options["threads"],
            flash_attn=True,
            verbose=False,
        )

    def run(self, steps: list[Step]) -> list[Answer]:
        clock = Clock(steps)
        answers = []
        for step in sorted(steps, key=lambda step: step.at):
            if step.do == "ask":
                clock.wait_for(step)
                # Who has to wait for those before them clicked at their time all the same.
                answer = Answer(case=step.case, label=step.label, sent=step.at, prompt_tokens=len(step.tokens))
                self._ask(step, answer, clock)
                answers.append(answer)
        return answers

    def _ask(self, step: Step, answer: Answer, clock: Clock) -> None:
        params, prompt = params_of(step), list(step.tokens)
        said = self.llama.create_completion(
            prompt, max_tokens=params.max_tokens, temperature=0.0, repeat_penalty=params.repeat_penalty, stream=True
        )
        for event in said:
            choice = event["choices"][0]
            if choice["text"]:
                answer.times.append(clock.now)
                answer.text += choice["text"]
            answer.stop = choice["finish_reason"] or ""
        answer.ended = clock.now
        # The last token of a full answer is drawn and never evaluated.
        answer.tokens = self.llama.n_tokens - len(prompt) + (1 if answer.stop == "length" else 0)


class Alone(Runner):
    """llama.cpp with nothing around it: all prompts read side by side in full steps, then a row for each in every step.

    No word is drawn and no text is made, so what comes out says nothing. It has llama.cpp's own way to wait for threads, as the
    server does; an engine is ahead of it by that and by the steps it takes, and behind it by all that it does besides.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._sequences = options["sequences"]
        self._bench = Bench(
            measured_file(Path(options["model"])),
            sequences=self._sequences,
            threads=options["threads"],
            unified=False,
            outputs=self._sequences,
        )

    def run(self, steps: list[Step]) -> list[Answer]:
        asks = [step for step in steps if step.do == "ask"]
        if not asks:
            return []
        prompts = [list(step.tokens) for step in asks]
        shared = self._know_the_beginning(prompts)
        clock = Clock(asks)
        clock.wait_for(asks[0])
        sent = clock.now
        for rows in full_steps(prompts, known=shared):
            self._bench.step(rows)
        first = clock.now
        most = max(step.max_tokens for step in asks)
        for number in range(most - 1):
            self._bench.step([(prompt[-1], len(prompt) + number, row, True) for row, prompt in enumerate(prompts)])
        return [
            Answer(
                *(step.case, step.label),
                sent=sent,
                times=[first, clock.now],
                ended=clock.now,
                tokens=most,
                stop="length",
                prompt_tokens=len(prompt),
                reused_tokens=shared,
            )
            for step, prompt in zip(asks, prompts, strict=True)
        ]

    def _know_the_beginning(self, prompts: list[list[int]]) -> int:
        """What all have in common was read before, as for every arm."""
        shared = min(common_beginning(prompts[0], prompt) for prompt in prompts) if len(prompts) > 1 else 0
        for sequence in range(self._sequences):
            self._bench.cut(0, sequence=sequence)
        if shared:
            self._bench.fill(prompts[0][:shared])
            for sequence in range(1, len(prompts)):
                self._bench.copy(sequence)
        return shared


def full_steps(prompts: Sequence[Sequence[int]], *, known: int) -> Iterator[list[Row]]:
    """What is left of all prompts behind the tokens known, side by side, as many as a step takes."""
    at = dict.fromkeys(range(len(prompts)), known)
    while at:
        share = max(1, PREFILL // len(at))
        rows: list[Row] = []
        for sequence, start in list(at.items()):
            prompt = prompts[sequence]
            end = min(start + share, len(prompt))
            rows += [(prompt[place], place, sequence, place + 1 == len(prompt)) for place in range(start, end)]
            if end == len(prompt):
                del at[sequence]
            else:
                at[sequence] = end
        yield rows


KINDS: dict[str, Callable[[dict[str, Any]], Runner]] = {"lantern": Lantern, "plain": Plain, "alone": Alone}


def main() -> int:
    kind, options = sys.argv[1], json.loads(sys.argv[2])
    # The library may write to standard output; the answers go to a copy of it that nobody else has.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    runner = KINDS[kind](options)
    out.write(json.dumps({"ready": os.getpid()}) + "\n")
    out.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "run":
            steps = [from_json(step) for step in asked["steps"]]
            found: dict[str, Any] = {"answers": [asdict(answer) for answer in runner.run(steps)]}
        elif asked["do"] == "settle":
            runner.settle()
            found = {}
        else:
            gc.collect()
            found = {"counters": runner.counters(), "resident_mib": resident_mib(os.getpid())}
        out.write(json.dumps(found) + "\n")
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
