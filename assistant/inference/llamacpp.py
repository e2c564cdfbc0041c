"""llama.cpp in this process. The only file that imports llama_cpp."""

from __future__ import annotations

import ctypes
import functools
import os
import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from assistant.inference.engine import EngineError, ModelUnavailable
from assistant.inference.loop import PREFILL_TOKENS, OneAtATime
from assistant.inference.modelfile import ModelFile
from assistant.inference.stream import QueuedStream
from assistant.inference.types import EngineState, ModelInfo, Params, Preparation, Prompt, Request

PENALTY_TOKENS = 64  # how far back the repeat penalty looks
LOG_LEVEL_ERROR = 4
DECODE_ABORTED = 2

_log_errors: deque[str] = deque(maxlen=4)
_kept_alive: list[object] = []  # ctypes callbacks that llama.cpp goes on calling


def set_openmp_waiting() -> None:
    """Has an effect only before libgomp is loaded. What the operator set stays."""
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        return
    # With a busy neighbour, threads that spin wait for each other for seconds (20 tokens a second where 50 are
    # possible); threads that sleep at once halve the speed on a quiet machine (45 for 110). A short spin has both: 48, 94.
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ["GOMP_SPINCOUNT"] = "300"


@functools.cache
def library() -> Any:
    set_openmp_waiting()
    try:
        from llama_cpp import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelUnavailable(
            f"llama-cpp-python is not usable here ({type(error).__name__}). Run `make setup` to build it."
        ) from error
    mute = llama_cpp.llama_log_callback(_keep_errors)
    _kept_alive.append(mute)
    llama_cpp.llama_log_set(mute, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return llama_cpp


def _keep_errors(level: int, text: bytes, _data: object) -> None:
    if level == LOG_LEVEL_ERROR:
        _log_errors.append(text.decode("utf-8", "replace").strip())


def available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LlamaModel:
    """Weights, vocabulary and one context. Only `tokenise` may be called from another than the loading thread."""

    def __init__(self, model_file: ModelFile, *, context_tokens: int, threads: int) -> None:
        model_file.verify()
        self._lib = library()
        self._weights = self._load(model_file)
        self._vocab = self._lib.llama_model_get_vocab(self._weights)
        self.context_tokens = min(context_tokens, int(self._lib.llama_model_n_ctx_train(self._weights)))
        self._context = self._open_context(threads, file_name=model_file.path.name)
        self._memory = self._lib.llama_get_memory(self._context)
        self._batch = self._lib.llama_batch_init(PREFILL_TOKENS, 0, 1)
        self._abort = self._watch_for_abort()
        self._piece = ctypes.create_string_buffer(256)
        self._count = int(self._lib.llama_vocab_n_tokens(self._vocab))
        self.special_tokens = self._find_special_tokens()
        self._unescaped = self._find_unescaped()

    def _load(self, model_file: ModelFile) -> Any:
        params = self._lib.llama_model_default_params()
        params.n_gpu_layers = 0
        _log_errors.clear()
        weights = self._lib.llama_model_load_from_file(os.fsencode(model_file.path), params)
        if not weights:
            said = f" llama.cpp says: {_log_errors[0]}." if _log_errors else ""
            raise ModelUnavailable(f"{model_file.path.name} does not load.{said} Register another model.")
        return weights

    def _open_context(self, threads: int, *, file_name: str) -> Any:
        params = self._lib.llama_context_default_params()
        params.n_ctx = self.context_tokens
        params.n_batch = PREFILL_TOKENS
        params.n_ubatch = PREFILL_TOKENS
        params.n_seq_max = 1
        params.n_threads = threads
        params.n_threads_batch = threads
        params.no_perf = True
        context = self._lib.llama_init_from_model(self._weights, params)
        if not context:
            self._lib.llama_model_free(self._weights)
            raise ModelUnavailable(
                f"{file_name} loads, but there is no memory for a context of {self.context_tokens} tokens."
                " Lower the context length."
            )
        return context

    def _watch_for_abort(self) -> Any:
        """A flag that llama.cpp looks at between two operations of a step, to leave a long prefill at once.

        The callback is libc's strlen: it answers "is the first byte set" without the interpreter. A Python callback
        would wait for the interpreter lock some 500 times a step, beside a busy server.
        """
        flag = ctypes.create_string_buffer(2)
        callback = ctypes.cast(ctypes.CDLL(None).strlen, self._lib.ggml_abort_callback)
        _kept_alive.append(callback)
        self._lib.llama_set_abort_callback(self._context, callback, ctypes.cast(flag, ctypes.c_void_p))
        return flag

    def _find_special_tokens(self) -> dict[int, str]:
        """Every token that means something to the model beyond its letters, with its literal."""
        lib = self._lib
        special = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED | lib.LLAMA_TOKEN_ATTR_UNKNOWN
        return {
            token: (lib.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")
            for token in range(self._count)
            if lib.llama_vocab_get_attr(self._vocab, token) & special
        }

    def _find_unescaped(self) -> re.Pattern[str] | None:
        # llama.cpp leaves control tokens alone in plain text, but always takes user-defined ones (for example
        # "<tool_call>") for what they say. Cut after their first letter, they are letters again.
        defined = self._lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        literals = [
            literal
            for token, literal in self.special_tokens.items()
            if len(literal) > 1 and self._lib.llama_vocab_get_attr(self._vocab, token) & defined
        ]
        if not literals:
            return None
        return re.compile("(?=(?:" + "|".join(re.escape(literal) for literal in literals) + "))")

    def close(self) -> None:
        self._lib.llama_batch_free(self._batch)
        self._lib.llama_free(self._context)
        self._lib.llama_model_free(self._weights)

    # Text to tokens and back.

    def tokenise(self, prompt: Prompt) -> list[int]:
        """llama.cpp documents tokenisation of a loaded model as thread-safe.

        Each segment is cut on its own, so nothing a person wrote can complete a control token of the scaffold.
        """
        tokens = [int(self._lib.llama_vocab_bos(self._vocab))] if self._lib.llama_vocab_get_add_bos(self._vocab) else []
        for segment in prompt.segments:
            tokens += self._scaffold_tokens(segment.text) if segment.scaffold else self._plain_tokens(segment.text)
        return tokens

    def _scaffold_tokens(self, text: str) -> list[int]:
        return self._tokens_of(text, special=True)

    def _plain_tokens(self, text: str) -> list[int]:
        cuts = [match.start() + 1 for match in self._unescaped.finditer(text)] if self._unescaped else []
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        tokens = [token for part in parts for token in self._tokens_of(part, special=False)]
        return [token for token in tokens if token not in self.special_tokens]

    def _tokens_of(self, text: str, *, special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (ctypes.c_int32 * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            raise EngineError(f"The tokenizer refused a text of {len(data)} bytes (code {count}).")
        return list(tokens[:count])

    def bytes_of(self, token: int) -> bytes:
        length = self._lib.llama_token_to_piece(self._vocab, token, self._piece, len(self._piece), 0, False)
        if length < 0:
            self._piece = ctypes.create_string_buffer(-length)
            length = self._lib.llama_token_to_piece(self._vocab, token, self._piece, len(self._piece), 0, False)
        return self._piece.raw[:length]

    def ends_turn(self, token: int) -> bool:
        # Any control token ends it: after "<|im_start|>" the model would speak for somebody else.
        return bool(
            self._lib.llama_vocab_is_eog(self._vocab, token) or self._lib.llama_vocab_is_control(self._vocab, token)
        )

    # Decoding.

    def decode(self, tokens: Sequence[int], *, position: int) -> bool:
        """One step. False when it was aborted; what the step left behind is then undefined until `forget`."""
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = position + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = index == len(tokens) - 1
        code = self._lib.llama_decode(self._context, batch)
        if code in (0, DECODE_ABORTED):
            return bool(code == 0)
        raise EngineError(f"llama.cpp could not decode (code {code}). Try again.")

    def abort(self) -> None:
        """Leave the running step. From any thread."""
        self._abort[0] = b"\x01"

    def forget(self) -> None:
        """Nothing of one request may reach the next: the cells are emptied, not only marked free."""
        self._abort[0] = b"\x00"
        self._lib.llama_memory_clear(self._memory, True)

    def sampler(self, params: Params) -> Sampler:
        return Sampler(self._lib, self._context, params, vocabulary=self._count)


class Sampler:
    def __init__(self, lib: Any, context: Any, params: Params, *, vocabulary: int) -> None:
        self._lib = lib
        self._context = context
        self._chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        # The penalty comes after top-k: over a whole vocabulary it is five times as slow.
        steps = [
            lib.llama_sampler_init_top_k(params.top_k),
            lib.llama_sampler_init_penalties(vocabulary, PENALTY_TOKENS, params.repeat_penalty, 0.0, 0.0),
        ]
        if params.temperature > 0:
            steps += [
                lib.llama_sampler_init_top_p(params.top_p, 1),
                lib.llama_sampler_init_min_p(params.min_p, 1),
                lib.llama_sampler_init_temp(params.temperature),
                lib.llama_sampler_init_dist(params.seed),
            ]
        else:
            steps.append(lib.llama_sampler_init_greedy())
        for step in steps:
            lib.llama_sampler_chain_add(self._chain, step)

    def next_token(self) -> int:
        return int(self._lib.llama_sampler_sample(self._chain, self._context, -1))

    def close(self) -> None:
        self._lib.llama_sampler_free(self._chain)


class LlamaCppEngine:
    def __init__(
        self, model_file: ModelFile, *, name: str, context_tokens: int = 4096, threads: int | None = None
    ) -> None:
        def load() -> LlamaModel:
            model = LlamaModel(model_file, context_tokens=context_tokens, threads=threads or available_cores())
            try:
                # The file could have been swapped between the check and the loading; costs nothing when it was not.
                model_file.verify()
            except ModelUnavailable:
                model.close()
                raise
            return model

        self._loop = OneAtATime(load)
        self._info = ModelInfo(
            name=name,
            sha256=model_file.sha256,
            size=model_file.size,
            context_tokens=self._loop.decoder.context_tokens,
        )

    @property
    def model(self) -> ModelInfo:
        return self._info

    @property
    def usable(self) -> bool:
        return self._loop.usable

    @property
    def special_tokens(self) -> dict[int, str]:
        """Every token that means something to this model beyond its letters, with its literal."""
        return self._loop.decoder.special_tokens

    def tokenise(self, prompt: Prompt) -> list[int]:
        return self._loop.tokenise(prompt)

    def submit(self, request: Request) -> QueuedStream:
        return self._loop.submit(request)

    def prepare(self, preparation: Preparation) -> None:
        pass

    def forget(self, case: str) -> None:
        pass

    def state(self) -> EngineState:
        return EngineState(slots=1)

    def close(self) -> None:
        self._loop.close()
