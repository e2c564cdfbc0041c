"""The arms as the run sees them: start, run a plan, say what it cost, end."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from assistant.inference.types import Prompt
from bench import llama_server
from bench.engine.plan import Answer, Clock, Step, params_of, to_json
from scripts.setup.steps import ROOT, VAR
from scripts.setup.verbs import site_env


class Tokeniser:
    """Asks a llama-server, segment by segment, as the site's engine cuts a prompt: every arm gets the same tokens."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def tokens_of(self, prompt: Prompt) -> list[int]:
        tokens: list[int] = []
        for number, segment in enumerate(prompt.segments):
            told = {"content": segment.text, "add_special": number == 0, "parse_special": segment.scaffold}
            tokens += self._http.post("/tokenize", json=told).raise_for_status().json()["tokens"]
        return tokens


class Arm:
    name = ""
    pids: tuple[int, ...] = ()
    takes_text = False  # else it is given tokens

    def run(self, steps: list[Step]) -> list[Answer]:
        """One answer for each step that asks, in the order of the steps."""
        raise NotImplementedError

    def settle(self) -> None:
        """Return when nothing is evaluated any more."""

    def counters(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        raise NotImplementedError


class ChildArm(Arm):
    def __init__(self, name: str, kind: str, options: Mapping[str, Any], *, env: Mapping[str, str]) -> None:
        self.name = name
        self.takes_text = kind == "lantern"
        log = VAR / "log" / f"bench-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.engine.child", kind, json.dumps(dict(options))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                cwd=ROOT,
                env=dict(env),
            )
        self._log = log
        self.pids = (self._process.pid,)
        self._hear()

    @classmethod
    def lantern(cls, name: str, options: Mapping[str, Any]) -> Self:
        return cls(name, "lantern", options, env=site_env())

    @classmethod
    def bare(cls, name: str, kind: str, options: Mapping[str, Any]) -> Self:
        return cls(name, kind, options, env=llama_server.bare_environment())

    def run(self, steps: list[Step]) -> list[Answer]:
        told = self._ask({"do": "run", "steps": [to_json(step) for step in steps]})
        return [Answer(**answer) for answer in told["answers"]]

    def settle(self) -> None:
        self._ask({"do": "settle"})

    def counters(self) -> dict[str, Any]:
        return self._ask({"do": "counters"})

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._log.read_text(encoding="utf-8", errors="replace")[-1500:]
            raise RuntimeError(f"The arm {self.name} ended by itself; {self._log} ends with:\n{said}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class ServerArm(Arm):
    """llama-server over HTTP. A thread for each request, and the leanest client: what it spends, the server lacks."""

    def __init__(
        self, name: str, model: Path, *, slots: int, threads: int, context: int, more: tuple[str, ...]
    ) -> None:
        self.name = name
        self._open = contextlib.ExitStack()
        self.server = self._open.enter_context(
            llama_server.running(
                model,
                slots=slots,
                threads=threads,
                context_per_slot=context,
                more=more,
                log=VAR / "log" / f"bench-{name}.log",
            )
        )
        self.slots = slots
        self.pids = (self.server.pid,)
        self._port = httpx.URL(self.server.url).port

    def run(self, steps: list[Step]) -> list[Answer]:
        clock = Clock(steps)
        asks = [step for step in steps if step.do == "ask"]
        answers = [Answer(case=step.case, label=step.label) for step in asks]
        threads = [
            threading.Thread(target=self._ask, args=(step, json.dumps(self._body(step)).encode(), answer, clock))
            for step, answer in zip(asks, answers, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def _body(self, step: Step) -> dict[str, Any]:
        params = params_of(step)
        return {
            "prompt": step.tokens,
            "n_predict": params.max_tokens,
            "temperature": 0.0,
            "repeat_penalty": params.repeat_penalty,
            "repeat_last_n": 64,
            # Its full chain would sort and filter candidates of which the first is taken anyway.
            "samplers": ["penalties", "temperature"],
            "stream": True,
            "cache_prompt": True,
            "id_slot": step.slot,
        }

    def _ask(self, step: Step, body: bytes, answer: Answer, clock: Clock) -> None:
        clock.wait_for(step)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        pieces: list[str] = []
        answer.sent = clock.now
        try:
            connection.request("POST", "/completion", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                answer.error = f"HTTP {response.status}"
                return
            for line in response:
                if line.startswith(b"data: ") and self._take(json.loads(line[6:]), answer, pieces, clock.now):
                    clock.first_word(answer)
        except (OSError, http.client.HTTPException) as error:
            answer.error = type(error).__name__
        finally:
            connection.close()
            answer.ended = clock.now
            answer.text = "".join(pieces)
            if not pieces:
                clock.first_word(answer)

    @staticmethod
    def _take(event: dict[str, Any], answer: Answer, pieces: list[str], now: float) -> bool:
        """Whether it is the first piece."""
        if event.get("content"):
            answer.times.append(now)
            pieces.append(event["content"])
        if event.get("stop"):
            answer.tokens, answer.stop = event["tokens_predicted"], event["stop_type"]
            answer.prompt_tokens = event["tokens_evaluated"]
            answer.reused_tokens = event["timings"]["cache_n"]
        return bool(event.get("content")) and len(pieces) == 1

    def close(self) -> None:
        self._open.close()
