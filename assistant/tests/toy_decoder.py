"""A decoder for tests of the scheduler: its next token depends on every token before it, so that a mixed-up sequence shows.

It refuses what llama.cpp would silently take: a gap in the positions, two rows of one sequence, a state of another adapter.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from assistant.inference.contexts import KeptState
from assistant.inference.decoder import PromptTokens, Row
from assistant.inference.types import Params, Prompt

END = 0
LETTERS = [ord(letter) for letter in "abcdefgh "]


def next_of(tokens: Sequence[int], adapter: str, draft: Sequence[int]) -> int:
    """Mostly what follows in the draft, as an improvement model does; else a letter that all the tokens choose."""
    digest = hashlib.sha256(repr((list(tokens), adapter)).encode()).digest()
    if digest[0] < 6:
        return END
    known = [ord("?"), *draft]  # every prompt ends with a question mark
    for start in range(len(draft)):
        context = known[max(0, start - 2) : start + 1]
        if digest[1] < 240 and list(tokens[-len(context) :]) == context:
            return draft[start]
    return LETTERS[digest[2] % len(LETTERS)]


def alone(prompt: PromptTokens, params: Params, *, adapter: str = "") -> str:
    """What the model says to this prompt when nobody else is there."""
    tokens = list(prompt.tokens)
    said: list[int] = []
    while len(said) < params.max_tokens:
        token = next_of(tokens, adapter, prompt.draft)
        if token == END:
            break
        tokens.append(token)
        said.append(token)
    return "".join(map(chr, said))


@dataclass
class Step:
    rows: list[tuple[int, int]]  # sequence and how many tokens
    adapter: str


@dataclass
class ToyState(KeptState):
    tokens: list[int] = field(default_factory=list)
    adapter: str = ""

    def __init__(self, tokens: list[int], adapter: str) -> None:
        super().__init__(len(tokens))
        self.tokens = list(tokens)
        self.adapter = adapter


class ToyDecoder:
    def __init__(self, *, slots: int = 3, context_tokens: int = 400) -> None:
        self.context_tokens = context_tokens
        self.sequences = slots + 1
        self.steps: list[Step] = []
        self.before_step: Callable[[list[tuple[int, int]]], None] | None = None
        self.restored: list[tuple[int, list[int]]] = []
        self.wiped = 0
        self.closed = False
        self.threads = 0
        self._cells: list[list[int]] = [[] for _ in range(self.sequences)]
        self._owner = [""] * self.sequences  # the adapter that filled it
        self._adapter = ""
        self._after: dict[int, tuple[list[int], str]] = {}  # batch row to the tokens up to it
        self._drafts: dict[tuple[int, ...], list[int]] = {}
        self._aborted = threading.Event()

    def tokenise(self, prompt: Prompt) -> PromptTokens:
        tokens: list[int] = []
        shared = 0
        for number, segment in enumerate(prompt.segments):
            tokens += map(ord, segment.text)
            if number == 0 and segment.scaffold:
                shared = len(tokens)
        draft, post = ([ord(letter) for letter in text] for text in (prompt.draft, prompt.post))
        self._drafts[tuple(tokens)] = draft
        return PromptTokens(tokens, shared, draft, post)

    def bytes_of(self, token: int) -> bytes:
        return chr(token).encode()

    def ends_turn(self, token: int) -> bool:
        return token == END

    def sampler(self, params: Params) -> ToySampler:
        return ToySampler(self)

    def decode(self, rows: Sequence[Row]) -> bool:
        shape = [(row.sequence, len(row.tokens)) for row in rows]
        self.steps.append(Step(shape, self._adapter))
        if self.before_step is not None:
            self.before_step(shape)
        if self._aborted.is_set():
            return False
        assert len({row.sequence for row in rows}) == len(rows)
        self._after = {}
        index = 0
        for row in rows:
            cells = self._cells[row.sequence]
            assert row.position == len(cells), "a gap or an overlap"
            if not cells:
                self._owner[row.sequence] = self._adapter
            assert self._owner[row.sequence] == self._adapter, "evaluated with another adapter"
            for number, token in enumerate(row.tokens):
                cells.append(token)
                if row.every or (row.last and number == len(row.tokens) - 1):
                    self._after[index] = (list(cells), self._adapter)
                index += 1
            assert len(cells) <= self.context_tokens
        return True

    def after(self, index: int) -> int:
        tokens, adapter = self._after[index]
        draft = next((draft for prompt, draft in self._drafts.items() if tuple(tokens[: len(prompt)]) == prompt), [])
        return next_of(tokens, adapter, draft)

    def abort(self) -> None:
        self._aborted.set()

    def resume(self) -> None:
        self._aborted.clear()

    def use_threads(self, count: int) -> None:
        self.threads = count

    def use_adapter(self, name: str) -> None:
        self._adapter = name

    def cut(self, sequence: int, keep: int) -> bool:
        del self._cells[sequence][keep:]
        return True

    def save(self, sequence: int) -> KeptState:
        return ToyState(self._cells[sequence], self._owner[sequence])

    def restore(self, sequence: int, state: KeptState) -> bool:
        assert isinstance(state, ToyState)
        self.restored.append((sequence, state.tokens))
        self._cells[sequence] = list(state.tokens)
        self._owner[sequence] = state.adapter
        return True

    def swap(self, one: int, other: int) -> bool:
        cells, owner = self._cells, self._owner
        cells[one], cells[other] = cells[other], cells[one]
        owner[one], owner[other] = owner[other], owner[one]
        return True

    def wipe(self) -> None:
        self.wiped += 1
        self._cells = [[] for _ in range(self.sequences)]

    def close(self) -> None:
        self.closed = True


class ToySampler:
    def __init__(self, decoder: ToyDecoder) -> None:
        self._decoder = decoder

    def next_token(self, row: int, barred: Collection[int] = ()) -> int:
        token = self._decoder.after(row)
        return ord("#") if token in barred else token

    def close(self) -> None: ...
