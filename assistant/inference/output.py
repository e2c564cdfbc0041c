"""From the model's bytes to text that may be shown: whole characters, stop strings, loops."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from assistant.inference.visible import drop_invisible

LONGEST_PERIOD = 96  # tokens: a paragraph that comes again and again
SHORTEST_LOOP = 24  # tokens: three repeats of less could still be a list or an emphasis


class OutputText:
    """Turns the bytes of tokens into text. A token may end in the middle of a character or of a stop string."""

    def __init__(self, stop: Sequence[str] = ()) -> None:
        # ignore: bytes that can never become a character are dropped; a replacement mark would be shown to a person.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._stop = tuple(string for string in stop if string)
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        if self.stopped:
            return ""
        self._held += drop_invisible(self._decoder.decode(data))
        found = [at for at in (self._held.find(string) for string in self._stop) if at >= 0]
        if found:
            self.stopped = True
            return self._release(min(found))
        return self._release(len(self._held) - self._possible_stop())

    def finish(self) -> str:
        """What was held back because a stop string might have begun there."""
        return "" if self.stopped else self._release(len(self._held))

    def _release(self, end: int) -> str:
        text, self._held = self._held[:end], self._held[end:]
        return text

    def _possible_stop(self) -> int:
        longest = max((len(string) - 1 for string in self._stop), default=0)
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(string.startswith(self._held[-length:]) for string in self._stop):
                return length
        return 0


class LoopDetector:
    """Notices a model that says the same stretch of tokens at least three times on end."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._matches = [0] * (LONGEST_PERIOD + 1)  # per period: how many tokens equal the one a period before

    def loops_with(self, token: int) -> bool:
        looped = False
        tokens, matches = self._tokens, self._matches
        for period in range(1, min(len(tokens), LONGEST_PERIOD) + 1):
            if tokens[-period] != token:
                matches[period] = 0
                continue
            matches[period] += 1
            if matches[period] + period >= max(3 * period, SHORTEST_LOOP):
                looped = True
        tokens.append(token)
        return looped
