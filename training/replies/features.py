"""Examples as the rows of one sparse matrix, by the very function that the site uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from assistant.safety.reading import Reading
from assistant.safety.reply_features import BUCKETS, features_of, windows_of
from training.replies.corpus import Example

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """A row for each piece of each reply; a reply without words has none."""

    rows: csr_matrix
    owners: Numbers  # the example that a row is a piece of
    examples: int

    def worst(self, scores: Floats) -> Floats:
        """Of each example, the highest of its pieces."""
        worst = np.full(self.examples, -50.0)
        np.maximum.at(worst, self.owners, scores)
        return worst


def windows(examples: Sequence[Example]) -> Windows:
    starts, buckets, values, owners = [0], list[int](), list[float](), list[int]()
    posts: dict[str, Reading] = {}
    for number, example in enumerate(examples):
        post = posts.setdefault(example.post, Reading(example.post))
        reply = Reading(example.text)
        for window in windows_of(reply):
            features = features_of(post, reply, window)
            buckets += features.keys()
            values += features.values()
            starts.append(len(buckets))
            owners.append(number)
    rows = csr_matrix((values, buckets, starts), shape=(len(owners), BUCKETS), dtype=np.float64)
    return Windows(rows, np.array(owners, dtype=np.int64), len(examples))
