"""One llama.cpp context with several sequences: decoding steps, and the state of a sequence kept and put back.

For the engine's thread only, but for `abort`. Each sequence has its own stream of cells (`kv_unified=False`): on a CPU
that is 7 to 16 % faster with eight of them than one pool of cells, and no row can attend to another sequence's cells.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.inference.contexts import KeptState
from assistant.inference.decoder import PREFILL_TOKENS, PromptTokens, Row
from assistant.inference.engine import EngineError, ModelUnavailable
from assistant.inference.llamacpp.library import brief_calls, first_error, forget_errors, keep_alive
from assistant.inference.llamacpp.model import LlamaModel
from assistant.inference.llamacpp.sampler import Sampler, as_pointer
from assistant.inference.modelfile import ModelFile
from assistant.inference.types import Params, Prompt

DECODE_ABORTED = 2
FLASH_ATTENTION_ON = 1  # also keeps the values of a sequence in one piece, so that its state is copied in large blocks
MOST_ROWS_WITH_LOGITS = 64


def load_adapter(model: LlamaModel, file: ModelFile, *, name: str) -> Any:
    """Belongs to the model and goes with it. Raises ModelUnavailable."""
    file.verify()
    forget_errors()
    adapter = model.lib.llama_adapter_lora_init(model.weights, os.fsencode(file.path))
    if not adapter:
        raise ModelUnavailable(f"{name} is no adapter for {model.file_name}.{first_error()}")
    return adapter


def set_adapter(lib: Any, context: Any, adapter: Any, *, name: str) -> None:
    """For the steps that follow; None: the model alone."""
    chosen = (lib.llama_adapter_lora_p_ctypes * 1)(adapter)
    scales = (ctypes.c_float * 1)(1.0)
    if lib.llama_set_adapters_lora(context, chosen, 1 if adapter else 0, scales) != 0:
        raise EngineError(f"The adapter {name} could not be set. Restart the worker.")


class LlamaContext:
    """What `batching.Batching` decodes with."""

    def __init__(
        self,
        model: LlamaModel,
        *,
        context_tokens: int,
        sequences: int,
        threads: int,
        adapters: Mapping[str, ModelFile] | None = None,
    ) -> None:
        """`context_tokens`: room of each sequence."""
        self._model = model
        self._lib = model.lib
        self.context_tokens = min(context_tokens, model.trained_context)
        self.sequences = sequences
        self._threads = threads
        self._context = self._open(threads)
        self._memory = self._lib.llama_get_memory(self._context)
        self._batch = self._lib.llama_batch_init(PREFILL_TOKENS, 0, 1)
        for index in range(PREFILL_TOKENS):
            self._batch.n_seq_id[index] = 1
        self._abort = self._watch_for_abort()
        self._remove = brief_calls().llama_memory_seq_rm
        self._memory_pointer = as_pointer(self._memory)
        self._adapters = {name: load_adapter(model, file, name=name) for name, file in (adapters or {}).items()}
        self._adapter = ""
        self._aside = [KeptState(0), KeptState(0)]  # for sequences that change places

    def _open(self, threads: int) -> Any:
        params = self._lib.llama_context_default_params()
        params.n_ctx = self.context_tokens * self.sequences
        params.n_batch = PREFILL_TOKENS
        params.n_ubatch = PREFILL_TOKENS
        params.n_seq_max = self.sequences
        params.n_outputs_max = max(MOST_ROWS_WITH_LOGITS, self.sequences)
        params.n_outputs_max_per_seq = MOST_ROWS_WITH_LOGITS
        params.n_threads = threads
        params.n_threads_batch = threads
        params.kv_unified = False
        params.flash_attn_type = FLASH_ATTENTION_ON
        params.no_perf = True
        forget_errors()
        context = self._lib.llama_init_from_model(self._model.weights, params)
        if not context:
            self._model.close()
            raise ModelUnavailable(
                f"{self._model.file_name} loads, but not with {self.sequences} contexts of {self.context_tokens} tokens."
                f"{first_error()} Lower MODEL_CONTEXT_TOKENS or MODEL_SLOTS."
            )
        return context

    def _watch_for_abort(self) -> Any:
        """A flag that llama.cpp looks at between two operations of a step, to leave a long prefill at once.

        The callback is libc's strlen: it answers "is the first byte set" without the interpreter. A Python callback
        would wait for the interpreter lock some 500 times a step, beside a busy server.
        """
        flag = ctypes.create_string_buffer(2)
        callback = ctypes.cast(ctypes.CDLL(None).strlen, self._lib.ggml_abort_callback)
        keep_alive(callback)
        self._lib.llama_set_abort_callback(self._context, callback, ctypes.cast(flag, ctypes.c_void_p))
        return flag

    def close(self) -> None:
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)  # adapters belong to the model and go with it
        self._model.close()

    # Words.

    @property
    def special_tokens(self) -> dict[int, str]:
        return self._model.special_tokens

    def tokenise(self, prompt: Prompt) -> PromptTokens:
        return self._model.tokenise(prompt)

    def bytes_of(self, token: int) -> bytes:
        return self._model.bytes_of(token)

    def ends_turn(self, token: int) -> bool:
        return self._model.ends_turn(token)

    def sampler(self, params: Params) -> Sampler:
        return Sampler(self._lib, self._context, params, vocabulary=self._model.vocabulary)

    # Steps.

    def decode(self, rows: Sequence[Row]) -> bool:
        """One step. False when it was aborted; then its sequences hold what they held before."""
        batch = self._batch
        token, pos, seq_id, logits = batch.token, batch.pos, batch.seq_id, batch.logits
        index = 0
        for row in rows:
            position = row.position
            for each in row.tokens:
                token[index] = each
                pos[index] = position
                seq_id[index][0] = row.sequence
                logits[index] = row.every
                position += 1
                index += 1
            logits[index - 1] = row.last
        batch.n_tokens = index
        code = self._lib.llama_decode(self._context, batch)
        if code == 0:
            return True
        for row in rows:  # llama.cpp takes back the part that it was in; what it had done before of this step stays
            self.cut(row.sequence, row.position)
        if code == DECODE_ABORTED:
            return False
        raise EngineError(f"llama.cpp could not decode (code {code}). Try again.")

    def abort(self) -> None:
        """Leave the running step, and refuse the next ones until `resume`. From any thread."""
        self._abort[0] = b"\x01"

    def resume(self) -> None:
        self._abort[0] = b"\x00"

    def use_threads(self, count: int) -> None:
        if count != self._threads:
            self._lib.llama_set_n_threads(self._context, count, count)
            self._threads = count

    def use_adapter(self, name: str) -> None:
        """For the steps that follow. What was evaluated with one adapter must not be continued with another."""
        if name == self._adapter:
            return
        set_adapter(self._lib, self._context, self._adapters[name] if name else None, name=name)
        self._adapter = name

    # What sequences remember.

    def cut(self, sequence: int, keep: int) -> bool:
        """Forget all after the first `keep` tokens. False where this kind of model cannot forget a part."""
        return bool(self._remove(self._memory_pointer, sequence, keep if keep else -1, -1))

    def save(self, sequence: int) -> KeptState:
        size = int(self._lib.llama_state_seq_get_size(self._context, sequence))
        state = KeptState(size)
        written = int(self._lib.llama_state_seq_get_data(self._context, state.buffer, size, sequence))
        if written != size:
            raise EngineError(f"The state of a sequence has {written} bytes where {size} were announced.")
        return state

    def restore(self, sequence: int, state: KeptState) -> bool:
        """Put a saved state in the place of what the sequence holds. False when there is no room for it."""
        return bool(self._lib.llama_state_seq_set_data(self._context, state.buffer, state.size, sequence))

    def swap(self, one: int, other: int) -> bool:
        """Exchange what two sequences hold."""
        for number, sequence in enumerate((one, other)):
            size = int(self._lib.llama_state_seq_get_size(self._context, sequence))
            if self._aside[number].size < size:
                self._aside[number] = KeptState(size)
            self._lib.llama_state_seq_get_data(self._context, self._aside[number].buffer, size, sequence)
        self.cut(one, 0)  # putting back an empty state would leave what is there
        self.cut(other, 0)
        return all(
            self._lib.llama_state_seq_set_data(self._context, state.buffer, state.size, sequence)
            for state, sequence in zip(self._aside, (other, one), strict=True)
        )

    def wipe(self) -> None:
        """Forget everything, and overwrite the cells instead of only marking them free."""
        for state in self._aside:
            state.wipe()
        self._lib.llama_memory_clear(self._memory, True)
