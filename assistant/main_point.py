"""Whether a draft speaks of anything that the post tells; where it does not, what its writer could answer first.

By wording, in English. Of EPITOME's replies of 20 words or more it asks back 2.3 % [1.4, 3.6] of those in which people found
much understood, and 16 % [13, 19] of those in which they found nothing (`evaluation.run --suite meters`).
"""

from __future__ import annotations

from collections import Counter

from assistant.changes import sentences_in
from assistant.meters import Mechanism, mechanisms_in
from assistant.safety.english import is_english
from assistant.telling import telling, words

LEAST_WORDS = 20  # of a draft; a shorter one has only begun
TAKES_UP = {Mechanism.INTERPRETATIONS, Mechanism.EXPLORATIONS}


def misses(draft: str, post: str) -> bool:
    """Not one telling word of the post, nothing understood, nothing asked."""
    if len(words(draft)) < LEAST_WORDS or not telling(post):
        return False
    return not telling(draft) & telling(post) and not TAKES_UP & mechanisms_in(draft)


def point_of(post: str) -> str:
    """The sentence whose telling words come back most often in the post; of several the first."""
    counts = Counter(stem for one in sentences_in(post) for stem in telling(one))
    return max(sentences_in(post), key=lambda one: sum(counts[stem] for stem in telling(one)) / (len(words(one)) + 5))


def only_repeats(draft: str, post: str) -> bool:
    """Every sentence of it stands in the post: it was copied, to be answered, and is no reply yet."""
    told = {" ".join(one.split()) for one in sentences_in(post)}
    return len(draft.split()) >= LEAST_WORDS and all(" ".join(one.split()) in told for one in sentences_in(draft))


def left_aside(draft: str, post: str, *, language: str) -> str:
    """Of the post: what the draft could answer first. Empty where it takes up the post, or is not in English."""
    if not is_english(language) or not misses(draft, post):
        return ""
    return point_of(post)
