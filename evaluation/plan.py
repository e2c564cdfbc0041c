"""The plan of `--suite all`: which suites on which data, and which models side by side.

    seed = 20261120
    limit = 80                       # cases of each suite that says nothing else

    [engines]                        # base models, GGUF files
    base = "models/starter.gguf"

    [adapters.sft]                   # by task; a suite takes the one for what it asks for
    improve = "im-sft/adapter.gguf"
    generate = "gm-sft/adapter.gguf"

    [[suite]]
    name = "drafting"
    data = "examples.jsonl"
    title = "first replies"          # in the report; needed where a suite stands twice
    prompts = ["generate-1"]         # more ways to ask, beside the usual one
    ask = "generate"                 # only to ask models where the suite would measure the safety layer alone
    empathy = "empathy.npz"          # and any other option of the suite's command, with true for one without a value

Paths are read from the plan's folder. A suite that asks models is run for each engine, alone and with each adapter, asked in
each way; where it can measure what people wrote (`--people`), they are an arm too. A suite of the safety layer is run once.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.inference.trained_prompts import Task
from evaluation.suite import BadData

PEOPLE = "people"
LAYER = "the safety layer"
TASKS = (Task.IMPROVE, Task.GENERATE)
OF_A_SUITE = ("name", "title", "data", "prompts", "ask")


@dataclass(frozen=True, slots=True)
class Arm:
    """One column of a report: what is asked, and how."""

    name: str
    model: Path | None = None
    adapter: Path | None = None
    prompt: str = ""
    people: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One suite of the plan."""

    name: str
    title: str
    data: Path | None  # None: the suite's own
    prompts: tuple[str, ...]
    ask: Task | None  # None: as the suite does
    options: Mapping[str, Any]  # by name, as on the command line; files are as the plan has them


@dataclass(frozen=True, slots=True)
class Plan:
    path: Path
    sha256: str
    seed: int | None
    limit: int | None
    engines: Mapping[str, Path]
    adapters: Mapping[str, Mapping[Task, Path]]
    suites: tuple[Wanted, ...]

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Raises BadData."""
        try:
            whole = path.read_bytes()
            table = tomllib.loads(whole.decode())
        except (OSError, ValueError) as error:
            raise BadData(path, "", f"cannot be read as TOML: {error}.") from error
        reader = _Reader(path, table)
        return cls(path, hashlib.sha256(whole).hexdigest(), *reader.numbers(), *reader.models(), reader.suites())

    def arms(
        self, task: Task, versions: tuple[str, str], prompts: tuple[str, ...], *, adapters: bool, people: bool
    ) -> Iterator[Arm]:
        """`versions`: how a base is usually asked, and how a trained model. `people`: whether they are an arm."""
        there = {name: files[task] for name, files in self.adapters.items() if task in files} if adapters else {}
        for engine, model in self.engines.items():
            for name, adapter in {"": None, **there}.items():
                usual = versions[1 if adapter else 0]
                for prompt in dict.fromkeys((usual, *prompts)):
                    told = f"{engine} + {name}" if name else engine
                    yield Arm(told if prompt == usual else f"{told}, asked as {prompt}", model, adapter, prompt)
        if people:
            yield Arm(PEOPLE, people=True)


class _Reader:
    def __init__(self, path: Path, table: Mapping[str, Any]) -> None:
        self.path, self.table = path, table
        if unknown := sorted(set(table) - {"seed", "limit", "engines", "adapters", "suite"}):
            raise self._bad(f"{unknown[0]}: no such entry. Known: seed, limit, engines, adapters, suite.")

    def numbers(self) -> tuple[int | None, int | None]:
        for name in ("seed", "limit"):
            value = self.table.get(name)
            if value is not None and (type(value) is not int or value < 1):
                raise self._bad(f"{name} = {value!r}: want a whole number from 1.")
        return self.table.get("seed"), self.table.get("limit")

    def models(self) -> tuple[dict[str, Path], dict[str, dict[Task, Path]]]:
        engines = {name: self._file(f"engines.{name}", value) for name, value in self._texts("engines").items()}
        adapters = {
            name: {self._task(f"adapters.{name}", task): self._file(f"adapters.{name}", file) for task, file in files}
            for name, files in ((name, self._files(name, value)) for name, value in self._texts("adapters").items())
        }
        if taken := sorted({PEOPLE, LAYER} & set(engines)):
            raise self._bad(f"engines.{taken[0]}: this name is taken. Choose another.")
        return engines, adapters

    def suites(self) -> tuple[Wanted, ...]:
        rows = self.table.get("suite")
        if not isinstance(rows, list) or not rows:
            raise self._bad("want [[suite]] with a name, once for each suite.")
        found = tuple(self._suite(f"suite {number}", row) for number, row in enumerate(rows, start=1))
        titles = [one.title for one in found]
        if twice := next((title for title in titles if titles.count(title) > 1), ""):
            raise self._bad(f"{twice}: two suites have this title. Give one of them a title of its own.")
        return found

    def _suite(self, where: str, row: Any) -> Wanted:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise self._bad(f"{where}: want a name.")
        name, prompts = row["name"], row.get("prompts", [])
        if not isinstance(prompts, list) or not all(isinstance(one, str) for one in prompts):
            raise self._bad(f"{name}: want prompts to be a list of names.")
        options = {key: value for key, value in row.items() if key not in OF_A_SUITE}
        data = self._file(name, row["data"]) if "data" in row else None
        ask = self._task(f"{name}.ask", row["ask"]) if "ask" in row else None
        return Wanted(name, str(row.get("title", name)), data, tuple(prompts), ask, options)

    def _texts(self, name: str) -> Mapping[str, Any]:
        table = self.table.get(name, {})
        if not isinstance(table, dict):
            raise self._bad(f"want [{name}] to be a table.")
        return table

    def _files(self, name: str, value: Any) -> list[tuple[str, Any]]:
        if not isinstance(value, dict) or not value:
            raise self._bad(f"adapters.{name}: want a file for {' or '.join(TASKS)}.")
        return list(value.items())

    def _task(self, where: str, task: Any) -> Task:
        if task not in TASKS:
            raise self._bad(f"{where}: {task!r} is no such task. Want {' or '.join(TASKS)}.")
        return Task(task)

    def _file(self, where: str, value: Any) -> Path:
        file = self.path.parent / value if isinstance(value, str) else None
        if file is None or not file.is_file():
            raise self._bad(f"{where}: {value!r} is no file.")
        return file.resolve()

    def _bad(self, what: str) -> BadData:
        return BadData(self.path, "", what)
