"""What a suite is: it loads cases from a file and measures Lantern on them. Reports are made of what it returns.

A suite is one file in `evaluation/suites/` with a `SUITE` in it:

    class Crisis(Suite[CrisisCase]):
        name = "crisis"
        version = 1

        def load(self, path: Path, options: Options) -> list[CrisisCase]: ...
        def measure(self, cases: Sequence[CrisisCase], options: Options) -> Results: ...

    SUITE = Crisis()

Raise `BadData` for a file that cannot be read. No text of a case goes into `Results`: ids, kinds and numbers only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from assistant.inference.trained_prompts import Task
from evaluation.stats import Estimate

Value = Estimate | float | int | str | None  # None is shown as a dash: not measured


class BadData(Exception):
    """One sentence for a person: the file, the row, and what is expected there."""

    def __init__(self, path: Path, where: str, expected: str) -> None:
        super().__init__(f"{path}: {where}: {expected}" if where else f"{path}: {expected}")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beside the suite and its data."""

    labels: Path | None = None  # levels that people gave, by id
    screened: Path | None = None  # what `manage.py screen` or another system said of these cases, instead of asking now
    variants: bool = False  # also changed copies of the cases
    seed: int = 20261120
    limit: int | None = None  # so many cases at most, drawn with the seed
    format: str = "auto"  # of the data file, where a suite reads several
    more: Mapping[str, Any] = field(default_factory=dict)  # what the suite's own `add_options` added, by name


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline number. `target` is the bar it is held to, written as in "at least 0.95"; it decides nothing here."""

    name: str
    value: Value
    target: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over two axes from 0 to 1, for example a ROC curve."""

    name: str  # of the file, without its ending
    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PerCase:
    """What a figure is the mean of, case by case, so that two runs on the same cases can be compared pair by pair."""

    ids: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]]  # by figure; None: the figure does not count this case


@dataclass(frozen=True, slots=True)
class Results:
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)  # what to look at, for example "missed, level 4"
    notes: tuple[str, ...] = ()  # what the figures do not say
    facts: Mapping[str, str | int | float] = field(default_factory=dict)  # counts, versions, settings
    per_case: PerCase | None = None


Case = TypeVar("Case")


class Suite(ABC, Generic[Case]):
    name: str
    version: int  # raised with every change to what is counted, so that figures are not compared across it
    says: str  # one sentence for the report's head: what the figures are about
    formats: tuple[str, ...] = ("auto",)
    needs_data: bool = True  # False says so to readers; what counts is `default_data`
    default_data: Path | None = None  # what `load` gets when `--data` is left out
    asks: Task | None = None  # what it asks models for; None: it measures the safety layer alone
    of_machine: bool = False  # its figures are of the machine on which it runs

    def add_options(self, parser: ArgumentParser) -> None:
        """Options of this suite alone; they arrive in `Options.more`."""

    def asks_for(self, asked: Namespace) -> Task | None:  # noqa: ARG002  for those that override it
        """`asks`, for a suite in which the command line decides."""
        return self.asks

    @abstractmethod
    def load(self, path: Path, options: Options) -> list[Case]: ...

    @abstractmethod
    def measure(self, cases: Sequence[Case], options: Options) -> Results: ...
