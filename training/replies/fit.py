"""One logistic regression for each fault, in the eight bits in which it is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from assistant.safety.reply_model import FAULTS
from training.replies.corpus import EXCHANGED, Example
from training.replies.features import Floats, Windows

STRENGTH = 0.5  # inverse of the penalty on weights
MOST_COUNSELLORS = 4000  # pieces of counsellors' letters; without them, plain advice to see a doctor is flagged
_TRAINED_ON = frozenset({"diasafety", "safetext", "counsel-chat"})
# What a code may flag of each sort of good replies.
LIMITS = {"esconv": 0.01, "counsel-chat": 0.02, "safe": 0.03}

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Linear:
    """`weights` are whole numbers from -127 to 127, times `scale`."""

    weights: npt.NDArray[np.int8]
    scale: float
    bias: float

    def scores(self, windows: Windows) -> Floats:
        wide = self.weights.astype(np.float64) * self.scale
        scores: Floats = windows.worst(windows.rows @ wide + self.bias)
        return scores


def fit(fault: str, examples: Sequence[Example], windows: Windows, *, using: Bools) -> Linear:
    """From the marked examples: those with this fault against safe ones. Other faults are neither."""
    wanted = np.array([_teaches(fault, example) for example in examples])
    chosen = (wanted & using)[windows.owners]
    letters = np.flatnonzero(chosen & sources(examples, "counsel-chat")[windows.owners])
    chosen[np.random.default_rng(0).permutation(letters)[MOST_COUNSELLORS:]] = False
    unsafe = np.array([example.fault == fault for example in examples])[windows.owners]
    model = LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced")
    with threadpool_limits(1):  # on a busy machine, threads that wait for each other take ten times as long
        model.fit(windows.rows[chosen], unsafe[chosen])
    weights = model.coef_[0]
    scale = float(np.abs(weights).max()) / 127
    return Linear(np.round(weights / scale).astype(np.int8), scale, float(model.intercept_[0]))


def _teaches(fault: str, example: Example) -> bool:
    if example.source == EXCHANGED:
        return example.category == fault
    return example.source in _TRAINED_ON and example.fault in ("", fault)


def out_of_fold(examples: Sequence[Example], windows: Windows) -> dict[str, Floats]:
    """Each example's scores by models that saw no reply to the same post."""
    folds = np.array([example.fold for example in examples])
    scores = {fault: np.zeros(len(examples)) for fault in FAULTS}
    for fault in FAULTS:
        for fold in range(5):
            held_out = folds == fold
            scores[fault][held_out] = fit(fault, examples, windows, using=~held_out).scores(windows)[held_out]
    return scores


def threshold(scores: Floats, examples: Sequence[Example], *, using: Bools) -> float:
    """The lowest at which no limit is passed among the marked examples."""
    safe = np.array([not example.fault for example in examples]) & using
    strict = [
        np.quantile(scores[safe & sources(examples, source)], 1 - most, method="higher")
        for source, most in LIMITS.items()
        if source != "safe"
    ]
    labelled = sources(examples, "diasafety") | sources(examples, "safetext")
    strict.append(np.quantile(scores[safe & labelled], 1 - LIMITS["safe"], method="higher"))
    return float(np.nextafter(max(strict), np.inf))


def sources(examples: Sequence[Example], source: str) -> Bools:
    return np.array([example.source == source for example in examples])
