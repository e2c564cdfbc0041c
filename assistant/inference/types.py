"""The values that engines exchange. Plain Python: training and evaluation import this too."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """Which help was asked for: LLUMI's generation model (GM) or improvement model (IM)."""

    GENERATE = "generate"
    IMPROVE = "improve"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a prompt. Only scaffold may become control tokens; what a person wrote never does."""

    text: str
    scaffold: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    segments: tuple[Segment, ...]
    mode: Mode | None  # None: a question about the post, whose answer is shown to nobody
    version: str  # for example "improve-1"; stored with every suggestion


@dataclass(frozen=True, slots=True)
class Params:
    """Sampling and limits of one request."""

    max_tokens: int = 400
    temperature: float = 0.3  # 0 means greedy
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.05
    repeat_penalty: float = 1.05
    seed: int = 1
    deadline_seconds: float = 60.0  # from submit, waiting included
    stop: tuple[str, ...] = ()


class StopReason(StrEnum):
    END = "end"  # the model ended its turn
    LENGTH = "length"  # max_tokens reached
    DEADLINE = "deadline"
    REPETITION = "repetition"  # the model loops
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    prompt: Prompt
    params: Params = field(default_factory=Params)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is loaded; stored with every suggestion."""

    name: str
    sha256: str
    size: int  # bytes
    context_tokens: int
    adapter: str = ""  # name of the adapter, empty for the base model alone


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stream ended. Times in seconds from submit."""

    stop: StopReason
    prompt_tokens: int
    output_tokens: int
    seconds_to_first: float | None
    seconds: float
