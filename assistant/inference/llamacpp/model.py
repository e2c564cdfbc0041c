"""The weights of one GGUF file with its vocabulary: text to tokens and back."""

from __future__ import annotations

import ctypes
import os
import re
from typing import Any

from assistant.inference.decoder import PromptTokens
from assistant.inference.engine import EngineError, ModelUnavailable
from assistant.inference.llamacpp.library import first_error, forget_errors, library
from assistant.inference.modelfile import ModelFile
from assistant.inference.types import Prompt, Segment


class LlamaModel:
    """llama.cpp documents tokenisation of a loaded model as thread-safe; the rest is for the loading thread."""

    def __init__(self, model_file: ModelFile, *, gpu_layers: int = 0) -> None:
        """`gpu_layers`: how many layers a GPU holds, -1 for all; without a GPU build it changes nothing."""
        model_file.verify()
        self.lib = library()
        self.file_name = model_file.path.name
        self.weights = self._load(model_file, gpu_layers=gpu_layers)
        try:
            # The file could have been swapped between the check and the loading; costs nothing when it was not.
            model_file.verify()
        except ModelUnavailable:
            self.close()
            raise
        self.trained_context = int(self.lib.llama_model_n_ctx_train(self.weights))
        self._vocab = self.lib.llama_model_get_vocab(self.weights)
        self.vocabulary = int(self.lib.llama_vocab_n_tokens(self._vocab))
        self._piece = ctypes.create_string_buffer(256)
        self._pieces: dict[int, bytes] = {}
        self._scaffolds: dict[str, list[int]] = {}  # the same few in every prompt, and most of its length
        self._ends: dict[int, bool] = {}
        self.special_tokens = self._find_special_tokens()
        self._unescaped = self._find_unescaped()

    def _load(self, model_file: ModelFile, *, gpu_layers: int) -> Any:
        params = self.lib.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        forget_errors()
        weights = self.lib.llama_model_load_from_file(os.fsencode(model_file.path), params)
        if not weights:
            raise ModelUnavailable(f"{self.file_name} does not load.{first_error()} Register another model.")
        return weights

    def _find_special_tokens(self) -> dict[int, str]:
        """Every token that means something to the model beyond its letters, with its literal."""
        lib = self.lib
        special = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED | lib.LLAMA_TOKEN_ATTR_UNKNOWN
        return {
            token: (lib.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")
            for token in range(self.vocabulary)
            if lib.llama_vocab_get_attr(self._vocab, token) & special
        }

    def _find_unescaped(self) -> re.Pattern[str] | None:
        # llama.cpp leaves control tokens alone in plain text, but always takes user-defined ones (for example
        # "<tool_call>") for what they say. Cut after their first letter, they are letters again.
        defined = self.lib.LLAMA_TOKEN_ATTR_USER_DEFINED
        literals = [
            literal
            for token, literal in self.special_tokens.items()
            if len(literal) > 1 and self.lib.llama_vocab_get_attr(self._vocab, token) & defined
        ]
        if not literals:
            return None
        return re.compile("(?=(?:" + "|".join(re.escape(literal) for literal in literals) + "))")

    def close(self) -> None:
        self.lib.llama_model_free(self.weights)

    def tokenise(self, prompt: Prompt) -> PromptTokens:
        """Each segment is cut on its own, so nothing a person wrote can complete a control token of the scaffold."""
        lib = self.lib
        tokens = [int(lib.llama_vocab_bos(self._vocab))] if lib.llama_vocab_get_add_bos(self._vocab) else []
        shared = 0
        for number, segment in enumerate(prompt.segments):
            tokens += self._tokens_of_segment(segment)
            if number == 0 and segment.scaffold:
                shared = len(tokens)
        draft = self._plain_tokens(prompt.draft) if prompt.draft else []
        # With the space before it that its first word has in running text.
        post = self._plain_tokens(f" {prompt.post}") if prompt.post else []
        return PromptTokens(tokens, shared=shared, draft=draft, post=post)

    def _tokens_of_segment(self, segment: Segment) -> list[int]:
        if not segment.scaffold:
            return self._plain_tokens(segment.text)
        known = self._scaffolds.get(segment.text)
        if known is None:
            known = self._scaffolds[segment.text] = self._tokens_of(segment.text, special=True)
        return known

    def _plain_tokens(self, text: str) -> list[int]:
        cuts = [match.start() + 1 for match in self._unescaped.finditer(text)] if self._unescaped else []
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        tokens = [token for part in parts for token in self._tokens_of(part, special=False)]
        return [token for token in tokens if token not in self.special_tokens]

    def _tokens_of(self, text: str, *, special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (ctypes.c_int32 * room)()
        count = self.lib.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            raise EngineError(f"The tokenizer refused a text of {len(data)} bytes (code {count}).")
        return list(tokens[:count])

    def bytes_of(self, token: int) -> bytes:
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._piece_of(token)
        return known

    def _piece_of(self, token: int) -> bytes:
        length = self.lib.llama_token_to_piece(self._vocab, token, self._piece, len(self._piece), 0, False)
        if length < 0:
            self._piece = ctypes.create_string_buffer(-length)
            length = self.lib.llama_token_to_piece(self._vocab, token, self._piece, len(self._piece), 0, False)
        return self._piece.raw[:length]

    def ends_turn(self, token: int) -> bool:
        known = self._ends.get(token)
        if known is None:
            # Any control token ends it: after "<|im_start|>" the model would speak for somebody else.
            known = bool(
                self.lib.llama_vocab_is_eog(self._vocab, token) or self.lib.llama_vocab_is_control(self._vocab, token)
            )
            self._ends[token] = known
        return known
