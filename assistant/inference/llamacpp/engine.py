"""The engine of the site: llama.cpp in this process, serving several people at a time."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.inference.batching import Batching
from assistant.inference.contexts import KeptContexts
from assistant.inference.engine import EngineError
from assistant.inference.llamacpp.context import LlamaContext
from assistant.inference.llamacpp.library import available_cores
from assistant.inference.llamacpp.model import LlamaModel
from assistant.inference.modelfile import ModelFile
from assistant.inference.pace import Governor, Pace
from assistant.inference.stream import QueuedStream
from assistant.inference.types import EngineState, ModelInfo, Preparation, Prompt, Request

SLOTS = 8
PREPARED_BYTES = 512 * 2**20


class LlamaCppEngine:
    def __init__(
        self,
        model_file: ModelFile,
        *,
        name: str,
        context_tokens: int = 4096,
        threads: int | None = None,
        slots: int = SLOTS,
        prepared_bytes: int = PREPARED_BYTES,
        lookup: bool = True,
        gpu_layers: int = 0,
        adapters: Mapping[str, ModelFile] | None = None,
        governor: Governor | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """`context_tokens`: room of one request. `slots`: requests decoded at a time. `notes`: why it is set up so."""
        count = threads or available_cores()

        def load() -> LlamaContext:
            return LlamaContext(
                LlamaModel(model_file, gpu_layers=gpu_layers),
                context_tokens=context_tokens,
                sequences=slots + 1,
                threads=count,
                adapters=adapters,
            )

        self._batching = Batching(
            load,
            contexts=KeptContexts(limit=prepared_bytes),
            lookup=lookup,
            pace=Pace(threads=count, governor=governor),
        )
        self._batching.statistics.note(*notes)
        self._info = ModelInfo(
            name=name,
            sha256=model_file.sha256,
            size=model_file.size,
            context_tokens=self._batching.decoder.context_tokens,
            adapters=tuple(adapters or ()),
        )

    @property
    def model(self) -> ModelInfo:
        return self._info

    @property
    def usable(self) -> bool:
        return self._batching.usable

    @property
    def special_tokens(self) -> dict[int, str]:
        """Every token that means something to this model beyond its letters, with its literal."""
        return self._batching.decoder.special_tokens

    def tokenise(self, prompt: Prompt) -> list[int]:
        return self._batching.tokenise(prompt).tokens

    def submit(self, request: Request) -> QueuedStream:
        if request.adapter and request.adapter not in self._info.adapters:
            known = ", ".join(self._info.adapters) or "none"
            raise EngineError(f"{request.adapter}: no such adapter is loaded with {self._info.name}. Loaded: {known}.")
        return self._batching.submit(request)

    def prepare(self, preparation: Preparation) -> None:
        if not preparation.adapter or preparation.adapter in self._info.adapters:
            self._batching.prepare(preparation)

    def forget(self, case: str) -> None:
        self._batching.forget(case)

    def state(self) -> EngineState:
        return self._batching.state()

    def close(self) -> None:
        self._batching.close()
