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
    draft: str = ""  # what the answer will partly repeat, as it stands in the prompt; draft lookup proposes its words
    post: str = ""  # what the answer must not copy, as it stands in the prompt


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
    case: str = ""  # whose text it is: what was prepared for a case serves that case and no other
    adapter: str = ""  # one of `ModelInfo.adapters`; empty: the base model alone


@dataclass(frozen=True, slots=True)
class Preparation:
    """The beginning of a prompt, to be evaluated before anybody asks. What follows may still change."""

    case: str
    prompt: Prompt
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is loaded; stored with every suggestion."""

    name: str
    sha256: str
    size: int  # bytes
    context_tokens: int  # room of one request: prompt and answer together
    adapters: tuple[str, ...] = ()  # names of the adapters that requests may ask for


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stream ended. Times in seconds from submit."""

    stop: StopReason
    prompt_tokens: int
    output_tokens: int
    seconds_to_first: float | None
    seconds: float
    reused_tokens: int = 0  # of the prompt, not evaluated again because they were prepared or shared


@dataclass(frozen=True, slots=True)
class EngineState:
    """What an engine is doing. Counts run since it was loaded; holds numbers only."""

    slots: int  # requests that it can decode at a time
    running: int = 0
    waiting: int = 0
    prepared: int = 0  # contexts kept
    prepared_bytes: int = 0
    prepared_limit: int = 0  # bytes
    prepared_hits: int = 0  # requests that began from a context of their case
    prepared_misses: int = 0
    evictions: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    proposed_tokens: int = 0  # by draft lookup
    accepted_tokens: int = 0
    ended: dict[str, int] = field(default_factory=dict)  # requests by stop reason or error code
    seconds_to_first_p50: float | None = None  # of the last 200 requests
    seconds_to_first_p95: float | None = None
    tokens_per_second: float = 0.0  # all streams together, over the last minute in which any ran
    threads: int = 0
    resident_bytes: int = 0  # of the process
    notes: tuple[str, ...] = ()  # why threads, binding and layout are what they are, as sentences
