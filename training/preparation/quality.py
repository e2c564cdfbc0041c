"""How good an answer is, as far as that can be counted. Used to choose rows, never to say that a text is good.

Two small classifiers, of emotional and of informational support, learn from claff-offmychest (CC BY 4.0), sentence by
sentence. The rest is counted. Sets whose licence is non-commercial are never fitted on: they measure, see `agreement`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, HashingVectorizer
from sklearn.linear_model import LogisticRegression

from assistant.changes import split_sentences
from assistant.language.reading_level import coleman_liau
from training.preparation.words import words_of
from training.sources import LabelledText

LABELS = {"emotional": "emo_support", "informational": "info_support"}
VERSION = 1
_PLACES = 1 << 16
_LETTER = re.compile(r"[^\W\d_]")
_SECOND_PERSON = frozenset(("you", "your", "yours", "yourself", "youre", "youve", "youd", "youll", "u", "ur"))
# What makes up the score that rows are chosen by. Set beforehand, not fitted: fitting it would need non-commercial labels.
WEIGHTS = {"emotional": 0.4, "question": 0.2, "overlap": 0.2, "second_person": 0.2}
_PLENTY = {"overlap": 0.15, "second_person": 0.10}  # of which more is not better


class QualityError(ValueError):
    """Nothing to learn from, or a file that is no fitted scorer."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """The two classifiers, as weights: nothing is unpickled."""

    weights: NDArray[np.float64]  # one row for each of LABELS
    biases: NDArray[np.float64]

    @classmethod
    def fit(cls, rows: Sequence[LabelledText]) -> Scorer:
        """Raises QualityError."""
        words = _vectorizer().transform([row.text for row in rows] or [""])
        used = np.unique(words.indices)  # of the places most are empty; their weights stay 0
        weights, biases = np.zeros((len(LABELS), _PLACES)), np.zeros(len(LABELS))
        for at, label in enumerate(LABELS.values()):
            given = np.array([row.labels.get(label, 0.0) >= 0.5 for row in rows], dtype=bool)
            if given.all() or not given.any():
                raise QualityError(f"{label}: needs sentences that have it and sentences that have it not.")
            model = LogisticRegression(C=4.0, class_weight="balanced", solver="liblinear")
            model.fit(words[:, used], given)
            weights[at, used], biases[at] = model.coef_[0], float(model.intercept_[0])
        return cls(weights, biases)

    def of_sentences(self, sentences: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities: a row for each sentence, a column for each of LABELS."""
        if not sentences:
            return np.zeros((0, len(LABELS)))
        told = _vectorizer().transform(sentences) @ self.weights.T + self.biases
        return np.asarray(1 / (1 + np.exp(-np.clip(told, -30, 30))), dtype=np.float64)

    def save(self, path: Path) -> None:
        part = path.with_name(path.name + ".part.npz")
        np.savez_compressed(part, weights=self.weights, biases=self.biases, version=np.array(VERSION))
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Scorer:
        """Raises QualityError."""
        try:
            with np.load(path, allow_pickle=False) as told:
                scorer = cls(told["weights"], told["biases"])
                version = int(told["version"])
        except (OSError, ValueError, KeyError) as error:
            raise QualityError(
                f"{path}: no scorer. Fit it again with `python -m training.preparation quality`."
            ) from error
        if version != VERSION or scorer.weights.shape != (len(LABELS), _PLACES):
            raise QualityError(f"{path}: version {version}, wanted {VERSION}. Fit it again.")
        return scorer


def _vectorizer() -> HashingVectorizer:
    return HashingVectorizer(n_features=_PLACES, ngram_range=(1, 2), alternate_sign=False, norm="l2")


def score(answer: str, post: str, scorer: Scorer | None) -> dict[str, float]:
    """By name; `quality` is the one that rows are chosen by. Without a scorer the two classified ones are missing."""
    told = counted(answer, post)
    if scorer is not None:
        sentences = [answer[one.start : one.end] for one in split_sentences(answer)] or [answer]
        most = scorer.of_sentences(sentences).max(axis=0)  # one sentence that comforts is enough
        told |= {name: float(value) for name, value in zip(LABELS, most, strict=True)}
    told["quality"] = overall(told)
    return {name: round(value, 4) for name, value in told.items()}


def counted(answer: str, post: str) -> dict[str, float]:
    words = words_of(answer)
    content = _content(words)
    shared = content & _content(words_of(post))
    return {
        "words": float(len(words)),
        "question": float("?" in answer),
        "second_person": sum(word in _SECOND_PERSON for word in words) / max(len(words), 1),
        "reading_level": reading_level(answer),
        "overlap": len(shared) / max(len(content), 1),  # of the answer's words that mean something, those of the post
    }


def overall(told: dict[str, float]) -> float:
    """0 to 1, over what is known."""
    known = {name: weight for name, weight in WEIGHTS.items() if name in told}
    total = sum(weight * min(told[name] / _PLENTY.get(name, 1.0), 1.0) for name, weight in known.items())
    return total / sum(known.values())


def reading_level(text: str) -> float:
    """Coleman-Liau, in years of school; 0 for a text without words."""
    words = [word for word in text.split() if _LETTER.search(word)]
    if not words:
        return 0.0
    sentences = max(len(split_sentences(text)), 1)
    return coleman_liau(letters=len(_LETTER.findall(text)), words=len(words), sentences=sentences)


def _content(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word for word in words if len(word) > 2 and word not in ENGLISH_STOP_WORDS)


@dataclass(frozen=True, slots=True)
class QualityOptions:
    fit_on: str = "claff-offmychest"  # a source with the labels; empty: only what can be counted
    least: dict[str, float] = field(default_factory=dict)  # by score; rows below are set aside
    most: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {"words", "question", "second_person", "reading_level", "overlap", "quality", *LABELS}
        for name in (*self.least, *self.most):
            if name not in known:
                raise ValueError(f"{name}: no such score. Known: {', '.join(sorted(known))}.")
            if name in LABELS and not self.fit_on:
                raise ValueError(f"{name}: needs `fit_on`.")

    def refuses(self, scores: dict[str, float]) -> str:
        """Why a row with these scores is not chosen; empty where it may be."""
        low = (f"{name} below {bound:g}" for name, bound in self.least.items() if scores[name] < bound)
        high = (f"{name} above {bound:g}" for name, bound in self.most.items() if scores[name] > bound)
        return next(chain(low, high), "")


def describe(values: Sequence[float]) -> dict[str, Any]:
    told = np.asarray(values, dtype=float)
    if not len(told):
        return {"n": 0}
    low, middle, high = (round(float(one), 4) for one in np.quantile(told, (0.1, 0.5, 0.9)))
    return {"n": len(told), "mean": round(float(told.mean()), 4), "p10": low, "median": middle, "p90": high}
