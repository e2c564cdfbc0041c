"""llama_decode by itself, for comparing builds of the library: no sampling policy, no safety, no threads of ours.

It runs under any Python that has llama-cpp-python, so it imports nothing of Lantern but the loader of the CPU libraries.
As a program it answers on standard output to the lines that bench.wheels and bench.portable write to it.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from llama_cpp import llama_cpp as lib

from assistant.inference.llamacpp.backends import cpu_library, load_backends

PROMPT = 512
ROWS = 8
FILLED = 128  # tokens that each of the eight sequences holds
TEXT = "I hear how hard this week has been for you, and"


class RawModel:
    def __init__(self, path: Path, *, threads: int) -> None:
        # One thread is timed by what it computed, which a busy neighbour hardly changes; several wait for each other.
        self._clock = time.process_time if threads == 1 else time.perf_counter
        self._quiet = lib.llama_log_callback(lambda _level, _text, _data: None)
        lib.llama_log_set(self._quiet, ctypes.c_void_p(0))
        load_backends(lib._lib)
        self.library = cpu_library(lib._lib)
        lib.llama_backend_init()
        self._weights = lib.llama_model_load_from_file(os.fsencode(path), lib.llama_model_default_params())
        if not self._weights:
            raise SystemExit(f"{path} does not load.")
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 1024 * ROWS, PROMPT, PROMPT, ROWS
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = False
        self._context = lib.llama_init_from_model(self._weights, params)
        self._memory = lib.llama_get_memory(self._context)
        self._batch = lib.llama_batch_init(PROMPT, 0, 1)
        self._vocab = lib.llama_model_get_vocab(self._weights)

    def decode(self, rows: list[tuple[int, int, int]]) -> float:
        """Rows of (token, position, sequence); the seconds until the logits of the last row can be read."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for index, (token, position, sequence) in enumerate(rows):
            batch.token[index], batch.pos[index] = token, position
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, sequence
            batch.logits[index] = index == len(rows) - 1 or len(rows) <= ROWS
        began = self._clock()
        if lib.llama_decode(self._context, batch) != 0:
            raise SystemExit("llama_decode failed.")
        lib.llama_synchronize(self._context)
        return self._clock() - began

    def prefill(self) -> float:
        self.clear()
        return self.decode([(1000 + 7 * index % 9973, index, 0) for index in range(PROMPT)])

    def steps(self, rows: int, times: int) -> list[float]:
        """One token for each of `rows` sequences, at the same place each time."""
        filled = PROMPT if rows == 1 else FILLED
        self.clear()
        for sequence in range(rows):
            self.decode([(1000 + 7 * index % 9973, index, sequence) for index in range(filled)])
        took = []
        for _ in range(times):
            took.append(self.decode([(2000 + sequence, filled, sequence) for sequence in range(rows)]))
            for sequence in range(rows):
                lib.llama_memory_seq_rm(self._memory, sequence, filled, -1)
        return took

    def clear(self) -> None:
        lib.llama_memory_clear(self._memory, True)

    def likeliest(self, text: str, count: int) -> str:
        """What the model goes on with, the likeliest token each time."""
        self.clear()
        data = text.encode()
        room = (ctypes.c_int32 * 256)()
        length = lib.llama_tokenize(self._vocab, data, len(data), room, len(room), True, False)
        rows = [(room[index], index, 0) for index in range(length)]
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_greedy())
        piece = ctypes.create_string_buffer(256)
        said = b""
        for position in range(length, length + count):
            self.decode(rows)
            token = lib.llama_sampler_sample(chain, self._context, -1)
            length = lib.llama_token_to_piece(self._vocab, token, piece, len(piece), 0, False)
            said += piece.raw[:length]
            rows = [(token, position, 0)]
        lib.llama_sampler_free(chain)
        return said.decode("utf-8", "replace")


def answer(model: RawModel, asked: dict[str, Any]) -> Any:
    if asked["what"] == "library":
        return model.library
    if asked["what"] == "say":
        return model.likeliest(TEXT, int(asked["tokens"]))
    if asked["what"] == "prefill":
        return [model.prefill() for _ in range(int(asked["times"]))]
    return model.steps(int(asked["rows"]), int(asked["times"]))


def main() -> int:
    model = RawModel(Path(sys.argv[1]), threads=int(sys.argv[2]))
    for line in sys.stdin:
        print(json.dumps(answer(model, json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
