"""What people do in a scenario, and what they got: the same plan goes to every arm, as JSON where it crosses a process."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from assistant.inference.types import Mode, Params, Prompt, Segment

OUTPUT_TOKENS = 120
AGAINST_LOOPS = 1.3  # repeat penalty: a small model that repeats itself would be stopped by one arm and not by another
LETS_COPY = 1.05  # the site's own


@dataclass(frozen=True, slots=True)
class Step:
    """One thing one person does, `at` seconds after the plan begins."""

    do: str  # ask, prepare, cancel or forget; an arm that cannot prepare leaves that out
    case: str
    at: float = 0.0
    after: str = ""  # `at` counts from when everybody with this label has a first word
    prompt: Prompt | None = None
    label: str = ""
    max_tokens: int = OUTPUT_TOKENS
    repeat_penalty: float = AGAINST_LOOPS
    adapter: str = ""
    slot: int = -1  # for warming up a server slot by slot
    tokens: tuple[int, ...] = ()  # of the prompt, for arms that are not given text


class Clock:
    """When whose turn is. The plan begins a moment after it is made, so that all threads stand ready."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.began = time.monotonic() + 0.05
        self._silent = Counter(step.label for step in steps if step.do == "ask")
        self._changed = threading.Condition()

    @property
    def now(self) -> float:
        return time.monotonic() - self.began

    def wait_for(self, step: Step) -> None:
        base = self.began
        if step.after:
            with self._changed:
                self._changed.wait_for(lambda: not self._silent[step.after])
            base = time.monotonic()
        time.sleep(max(0.0, base + step.at - time.monotonic()))

    def first_word(self, answer: Answer) -> None:
        """Also of one that ended without any, so that nobody waits for ever."""
        with self._changed:
            self._silent[answer.label] -= 1
            self._changed.notify_all()


@dataclass(slots=True)
class Answer:
    case: str
    label: str
    sent: float = 0.0  # seconds after the plan began, as the next ones
    times: list[float] = field(default_factory=list)  # when each piece was in the reader's hand
    ended: float = 0.0
    tokens: int = 0
    text: str = ""
    stop: str = ""
    prompt_tokens: int = 0
    reused_tokens: int = 0
    cancelled: float = 0.0  # when cancel was called; 0: never
    error: str = ""

    @property
    def to_first(self) -> float:
        if not self.times:
            raise ValueError(f"{self.label} {self.case} has no first piece ({self.error or self.stop}).")
        return self.times[0] - self.sent


def params_of(step: Step) -> Params:
    return Params(
        max_tokens=step.max_tokens, temperature=0.0, repeat_penalty=step.repeat_penalty, deadline_seconds=600.0
    )


def tokens_per_second(answers: Sequence[Answer]) -> float:
    """All streams together, from the first click to the last token."""
    began, ended = min(answer.sent for answer in answers), max(answer.ended for answer in answers)
    return sum(answer.tokens for answer in answers) / (ended - began)


def decode_rate(answer: Answer) -> float:
    """Tokens a second after the first piece."""
    return (answer.tokens - 1) / (answer.ended - answer.times[0])


def to_json(step: Step) -> dict[str, Any]:
    return asdict(step)


def from_json(data: dict[str, Any]) -> Step:
    told = data.pop("prompt")
    data["tokens"] = tuple(data["tokens"])
    if told is None:
        return Step(**data)
    segments = tuple(Segment(**segment) for segment in told.pop("segments"))
    mode = told.pop("mode")
    return Step(**data, prompt=Prompt(segments=segments, mode=None if mode is None else Mode(mode), **told))
