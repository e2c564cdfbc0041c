"""The model that a suite asks: which files it is, in which words it is asked, and what a report says of it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from assistant.inference import prompts, trained_prompts
from assistant.inference.engine import Engine, EngineError
from assistant.inference.modelfile import STARTER, ModelFile
from assistant.inference.prompts import build_prompt
from assistant.inference.types import Mode, Params, Prompt
from evaluation.revisions import asking
from evaluation.suite import BadData

VERSIONS = (
    prompts.IMPROVE_VERSION,
    trained_prompts.IMPROVE_VERSION,
    prompts.GENERATE_VERSION,
    trained_prompts.GENERATE_VERSION,
)
# Several wait for each other, so the deadline is far; a slow machine must not look like a model that stops early.
GREEDY = Params(temperature=0.0, max_tokens=200, deadline_seconds=asking.GREEDY.deadline_seconds)
Case = TypeVar("Case")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Asked:
    base: ModelFile
    adapter: ModelFile | None
    version: str  # of the prompt

    @classmethod
    def of(cls, more: Mapping[str, Any]) -> Asked:
        """What the options name; the starter model where they name none."""
        path = more.get("model") or STARTER.in_folder(asking.ROOT / "var" / "models").path
        adapter = asking.measured(more["adapter"]) if more.get("adapter") else None
        default = trained_prompts.IMPROVE_VERSION if adapter else prompts.IMPROVE_VERSION
        return cls(asking.measured(path), adapter, str(more.get("prompt") or default))

    @property
    def mode(self) -> Mode:
        return Mode(self.version.partition("-")[0])

    @property
    def name(self) -> str:
        """Of the adapter in the engine; empty for the base alone."""
        return asking.ADAPTER if self.adapter else ""

    @property
    def facts(self) -> dict[str, str | int | float]:
        return asking.model_facts(self.base, self.adapter, self.version)

    def prompt(self, *, post: str, draft: str) -> Prompt:
        return build_prompt(self.mode, post=post, draft=draft, version=self.version)

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        """Raises BadData where it cannot be loaded, or stops."""
        try:
            engine = asking.open_engine(self.base, self.adapter)
            try:
                yield engine
            finally:
                engine.close()
        except EngineError as error:
            raise BadData(self.base.path, "", str(error)) from error


def several(ask: Callable[[Case], Made], cases: Sequence[Case], *, unit: str) -> Iterator[Made]:
    """In the order of the cases, as many at a time as a worker of the site answers. What `ask` raises ends it."""
    failed: list[BaseException] = []  # by the threads themselves: cancelling from here comes some questions too late

    def ask_until_one_fails(case: Case) -> Made:
        if failed:
            raise failed[0]
        try:
            return ask(case)
        except BaseException as error:
            failed.append(error)
            raise

    with ThreadPoolExecutor(asking.AT_A_TIME) as pool:
        try:
            yield from tqdm(pool.map(ask_until_one_fails, cases), total=len(cases), unit=unit, file=sys.stderr)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="FILE", help="a GGUF file; default: the starter model")
    parser.add_argument("--adapter", type=Path, metavar="FILE", help="a GGUF adapter on top of it")
    parser.add_argument(
        "--prompt", choices=VERSIONS, help="how the model is asked (improve-2 with an adapter, else improve-3)"
    )
