"""A post as the model gets it: hashed features and what the rules say. The site computes the very same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack

from assistant.safety.classifier import BUCKETS, features_of, trait_names, traits_of
from assistant.safety.phases.crisis import Crisis
from assistant.safety.phases.methods import Methods
from assistant.safety.reading import Reading
from assistant.safety.types import Context, Kind

_CONTEXT = Context(kind=Kind.POST)


@dataclass(frozen=True, slots=True)
class Read:
    groups: tuple[set[int], set[int], set[int]]
    traits: dict[str, float]


class Reader:
    def __init__(self) -> None:
        self._rules = (Crisis(), Methods())
        codes = [rule.code for phase in self._rules for rule in phase.rules if rule.applies_to(Kind.POST)]
        self.trait_names = trait_names(codes)

    def read(self, text: str) -> Read:
        reading = Reading(text)
        found = [finding for phase in self._rules for finding in phase.check(text, _CONTEXT)]
        return Read(features_of(reading.words), traits_of(reading, found))

    def matrix(self, reads: Iterable[Read], *, trait_scale: float) -> csr_matrix:
        """One row a text: BUCKETS columns of features, then the traits. Each group's row has the length one at most."""
        reads = list(reads)
        starts = [0]
        columns: list[int] = []
        values: list[float] = []
        for read in reads:
            row: Counter[int] = Counter()
            for group in read.groups:
                for feature in group:
                    row[feature % BUCKETS] += 1 / np.sqrt(len(group))
            columns += row.keys()
            values += row.values()
            starts.append(len(columns))
        hashed = csr_matrix((values, columns, starts), shape=(len(reads), BUCKETS), dtype=np.float32)
        told = [[read.traits.get(name, 0.0) * trait_scale for name in self.trait_names] for read in reads]
        return csr_matrix(hstack([hashed, csr_matrix(np.array(told, dtype=np.float32))]))
