"""A small linear model that reads a post as a whole: no service, no graphics card, no second model.

Logistic regression over hashed words, pairs of words and parts of words (Weinberger et al. 2009), beside what the rules
found and who is spoken of. Trained by `training/triage`, kept in one file of numbers that holds no words;
docs/model-card-triage.md says from what, and how good it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import numpy as np
import numpy.typing as npt

from assistant.safety.identities import blinded, load_identities
from assistant.safety.reading import Reading
from assistant.safety.types import Finding, Level
from assistant.safety.words import Word, sentences

SHIPPED = Path(__file__).with_name("triage.npz")
FORMAT = 1
BUCKETS = 2**16
GROUPS = 3  # words and pairs; the same, marked by whom their sentence speaks of; parts of words
# A long text is read in windows that overlap, so that one sentence in it counts as much as in a short one.
WINDOW = 300  # words
STEP = 150
MOST_WINDOWS = 160

_SELF = frozenset({"i", "me", "my", "myself", "mine"})
_OTHER = frozenset({"you", "your", "yourself", "yours"})
_TRAITS = ("hold", "review", "note", "level", "self", "other", "no_self", "no_other", "mostly_self", "length", "asks")

Floats = npt.NDArray[np.float32]


class ClassifierError(ValueError):
    """The file is missing or is not what this code reads. The phase is then missing, and posts count as unscreened."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`levels[n]` is how sure the model is that the post is at level n+1 or above, from 0 to 1."""

    levels: tuple[float, float, float, float]
    first: int  # words of the window that decided: first, and after the last
    last: int

    @property
    def danger(self) -> float:
        return self.levels[0]


def features_of(words: Sequence[Word]) -> tuple[set[int], set[int], set[int]]:
    """The three groups of features, as numbers of 32 bits. A feature counts once however often it occurs."""
    plain: set[int] = set()
    marked: set[int] = set()
    parts: set[int] = set()
    for first, last in sentences(words):
        sentence = blinded(word.text for word in words[first:last])
        mark = _mark(sentence)
        for index, word in enumerate(sentence):
            parts.update(_parts(word))
            told = [word] if index + 1 == len(sentence) else [word, f"{word} {sentence[index + 1]}"]
            for feature in told:
                plain.add(crc32(f"w:{feature}".encode()))
                marked.add(crc32(f"{mark}:{feature}".encode()))
    return plain, marked, parts


def traits_of(reading: Reading, findings: Sequence[Finding]) -> dict[str, float]:
    """What the rules found and who is spoken of, as numbers from 0 to 1."""
    words = reading.words
    count = max(1, len(words))
    own = sum(word.text in _SELF for word in words)
    other = sum(word.text in _OTHER for word in words)
    traits = {f"code:{finding.code}": 1.0 for finding in findings}
    traits |= {finding.severity.name.lower(): 1.0 for finding in findings}
    traits["level"] = max((finding.level for finding in findings), default=Level.NONE) / Level.PLAN
    traits["self"] = min(1.0, 5 * own / count)
    traits["other"] = min(1.0, 5 * other / count)
    traits["no_self"] = float(own == 0)
    traits["no_other"] = float(other == 0)
    traits["mostly_self"] = float(own > other)
    traits["length"] = min(count, 300) / 300
    traits["asks"] = float("?" in reading.plain.text)
    return traits


def trait_names(codes: Sequence[str]) -> list[str]:
    """In the order of the file's weights."""
    return [*(f"code:{code}" for code in sorted(codes)), *_TRAITS]


