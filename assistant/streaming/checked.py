"""Nothing unchecked is shown: a stream of tokens becomes pieces that the safety phases passed, each with all before it.

Plain Python: the runner writes the pieces as rows, `manage.py revise` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.inference.engine import Stream
from assistant.inference.types import StopReason
from assistant.safety.pipeline import screen
from assistant.safety.types import Context, Screening
from assistant.streaming.chunker import Chunker


class CheckedStream:
    """Iterate for the passed pieces. Then `text` is the whole and `screening` the last word on it.

    When a phase holds, the stream is cancelled, iteration ends, and `text` includes the piece that was not passed on.
    An answer that was cut off ends with its last complete piece. Only the whole can lack something: pieces are screened
    with `whole=False`.
    """

    def __init__(self, stream: Stream, context: Context) -> None:
        self.stream = stream
        self.context = context
        self.text = ""
        self.screening = Screening()

    def __iter__(self) -> Iterator[str]:
        chunker = Chunker()
        for token in self.stream:
            for piece in chunker.feed(token):
                if not self._passes(piece):
                    self.stop()
                    return
                yield piece
        if self.stream.outcome is not None and self.stream.outcome.stop is StopReason.END:
            for piece in chunker.finish():
                if not self._passes(piece):
                    return
                yield piece
        self.screening = screen(self.text, self.context)

    def stop(self) -> None:
        """Cancel and let the stream end, so that its outcome is known."""
        self.stream.cancel()
        for _token in self.stream:
            pass

    def _passes(self, piece: str) -> bool:
        self.text += piece
        self.screening = screen(self.text, replace(self.context, whole=False))
        return not self.screening.held
