"""Fits the four answers of the classifier, tries them on writers that they have not seen, and writes the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.safety.classifier import BUCKETS, FORMAT, Classifier
from training.triage.corpus import Example

LEVELS = (1, 2, 3, 4)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Chosen by cross-validation, see training/LOG.md."""

    looseness: float = 3.0  # C of the logistic regression: the inverse of its regularisation
    trait_scale: float = 0.5
    folds: int = 5
    # Points on how sure the model is: of any danger, and of level 2 or more. Chosen on what was out of fold.
    review_at: float = 0.1
    urgent_at: float = 0.9
    version: int = 1


@dataclass(frozen=True, slots=True)
class Fitted:
    weights: Floats  # 4 x columns
    bias: Floats  # 4


def fit(rows: csr_matrix, levels: Sequence[int], recipe: Recipe) -> Fitted:
    level = np.array(levels)
    models = [
        LogisticRegression(C=recipe.looseness, max_iter=3000, random_state=0).fit(rows, level >= at) for at in LEVELS
    ]
    return Fitted(np.stack([model.coef_[0] for model in models]), np.array([model.intercept_[0] for model in models]))


def folds(rows: csr_matrix, examples: Sequence[Example], recipe: Recipe) -> Iterator[tuple[Fitted, list[int]]]:
    """A model, and the posts by writers of whom it saw nothing."""
    levels = [example.level for example in examples]
    writers = [example.group for example in examples]
    for known, unseen in GroupKFold(recipe.folds).split(rows, levels, writers):
        yield fit(rows[known], [levels[i] for i in known], recipe), unseen.tolist()


def write(path: Path, fitted: Fitted, *, traits: Sequence[str], recipe: Recipe) -> Classifier:
    """Eight bits a weight. Reads the file back, so that it is known to load."""
    of_features = fitted.weights[:, :BUCKETS]
    scale = np.abs(of_features).max(axis=1, keepdims=True) / 127
    np.savez_compressed(
        path,
        allow_pickle=False,
        format=np.array(FORMAT),
        version=np.array(recipe.version),
        review_at=np.array(recipe.review_at),
        urgent_at=np.array(recipe.urgent_at),
        traits=np.array("\n".join(traits)),
        weights=np.round(of_features / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        trait_weights=(fitted.weights[:, BUCKETS:] * recipe.trait_scale).astype(np.float32),
        bias=fitted.bias.astype(np.float32),
    )
    return Classifier(path)
