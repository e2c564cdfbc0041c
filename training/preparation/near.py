"""Which texts are nearly the same: MinHash proposes, the words themselves decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datasketch import MinHash, MinHashLSH

from training.preparation.words import shingles, words_of

SHORT = 12  # words; below, one other word changes most of the long shingles
SHORT_SHINGLE = 2
_PERMUTATIONS = 128
_SEED = 1  # of the permutations: they decide which pairs are looked at, so they are the same in every run
# At its own threshold LSH misses many pairs. It is asked for less; what it proposes too much is turned down below.
_LOOSER = 0.75


def near_pairs(texts: Sequence[str], *, threshold: float, shingle: int) -> Iterator[tuple[int, int]]:
    """Indices (earlier, later) of texts whose shingles overlap at least so much (Jaccard). Equal texts are near."""
    words = [words_of(text) for text in texts]
    short = [at for at, one in enumerate(words) if 0 < len(one) < SHORT]
    long = [at for at, one in enumerate(words) if len(one) >= SHORT]
    yield from _pairs({at: shingles(words[at], SHORT_SHINGLE) for at in short}, threshold)
    yield from _pairs({at: shingles(words[at], shingle) for at in long}, threshold)


def _pairs(pieces: dict[int, frozenset[str]], threshold: float) -> Iterator[tuple[int, int]]:
    lsh = MinHashLSH(threshold=max(0.1, threshold * _LOOSER), num_perm=_PERMUTATIONS)
    places = sorted(pieces)
    encoded = ([piece.encode("utf-8", "surrogatepass") for piece in pieces[at]] for at in places)
    for at, hashed in zip(places, MinHash.generator(encoded, num_perm=_PERMUTATIONS, seed=_SEED), strict=True):
        for earlier in sorted(lsh.query(hashed)):
            if jaccard(pieces[earlier], pieces[at]) >= threshold:
                yield earlier, at
        lsh.insert(at, hashed)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
