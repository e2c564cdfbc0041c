"""A text as the phases read it: plain characters, then words. Worked out once per screening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TypeVar, cast

from assistant.safety.normal import Plain, make_plain
from assistant.safety.words import Word, split_words

T = TypeVar("T")


class Reading:
    def __init__(self, text: str) -> None:
        self.text = text
        self._kept: dict[object, object] = {}

    def once(self, key: object, work_out: Callable[[], T]) -> T:
        """What two phases need of one text is worked out once. The key says what it is, and for whom."""
        if key not in self._kept:
            self._kept[key] = work_out()
        return cast(T, self._kept[key])

    @cached_property
    def plain(self) -> Plain:
        return make_plain(self.text)

    @cached_property
    def words(self) -> list[Word]:
        return split_words(self.plain.text)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where words first..last (last not included) lie in the original text."""
        if first >= last:
            return (0, 0)
        return self.plain.span(self.words[first].start, self.words[last - 1].end)


# Readings live only as long as one screening, so that no text stays in memory behind its row's back.
_readings: ContextVar[dict[str, Reading] | None] = ContextVar("readings", default=None)


@contextmanager
def one_screening(readings: dict[str, Reading]) -> Iterator[None]:
    token = _readings.set(readings)
    try:
        yield
    finally:
        _readings.reset(token)


def read(text: str) -> Reading:
    readings = _readings.get()
    if readings is None:
        return Reading(text)
    return readings.setdefault(text, Reading(text))
