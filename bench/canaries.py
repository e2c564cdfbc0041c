"""A thousand cases, each with words of its own: none of them may turn up in what another case is answered.

python -m bench.canaries                  1,000 cases, half of them greedy, half sampled
python -m bench.canaries --cases 100      fewer

All of them go through one engine, several at a time: contexts are prepared in a room so small that they are evicted all the
time, some requests are cancelled, some cases come back. The prompt asks the model to repeat what it was given, so that a
leak would be said aloud; how often a case's own words are in its own answer is counted, for without that the search would
find nothing whatever happened. A foreign word is also put into a copy of one answer, which the same search has to find.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.inference import scaffold as chatml
from assistant.inference.engine import Engine, EngineBusy
from assistant.inference.modelfile import measured_file
from assistant.inference.types import Mode, Params, Preparation, Prompt, Request
from bench.engine.cases import make_case
from bench.engine.files import model_in_use

AT_ONCE = 4  # of eight slots: with six taken nothing would be prepared
PAUSE_SECONDS = 4.0  # at most, between writing and asking
WORDS = 4  # of its own, for each case: two in the post, two in the draft
CONTEXT = 512
PREPARED_BYTES = 24 * 2**20  # a handful of contexts of the starter model
SYLLABLES = "bor cal dim fen gup hax jol kev lum mip nar pol sut".split()  # noqa: SIM905 a prime number of them
PLACES, DEGREE = 6, 4
SYSTEM = "You repeat what you are given. Write the words of the post and of the draft again, in their order."


@dataclass(frozen=True, slots=True)
class Canary:
    id: str
    words: tuple[str, ...]
    post: str
    draft: str

    def prompt(self, *, draft: str | None = None) -> Prompt:
        return Prompt(
            segments=(
                chatml.scaffold(chatml.system(SYSTEM) + chatml.POST),
                chatml.written(self.post),
                chatml.scaffold(chatml.TURN_END + chatml.DRAFT),
                chatml.written(self.draft if draft is None else draft),
                chatml.scaffold(chatml.TURN_END + chatml.REPLY),
            ),
            mode=Mode.IMPROVE,
            version="canary-1",
            draft=self.draft,
        )


def made_up_words(count: int) -> Iterator[str]:
    """Any two differ in three of their six syllables at least: a model that slips in one says no word of another case.

    They are the values of polynomials of degree 3 and less at six places, modulo 13 (a Reed-Solomon code).
    """
    size = len(SYLLABLES)
    for number in random.Random(11).sample(range(size**DEGREE), count):
        factors = [number // size**power % size for power in range(DEGREE)]
        values = (sum(one * place**power for power, one in enumerate(factors)) % size for place in range(PLACES))
        yield "".join(SYLLABLES[value] for value in values).capitalize()


def make_canaries(count: int) -> list[Canary]:
    words = made_up_words(count * WORDS)
    found = []
    for number in range(count):
        own = tuple(next(words) for _ in range(WORDS))
        text = make_case("canary", number)
        found.append(
            Canary(
                id=text.id,
                words=own,
                post=f"{own[0]} told {own[1]} about it. {' '.join(text.post.split()[:40])}",
                draft=f"{own[2]} is here, and {own[3]} too. {' '.join(text.draft.split()[:20])}",
            )
        )
    return found


def foreign_words(outputs: Mapping[str, str], canaries: Sequence[Canary]) -> list[tuple[str, str, str]]:
    """(whose answer, whose word, the word), for every word of one case in the answer to another; letters' case aside."""
    owners = {word.lower(): canary.id for canary in canaries for word in canary.words}
    found = []
    for case, text in outputs.items():
        low = text.lower()
        found += [(case, owner, word) for word, owner in owners.items() if owner != case and word in low]
    return found


