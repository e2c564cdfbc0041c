"""What the loop asks of a loaded model: steps of several sequences, and the state of a sequence kept and put back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.inference.contexts import KeptState
from assistant.inference.types import Params, Prompt

PREFILL_TOKENS = 512  # the most in one step


@dataclass(frozen=True, slots=True)
class PromptTokens:
    tokens: list[int]
    shared: int  # how many of them are scaffold that every case begins with
    draft: list[int]  # the draft's own tokens, for draft lookup
    post: list[int]  # the post's, for the border


@dataclass(slots=True)
class Row:
    """Tokens that one sequence goes on with in a step."""

    sequence: int
    tokens: Sequence[int]
    position: int
    every: bool = False  # logits after each token
    last: bool = True  # logits after the last one


class Sampler(Protocol):
    def next_token(self, row: int, barred: Collection[int] = ()) -> int:
        """The token after the batch's row `row`, and none of these."""

    def close(self) -> None: ...


class Decoder(Protocol):
    """A loaded model with one context of several sequences. Only `tokenise` and `abort` are for other threads."""

    @property
    def context_tokens(self) -> int: ...

    @property
    def sequences(self) -> int: ...

    def tokenise(self, prompt: Prompt) -> PromptTokens: ...

    def bytes_of(self, token: int) -> bytes: ...

    def ends_turn(self, token: int) -> bool: ...

    def sampler(self, params: Params) -> Sampler: ...

    def decode(self, rows: Sequence[Row]) -> bool:
        """One step. False when it was aborted; then its sequences hold what they held before."""

    def abort(self) -> None:
        """Leave the running step, and refuse the next ones until `resume`."""

    def resume(self) -> None: ...

    def use_threads(self, count: int) -> None: ...

    def use_adapter(self, name: str) -> None: ...

    def cut(self, sequence: int, keep: int) -> bool:
        """Forget all after the first `keep` tokens; False where that cannot be done."""

    def save(self, sequence: int) -> KeptState: ...

    def restore(self, sequence: int, state: KeptState) -> bool: ...

    def swap(self, one: int, other: int) -> bool:
        """Exchange what two sequences hold; False when there is no room for that, and then they are as they were."""

    def wipe(self) -> None:
        """Forget everything, and overwrite it."""

    def close(self) -> None: ...
