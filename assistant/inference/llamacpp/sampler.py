"""One chain of samplers for one request."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from typing import Any

from assistant.inference.llamacpp.library import brief_calls
from assistant.inference.types import Params

PENALTY_TOKENS = 64  # how far back the repeat penalty looks


class Sampler:
    def __init__(self, lib: Any, context: Any, params: Params, *, vocabulary: int) -> None:
        self._lib, self._context = lib, context
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
        self._sample = brief_calls().llama_sampler_sample
        self._arguments = (as_pointer(self._chain), as_pointer(context))

    def next_token(self, row: int, barred: Collection[int] = ()) -> int:
        """The token after the batch's row `row`, which must have asked for its logits. The chain remembers it."""
        if barred:
            logits = self._lib.llama_get_logits_ith(self._context, row)
            for token in barred:
                logits[token] = float("-inf")
        return int(self._sample(*self._arguments, row))

    def close(self) -> None:
        self._lib.llama_sampler_free(self._chain)


def as_pointer(handle: Any) -> ctypes.c_void_p:
    return ctypes.cast(handle, ctypes.c_void_p)