class Flock:
    def __init__(self, engine: Engine, canaries: Sequence[Canary], *, sampled: bool) -> None:
        self.engine = engine
        self.outputs: dict[str, str] = {}
        self.reused = self.cancelled = 0
        self.failures: list[str] = []
        self._sampled = sampled
        self._waiting = iter(canaries)
        self._lock = threading.Lock()

    def run(self) -> None:
        people = [threading.Thread(target=self._work, args=(number,)) for number in range(AT_ONCE)]
        for person in people:
            person.start()
        for person in people:
            person.join()

    def _work(self, number: int) -> None:
        chance = random.Random(f"flock {number}")
        while True:
            with self._lock:
                canary = next(self._waiting, None)
            if canary is None:
                return
            try:
                self._one(canary, chance)
            except Exception as error:
                self.failures.append(f"{canary.id}: {type(error).__name__}")

    def _one(self, canary: Canary, chance: random.Random) -> None:
        kind = chance.random()
        if kind < 0.7:
            self.engine.prepare(Preparation(case=canary.id, prompt=canary.prompt(draft=canary.draft[:30])))
        if kind < 0.4:
            self.engine.prepare(Preparation(case=canary.id, prompt=canary.prompt()))
        time.sleep(chance.uniform(0, PAUSE_SECONDS) if kind < 0.7 else 0.0)  # some click before it is prepared
        text = self._ask(canary, chance, leave=chance.random() < 0.15)
        if chance.random() < 0.15:  # the same person once more, perhaps from what was kept
            text += "\n" + self._ask(canary, chance, leave=False)
        if chance.random() < 0.6:
            self.engine.forget(canary.id)
        with self._lock:
            self.outputs[canary.id] = text

    def _ask(self, canary: Canary, chance: random.Random, *, leave: bool) -> str:
        params = Params(
            max_tokens=40,
            temperature=0.8 if self._sampled else 0.0,
            seed=chance.randrange(10**6),
            deadline_seconds=300.0,
        )
        while True:
            try:
                stream = self.engine.submit(Request(canary.id, canary.prompt(), params, case=canary.id))
                break
            except EngineBusy:
                time.sleep(0.2)
        pieces = []
        for piece in stream:
            pieces.append(piece)
            if leave and len(pieces) == 6:
                stream.cancel()
        assert stream.outcome is not None
        with self._lock:
            self.reused += stream.outcome.reused_tokens > 0
            self.cancelled += leave
        return "".join(pieces)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.canaries", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--model", type=Path)
    given = parser.parse_args(arguments)
    from assistant.inference.llamacpp.engine import LlamaCppEngine

    canaries = make_canaries(given.cases)
    engine = LlamaCppEngine(
        measured_file(given.model or model_in_use()),
        name="canaries",
        context_tokens=CONTEXT,
        prepared_bytes=PREPARED_BYTES,
    )
    half = len(canaries) // 2
    flocks = [Flock(engine, canaries[:half], sampled=False), Flock(engine, canaries[half:], sampled=True)]
    for flock in flocks:
        flock.run()
    state = engine.state()
    engine.close()
    failures = flocks[0].failures + flocks[1].failures
    if given.cases >= 200 and not (state.prepared_hits and state.evictions):
        failures.append("nothing was prepared, or nothing evicted, so this run shows little. Use a quieter machine.")
    print(
        f"{sum(flock.cancelled for flock in flocks)} cancelled, {state.prepared_hits} began from a prepared context, "
        f"{state.evictions} contexts dropped for room"
    )
    return report(flocks[0].outputs | flocks[1].outputs, canaries, failures=failures)


def report(outputs: Mapping[str, str], canaries: Sequence[Canary], *, failures: Sequence[str]) -> int:
    leaks = foreign_words(outputs, canaries)
    own = sum(any(word.lower() in outputs.get(canary.id, "").lower() for word in canary.words) for canary in canaries)
    first, last = canaries[0], canaries[-1]
    planted = {**outputs, first.id: f"{outputs.get(first.id, '')} {last.words[0].upper()}."}
    control = (first.id, last.id, last.words[0].lower()) in foreign_words(planted, canaries)
    print(f"{len(outputs)} of {len(canaries)} cases answered")
    print(f"{own} answers hold words of their own case; {len(leaks)} hold a word of another one")
    print(f"The search finds a planted word: {'yes' if control else 'NO'}")
    for case, owner, word in leaks[:20]:
        print(f"  {word} of {owner} is in the answer to {case}")
    for failure in failures[:20]:
        print(f"  failed: {failure}")
    sound = control and own > 0 and not failures and len(outputs) == len(canaries)
    return 0 if sound and not leaks else 1


if __name__ == "__main__":
    sys.exit(main())
