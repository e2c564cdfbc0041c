"""How large a study has to be: python -m evaluation.studies power --items 60 --arms 4 --raters 6 --effect 0.3 --sd 1.0 [--json]

By formula, for the design of Westfall, Kenny and Judd, J. Experimental Psychology: General 143 (2014), with a component for
the text: the variance of a difference of two arms, each item in every arm and each text with `ratings` ratings, is
2 (text / items + rater by arm / raters + residual / (items ratings)); what item and rater are alike in both arms falls out.
Degrees of freedom as the analysis has them (mixed.py), power from the noncentral t distribution.

--json answers one object: format, items, arms, raters, ratings, effect, sd, margin, power, smallest_effect (that is found with
80 %), items_for_80 (null: no number of items is enough, more raters are needed), power_not_worse (null without --margin),
assumed (the shares of the variance), words (sentences).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from scipy import optimize, stats

from evaluation.stats import CONFIDENCE

WANTED = 0.8
_MOST_ITEMS = 100_000
_MOST_SHIFT = 30.0  # in standard errors: every study finds that, and scipy's distribution has no answer far above it
# Shares of the variance of one rating. Assumed: middle ground of what crossed rating studies report. A small study of one's
# own tells better; check.md prints its components.
SHARES = {"item": 0.15, "rater": 0.10, "text": 0.20, "rater by arm": 0.05, "residual": 0.50}


@dataclass(frozen=True, slots=True)
class Design:
    items: int
    arms: int
    raters: int
    ratings: int  # of each text
    sd: float  # of one rating, everything together, in points

    def error(self) -> float:
        """Standard error of a difference of two arms, in points."""
        return math.sqrt(sum(self._parts()))

    def freedom(self) -> float:
        """As the analysis has them of a complete study: the mean squares of raters and of texts both hold the residual. How far
        tastes are from even among arms (compared.evenness) is known from ratings alone, and not counted here.
        """
        of_texts, of_raters, residual = self._parts()
        squares = (
            (of_texts + residual, (self.items - 1) * (self.arms - 1)),
            (of_raters + residual, (self.raters - 1) * (self.arms - 1)),
            (residual, max(1, self.items * self.arms * (self.ratings - 1) - (self.raters - 1) * self.arms)),
        )
        return sum(self._parts()) ** 2 / sum(square**2 / freedom for square, freedom in squares)

    def _parts(self) -> tuple[float, float, float]:
        twice = 2 * self.sd**2
        return (
            twice * SHARES["text"] / self.items,
            twice * SHARES["rater by arm"] / self.raters,
            twice * SHARES["residual"] / (self.items * self.ratings),
        )


def power_of(design: Design, effect: float) -> float:
    """That a true difference of `effect` points is told from none, two-sided 5 %, and in its true direction."""
    return _found(design, effect)


def power_not_worse(design: Design, margin: float) -> float:
    """That a candidate which is just as good is shown to be no worse than `margin` points, one-sided 2.5 %."""
    return _found(design, margin)


def _found(design: Design, points: float) -> float:
    freedom, shift = design.freedom(), points / design.error()
    border = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
    return float(stats.nct.sf(border, freedom, min(shift, _MOST_SHIFT)))


def smallest_effect(design: Design) -> float:
    most = _MOST_SHIFT * design.error()
    return float(optimize.brentq(lambda effect: power_of(design, effect) - WANTED, 1e-9, most))


def items_for(design: Design, effect: float) -> int | None:
    """The fewest items with which `effect` is found in 80 of 100 studies; None: more items alone do not do it."""
    low, high = 2, _MOST_ITEMS
    if power_of(replace(design, items=high), effect) < WANTED:
        return None
    while low < high:
        middle = (low + high) // 2
        if power_of(replace(design, items=middle), effect) < WANTED:
            low = middle + 1
        else:
            high = middle
    return low


def answer(design: Design, effect: float, margin: float | None) -> dict[str, object]:
    power, items = power_of(design, effect), items_for(design, effect)
    least = smallest_effect(design)
    words = [
        f"A true difference of {effect:g} points would be found in {power:.0%} of such studies.",
        f"The smallest difference found in {WANTED:.0%} of them is {least:.2f} points.",
        f"With these raters, {items} items are needed to find {effect:g} points in {WANTED:.0%}."
        if items
        else f"No number of items finds {effect:g} points in {WANTED:.0%} with these raters: more raters are needed.",
    ]
    not_worse = None if margin is None else power_not_worse(design, margin)
    if not_worse is not None:
        words.append(
            f"A candidate that is just as good would be shown to be no worse than {margin:g} points in {not_worse:.0%}."
        )
    words.append("This is for the one planned comparison. The others are adjusted together and find less.")
    return {
        "format": 1,
        **asdict(design),
        "effect": effect,
        "margin": margin,
        "power": round(power, 4),
        "smallest_effect": round(least, 4),
        "items_for_80": items,
        "power_not_worse": None if not_worse is None else round(not_worse, 4),
        "assumed": SHARES,
        "words": words,
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.studies power", allow_abbrev=False)
    parser.add_argument("--items", type=_whole, required=True)
    parser.add_argument("--arms", type=_whole, required=True)
    parser.add_argument("--raters", type=_whole, required=True)
    parser.add_argument("--ratings", type=_whole_from_one, help="of each text; everybody rates everything without it")
    parser.add_argument("--effect", type=_above_nothing, required=True, help="the true difference, in points")
    parser.add_argument("--sd", type=_above_nothing, default=1.0, help="standard deviation of one rating, in points")
    parser.add_argument("--margin", type=_above_nothing, help="points that the candidate may be worse")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    ratings = asked.ratings or asked.raters
    if ratings > asked.raters:
        parser.error(f"--ratings {ratings}: more than there are raters. Use {asked.raters} at most.")
    found = answer(Design(asked.items, asked.arms, asked.raters, ratings, asked.sd), asked.effect, asked.margin)
    print(json.dumps(found) if asked.json else "\n".join(str(one) for one in found["words"]))  # type: ignore[attr-defined]
    return 0


def _whole(text: str) -> int:
    return _between(text, 2)


def _whole_from_one(text: str) -> int:
    return _between(text, 1)


def _between(text: str, least: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= _MOST_ITEMS:
        raise argparse.ArgumentTypeError(f"{text}: want a whole number from {least} to {_MOST_ITEMS}.")
    return int(text)


def _above_nothing(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1000:
        raise argparse.ArgumentTypeError(f"{text}: want a number above 0 and below 1000.")
    return value
