"""Whether an output still says what the draft says: by words, and by sentence vectors where that package is installed.

Both ask only for what a good revision keeps, and neither minds what is added: a kinder reply is often a longer one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.changes import sentences_in
from assistant.telling import content
from evaluation.revisions.form import Said
from evaluation.revisions.vectors import Encoder, Floats

KEPT = 0.6  # the cosine from which on a sentence of the draft is in the good revision, be it reworded


def words_kept(draft: str, answer: str, output: str) -> float | None:
    """Of the draft's content words that a good revision keeps: how many the output keeps. None where it keeps none."""
    good = Said(answer)
    wanted = [one for one in content(draft) if one in good]
    said = Said(output)
    return sum(one in said for one in wanted) / len(wanted) if wanted else None


class Vectors:
    """Of texts and their sentences; each is worked out once."""

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        every = list(dict.fromkeys(part for text in texts for part in _parts(text)))
        self._rows: Mapping[str, Floats] = dict(zip(every, encoder.encode(every), strict=True)) if every else {}

    def likeness(self, draft: str, output: str) -> float:
        """The cosine of the two as wholes: less for all that is added."""
        return self._cosine(draft, output) if output.strip() else 0.0

    def sentences_kept(self, draft: str, answer: str, output: str) -> float | None:
        """For each sentence of the draft that is in the good revision, how near the output comes to it; their mean."""
        wanted = [one for one in sentences_in(draft) if self._nearest(one, answer) >= KEPT]
        return sum(self._nearest(one, output) for one in wanted) / len(wanted) if wanted else None

    def _nearest(self, sentence: str, text: str) -> float:
        return max((self._cosine(sentence, part) for part in _parts(text)), default=0.0)

    def _cosine(self, one: str, other: str) -> float:
        return float(self._rows[one] @ self._rows[other])


def _parts(text: str) -> list[str]:
    return [*sentences_in(text), text] if text.strip() else []
