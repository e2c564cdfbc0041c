"""How work enters this process: together, or alone when a worker died with it before.

What kills a process takes the neighbours' attempts with it. Alone it takes none, so an innocent row loses one attempt at most.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Whoever waits is let in in the order they came, so neither who comes alone nor the others wait for ever."""

    def __init__(self) -> None:
        self._line: list[str] = []  # who waits
        self._inside: set[str] = set()
        self._alone = False
        self._closed = False
        self._changed = threading.Condition()  # guards the four above

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """This process goes down: who waits is sent away, and nobody else is let in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self._closed = False

    @contextmanager
    def enter(self, who: object, *, alone: bool, wait: bool = True) -> Iterator[bool]:
        """Whether it was let in; without `wait`, only if it can be at once. Who is here already is sent away: a bell that
        rings again for a row that waits must not take another thread."""
        name = str(who)
        entered = self._let_in(name, alone=alone, wait=wait)
        try:
            yield entered
        finally:
            if entered:
                self._leave(name)

    def _let_in(self, name: str, *, alone: bool, wait: bool) -> bool:
        with self._changed:
            if name in self._line or name in self._inside:
                return False
            self._line.append(name)
            try:
                if wait:
                    self._changed.wait_for(lambda: self._closed or self._is_next(name, alone=alone))
                entered = not self._closed and self._is_next(name, alone=alone)
                if entered:
                    self._inside.add(name)
                    self._alone = alone
                return entered
            finally:
                self._line.remove(name)
                self._changed.notify_all()  # whoever comes next in line may fit, too

    def _is_next(self, name: str, *, alone: bool) -> bool:
        fits = not self._inside if alone else not self._alone
        return fits and self._line[0] == name

    def _leave(self, name: str) -> None:
        with self._changed:
            self._inside.remove(name)
            self._alone = False
            self._changed.notify_all()


here = Gate()  # the one of this process