class Classifier:
    """Stateless after construction; called from several threads at once."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Raises ClassifierError."""
        try:
            load_identities()
            with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
                stored = {name: file[name] for name in file.files}
            self._take(stored)
        except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:  # IdentitiesError is a ValueError
            raise ClassifierError(
                f"{path.name}: {type(error).__name__}: {error}. Restore the file or train it anew."
            ) from error

    def _take(self, stored: dict[str, npt.NDArray[np.generic]]) -> None:
        if int(stored["format"]) != FORMAT:
            raise ValueError(f"format {int(stored['format'])}, and this code reads {FORMAT}")
        self.version = int(stored["version"])
        self.review_at = float(stored["review_at"])
        self.urgent_at = float(stored["urgent_at"])
        self.traits = str(stored["traits"]).split("\n")
        self._of_features: Floats = stored["weights"].astype(np.float32) * stored["scale"].astype(np.float32)
        self._of_traits: Floats = stored["trait_weights"].astype(np.float32)
        self._bias: Floats = stored["bias"].astype(np.float32)
        shapes = (self._of_features.shape, self._of_traits.shape, self._bias.shape)
        if shapes != ((4, BUCKETS), (4, len(self.traits)), (4,)):
            raise ValueError(f"parts of the shapes {shapes} do not fit together")
        if not all(np.isfinite(part).all() for part in (self._of_features, self._of_traits, self._bias)):
            raise ValueError("holds numbers that are none")

    def judge(self, reading: Reading, findings: Sequence[Finding]) -> Verdict:
        """The surest of all windows, level by level: no part of a text makes another look harmless."""
        told = traits_of(reading, findings)
        traits = np.array([told.get(name, 0.0) for name in self.traits], dtype=np.float32)
        ground = self._of_traits @ traits + self._bias
        best = np.full(4, -np.inf, dtype=np.float32)
        decided = (0, 0)
        for first, last in _windows(len(reading.words)):
            logits = ground + self._weigh(reading.words[first:last])
            if logits[0] > best[0]:
                decided = (first, last)
            best = np.maximum(best, logits)
        sure = np.minimum.accumulate(1.0 / (1.0 + np.exp(-best.astype(np.float64))))  # level 3 implies level 2
        return Verdict((float(sure[0]), float(sure[1]), float(sure[2]), float(sure[3])), *decided)

    def heaviest_sentence(self, reading: Reading, first: int, last: int) -> tuple[int, int]:
        """Of the words from `first` to before `last`, the sentence that speaks most for danger when read alone."""
        inside = reading.words[first:last]
        begin, end = max(
            sentences(inside),
            key=lambda sentence: float(self._weigh(inside[slice(*sentence)])[0]),
            default=(0, len(inside)),
        )
        return first + begin, first + end

    def _weigh(self, words: Sequence[Word]) -> Floats:
        """What the words add to the four logits; each group counts as much in a long text as in a short one."""
        total = np.zeros(4, dtype=np.float32)
        for group in features_of(words):
            if group:
                buckets = np.fromiter(group, dtype=np.int64, count=len(group)) % BUCKETS
                total += self._of_features[:, buckets].sum(axis=1) / np.float32(np.sqrt(len(group)))
        return total


def _windows(words: int) -> Iterator[tuple[int, int]]:
    yield 0, min(words, WINDOW)
    for number in range(1, MOST_WINDOWS):
        if (number - 1) * STEP + WINDOW >= words:
            return
        yield number * STEP, min(words, number * STEP + WINDOW)


def _mark(sentence: Sequence[str]) -> str:
    """Whether a sentence speaks of its writer, of the person spoken to, of both or of neither."""
    own = "W" if not _SELF.isdisjoint(sentence) else ""
    other = "A" if not _OTHER.isdisjoint(sentence) else ""
    return f"{own}{other}" or "N"


# Single words, not texts: what stays here says nothing about who wrote what.
@lru_cache(maxsize=16384)
def _parts(word: str) -> tuple[int, ...]:
    """Three to five letters in a row, so that a slip of the pen leaves most of a word standing."""
    framed = f"<{word[:40]}>"
    return tuple(
        crc32(f"c:{framed[at : at + length]}".encode())
        for length in (3, 4, 5)
        for at in range(len(framed) - length + 1)
    )
