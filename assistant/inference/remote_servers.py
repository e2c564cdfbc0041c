"""What llama-server and vLLM are asked, and how they answer.

Both are sent token ids, made segment by segment by the server's own tokenizer, so that a person's words stay letters.
llama-server tokenises a text without control tokens when it is told to. vLLM takes every added token for what it says;
there, and for what llama-server always takes so ("user-defined" tokens), the literals are cut after their first letter and
the halves are tokenised apart.

The repeat penalty is not asked of either: theirs counts the prompt, and so works against keeping the words of the draft,
where ours counts the answer alone. Answers that go round in circles are ended by `LoopDetector` here.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from assistant.inference.engine import EngineAway, EngineError, ModelUnavailable
from assistant.inference.remote_line import Client, Line, refusal
from assistant.inference.types import Params, Prompt, Segment, StopReason

SCAFFOLD_TEXTS = 64  # whose tokens are remembered; nobody wrote them, so there are few
SALTS = 1000  # cases whose cached blocks can be found again
VOCABULARY_STEP = 16_384  # token ids in one question
PROBE_SECONDS = 60.0

# How control tokens are written, whatever the model: "<|im_end|>", "</s>", "[INST]", "<<SYS>>", "<｜User｜>".
MARKS = re.compile(r"[<>\[\]{}|｜]")
MARKUP = re.compile(r"\s*[<\[{|].+[>\]}|]\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A step of an answer."""

    text: str
    tokens: tuple[int, ...] = ()
    made: int = 0  # tokens of the answer so far
    stop: StopReason | None = None
    reused: int | None = None  # tokens of the prompt that the server had already evaluated


