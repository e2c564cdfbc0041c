"""A border in decoding: the answer cannot go on copying the post.

A small model that loses its thread recites what it was given. A few words of the seeker said back to them are an answer; a long
run of them is not, and the safety checks would hold it, so that nobody is helped. Where the last tokens of the answer stand in
the post, the one that follows there is taken out of what can be drawn, and the model goes on with the next best. What the draft
says as well is the supporter's own and stays free.

Only a token that begins a word is taken out: inside of one the next best is another word's ending, or another number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

LONGEST_RUN = 7  # tokens of the post in a row; six or seven words, one less than the run that the checks know as copied


class CopyBorder:
    """One request's border."""

    def __init__(self, post: Sequence[int], own: Sequence[int], *, begins_word: Callable[[int], bool]) -> None:
        free = {run for run, _next in _runs(own)}
        self._barred: dict[tuple[int, ...], set[int]] = {}
        for run, follows in _runs(post):
            if run not in free and begins_word(follows):
                self._barred.setdefault(run[:-1], set()).add(follows)

    def after(self, said: Sequence[int]) -> Collection[int]:
        """What must not be said next."""
        return self._barred.get(tuple(said[-LONGEST_RUN:]), ())


def begins_word(token: bytes) -> bool:
    """As vocabularies write it: a space and a letter."""
    text = token.decode("utf-8", "replace")
    return text[:1] == " " and text[1:2].isalpha()


def _runs(tokens: Sequence[int]) -> list[tuple[tuple[int, ...], int]]:
    """Runs that are one token too long, each with its last."""
    return [
        (tuple(tokens[at : at + LONGEST_RUN + 1]), tokens[at + LONGEST_RUN]) for at in range(len(tokens) - LONGEST_RUN)
    ]
