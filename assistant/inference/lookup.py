"""Draft lookup: the next words are often the supporter's own, so their draft proposes them and the model verifies.

Every token that is shown is still drawn from the model's own distribution at its place: a proposal only decides how many
places one step looks at. On a CPU a step of k + 1 rows costs some (k + 1) / 2 steps of one, so a proposal has to be right
most of the time; the class keeps its own account and stops when it does not pay.
"""

from __future__ import annotations

from collections.abc import Sequence

SHORTEST_MATCH = 3  # tokens of the answer that must stand in the draft before its next ones are proposed
SIZES = (3, 7, 15, 31)  # proposed tokens; with the one that is due they fill rows by fours, which kernels like
PAUSE = 4  # tokens without proposals after one that was wrong at once
WORTH = 1.05  # gain below which it is switched off
TRIAL_STEPS = 4  # steps before the account is judged


class DraftLookup:
    """One request's proposals, and what they brought."""

    def __init__(self, draft: Sequence[int]) -> None:
        self._draft = list(draft)
        self._places: dict[tuple[int, ...], list[int]] = {}
        for end in range(SHORTEST_MATCH, len(self._draft)):
            self._places.setdefault(tuple(self._draft[end - SHORTEST_MATCH : end]), []).append(end)
        self._size = 0  # index into SIZES
        self._pause = 0
        self._next = 0  # place in the draft after the last accepted proposal
        self._spent = 0.0  # seconds in steps with proposals
        self._saved = 0.0  # seconds that their tokens would have taken one by one
        self._steps = 0
        self.off = len(self._draft) <= SHORTEST_MATCH

    def propose(self, said: Sequence[int], *, most: int) -> list[int]:
        """The draft's tokens after the place where the answer's last tokens stand; none when there is no such place."""
        if self.off:
            return []
        if self._pause:
            self._pause -= 1
            return []
        if len(said) < SHORTEST_MATCH:
            return []
        places = self._places.get(tuple(said[-SHORTEST_MATCH:]))
        if not places:
            return []
        start = min(places, key=lambda place: abs(place - self._next))
        size = min(SIZES[self._size], most)
        proposal = self._draft[start : start + size]
        self._next = start
        return proposal[: fitting(len(proposal))]

    def account(self, *, proposed: int, accepted: int, seconds: float, one_row_seconds: float) -> None:
        """`accepted` of `proposed` were what the model said itself; the step gave one token more than that."""
        self._next += accepted + 1
        self._steps += 1
        self._spent += seconds
        self._saved += (accepted + 1) * one_row_seconds
        if accepted == proposed:
            self._size = min(self._size + 1, len(SIZES) - 1)
        else:
            self._size = max(0, self._size - 1)
            if accepted == 0:
                self._size, self._pause = 0, PAUSE
        if self._steps >= TRIAL_STEPS and self._saved < WORTH * self._spent:
            self.off = True


def fitting(length: int) -> int:
    """The largest of SIZES that is not above `length`; 0 when there is none."""
    return max((size for size in SIZES if size <= length), default=0)