class Server(ABC):
    kind: str

    def __init__(self, client: Client, model: str) -> None:
        self.client = client
        entry, others = choose(client, self._entries(), model)
        self.model = str(entry.get("id", ""))
        self._identity = identity_of(entry)
        self.fingerprint = hashlib.sha256(json.dumps(self._identity, sort_keys=True).encode()).hexdigest()
        self.adapters = self._find_adapters(others)
        self.special_tokens, cuts = self._find_special_tokens(entry)
        # Looked ahead, so that of literals that overlap each is found.
        self._cuts = re.compile("(?=" + "|".join(map(re.escape, sorted(cuts))) + ")") if cuts else None
        self._scaffold: dict[str, list[int]] = {}
        self._beginning = self._find_beginning()

    context_tokens: int
    slots: int
    size: int = 0

    @abstractmethod
    def _find_adapters(self, others: list[dict[str, Any]]) -> dict[str, Any]: ...

    @abstractmethod
    def _find_special_tokens(self, entry: dict[str, Any]) -> tuple[dict[int, str], set[str]]:
        """The control tokens with their literals, and the literals that must be cut in plain text."""

    @abstractmethod
    def _tokenise(self, texts: Sequence[str], *, special: bool, beginning: bool = False) -> list[list[int]]: ...

    @abstractmethod
    def answer(self, tokens: list[int], params: Params, *, case: str, adapter: str, line: Line) -> Generator[Piece]: ...

    @abstractmethod
    def prepare(self, tokens: list[int], *, case: str, adapter: str, line: Line) -> None: ...

    @abstractmethod
    def forget(self, case: str) -> None:
        """Raises EngineError when the server has no way to."""

    def check_model(self) -> None:
        """Another model has other tokens, and nobody measured it."""
        entries = self._entries()
        if not any(identity_of(entry) == self._identity for entry in entries):
            raise ModelUnavailable(
                f"The model server {self.client.address} now serves another model than when this worker began."
                " Start the former one again, or restart the worker."
            )

    def check_adapter(self, adapter: str) -> None:
        if adapter and adapter not in self.adapters:
            known = ", ".join(sorted(self.adapters)) or "none"
            raise EngineError(f"The model server {self.client.address} has no adapter {adapter}. It has: {known}.")

    def tokenise(self, prompt: Prompt) -> list[int]:
        tokens = list(self._beginning)
        written = iter(self._written_tokens([s for s in prompt.segments if not s.scaffold]))
        for segment in prompt.segments:
            tokens += self._scaffold_tokens(segment.text) if segment.scaffold else next(written)
        return tokens

    def _scaffold_tokens(self, text: str) -> list[int]:
        tokens = self._scaffold.get(text)
        if tokens is None:
            tokens = self._tokenise([text], special=True)[0]
            if len(self._scaffold) >= SCAFFOLD_TEXTS:
                self._scaffold.clear()
            self._scaffold[text] = tokens
        return tokens

    def _written_tokens(self, segments: list[Segment]) -> list[list[int]]:
        parts = [self._parts(segment.text.encode("utf-8", "replace").decode()) for segment in segments]
        found = iter(self._tokenise([part for several in parts for part in several], special=False) if parts else [])
        return [
            [token for _ in several for token in next(found) if token not in self.special_tokens] for several in parts
        ]

    def _parts(self, text: str) -> list[str]:
        cuts = [match.start() + 1 for match in self._cuts.finditer(text)] if self._cuts else []
        return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    def _find_beginning(self) -> list[int]:
        plain = self._tokenise(["a"], special=False)[0]
        whole = self._tokenise(["a"], special=False, beginning=True)[0]
        return whole[:1] if whole[:1] != plain[:1] else []

    def _entries(self) -> list[dict[str, Any]]:
        said = self.client.ask("GET", "/v1/models")
        entries = said.get("data") if isinstance(said, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self.client.garbage()
        return entries

    def _garbled(self) -> EngineAway:
        return self.client.garbage()

    def _check_event(self, event: Any) -> dict[str, Any]:
        if not isinstance(event, dict):
            raise self._garbled()
        if "error" in event:
            error = event["error"] if isinstance(event["error"], dict) else {}
            status = error.get("code")
            if isinstance(status, int) and 400 <= status < 500:
                raise refusal(self.client.address, status, event)
            raise EngineAway(f"The model server {self.client.address} broke off in the middle of an answer.")
        return event


def choose(client: Client, entries: list[dict[str, Any]], model: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The entry of the model that was asked for, or the only one; and the entries that stand on it."""
    bases = [entry for entry in entries if not entry.get("parent")]
    chosen = [entry for entry in bases if model in (entry.get("id"), *(entry.get("aliases") or ()))] if model else bases
    if len(chosen) != 1:
        names = ", ".join(str(entry.get("id")) for entry in bases) or "none"
        wanted = f"has no model {model}" if model else "serves several models"
        raise EngineError(f"The model server {client.address} {wanted}. Name one of: {names}.")
    return chosen[0], [entry for entry in entries if entry.get("parent") == chosen[0].get("id")]


def identity_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: entry.get(name) for name in ("id", "root", "max_model_len", "meta")}


def connect(client: Client, model: str) -> Server:
    """Ask the server what it is. Raises EngineError or EngineAway."""
    try:
        props = client.ask("GET", "/props")
    except EngineAway:
        raise
    except EngineError:
        props = None
    with suppress(KeyError, TypeError, ValueError, AttributeError):
        return LlamaServer(client, model, props) if props is not None else Vllm(client, model)
    raise client.garbage()


class LlamaServer(Server):
    kind = "llama-server"

    def __init__(self, client: Client, model: str, props: Any) -> None:
        try:
            self.context_tokens = int(props["default_generation_settings"]["n_ctx"])
            self.slots = int(props["total_slots"])
        except (KeyError, TypeError, ValueError):
            raise client.garbage() from None
        self._last_case: dict[int, str] = {}  # by slot
        self._lock = threading.Lock()
        super().__init__(client, model)

    def _find_adapters(self, _others: list[dict[str, Any]]) -> dict[str, int]:
        said = self.client.ask("GET", "/lora-adapters")
        return {PurePosixPath(str(adapter["path"])).stem: int(adapter["id"]) for adapter in said}

    def _find_special_tokens(self, entry: dict[str, Any]) -> tuple[dict[int, str], set[str]]:
        """There is no list of them: a control token is one whose literal is one token when control tokens are parsed, and
        letters when they are not. User-defined tokens look like any other, so all that is written like markup is cut."""
        meta = entry.get("meta") or {}
        self.size = int(meta.get("size") or 0)
        doubtful: dict[int, str] = {}
        for first in range(0, int(meta["n_vocab"]), VOCABULARY_STEP):
            ids = list(range(first, min(first + VOCABULARY_STEP, int(meta["n_vocab"]))))
            said = self.client.ask("POST", "/tokenize", {"content": ids, "with_pieces": True}, seconds=PROBE_SECONDS)
            for token in said["tokens"]:
                piece = token["piece"]
                if isinstance(piece, str) and len(piece) > 1 and MARKS.search(piece):
                    doubtful[int(token["id"])] = piece
        parsed = self._tokenise(list(doubtful.values()), special=True)
        plain = self._tokenise(list(doubtful.values()), special=False)
        control: dict[int, str] = {}
        cuts: set[str] = set()
        for (token, literal), with_special, without in zip(doubtful.items(), parsed, plain, strict=True):
            if with_special == [token] != without:
                control[token] = literal
            elif without == [token] and len(literal) > 2 and MARKUP.fullmatch(literal):
                cuts.add(literal)
        return control, cuts

    def _tokenise(self, texts: Sequence[str], *, special: bool, beginning: bool = False) -> list[list[int]]:
        # Each text of a list is tokenised by itself, and numbers pass as they are: -1 keeps them apart.
        content = [part for text in texts for part in (text, -1)]
        said = self.client.ask(
            "POST",
            "/tokenize",
            {"content": content, "parse_special": special, "add_special": beginning},
            seconds=PROBE_SECONDS if len(texts) > SCAFFOLD_TEXTS else 10.0,
        )
        found: list[list[int]] = [[]]
        try:
            for token in said["tokens"]:
                if token == -1:
                    found.append([])
                else:
                    found[-1].append(int(token))
        except (KeyError, TypeError, ValueError):
            raise self._garbled() from None
        if len(found) != len(texts) + 1:
            raise EngineError(
                f"The model server {self.client.address} does not tokenise lists of texts. Update llama-server."
            )
        return found[:-1]

    def answer(self, tokens: list[int], params: Params, *, case: str, adapter: str, line: Line) -> Generator[Piece]:
        body = self._body(tokens, adapter) | {
            "stream": True,
            "return_progress": True,  # so that the answer begins with the prompt, and silence means something
            "n_predict": params.max_tokens,
            "seed": params.seed,
            "temperature": max(0.0, params.temperature),
            "top_k": params.top_k,
            "top_p": params.top_p,
            "min_p": params.min_p,
            "samplers": ["top_k", "top_p", "min_p", "temperature"],
        }
        for event in self.client.stream("/completion", body, line=line):
            said = self._check_event(event)
            try:
                piece = self._piece(said, case)
            except (KeyError, TypeError, ValueError):
                piece = None
            if piece is None:
                raise self._garbled()
            yield piece

    def _piece(self, said: dict[str, Any], case: str) -> Piece:
        if "id_slot" in said and int(said["id_slot"]) >= 0:
            with self._lock:
                self._last_case[int(said["id_slot"])] = case
        if said["stop"]:
            reason = StopReason.LENGTH if said["stop_type"] == "limit" else StopReason.END
            return Piece("", made=int(said["tokens_predicted"]), stop=reason)
        if progress := said.get("prompt_progress"):
            return Piece("", reused=int(progress["cache"]))
        tokens, made = tuple(map(int, said["tokens"])), int(said["tokens_predicted"])
        if any(token in self.special_tokens for token in tokens):
            return Piece("", made=made - 1, stop=StopReason.END)
        return Piece(str(said["content"]), tokens, made)

    def _body(self, tokens: list[int], adapter: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "prompt": tokens,
            # Without it the last event repeats the whole prompt.
            "response_fields": ["stop", "stop_type", "tokens_predicted", "id_slot"],
        }
        if self.adapters:
            body["lora"] = [{"id": number, "scale": float(name == adapter)} for name, number in self.adapters.items()]
        return body

    def prepare(self, tokens: list[int], *, case: str, adapter: str, line: Line) -> None:
        said = self.client.ask("POST", "/completion", self._body(tokens, adapter) | {"n_predict": 0}, line=line)
        if isinstance(said, dict) and isinstance(said.get("id_slot"), int):
            with self._lock:
                self._last_case[said["id_slot"]] = case

    def forget(self, case: str) -> None:
        with self._lock:
            slots = [slot for slot, last in self._last_case.items() if last == case]
        for slot in slots:
            self.client.ask("POST", f"/slots/{slot}?action=erase")
            with self._lock:
                self._last_case.pop(slot, None)


class Vllm(Server):
    kind = "vLLM"

    def __init__(self, client: Client, model: str) -> None:
        self._salts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        super().__init__(client, model)

    def _find_adapters(self, others: list[dict[str, Any]]) -> dict[str, str]:
        return {str(entry["id"]): str(entry["id"]) for entry in others}

    def _find_special_tokens(self, entry: dict[str, Any]) -> tuple[dict[int, str], set[str]]:
        self.slots = 1 << 20  # as many as it is sent
        try:
            self.context_tokens = int(entry["max_model_len"])
            added = self.client.ask("GET", "/tokenizer_info")["added_tokens_decoder"]
            literals = {int(token): content_of(said) for token, said in added.items()}
        except EngineAway:
            raise
        except (EngineError, KeyError, TypeError, ValueError, AttributeError):
            raise EngineError(
                f"The model server {self.client.address} does not say which tokens are control tokens, so nothing shows"
                " that a person's words stay words. Start llama-server, or vLLM with --enable-tokenizer-info-endpoint."
            ) from None
        control = {token: literal for token, literal in literals.items() if MARKS.search(literal)}
        return control, {literal for literal in control.values() if len(literal) > 1}

    def _tokenise(self, texts: Sequence[str], *, special: bool, beginning: bool = False) -> list[list[int]]:  # noqa: ARG002
        # It parses added tokens whatever one says; the cuts see to what a person wrote.
        return [self._tokens_of(text, beginning=beginning) if text else [] for text in texts]

    def _tokens_of(self, text: str, *, beginning: bool) -> list[int]:
        body = {"model": self.model, "prompt": text, "add_special_tokens": beginning}
        said = self.client.ask("POST", "/tokenize", body)
        try:
            return [int(token) for token in said["tokens"]]
        except (KeyError, TypeError, ValueError):
            raise self._garbled() from None

    def answer(self, tokens: list[int], params: Params, *, case: str, adapter: str, line: Line) -> Generator[Piece]:
        body = self._body(tokens, case, adapter) | {
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": params.max_tokens,
            "seed": params.seed,
            "temperature": max(0.0, params.temperature),
            "top_k": params.top_k,
            "top_p": params.top_p,
            "min_p": params.min_p,
            "return_token_ids": True,
            # Seen, a control token ends the answer; skipped, the model would go on as somebody else.
            "skip_special_tokens": False,
            "spaces_between_special_tokens": False,
        }
        made, reason, reused = 0, None, None
        for event in self.client.stream("/v1/completions", body, line=line):
            said = self._check_event(event)
            try:
                piece, ended_by_control = self._piece(said, made)
                usage = said.get("usage") or {}
                reused = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                piece = None
            if piece is None:
                raise self._garbled()
            made, reason = piece.made, piece.stop or reason
            yield Piece(piece.text, piece.tokens, made)
            if ended_by_control:
                break
        if reason is not None:
            yield Piece("", made=made, stop=reason, reused=reused)

    def _piece(self, said: dict[str, Any], made: int) -> tuple[Piece, bool]:
        """And whether a control token ended it, after which the server may go on."""
        if not said["choices"]:
            return Piece("", made=made), False
        choice = said["choices"][0]
        text, tokens = str(choice["text"]), tuple(map(int, choice.get("token_ids") or ()))
        if text and choice.get("token_ids") is None:
            raise EngineError(
                f"The model server {self.client.address} does not name the tokens of its answer, so a control token"
                " would be shown as text. Update vLLM to a version that knows return_token_ids."
            )
        ending = next((at for at, token in enumerate(tokens) if token in self.special_tokens), None)
        if ending is not None:
            text = text.partition(self.special_tokens[tokens[ending]])[0]
            return Piece(text, tokens[:ending], made + ending, StopReason.END), True
        finished = choice.get("finish_reason")
        if finished not in (None, "stop", "length"):
            raise EngineAway(f"The model server {self.client.address} broke off in the middle of an answer.")
        reason = {None: None, "stop": StopReason.END, "length": StopReason.LENGTH}[finished]
        return Piece(text, tokens, made + (len(tokens) or bool(text)), reason), False

    def _body(self, tokens: list[int], case: str, adapter: str) -> dict[str, Any]:
        body: dict[str, Any] = {"model": adapter or self.model, "prompt": tokens, "repetition_penalty": 1.0}
        if case:
            body["cache_salt"] = self._salt_of(case)
        return body

    def _salt_of(self, case: str) -> str:
        """Cached blocks are found by exactly this salt, so those of one case serve no other."""
        with self._lock:
            salt = self._salts.setdefault(case, secrets.token_urlsafe(32))
            self._salts.move_to_end(case)
            if len(self._salts) > SALTS:
                self._salts.popitem(last=False)
            return salt

    def prepare(self, tokens: list[int], *, case: str, adapter: str, line: Line) -> None:
        self.client.ask("POST", "/v1/completions", self._body(tokens, case, adapter) | {"max_tokens": 1}, line=line)

    def forget(self, case: str) -> None:
        """What was cached under a salt that nobody knows any more is found by nobody, and makes room in time."""
        with self._lock:
            self._salts.pop(case, None)


def content_of(said: Any) -> str:
    return str(said["content"] if isinstance(said, dict) else said)
