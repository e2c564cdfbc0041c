"""What every engine promises: llama.cpp in this process, a server inside the network, or a fake in tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from assistant.inference.types import EngineState, ModelInfo, Outcome, Preparation, Request


class EngineError(Exception):
    """An engine could not do what was asked. The message is for people and quotes no prompt text."""

    code = "engine_error"


class ModelUnavailable(EngineError):
    """No usable model: missing, wrong size or hash, or it does not load."""

    code = "model_unavailable"


class PromptTooLong(EngineError):
    """The prompt and the room for an answer do not fit into the context."""

    code = "prompt_too_long"

    def __init__(self, *, tokens: int, limit: int) -> None:
        self.tokens = tokens
        self.limit = limit
        super().__init__(
            f"The post and the draft take {tokens} tokens; this model has room for {limit}."
            " Shorten the draft and try again."
        )


class EngineBusy(EngineError):
    """More requests wait than this engine takes; the job goes back into the queue."""

    code = "engine_busy"


class EngineAway(EngineError):
    """The server that holds the model does not answer, or stopped in the middle."""

    code = "engine_away"


class Stream(Protocol):
    """The answer to one request, as it comes. Iterate once; then `outcome` is set."""

    outcome: Outcome | None

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of text, each valid Unicode, in order. Raises EngineError if decoding fails."""

    def cancel(self) -> None:
        """Stop between two tokens. Safe from any thread, any number of times."""


class Engine(Protocol):
    @property
    def model(self) -> ModelInfo: ...

    @property
    def usable(self) -> bool:
        """False once the engine was closed or its thread died: load another one."""

    def submit(self, request: Request) -> Stream:
        """Queue a request and return at once. Raises PromptTooLong before anything is decoded."""

    def prepare(self, preparation: Preparation) -> None:
        """Evaluate it when nothing else waits, so that a request that begins like it answers sooner. Returns at once,
        promises nothing; a later one of the same case takes the place of the former."""

    def forget(self, case: str) -> None:
        """Drop what was prepared for this case. Returns at once."""

    def state(self) -> EngineState: ...

    def close(self) -> None:
        """End running streams as cancelled and free the model."""
