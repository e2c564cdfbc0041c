"""What the engine works on: a request in its slot, and a context that is prepared for one to come."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.inference.border import CopyBorder
from assistant.inference.decoder import PromptTokens, Sampler
from assistant.inference.lookup import DraftLookup
from assistant.inference.output import LoopDetector, OutputText
from assistant.inference.stream import QueuedStream


@dataclass(slots=True)
class Slot:
    """One request while it is decoded."""

    sequence: int
    stream: QueuedStream
    prompt: PromptTokens
    sampler: Sampler
    output: OutputText
    lookup: DraftLookup | None
    border: CopyBorder
    loops: LoopDetector = field(default_factory=LoopDetector)
    filled: int = 0  # tokens of the prompt that are evaluated
    said: list[int] = field(default_factory=list)  # the last of them is not evaluated yet

    @property
    def prefilling(self) -> bool:
        return self.filled < len(self.prompt.tokens)

    @property
    def left(self) -> int:
        return len(self.prompt.tokens) - self.filled

    @property
    def adapter(self) -> str:
        return self.stream.request.adapter

    @property
    def position(self) -> int:
        """Of the token that is decoded next."""
        return len(self.prompt.tokens) + len(self.said) - 1


@dataclass(slots=True)
class Preparing:
    """A preparation while it is evaluated, in the sequence after the last slot's."""

    case: str
    adapter: str
    tokens: list[int]
    shared: int
    filled: int = 0
